"""Figures of a bundle, measured on the volumes that it makes and not on what the generator says of them."""


class EvaluationError(ValueError):
    """An evaluation cannot run as asked; the message says what is missing."""
