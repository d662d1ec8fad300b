"""Seeds: one limit for the panel, the page, the command line and the worker."""

import random

LARGEST_SEED = 2**32 - 1


def new_seed() -> int:
    """A seed that nobody can foresee, 0 to LARGEST_SEED."""
    return random.SystemRandom().randrange(LARGEST_SEED + 1)
