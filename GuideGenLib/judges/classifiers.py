"""Who a CT shows: sex and age told by what is measured in it (`person_measures`), no network.

Sex is told by a Gaussian for women and one for men of each measure, age by a line. Both are learned from real people
(`classifiers_training`), of whom there are few, so one measure may not decide alone, and a measure that a scan does not
show takes no part. Neither ever saw a generated CT.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy import stats

from GuideGenLib.core.errors import EvaluationError
from GuideGenLib.core.resample import regrid
from GuideGenLib.judges.person_measures import age_measures, body_of, sex_measures
from GuideGenLib.judges.segmenter import SPACING, Segmenter

__all__ = ["DECADES", "SEXES", "SPACING", "AgeLaw", "Classifiers", "SeenPerson", "SexLaw", "decade_of"]

SEXES = ("male", "female")
DECADES = (20, 30, 40, 50, 60, 70, 80)
"""The first years of the classes of age; the first holds everybody younger and the last everybody older too."""
MOST_SAID = 2.5
"""Log odds that one measure may say at most."""
LEAST_PEOPLE = 2
"""Of each sex who show a measure, for it to be learned."""
FARTHEST = 2.0
"""Standard deviations from the mean beyond which a measure says no more of the age."""
RIDGE = 1.0
"""Of the line of age, in people: with few of them its slopes are drawn towards none."""
Row = Sequence[float]


def decade_of(age: float) -> int:
    """The class of an age in years, an element of DECADES."""
    return int(np.clip(age // 10 * 10, DECADES[0], DECADES[-1]))


@dataclass(frozen=True)
class SexLaw:
    """Of each measure its mean in women and in men and their common standard deviation; NaN where it is not known."""

    women: Row
    men: Row
    spread: Row

    @classmethod
    def learned(cls, rows: Sequence[Row], female: Sequence[bool]) -> "SexLaw":
        """From measures [people, measures], NaN where one is not shown."""
        table, sex = np.asarray(rows, float), np.asarray(female, bool)
        means: tuple[list[float], list[float]] = ([], [])
        spread = []
        for column in table.T:
            each = [column[sex & np.isfinite(column)], column[~sex & np.isfinite(column)]]
            known = min(map(len, each)) >= LEAST_PEOPLE
            within = sum(float(((one - one.mean()) ** 2).sum()) for one in each if len(one))
            freedom = sum(map(len, each)) - 2
            for mean, one in zip(means, each, strict=True):
                mean.append(float(one.mean()) if known else float("nan"))
            spread.append(float(np.sqrt(within / freedom)) if known and within else float("nan"))
        return cls(*means, spread)

    def log_odds(self, row: Row) -> float:
        """Of a woman against a man; 0 where nothing is shown."""
        x, women, men, spread = (np.asarray(one, float) for one in (row, self.women, self.men, self.spread))
        said = ((x - men) ** 2 - (x - women) ** 2) / (2 * spread**2)
        return float(np.nansum(np.clip(said, -MOST_SAID, MOST_SAID)))


@dataclass(frozen=True)
class AgeLaw:
    """age = mean + slopes . (measures - middle) / scale; error: its standard deviation in years on those left out."""

    mean: float
    middle: Row
    scale: Row
    slopes: Row
    error: float

    @classmethod
    def learned(cls, rows: Sequence[Row], ages: Sequence[float], error: float = 0.0) -> "AgeLaw":
        """Ridge regression on measures [people, measures]; what one does not show counts as the mean."""
        table, years = np.asarray(rows, float), np.asarray(ages, float)
        shown = [column[np.isfinite(column)] for column in table.T]
        middle = np.array([one.mean() if len(one) else np.nan for one in shown])
        scale = np.array([one.std() + 1e-9 if len(one) else np.nan for one in shown])
        x = np.nan_to_num((table - middle) / scale)
        slopes = np.linalg.solve(x.T @ x + RIDGE * np.eye(x.shape[1]), x.T @ (years - years.mean()))
        return cls(float(years.mean()), middle.tolist(), scale.tolist(), slopes.tolist(), error)

    def age(self, row: Row) -> float:
        """Years."""
        x = np.nan_to_num((np.asarray(row, float) - np.asarray(self.middle)) / np.asarray(self.scale))
        x = np.clip(x, -FARTHEST, FARTHEST)
        return self.mean + float(x @ np.asarray(self.slopes))


@dataclass(frozen=True)
class SeenPerson:
    """What one CT looks like. female: probability; decades: probability of each of DECADES."""

    female: float
    decades: tuple[float, ...]

    @property
    def sex(self) -> str:
        """The likelier of SEXES."""
        return SEXES[self.female > 0.5]

    @property
    def decade(self) -> int:
        """The likeliest of DECADES."""
        return DECADES[int(np.argmax(self.decades))]


class Classifiers:
    """The laws with the segmenter whose labels are measured.

    real: what they read rightly of real people who were left out of the learning, by "sex", "decade" and "decade within
    one": each a `shares.Share` as JSON, empty where no scan was told.
    """

    def __init__(self, segmenter: Segmenter, sex: SexLaw, age: AgeLaw, real: Mapping[str, Any] | None = None) -> None:
        self.segmenter, self.sex, self.age, self.real = segmenter, sex, age, dict(real or {})

    @classmethod
    def load(cls, config: Mapping[str, Any], segmenter: Segmenter) -> "Classifiers":
        """From {"sex": SexLaw, "age": AgeLaw as JSON (null for NaN), "real": {...}}. Raises KeyError, TypeError."""
        laws: dict[str, dict[str, Any]] = {
            law: {key: _numbers(value) if isinstance(value, list) else value for key, value in config[law].items()}
            for law in ("sex", "age")
        }
        return cls(segmenter, SexLaw(**laws["sex"]), AgeLaw(**laws["age"]), config.get("real"))

    def to_json(self) -> dict[str, Any]:
        """What `load` takes."""
        laws = {"sex": asdict(self.sex), "age": asdict(self.age)}
        clean = {name: {key: _told(value) for key, value in law.items()} for name, law in laws.items()}
        return {**clean, "real": self.real}

    def read(self, hu: np.ndarray, spacing: float, labels: np.ndarray | None = None) -> SeenPerson:
        """Read a CT, HU [z, y, x] in the canonical frame with isotropic spacing in mm.

        labels: what the segmenter sees in it at SPACING, where that is known; spacing is SPACING then.
        Raises EvaluationError when the volume holds no body.
        """
        coarse = hu.astype(np.float32) if spacing == SPACING else regrid(hu, (spacing,) * 3, (SPACING,) * 3)
        if not body_of(coarse).any():
            raise EvaluationError(
                "the CT holds no body", "give HU with air at -1000, at least some centimetres of torso"
            )
        found = self.segmenter.segment(coarse, SPACING) if labels is None else labels
        odds = self.sex.log_odds(sex_measures(coarse, found, SPACING))
        years = self.age.age(age_measures(coarse, found, SPACING))
        return SeenPerson(chance(odds), decade_chances(years, self.age.error))


def chance(odds: float) -> float:
    """Probability of log odds."""
    return float(1 / (1 + np.exp(-odds)))


def decade_chances(years: float, error: float) -> tuple[float, ...]:
    """Probability of each of DECADES of an age that was read with a standard deviation of `error` years.

    The first and the last are taken as ten years too, so that the likeliest is always the one that was read.
    """
    read = np.clip(years, DECADES[0], DECADES[-1] + 9.9)
    each = np.diff(stats.norm.cdf([*DECADES, DECADES[-1] + 10], read, max(error, 1e-3)))
    return tuple(float(p) for p in each / each.sum())


def _told(value: Row | float) -> list[float | None] | float:
    """JSON knows no NaN."""
    return [None if np.isnan(x) else x for x in value] if isinstance(value, Sequence) else value


def _numbers(values: Sequence[float | None]) -> list[float]:
    return [float("nan") if value is None else float(value) for value in values]
