"""Copies are found among others."""

import numpy as np
import pytest

from GuideGenLib.anatomy.table import values
from GuideGenLib.core.errors import EvaluationError
from GuideGenLib.data.torso_position import Placed, small
from GuideGenLib.evaluation.realism.memorisation import Bank, Likeness, likeness, nearest
from Testing.scans import body, with_hips

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


@pytest.fixture
def bank(phantom: np.ndarray) -> np.ndarray:
    labels = with_hips(phantom)
    return np.stack([np.roll(labels, step, axis=2) for step in (0, 2, 6)])


def test_an_anatomy_finds_its_copy_and_else_the_nearest(bank: np.ndarray):
    found = Bank(bank)
    assert found.nearest_dice(bank[1]) == 1
    near, far = found.nearest_dice(bank[0], skip=0), found.nearest_dice(bank[2], skip=2)
    assert 0 < far < near < 1


def test_tissue_and_tumours_do_not_count(bank: np.ndarray):
    changed = bank[0].copy()
    changed[changed == values()["body"]] = values()["torso_fat"]
    changed[changed == values()["background"]] = values()["muscle"]
    assert Bank(bank).nearest_dice(changed) == 1
    changed[60:64, 12:16, 40:44] = values()["lung_tumor"]
    assert 0.98 < Bank(bank).nearest_dice(changed) < 1  # the lung lacks what the tumour took


def test_a_bank_of_another_grid_is_refused(bank: np.ndarray):
    with pytest.raises(EvaluationError, match="one grid"):
        Bank(bank).nearest_dice(bank[0][1:])
