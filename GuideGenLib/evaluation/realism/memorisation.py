"""Whether generated CTs and anatomies are copies of what the model was trained on: their nearest neighbours there."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from GuideGenLib.anatomy.table import labels
from GuideGenLib.core.errors import EvaluationError
from GuideGenLib.data.torso_position import LEAST_OVERLAP_MM, SMALL_MM, Placed, Small, expected_shift, overlap, place

HU_LIMITS = (-1000.0, 1000.0)
LEAST_VOXELS = 8
"""A label of fewer voxels in both anatomies has no Dice: at 6 mm it is there by chance."""


@dataclass(frozen=True)
class Likeness:
    """Two CTs at 6 mm, where both have their body: correlation of the HU within the window, mean |difference| in HU."""

    r: float
    difference: float


def likeness(a: Placed, b: Placed) -> Likeness | None:
    """How alike two CTs are after the best shift; None where they overlap by less than LEAST_OVERLAP_MM."""
    placement = place(a.small, b.small, expected_shift(a, b))
    return None if placement is None else compare(a.small, b.small, placement.shift)


def compare(a: Small, b: Small, shift: Sequence[int]) -> Likeness | None:
    """How alike two CTs are at one shift; None where too little of them overlaps."""
    bodies = overlap(a.body, b.body, shift)
    both = bodies[0] & bodies[1]
    if len(both) < LEAST_OVERLAP_MM / SMALL_MM or not both.any():
        return None
    x, y = (part[both].astype(np.float64) for part in overlap(a.clipped, b.clipped, shift))
    if min(x.std(), y.std()) < 1e-6:
        return None
    hu = [np.clip(part[both], *HU_LIMITS) for part in overlap(a.hu, b.hu, shift)]
    return Likeness(float(np.corrcoef(x, y)[0, 1]), float(np.abs(hu[0] - hu[1]).mean()))


def nearest(found: Sequence[Likeness | None]) -> Likeness | None:
    """Highest correlation and smallest difference of one CT to any of many; None without any."""
    known = [one for one in found if one is not None]
    return Likeness(max(one.r for one in known), min(one.difference for one in known)) if known else None


class Bank:
    """Anatomies uint8 [n, z, y, x] on one grid, the training population's, in which neighbours are looked for."""

    def __init__(self, anatomies: np.ndarray) -> None:
        self.shape = anatomies.shape[1:]
        self.flat = anatomies.reshape(len(anatomies), -1)
        self.counts = np.stack([_counts(one) for one in self.flat])

    def nearest_dice(self, anatomy: np.ndarray, skip: int | None = None) -> float:
        """Highest mean Dice of an anatomy, uint8 [z, y, x] on the bank's grid, over the organs of either.

        Tissues that fill the torso (fat, muscle) and lesions are not counted. skip: a member that does not count, for
        an anatomy that is in the bank itself. Raises EvaluationError for another grid.
        """
        if anatomy.shape != self.shape:
            raise EvaluationError(f"an anatomy of {anatomy.shape} and a bank of {self.shape}", "give both on one grid")
        mine = _counts(anatomy.ravel())
        where = np.flatnonzero(np.isin(anatomy.ravel(), _organs()))
        organs = anatomy.ravel()[where]
        best = 0.0
        for index, (other, theirs) in enumerate(zip(self.flat, self.counts, strict=True)):
            there = np.maximum(mine, theirs) >= LEAST_VOXELS
            if index == skip or not there.any():
                continue
            common = _counts(organs[other[where] == organs])
            best = max(best, float((2 * common[there] / (mine + theirs)[there]).mean()))
        return best


def _counts(anatomy: np.ndarray) -> np.ndarray:
    """Voxels of each organ."""
    return np.bincount(anatomy, minlength=256)[_organs()]


@cache
def _organs() -> list[int]:
    left_out = ("background", "tissue", "lesions")
    return [row.value for row in labels() if row.group not in left_out and row.key != "muscle"]
