"""The prostate of men."""

import numpy as np
import pytest
from scipy import ndimage

from GuideGenLib.anatomy.table import values
from GuideGenLib.mask.sex_organs import LEAST_ML, lay_prostate

VALUE = values()


@pytest.fixture
def pelvis() -> np.ndarray:
    """A pelvis [40, 60, 80] at 3 mm: fat, a bladder, the rectum behind it, bones at both sides."""
    labels = np.full((40, 60, 80), VALUE["torso_fat"], np.uint8)
    labels[12:30, 15:30, 28:52] = VALUE["urinary_bladder"]
    labels[:, 38:44, 35:45] = VALUE["colon"]
    labels[:, :, :20], labels[:, :, 60:] = VALUE["hip_right"], VALUE["hip_left"]
    return labels


def test_a_missing_prostate_is_laid_below_the_bladder_in_one_piece(pelvis: np.ndarray) -> None:
    whole = lay_prostate(pelvis, 3.0)
    prostate = whole == VALUE["prostate"]
    assert LEAST_ML < prostate.sum() * 0.027 < 20
    assert ndimage.label(prostate)[1] == 1
    z, y, x = np.argwhere(prostate).mean(axis=0)
    bladder = np.argwhere(pelvis == VALUE["urinary_bladder"]).mean(axis=0)
    assert z < bladder[0] and y > bladder[1] and abs(x - bladder[2]) < 1
    for key in ("urinary_bladder", "colon", "hip_left", "hip_right"):
        assert np.array_equal(whole == VALUE[key], pelvis == VALUE[key])


def test_a_drawn_prostate_stays_and_a_speck_of_one_is_replaced(pelvis: np.ndarray) -> None:
    pelvis[6:12, 24:34, 34:44] = VALUE["prostate"]
    assert np.array_equal(lay_prostate(pelvis, 3.0), pelvis)
    pelvis[pelvis == VALUE["prostate"]] = VALUE["torso_fat"]
    pelvis[38, 5, 25] = VALUE["prostate"]
    whole = lay_prostate(pelvis, 3.0)
    assert ndimage.label(whole == VALUE["prostate"])[1] == 1 and whole[38, 5, 25] == VALUE["torso_fat"]


def test_where_the_floor_of_the_bladder_is_not_seen_nothing_is_laid(pelvis: np.ndarray) -> None:
    cut = pelvis[11:]
    assert np.array_equal(lay_prostate(cut, 3.0), cut)
    pelvis[pelvis == VALUE["urinary_bladder"]] = VALUE["torso_fat"]
    assert np.array_equal(lay_prostate(pelvis, 3.0), pelvis)
