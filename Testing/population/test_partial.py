"""Real label maps, deformed, with marks for what is not known."""

from pathlib import Path

import numpy as np

from GuideGenLib.anatomy.table import values
from GuideGenLib.anatomy.unknown import OUTSIDE, UNLABELLED
from GuideGenLib.population.partial import deformed, partial_bank
from GuideGenLib.population.people import Person

LIVER = values()["liver"]


def person() -> Person:
    labels = np.full((64, 48, 56), OUTSIDE, np.uint8)
    labels[8:56, 8:40, 8:48] = UNLABELLED
    labels[20:40, 16:32, 16:36] = LIVER
    return Person("anna", "female", labels, frozenset([LIVER]), frozenset(["liver"]))


def test_deformation_bends_and_invents_nothing() -> None:
    labels = person().marked
    first, second = (deformed(labels, np.random.default_rng(seed)) for seed in (0, 1))
    assert (deformed(labels, np.random.default_rng(0)) == first).all()
    assert set(np.unique(first)) == {LIVER, UNLABELLED, OUTSIDE}
    assert 0.01 < (first != second).mean() < 0.4
    assert 0.6 < (first == LIVER).sum() / (labels == LIVER).sum() < 1.6


def test_the_bank_takes_people_in_turn(tmp_path: Path) -> None:
    anna, bert = person(), person()
    maps, shown = partial_bank([anna, bert], 3, 2, tmp_path / "maps.npy")
    assert maps.shape == (3, 32, 24, 28)
    assert [one is anna for one in shown] == [True, False, True]
    assert isinstance(maps, np.memmap)
    again, _ = partial_bank([anna, bert], 3, 2, tmp_path / "maps.npy")
    assert (again == maps).all()
