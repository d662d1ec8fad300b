"""Painting and undo."""
