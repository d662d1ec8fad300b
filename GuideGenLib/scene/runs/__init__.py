"""Runs in a scene: their folder, their record, two of them side by side."""
