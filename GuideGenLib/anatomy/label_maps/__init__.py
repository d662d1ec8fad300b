"""Label maps of anybody: which vocabulary one speaks, and its labels in ours."""
