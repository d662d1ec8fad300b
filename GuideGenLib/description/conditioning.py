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
HABITUS_BMI = {15.5: -1.2, 17.0: -1.0, 22.0: 0.0, 27.5: 0.7, 34.0: 1.4, 42.0: 2.0}
"""Habitus by the body mass index in kg/m2, linear between these."""
USUAL_BMI, USUAL_SPREAD = 28.5, 0.21
"""Median of patients and standard deviation of its logarithm: 2 % thin, 25 % normal, 33 % overweight and 40 % obese, as
adults in NHANES 2017-2018 are (1.6, 24.8, 30.7, 42.4 %; Fryar, NCHS Health E-Stats 2020). Most scans of public
collections are of such patients: of fourteen, one is thin."""
BMI_ENDS = (17.0, 38.0)
"""Of whom nothing is told nobody is beyond: what was learned there is thin."""


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


def habitus_level(bmi: float) -> float:
    """Continuous habitus: -1 thin, 0 normal, .7 overweight, 1.4 obese at the middle of their classes."""
    return float(np.interp(bmi, list(HABITUS_BMI), list(HABITUS_BMI.values())))


def usual_build(seed: int) -> float:
    """The habitus of a patient of whom no build is told, drawn from what is usual among patients."""
    bmi = USUAL_BMI * np.exp(USUAL_SPREAD * np.random.default_rng((seed, 9)).standard_normal())
    return habitus_level(float(np.clip(bmi, *BMI_ENDS)))


def typed_vector(description: Description, build: float | None = None) -> np.ndarray:
    """float32 [16] of a description; build: the habitus where it tells none, None leaves it unknown."""
    habitus = build if description.habitus is None else HABITUS_NUMBERS[description.habitus]
    return attributes_vector(description.sex, years(description), habitus)


def years(description: Description) -> float | None:
    """The age, of a range its middle."""
    if description.age is None and description.age_range is not None:
        return sum(description.age_range) / 2
    return description.age
