"""Errors that several parts raise. Messages name the thing and the remedy."""


class VolumeError(ValueError):
    """A volume or its file cannot be used; the message says which, why, and what to do."""


class EvaluationError(ValueError):
    """An evaluation cannot run as asked; the message says what is missing."""
