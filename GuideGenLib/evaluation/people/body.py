"""What one body is measured by: its girth, whether it fits on the canvas, its organs in ml, the bones of its pelvis."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from GuideGenLib.anatomy.structures import LUNGS, select
from GuideGenLib.judges.pelvis import proportions
from GuideGenLib.population.variety import waist

LEAST_MM = 250.0
"""Of a map without shoulder blades, at its top, that is taken to lie above the armpits."""


@dataclass(frozen=True)
class Range:
    """Volumes in ml between which 95 % of adults lie, (low, high) of men and women; where that was published."""

    keys: tuple[str, ...]
    men: tuple[float, float]
    women: tuple[float, float]
    source: str


def _normal(mean: float, sd: float) -> tuple[float, float]:
    return mean - 1.96 * sd, mean + 1.96 * sd


def _quartiles(median: float, low: float, high: float) -> tuple[float, float]:
    """Of a volume that is distributed normally, by its quartiles."""
    return _normal(median, (high - low) / 1.349)


_KIDNEYS = {"men": _quartiles(174, 154, 197), "women": _quartiles(138, 121, 156)}
_KIDNEY_SOURCE = "quartiles of the right one in 1815 adults, MRI: J Clin Med 2024;13:769"
_LIVER = (824.5, _normal(1510, 250)[1])
_SPLEEN, _PANCREAS = (81.1, 322.0), (18.8, 139.8)
_LUNGS = _normal(4468, 1271)
PUBLISHED: Mapping[str, Range] = {
    "liver": Range(
        ("liver",), _LIVER, _LIVER,
        "lower end of 2989 donors, CT: Kim, Radiology 2021;301:339; upper end of 77 normal livers, CT: Linguraru, "
        "Acad Radiol 2012;19:588",
    ),
    "spleen": Range(("spleen",), _SPLEEN, _SPLEEN, "2989 donors, CT: Kim, Radiology 2021;301:339"),
    "left kidney": Range(("kidney_left",), **_KIDNEYS, source=_KIDNEY_SOURCE),
    "right kidney": Range(("kidney_right",), **_KIDNEYS, source=_KIDNEY_SOURCE),
    "pancreas": Range(("pancreas",), _PANCREAS, _PANCREAS, "range of 204 adults, CT: Abdom Radiol 2019;44:958"),
    "lungs": Range(LUNGS, _LUNGS, _LUNGS, "564 adults, CT: Cheng, Int J COPD 2019;14:1657"),
}  # fmt: skip
"""Organs of which such a range was found. Stomach, bowel and bladder have the volume of their filling."""


@dataclass(frozen=True)
class Body:
    """What `of` measures of a body.

    waist: mm, None where it is not shown; at_sides, at_front_or_back: share of the slices below the arms in which the
    body lies at these borders of the canvas; ml: of the organs in PUBLISHED; pelvis: its proportions.
    """

    waist: float | None
    at_sides: float
    at_front_or_back: float
    ml: Mapping[str, float]
    pelvis: tuple[float, ...] | None

    @classmethod
    def of(cls, labels: NDArray[np.uint8], spacing: float) -> "Body":
        """Of a label map [z, y, x] in the canonical frame, isotropic spacing in mm."""
        below = labels[: armpits(labels, spacing)] > 0
        voxel = spacing**3 / 1000
        girth = waist(labels, spacing)
        return cls(
            girth if np.isfinite(girth) else None,
            float(below[:, :, [0, -1]].any((1, 2)).mean()),
            float(below[:, [0, -1]].any((1, 2)).mean()),
            {name: float(select(labels, one.keys).sum()) * voxel for name, one in PUBLISHED.items()},
            proportions(labels, spacing),
        )

    @property
    def is_cut(self) -> bool:
        """Whether any of it lies at a side of the canvas, where it is cut off."""
        return self.at_sides > 0 or self.at_front_or_back > 0

    def within(self, sex: str) -> dict[str, bool]:
        """For each organ of PUBLISHED whether its volume lies in the range of that sex, "male" or "female"."""
        ranges = {name: one.men if sex == "male" else one.women for name, one in PUBLISHED.items()}
        return {name: low <= self.ml[name] <= high for name, (low, high) in ranges.items()}


def armpits(labels: NDArray[np.uint8], spacing: float) -> int:
    """The slice up to which the trunk is without arms: the lower tips of the shoulder blades. Arms leave the canvas."""
    blades = np.flatnonzero(select(labels, ("scapula_left", "scapula_right")).any((1, 2)))
    return max(1, int(blades[0]) if len(blades) else len(labels) - round(LEAST_MM / spacing))
