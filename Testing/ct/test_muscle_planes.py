"""Muscles over a chest and about a shoulder lie in layers with fat between; the label keeps its mean HU."""

import numpy as np
import pytest
from scipy import ndimage

from GuideGenLib.anatomy.table import values
from GuideGenLib.ct.canvas import Canvas
from GuideGenLib.ct.details import STEPS
from GuideGenLib.ct.muscle_planes import with_planes_in_muscle
from GuideGenLib.ct.reference import reference_table

VALUE = values()
SPACING = 2.0
TABLE = reference_table("portal_venous")

pytestmark = pytest.mark.small


@pytest.fixture(scope="module")
def labels() -> np.ndarray:
    """[50, 70, 110] of muscle with a lung on one side and the bone of an arm on the other."""
    found = np.full((50, 70, 110), VALUE["muscle"], np.uint8)
    found[:, :4] = VALUE["subcutaneous_fat"]
    _, y, x = np.indices(found.shape)
    found[np.hypot(y - 36, x - 20) < 14] = VALUE["lung_upper_lobe_right"]
    found[np.hypot(y - 36, x - 82) < 5] = VALUE["humerus_left"]
    return found


def drawn(labels: np.ndarray, seed: int = 1, window: tuple[slice, ...] = (slice(None),) * 3) -> np.ndarray:
    return with_planes_in_muscle(TABLE[labels][window], Canvas(labels, TABLE, "portal_venous", SPACING, seed, window))


def test_dark_lines_lie_over_the_chest_and_about_the_arm_and_not_farther_off(labels: np.ndarray) -> None:
    change = np.mean([drawn(labels, seed) - TABLE[labels] for seed in range(6)], axis=0)
    muscle = labels == VALUE["muscle"]
    away = {
        key: ndimage.distance_transform_edt(labels != VALUE[key]) * SPACING
        for key in ("lung_upper_lobe_right", "humerus_left")
    }
    for key, place in (("lung_upper_lobe_right", 7), ("lung_upper_lobe_right", 16), ("humerus_left", 14)):
        assert change[muscle & (np.abs(away[key] - place) < 3)].mean() < -8
    far = muscle & (away["lung_upper_lobe_right"] > 36) & (away["humerus_left"] > 32)
    assert change[far].min() > 0
    assert drawn(labels)[muscle].min() < TABLE[VALUE["muscle"]] - 80


def test_muscle_keeps_its_mean_and_nothing_else_changes(labels: np.ndarray) -> None:
    muscle, hu = labels == VALUE["muscle"], drawn(labels)
    assert hu[muscle].mean() == pytest.approx(TABLE[VALUE["muscle"]], abs=0.1)
    assert np.array_equal(hu[~muscle], TABLE[labels][~muscle])
    bare = np.full_like(labels, VALUE["liver"])
    assert np.array_equal(drawn(bare), TABLE[bare])
    alone = np.full_like(labels, VALUE["muscle"])
    assert np.array_equal(drawn(alone), TABLE[alone])


def test_patients_differ_and_a_window_has_what_the_whole_has(labels: np.ndarray) -> None:
    whole = drawn(labels)
    assert np.array_equal(whole, drawn(labels))
    assert np.abs(whole - drawn(labels, 2)).max() > 40
    window = np.s_[10:40, 5:60, 12:100]
    assert np.array_equal(drawn(labels, window=window), whole[window])
    assert with_planes_in_muscle in STEPS


def test_an_edit_leaves_what_is_far_away(labels: np.ndarray) -> None:
    edited = labels.copy()
    edited[20:30, 30:40, 66:72] = VALUE["torso_fat"]
    edited[20:26, 45:49, 18:24] = VALUE["muscle"]
    far = ndimage.distance_transform_edt(edited == labels) * SPACING > 27
    assert np.abs(drawn(edited) - drawn(labels))[far].max() < 1
