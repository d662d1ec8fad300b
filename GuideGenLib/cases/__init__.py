"""A folder of cases, and lessons made of them: list, names, tags, trash, questions, scores. The disk holds all."""
