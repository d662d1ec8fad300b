"""People by number, their attributes and their maps at 6 mm."""

import numpy as np
import pytest

from GuideGenLib.anatomy.table import values
from GuideGenLib.population.attributes import BMI_LIMITS, Attributes, draw_attributes, habitus_of
from GuideGenLib.population.sampling import coarse, draw_sample


def many(n: int = 800) -> list[Attributes]:
    return [draw_attributes(np.random.default_rng(i)) for i in range(n)]


def test_a_person_is_named_by_seed_and_index(torso: np.ndarray) -> None:
    first, again, other = draw_sample(torso, 5, 1), draw_sample(torso, 5, 1), draw_sample(torso, 6, 1)
    assert first.attributes == again.attributes
    assert (first.labels == again.labels).all()
    assert first.attributes != other.attributes


def test_attributes_stay_in_their_ranges_and_all_classes_occur() -> None:
    people = many()
    assert all(18 <= who.age <= 95 and 30 <= who.bladder_ml <= 450 and abs(who.breathing_mm) <= 14 for who in people)
    assert {who.habitus for who in people} == set(BMI_LIMITS)
    assert {who.sex for who in people} == {"male", "female"}
    assert {who.phase for who in people} == {"none", "arterial", "portal_venous", "delayed"}
    assert {who.age // 10 for who in people} >= set(range(2, 10))


def test_women_are_shorter_and_the_old_too() -> None:
    people = many()

    def height(sex: str, low: int, high: int) -> float:
        return float(np.mean([who.height_factor for who in people if who.sex == sex and low <= who.age < high]))

    assert height("female", 18, 50) < height("male", 18, 50) - 0.03
    assert height("female", 75, 96) < height("female", 18, 50) - 0.02


def test_habitus_level_is_continuous_and_agrees_with_the_word() -> None:
    levels: dict[str, list[float]] = {who.habitus: [] for who in many()}
    for who in many():
        levels[who.habitus].append(who.habitus_level)
    means = [np.mean(levels[word]) for word in BMI_LIMITS]
    assert means == pytest.approx([-1.0, 0.0, 0.7, 1.4], abs=0.3)


@pytest.mark.parametrize(
    ("bmi", "word"), [(18.4, "thin"), (18.5, "normal"), (25, "overweight"), (30, "obese"), (60, "obese")]
)
def test_body_mass_index_gives_the_word_of_the_who(bmi: float, word: str) -> None:
    assert habitus_of(bmi) == word


def test_coarse_keeps_what_is_uniform() -> None:
    labels = np.full((4, 6, 8), values()["liver"], np.uint8)
    assert (coarse(labels) == values()["liver"]).all()
    assert coarse(labels).shape == (2, 3, 4)


def test_coarse_takes_the_majority_and_prefers_thin_structures() -> None:
    key = values()
    block = np.array([key["liver"]] * 5 + [key["spleen"]] * 3, np.uint8).reshape(2, 2, 2)
    assert coarse(block).item() == key["liver"]
    block = np.array([key["liver"]] * 4 + [key["adrenal_left"]] * 3 + [0], np.uint8).reshape(2, 2, 2)
    assert coarse(block).item() == key["adrenal_left"]


def test_coarse_agrees_with_counting_by_hand() -> None:
    key = values()
    fat = [key["liver"], key["spleen"], key["heart"], key["muscle"]]  # none of them thin
    labels = np.random.default_rng(0).choice(np.array(fat, np.uint8), (8, 8, 8))
    found = coarse(labels)
    for z, y, x in np.ndindex(4, 4, 4):
        votes = np.bincount(labels[2 * z : 2 * z + 2, 2 * y : 2 * y + 2, 2 * x : 2 * x + 2].ravel(), minlength=73)
        assert votes[found[z, y, x]] == votes.max()


def test_coarse_refuses_odd_sides() -> None:
    with pytest.raises(ValueError, match="even"):
        coarse(np.zeros((3, 4, 4), np.uint8))
