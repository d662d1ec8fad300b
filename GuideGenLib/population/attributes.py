"""Who a population anatomy is: the attributes that are drawn before a body is deformed to them.

The spread of each attribute follows published figures, named at the line that uses them. Race and ethnicity are drawn
for the prompts alone: no anatomical difference is made of them anywhere in this package.
"""

from dataclasses import dataclass

import numpy as np

from GuideGenLib.description.conditioning import habitus_level

BMI_LIMITS = {"thin": (15.5, 18.5), "normal": (18.5, 25.0), "overweight": (25.0, 30.0), "obese": (30.0, 42.0)}
"""WHO classes of the body mass index, kg/m2 (WHO Technical Report Series 894, 2000), cut at both ends."""

# Not the shares of a country but what a generator needs to see: each class often enough.
_HABITUS_SHARE = {"thin": 0.18, "normal": 0.34, "overweight": 0.26, "obese": 0.22}
_RACE_SHARE = {"white": 0.5, "black": 0.16, "asian": 0.14, "american_indian": 0.03, "pacific_islander": 0.02}
_RACE_KNOWN, _ETHNICITY_KNOWN = 0.85, 0.65
_ETHNICITY_SHARE = {"hispanic": 0.25, "not_hispanic": 0.75}
_PHASE_SHARE = {"none": 0.3, "arterial": 0.15, "portal_venous": 0.45, "delayed": 0.1}


def habitus_of(bmi: float) -> str:
    """The word for a body mass index."""
    return next((word for word, (_, stop) in BMI_LIMITS.items() if bmi < stop), "obese")


@dataclass(frozen=True)
class Attributes:
    """One imagined patient.

    sex: "male" or "female"; age in years (18..95); bmi in kg/m2; height_factor: trunk length over that of the template;
    breathing_mm: how far the diaphragm dome stands below (+, breathed in) or above (-) the template's;
    bladder_ml and stomach_fill (volume over the template's); phase of the contrast agent: "none", "arterial",
    "portal_venous" or "delayed"; race and ethnicity: words for the prompt (those of Description), None where unknown.
    """

    sex: str
    age: int
    bmi: float
    height_factor: float
    breathing_mm: float
    bladder_ml: float
    stomach_fill: float
    phase: str
    race: str | None = None
    ethnicity: str | None = None

    @property
    def habitus(self) -> str:
        """The class of `bmi`: "thin", "normal", "overweight" or "obese"."""
        return habitus_of(self.bmi)

    @property
    def habitus_level(self) -> float:
        """See `habitus_level`."""
        return habitus_level(self.bmi)


def _choose(share: dict[str, float], rng: np.random.Generator) -> str:
    return str(rng.choice(list(share), p=np.array(list(share.values())) / sum(share.values())))


def draw_attributes(rng: np.random.Generator) -> Attributes:
    """An adult drawn at random, deterministic in the state of `rng`."""
    sex = str(rng.choice(["male", "female"]))
    female = sex == "female"
    # Oncological CT is mostly of the middle-aged and old, but all decades must occur.
    age = int(np.clip(rng.normal(60, 14) if rng.random() < 0.6 else rng.uniform(18, 95), 18, 95))
    word = _choose(_HABITUS_SHARE, rng)
    low, high = BMI_LIMITS[word]
    # The density falls with the distance from 23 within each class, as in NHANES histograms.
    bmi = rng.triangular(low, {"thin": high, "normal": 22.5, "overweight": low, "obese": low}[word], high)
    # Stature 176 (sd 7) and 163 (sd 6.5) cm: ICRP Publication 89 (2002) and NCD-RisC, eLife 2016;5:e13410. Trunks
    # differ less than legs do, so the sexes are 6 and not 8 % apart here.
    height = rng.normal(0.95 if female else 1.005, 0.032)
    # Stature lost from 40 to 80 years is about 3 cm (men) and 5 cm (women), nearly all of it in the spine:
    # Sorkin, Muller, Andres, Am J Epidemiol 1999;150:969. Over a trunk of 90 cm that is 3 and 5 %.
    height *= 1 - (0.05 if female else 0.03) * np.clip((age - 40) / 40, 0, 1.3)
    # Quiet excursion of the diaphragm is 16-18 mm and deep 57-70 mm (Boussuges, Chest 2009;135:391); CT is taken in
    # held inspiration of varied quality, and the template's lungs are well filled.
    breathing = float(np.clip(rng.normal(-1, 8), -14, 14))
    # Filling 30..450 ml, most people asked to void: normal capacity is 300-400 ml (Lukacz, Int J Clin Pract
    # 2011;65:1026).
    bladder = 30 + 420 * rng.beta(1.3, 1.9)
    return Attributes(
        sex=sex,
        age=age,
        bmi=round(float(bmi), 1),
        height_factor=round(float(np.clip(height, 0.86, 1.08)), 3),
        breathing_mm=round(breathing, 1),
        bladder_ml=round(float(bladder)),
        stomach_fill=round(float(np.exp(rng.normal(0.2, 0.4))), 2),
        phase=_choose(_PHASE_SHARE, rng),
        race=_choose(_RACE_SHARE, rng) if rng.random() < _RACE_KNOWN else None,
        ethnicity=_choose(_ETHNICITY_SHARE, rng) if rng.random() < _ETHNICITY_KNOWN else None,
    )
