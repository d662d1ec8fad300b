"""Whether generated CTs are copies of those of the training (anatomies: `people.organ_figures`)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from GuideGenLib.data.torso_position import LEAST_OVERLAP_MM, SMALL_MM, Placed, Small, expected_shift, overlap, place

HU_LIMITS = (-1000.0, 1000.0)


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
