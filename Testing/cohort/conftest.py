"""Fixtures of cohorts."""

from Testing.phantom import phantom

__all__ = ["phantom"]
