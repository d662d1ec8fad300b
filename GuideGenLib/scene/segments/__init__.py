"""Segmentations: to and from labels, what each segment is, edits."""
