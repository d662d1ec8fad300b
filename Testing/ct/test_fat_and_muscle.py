"""Fat in muscles, septa and vessels in fat: none changes a mean, all differ between patients and hang on the place."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy import ndimage

from GuideGenLib.anatomy.table import values
from GuideGenLib.ct import random_fields
from GuideGenLib.ct.canvas import Canvas
from GuideGenLib.ct.fat_strands import with_strands_in_fat
from GuideGenLib.ct.muscle_fat import with_fat_in_muscle
from GuideGenLib.ct.reference import aged, reference_table

VALUE = values()
SPACING = 2.0
TABLE = reference_table("portal_venous")
Step = Callable[[np.ndarray, Canvas], np.ndarray]
MUSCLES = ("muscle", "autochthon_left", "autochthon_right")
OWN: dict[Step, tuple[str, ...]] = {
    with_fat_in_muscle: MUSCLES,
    with_strands_in_fat: ("subcutaneous_fat", "torso_fat"),
}
STEPS = pytest.mark.parametrize("step", OWN, ids=["muscle", "fat"])


@pytest.fixture(scope="module")
def labels() -> np.ndarray:
    """A wall of fat and muscle about fat and a spine, with muscles behind that."""
    found = np.full((60, 80, 100), VALUE["subcutaneous_fat"], np.uint8)
    found[:, 10:70, 10:90] = VALUE["muscle"]
    found[:, 18:50, 20:80] = VALUE["torso_fat"]
    found[:, 50:68, 25:49] = VALUE["autochthon_right"]
    found[:, 50:68, 51:75] = VALUE["autochthon_left"]
    found[:, 42:58, 42:58] = VALUE["vertebrae_lumbar"]
    return found


def drawn(step: Step, labels: np.ndarray, seed: int = 1, age: float | None = None) -> np.ndarray:
    table = aged(TABLE, age)
    return step(table[labels], Canvas(labels, table, "portal_venous", SPACING, seed))


def of(labels: np.ndarray, *keys: str) -> np.ndarray:
    return np.isin(labels, [VALUE[key] for key in keys])


@STEPS
def test_each_label_keeps_its_mean_and_no_other_changes(labels: np.ndarray, step: Step) -> None:
    hu = drawn(step, labels)
    for key in OWN[step]:
        assert hu[of(labels, key)].mean() == pytest.approx(TABLE[VALUE[key]], abs=0.1)
        assert 3 < hu[of(labels, key)].std() < 25
    others = ~of(labels, *OWN[step])
    assert np.array_equal(hu[others], TABLE[labels][others])


def test_muscle_has_darker_streaks_and_fat_brighter_ones(labels: np.ndarray) -> None:
    for step, sign in ((with_fat_in_muscle, -1), (with_strands_in_fat, 1)):
        change = sign * (drawn(step, labels) - TABLE[labels])[of(labels, *OWN[step])]
        assert np.percentile(change, 99.5) > 3 * -np.percentile(change, 0.5)
        assert np.median(change) < 0
        assert change.max() < 240


def test_the_old_have_more_fat_in_their_muscles_and_more_of_it_is_beside_bone(labels: np.ndarray) -> None:
    young, old = (
        (drawn(with_fat_in_muscle, labels, age=age) - aged(TABLE, age)[labels])[of(labels, *MUSCLES)].std()
        for age in (25, 85)
    )
    assert old > 1.15 * young
    change = np.mean([(drawn(with_fat_in_muscle, labels, seed) - TABLE[labels]) ** 2 for seed in range(4)], axis=0)
    away = ndimage.distance_transform_edt(~of(labels, "vertebrae_lumbar")) * SPACING
    back = of(labels, *MUSCLES[1:])
    assert change[back & (away < 10)].mean() > 1.5 * change[back & (away > 30)].mean()


@STEPS
def test_patients_differ_and_a_window_has_what_the_whole_has(labels: np.ndarray, step: Step) -> None:
    whole = drawn(step, labels)
    assert np.array_equal(whole, drawn(step, labels))
    assert np.abs(whole - drawn(step, labels, seed=2)).max() > 20
    window = np.s_[10:50, 5:75, 12:88]
    part = step(TABLE[labels][window], Canvas(labels, TABLE, "portal_venous", SPACING, 1, window))
    assert np.array_equal(part, whole[window])
    bare = np.full_like(labels, VALUE["liver"])
    assert np.array_equal(drawn(step, bare), TABLE[bare])


@STEPS
def test_drawn_in_parts_it_has_the_bits_of_all_at_once(
    labels: np.ndarray, step: Step, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = drawn(step, labels)
    for part in (1000, labels.size):
        monkeypatch.setattr(random_fields, "PART", part)
        assert np.array_equal(drawn(step, labels), wanted)


@STEPS
def test_an_edit_leaves_what_is_far_away(labels: np.ndarray, step: Step) -> None:
    edited = labels.copy()
    edited[20:35, 12:30, 12:30] = VALUE["liver"]
    edited[25:40, 52:60, 60:70] = VALUE["torso_fat"]
    before, after = drawn(step, labels), drawn(step, edited)
    far = ndimage.distance_transform_edt(edited == labels) * SPACING > 20
    assert np.abs(before - after)[far].max() < 1
