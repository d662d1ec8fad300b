"""How much people differ."""

from dataclasses import replace

import numpy as np
import pytest

from GuideGenLib.anatomy.table import values
from GuideGenLib.population.attributes import Attributes
from GuideGenLib.population.deform import sample_anatomy
from GuideGenLib.population.variety import REAL_PAIRS, Shape, dice_between, laid_on, shapes, waist

MAN = Attributes("male", 50, 24.0, 1.0, 0.0, 150, 1.0, "none")


def test_organs_are_laid_on_each_other_by_their_centroids() -> None:
    mask = np.zeros((20, 20, 20), bool)
    mask[2:8, 3:7, 4:9] = True
    half = mask.copy()
    half[2:5] = False
    first = Shape.of(mask)
    assert laid_on(first, Shape.of(np.roll(mask, (9, 5, 3), (0, 1, 2)))) == 1.0
    assert laid_on(first, Shape.of(half)) == pytest.approx(2 / 3, abs=0.01)
    assert np.isnan(laid_on(first, Shape.of(np.zeros_like(mask))))


def test_the_table_has_all_organs_and_two_alike_have_dice_one(torso: np.ndarray) -> None:
    table = dice_between([shapes(torso), shapes(np.roll(torso, 2, 0))])
    assert set(table) == set(REAL_PAIRS)
    assert table["liver"] == table["heart"] == 1.0
    assert np.isnan(table["pancreas"])  # this torso has none


def test_the_waist_of_a_cylinder() -> None:
    y, x = np.ogrid[:80, :80]
    labels = np.zeros((40, 80, 80), np.uint8)
    labels[:, np.hypot(y - 40, x - 40) < 30] = values()["muscle"]
    labels[10:30, 38:42, 38:42] = values()["vertebrae_lumbar"]
    labels[:15, 50:54, 20:24] = values()["hip_left"]
    assert waist(labels, 3.0) == pytest.approx(2 * np.pi * 90, rel=0.02)
    assert np.isnan(waist(np.zeros_like(labels), 3.0))


def test_the_obese_are_wider_by_what_their_girth_asks_for(torso: np.ndarray) -> None:
    thin, obese = (
        waist(
            sample_anatomy(np.pad(torso, ((0, 0), (8, 8), (8, 8))), replace(MAN, bmi=bmi), np.random.default_rng(0)), 3
        )
        for bmi in (19.0, 36.0)
    )
    assert obese / thin >= 1.2  # a small torso, which has little fat to lose
