"""Real label maps, deformed, with marks for what is not known."""

import numpy as np

from GuideGenLib.anatomy.table import values
from GuideGenLib.anatomy.unknown import OUTSIDE, UNLABELLED
from GuideGenLib.population.partial import deformed, marked, partial_bank
from GuideGenLib.population.people import Person

LIVER = values()["liver"]


def person() -> Person:
    labels = np.zeros((64, 48, 56), np.uint8)
    labels[20:40, 16:32, 16:36] = LIVER
    seen = np.zeros(labels.shape, bool)
    seen[8:56, 8:40, 8:48] = True
    return Person("anna", "female", labels, seen, frozenset([LIVER]), 1.0)


def test_marks_tell_unlabelled_from_not_shown() -> None:
    anna = person()
    found = marked(anna)
    assert (found[~anna.seen] == OUTSIDE).all()
    assert (found[anna.seen & (anna.labels == 0)] == UNLABELLED).all()
    assert (found == LIVER).sum() == (anna.labels == LIVER).sum()


def test_deformation_bends_and_invents_nothing() -> None:
    labels = marked(person())
    first, second = (deformed(labels, np.random.default_rng(seed)) for seed in (0, 1))
    assert (deformed(labels, np.random.default_rng(0)) == first).all()
    assert set(np.unique(first)) == {LIVER, UNLABELLED, OUTSIDE}
    assert 0.01 < (first != second).mean() < 0.4
    assert 0.6 < (first == LIVER).sum() / (labels == LIVER).sum() < 1.6


def test_the_bank_takes_people_in_turn() -> None:
    anna, bert = person(), person()
    maps, shown = partial_bank([anna, bert], 3, seed=2)
    assert maps.shape == (3, 32, 64, 28)
    assert [one is anna for one in shown] == [True, False, True]
    assert (maps[:, :, :10] == OUTSIDE).all()  # where the canvas was deepened
    again, _ = partial_bank([anna, bert], 3, seed=2)
    assert (again == maps).all()
