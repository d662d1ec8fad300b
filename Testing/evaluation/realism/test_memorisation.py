"""Copies are found among others."""

import numpy as np
import pytest

from GuideGenLib.data.torso_position import Placed, small
from GuideGenLib.evaluation.realism.memorisation import Likeness, likeness, nearest
from Testing.scans import body

STEPS = (6.0, 6.0, 6.0)


def scan(seed: int, slices: slice = slice(None), brighter: float = 0.0) -> Placed:
    hu = body(seed)[slices]
    return Placed(str(seed), small(np.where(hu > -900, hu + brighter, hu), STEPS), None)


def test_a_copy_of_a_part_is_known_from_another_patient():
    copy, other = likeness(scan(0), scan(0, slice(12, 50))), likeness(scan(0), scan(1, slice(12, 50)))
    assert copy is not None and copy.r == pytest.approx(1, abs=1e-6) and copy.difference == pytest.approx(0, abs=1e-3)
    assert other is not None and other.r < 0.6 and other.difference > 20


def test_a_brighter_copy_is_a_copy_still():
    found = likeness(scan(0), scan(0, brighter=30.0))
    assert found is not None and found.r > 0.99 and found.difference == pytest.approx(30, abs=2)


def test_what_hardly_overlaps_is_not_compared():
    assert likeness(scan(0), scan(0, slice(0, 14))) is None


def test_the_nearest_has_the_highest_correlation_and_the_smallest_difference():
    assert nearest([Likeness(0.5, 40), None, Likeness(0.7, 90)]) == Likeness(0.7, 40)
    assert nearest([None]) is None
