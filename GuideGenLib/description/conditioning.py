"""Typed attributes as the numbers that the generators are conditioned on.

One float32 vector of 16 values. Each attribute has a value and a flag that says whether it is known (1) or not (0);
an unknown attribute is 0 in both. Places from RESERVED on are zero.
"""

import numpy as np

from GuideGenLib.description.model import Description

LENGTH = 16
SEX, SEX_KNOWN = 0, 1
AGE, AGE_KNOWN = 2, 3
HABITUS, HABITUS_KNOWN = 4, 5
RESERVED = 6

SEX_NUMBERS = {"female": -1.0, "male": 1.0}
HABITUS_NUMBERS = {"thin": -1.0, "normal": 0.0, "overweight": 0.7, "obese": 1.4}
AGE_CENTRE, AGE_SCALE = 55.0, 20.0


def attributes_vector(sex: str | None, age: float | None, habitus_number: float | None) -> np.ndarray:
    """float32 [16] from plain attributes: sex "male" or "female", age in years, habitus as in HABITUS_NUMBERS.

    Raises ValueError for another sex, and for an age or a habitus that is not finite.
    """
    vector = np.zeros(LENGTH, dtype=np.float32)
    if sex is not None:
        if sex not in SEX_NUMBERS:
            msg = f"sex is {sex!r}: give male, female or None."
            raise ValueError(msg)
        vector[SEX], vector[SEX_KNOWN] = SEX_NUMBERS[sex], 1.0
    if age is not None:
        vector[AGE], vector[AGE_KNOWN] = (age - AGE_CENTRE) / AGE_SCALE, 1.0
    if habitus_number is not None:
        vector[HABITUS], vector[HABITUS_KNOWN] = habitus_number, 1.0
    if not np.isfinite(vector).all():
        msg = f"age {age} and habitus {habitus_number} must be finite numbers or None."
        raise ValueError(msg)
    return vector


def typed_vector(description: Description) -> np.ndarray:
    """float32 [16] of a description."""
    habitus = None if description.habitus is None else HABITUS_NUMBERS[description.habitus]
    return attributes_vector(description.sex, years(description), habitus)


def years(description: Description) -> float | None:
    """The age, of a range its middle."""
    if description.age is None and description.age_range is not None:
        return sum(description.age_range) / 2
    return description.age
