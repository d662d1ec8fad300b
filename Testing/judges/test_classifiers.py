"""Sex and age are told by what a CT measures, and nothing that a scan does not show takes part."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from GuideGenLib.core.errors import EvaluationError
from GuideGenLib.judges.classifiers import (
    DECADES,
    MOST_SAID,
    AgeLaw,
    Classifiers,
    SexLaw,
    chance,
    decade_chances,
    decade_of,
)

NAN = float("nan")
WOMEN, MEN = [[80.0, 2.0], [90.0, NAN], [85.0, 2.2]], [[60.0, 1.0], [65.0, 1.1], [70.0, NAN]]
LAW = SexLaw.learned(WOMEN + MEN, [True] * 3 + [False] * 3)
YOUTH = AgeLaw.learned([[200.0, 50.0], [100.0, 30.0], [150.0, 40.0]], [30.0, 70.0, 50.0], 9.0)


def _classifiers(labels: np.ndarray) -> Classifiers:
    segmenter: Any = SimpleNamespace(segment=lambda hu, spacing: labels)
    return Classifiers(segmenter, LAW, YOUTH, {"sex": {"hits": 3, "cases": 4, "value": 0.75}})


def test_each_measure_speaks_and_none_decides_alone() -> None:
    assert LAW.women == pytest.approx([85.0, 2.1]) and LAW.men == pytest.approx([65.0, 1.05])
    assert LAW.log_odds([85.0, NAN]) > 0 > LAW.log_odds([65.0, NAN])
    assert LAW.log_odds([NAN, NAN]) == 0
    assert LAW.log_odds([1000.0, NAN]) == MOST_SAID and LAW.log_odds([1000.0, 1000.0]) == 2 * MOST_SAID
    assert LAW.log_odds([1000.0, -1000.0]) == 0


def test_a_measure_of_one_sex_alone_says_nothing() -> None:
    law = SexLaw.learned([[1.0, 5.0], [2.0, NAN], [3.0, 6.0], [4.0, NAN]], [True, True, False, False])
    assert np.isnan(law.spread[1]) and law.log_odds([NAN, 5.0]) == 0 and law.log_odds([1.0, 5.0]) > 0


def test_age_falls_with_the_measures_and_what_is_missing_says_nothing() -> None:
    assert YOUTH.age([150.0, NAN]) == pytest.approx(50.0)
    assert YOUTH.age([200.0, 50.0]) < 50 < YOUTH.age([100.0, 30.0])
    assert YOUTH.age([-1e6, 40.0]) == YOUTH.age([-1e5, 40.0])  # no age beyond what was learned


def test_decades_and_their_chances() -> None:
    assert [decade_of(age) for age in (3, 20, 59.9, 80, 101)] == [20, 20, 50, 80, 80]
    found = decade_chances(64.0, 8.0)
    assert sum(found) == pytest.approx(1) and DECADES[int(np.argmax(found))] == 60
    for years in (3, 20.5, 71, 79, 89, 110):  # however unsure the reading is
        assert DECADES[int(np.argmax(decade_chances(years, 15.0)))] == decade_of(years)
    assert chance(0) == 0.5 and chance(3) == pytest.approx(1 - chance(-3))


def test_they_come_back_from_json(organs: np.ndarray, hu: np.ndarray) -> None:
    made = _classifiers(organs)
    made.sex = SexLaw([1.0, NAN], [2.0, NAN], [0.5, NAN])
    content = made.to_json()
    assert content["sex"]["women"] == [1.0, None]
    again = Classifiers.load(content, made.segmenter)
    assert again.sex.log_odds([1.0, 3.0]) == made.sex.log_odds([1.0, 3.0]) > 0
    assert again.age == made.age and again.real == made.real
    with pytest.raises(KeyError):
        Classifiers.load({"sex": content["sex"]}, made.segmenter)


def test_labels_that_are_known_are_not_sought_again(organs: np.ndarray, hu: np.ndarray) -> None:
    made = _classifiers(organs)
    made.sex = SexLaw([NAN] * 5, [NAN] * 5, [NAN] * 5)
    first = made.read(hu.astype(np.float32), 3.0)
    made.segmenter = None  # type: ignore[assignment]
    assert made.read(hu.astype(np.float32), 3.0, organs) == first
    assert first.female == 0.5


def test_a_volume_without_a_body_is_refused(organs: np.ndarray) -> None:
    with pytest.raises(EvaluationError, match="holds no body"):
        _classifiers(organs).read(np.full((20, 20, 20), -1000, np.float32), 6.0)
