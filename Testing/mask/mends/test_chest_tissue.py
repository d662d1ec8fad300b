"""Unlabelled tissue of a chest: a shoulder is as the other one, vessels lie in fat and against each other."""

import numpy as np
import pytest

from GuideGenLib.anatomy.table import values
from GuideGenLib.mask.mends.chest_tissue import with_chest_tissue

VALUE = values()
SPACING = 3.0

pytestmark = pytest.mark.small


@pytest.fixture
def labels() -> np.ndarray:
    """[60, 80, 101] of muscle: lungs, a spine, heart and aorta with a gap and wide unlabelled tissue; the left shoulder
    has fat and a bone, the right one is unlabelled."""
    found = np.zeros((60, 80, 101), np.uint8)
    found[:, 10:70, 5:96] = VALUE["muscle"]
    found[10:45, 20:55, 20:40] = VALUE["lung_upper_lobe_right"]
    found[10:45, 20:55, 61:81] = VALUE["lung_upper_lobe_left"]
    found[10:45, 20:55, 40:61] = VALUE["body"]
    found[15:35, 25:33, 42:60] = VALUE["heart"]
    found[15:40, 35:41, 46:56] = VALUE["aorta"]
    found[:, 55:66, 45:56] = VALUE["vertebrae_thoracic"]
    found[50:, 30:50, 9:31] = VALUE["torso_fat"]
    found[46:60, 20:56, 70:92] = VALUE["muscle"]
    found[46:54, 34:42, 74:80] = VALUE["torso_fat"]
    found[46:54, 44:48, 82:88] = VALUE["humerus_left"]
    found[46:60, 20:56, 9:31] = VALUE["body"]
    return found


def test_the_shoulder_that_is_unlabelled_is_as_the_other_one(labels: np.ndarray) -> None:
    result = with_chest_tissue(labels, SPACING)
    right = np.s_[46:60, 20:56, 9:31]
    assert not (result[right] == VALUE["body"]).any()
    assert (result[48:52, 36:40, 22:26] == VALUE["torso_fat"]).all()
    assert (result[48:52, 22:30, 12:28] == VALUE["muscle"]).all()
    assert (result[46:54, 44:48, 13:19] == VALUE["muscle"]).all(), "no bone is mirrored"
    left = np.s_[46:60, 20:56, 70:92]
    assert np.array_equal(result[left], labels[left])


def test_a_narrow_gap_between_heart_and_aorta_is_shared_out_and_the_rest_is_fat(labels: np.ndarray) -> None:
    result = with_chest_tissue(labels, SPACING)
    gap = result[20:30, 33:35, 48:54]
    assert (gap[:, 0] == VALUE["heart"]).all()
    assert (gap[:, 1] == VALUE["aorta"]).all()
    assert (result[20:30, 45:52, 44:57] == VALUE["torso_fat"]).all()
    assert (result[36:40, 22:24, 44:57] == VALUE["torso_fat"]).all()
    assert (result[20:30, 54, 48:53] == VALUE["body"]).all(), "ligaments of the spine"


def test_a_hole_among_heart_and_aorta_is_shared_out_however_wide(labels: np.ndarray) -> None:
    labels[12:43, 21:42, 41:61] = VALUE["heart"]
    labels[12:43, 26:38, 45:56] = VALUE["body"]
    labels[12:43, 26:29, 48:53] = VALUE["aorta"]
    result = with_chest_tissue(labels, SPACING)
    assert set(np.unique(result[15:40, 26:38, 45:56])) == {VALUE["heart"], VALUE["aorta"]}


def test_all_that_has_a_name_stays_and_nothing_is_done_without_lungs(labels: np.ndarray) -> None:
    result = with_chest_tissue(labels, SPACING)
    named = labels != VALUE["body"]
    assert np.array_equal(result[named], labels[named])
    bare = np.where(np.isin(labels, [VALUE["lung_upper_lobe_left"], VALUE["lung_upper_lobe_right"]]), 0, labels)
    assert with_chest_tissue(bare, SPACING) is bare
    assert np.array_equal(with_chest_tissue(result, SPACING), result)
