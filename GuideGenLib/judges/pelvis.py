"""Sex told by the bones of the pelvis alone: four of its proportions, and a line between women and men in them.

A prostate or a uterus tells nothing here, as a rule forbids that of the other sex; bones come from the network. The
subpubic arch, which tells best, lies below the end of a torso and is no part of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from GuideGenLib.anatomy.table import values

PROPORTIONS = ("inlet", "heads", "conjugate", "height")
"""Breadth of the inlet over that between the iliac crests, larger in women; diameter of the femoral heads over the
distance between their centres, larger in men; from the front of the sacrum to the pubic bone over that distance,
larger in women; height of the crests over the centres of the heads over the iliac breadth, larger in men.

That a woman's canal is wide for her bones: Fischer and Mitteroecker, Anat Rec 2017;300:698; femoral heads: Clavero, Int
J Legal Med 2015;129:373; conjugate and height of the hip bone: Setiawati, Forensic Sci Med Pathol 2023;19:24."""
BONES = ("hip_left", "hip_right", "sacrum", "femur_left", "femur_right")
CAP_MM = (6.0, 18.0)
"""From the top of a femoral head: where the areas of its slices tell its radius."""
ROWS = 12
"""Of the inlet, the widest of which are averaged."""
RIDGE = 0.1
"""Added to the variance of each proportion, in variances: there are few people to learn from."""

Mask = NDArray[np.bool_]


def proportions(labels: NDArray[np.uint8], spacing: float) -> tuple[float, ...] | None:
    """PROPORTIONS of a label map [z, y, x] in the canonical frame; None where it does not show the pelvis whole.

    spacing: of the isotropic map, in mm.
    """
    bones = [labels == values()[name] for name in BONES]
    if not all(bone.any() for bone in bones):
        return None
    left, right, sacrum, *femora = bones
    heads = [head for one in femora if (head := _head(one, spacing)) is not None]
    if len(heads) < 2:
        return None
    (radius_left, centre_left), (radius_right, centre_right) = heads
    between = float(centre_left[2] - centre_right[2])
    breadth = float(_span(left, 2)[1] - _span(right, 2)[0] + 1)
    z, y, x = ((centre_left + centre_right) / 2).round().astype(int)
    inlet = _inlet(left, right, z, y, spacing)
    conjugate = _conjugate(left | right, sacrum, z, x, spacing)
    if inlet is None or conjugate is None or between <= 0 or breadth <= 0:
        return None
    crest = (_span(left, 0)[1] + _span(right, 0)[1]) / 2
    return inlet / breadth, (radius_left + radius_right) / between, conjugate / between, float(crest - z) / breadth


def _span(mask: Mask, axis: int) -> tuple[int, int]:
    """First and last slice along an axis in which a mask that is not empty is."""
    found = np.flatnonzero(mask.any(tuple(other for other in range(3) if other != axis)))
    return int(found[0]), int(found[-1])


def _head(femur: Mask, spacing: float) -> tuple[float, NDArray[np.float64]] | None:
    """Radius of the femoral head and its centre [z, y, x], in voxels; None where too little of it is shown.

    A slice h below the top of a ball of radius r has the area pi (2 r h - h^2).
    """
    slices = femur.sum((1, 2))
    shown = np.flatnonzero(slices)
    first, last = (int(mm / spacing) for mm in CAP_MM)
    if not len(shown) or shown[-1] - last < shown[0]:
        return None
    depth = np.arange(first, last)
    height = depth + 0.5
    radius = float(np.median((slices[shown[-1] - depth] / np.pi + height**2) / (2 * height)))
    cap = np.argwhere(femur[shown[-1] - last : shown[-1] + 1]).mean(0)
    return radius, np.array([shown[-1] + 0.5 - radius, cap[1], cap[2]])


def _inlet(left: Mask, right: Mask, z: int, y: int, spacing: float) -> float | None:
    """Breadth in voxels between the hip bones from 12 to 36 mm above the hip joints and up to 42 mm behind them."""
    box = slice(z + round(12 / spacing), z + round(36 / spacing)), slice(y, y + round(42 / spacing))
    inner, outer = left[box], right[box][..., ::-1]
    both = inner.any(2) & outer.any(2)
    gaps = (inner.argmax(2) - (right.shape[2] - 1 - outer.argmax(2)) - 1)[both]
    return float(np.sort(gaps)[-ROWS:].mean()) if len(gaps) >= ROWS else None


def _conjugate(hips: Mask, sacrum: Mask, z: int, x: int, spacing: float) -> float | None:
    """From the foremost point of the upper sacrum to the upper back edge of the pubic bone in the middle, in voxels."""
    low, high = _span(sacrum, 0)
    upper = sacrum[low + 2 * (high - low) // 3 :]
    side = round(18 / spacing)
    pubis = hips[: z + round(12 / spacing), :, max(0, x - side) : x + side + 1]
    if not pubis.any():
        return None
    front = _span(upper, 1)[0]
    height = low + 2 * (high - low) // 3 + float(np.flatnonzero(upper[:, front].any(1)).mean())
    return float(np.hypot(height - _span(pubis, 0)[1], front - _span(pubis, 1)[1]))


@dataclass(frozen=True)
class Line:
    """Fisher's discriminant: above zero are women. middle, scale, weights: one for each proportion."""

    middle: NDArray[np.float64]
    scale: NDArray[np.float64]
    weights: NDArray[np.float64]

    @classmethod
    def learned(cls, rows: Sequence[Sequence[float]], women: Sequence[bool]) -> "Line":
        """From proportions [n, 4] of women and men, at least two of each; the sexes count as much as each other."""
        table, sex = np.asarray(rows, float), np.asarray(women, bool)
        means = [table[sex].mean(0), table[~sex].mean(0)]
        within = np.where(sex[:, None], table - means[0], table - means[1])
        scale = within.std(0) + 1e-9
        spread = np.cov((within / scale).T) + RIDGE * np.eye(table.shape[1])
        return cls((means[0] + means[1]) / 2, scale, np.linalg.solve(spread, (means[0] - means[1]) / scale))

    def is_woman(self, row: Sequence[float]) -> bool:
        """Whether proportions are on the women's side."""
        return float((np.asarray(row) - self.middle) / self.scale @ self.weights) > 0


def held_out(rows: Sequence[Sequence[float]], women: Sequence[bool], people: Sequence[str]) -> list[bool] | None:
    """Whether each row's sex is told by what was learned from all other people; None with fewer than two of a sex.

    people: whose bones each row shows; nobody's bones are learned from and told.
    """
    sexes = dict(zip(people, women, strict=True))
    if min(sum(sexes.values()), len(sexes) - sum(sexes.values())) < 2:
        return None
    told = []
    for row, woman, person in zip(rows, women, people, strict=True):
        rest = [index for index, other in enumerate(people) if other != person]
        line = Line.learned([rows[index] for index in rest], [women[index] for index in rest])
        told.append(line.is_woman(row) == woman)
    return told
