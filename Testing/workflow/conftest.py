"""Fixtures of the tests of the workflow."""

from Testing.phantom import phantom

__all__ = ["phantom"]
