"""What draft, standard and fine mean, in the module and on the page."""

MASK_STEPS: dict[str, int | None] = {"draft": 6, "standard": None, "fine": 24}
CT_STEPS: dict[str, int | None] = {"draft": 3, "standard": None, "fine": 12}
"""Denoising steps of a request; None takes the library's own."""
