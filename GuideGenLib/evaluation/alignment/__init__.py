"""Whether a CT shows its anatomy and its text."""
