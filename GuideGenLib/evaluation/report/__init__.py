"""Figures as a page, as a file and as text."""
