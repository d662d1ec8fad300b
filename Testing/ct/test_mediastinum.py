"""Great vessels of the chest: fat between them, none where blood flows on, and even blood in the pulmonary artery."""

import numpy as np
import pytest
from scipy import ndimage

from GuideGenLib.anatomy.table import values
from GuideGenLib.ct.canvas import Canvas
from GuideGenLib.ct.details import with_details
from GuideGenLib.ct.heart import BLOOD, with_heart
from GuideGenLib.ct.mediastinum import with_fat_of_mediastinum
from GuideGenLib.ct.reference import reference_table

VALUE = values()
SPACING = 2.0
SHAPE = (64, 64, 80)
TABLE = reference_table("arterial")

pytestmark = pytest.mark.small


@pytest.fixture(scope="module")
def labels() -> np.ndarray:
    """[z, y, x] with lung about it all: a heart whose label ends in a trunk and a right branch behind the ascending
    aorta, with the vena cava at its right side on the heart."""
    z, y, x = np.indices(SHAPE)
    found = np.full(SHAPE, VALUE["lung_upper_lobe_left"], np.uint8)
    heart = ((z - 14) / 15) ** 2 + ((y - 32) / 22) ** 2 + ((x - 42) / 26) ** 2 < 1
    trunk = (np.hypot(y - 24, x - 54) < 8) & (z >= 14) & (z < 40)
    branch = (np.hypot(y - 40, z - 32) < 8) & (x > 18) & (x < 54)
    joined = (np.hypot(x - 52, z - 32) < 8) & (y > 22) & (y < 44)
    atrium = (np.abs(y - 40) < 8) & (np.abs(x - 36) < 14) & (z > 14) & (z < 32)
    found[heart | trunk | branch | joined | atrium] = VALUE["heart"]
    found[(np.hypot(y - 24, x - 38) < 8) & (z >= 12)] = VALUE["aorta"]
    found[(np.hypot(y - 26, x - 24) < 6) & (z >= 26)] = VALUE["superior_vena_cava"]
    found[(np.hypot(y - 56, x - 44) < 6)] = VALUE["aorta"]
    return found


def canvas(labels: np.ndarray, seed: int = 1, window: tuple[slice, ...] = (slice(None),) * 3) -> Canvas:
    return Canvas(labels, TABLE, "arterial", SPACING, seed, window)


def fat(labels: np.ndarray, seed: int = 1) -> np.ndarray:
    """HU that the rule takes away."""
    return TABLE[labels] - with_fat_of_mediastinum(TABLE[labels], canvas(labels, seed))


def border(labels: np.ndarray, one: str, other: str) -> np.ndarray:
    """The voxels of both labels that touch the other."""
    first, second = labels == VALUE[one], labels == VALUE[other]
    return (first & ndimage.binary_dilation(second)) | (second & ndimage.binary_dilation(first))


def test_fat_parts_the_pulmonary_artery_from_the_aorta_and_that_from_the_vena_cava(labels: np.ndarray) -> None:
    taken = fat(labels)
    upper = np.zeros(SHAPE, bool)
    upper[26:] = True
    for other in ("aorta", "superior_vena_cava"):
        darkest = ndimage.minimum_filter(TABLE[labels] - taken, 3)[border(labels, "heart", other) & upper]
        assert np.median(darkest) < 215
        assert darkest.min() < 60
    keys = ("heart", "aorta", "superior_vena_cava")
    far = [ndimage.distance_transform_edt(labels != VALUE[key]) * SPACING > 14 for key in keys]
    away = np.sum(far, axis=0) > 1
    assert not taken[away].any()
    assert not taken[labels == VALUE["lung_upper_lobe_left"]].any()


def test_blood_flows_on_from_the_vena_cava_into_the_heart(labels: np.ndarray) -> None:
    standing = labels.copy()
    z, y, x = np.indices(SHAPE)
    standing[(np.hypot(y - 26, x - 24) < 6) & (z < 26)] = VALUE["heart"]
    middle = np.s_[24:28, 24:29, 22:27]
    assert set(np.unique(standing[middle])) == {VALUE["heart"], VALUE["superior_vena_cava"]}
    assert np.abs(fat(standing)[middle]).max() < 15


def test_within_a_voxel_of_their_surface_vessels_keep_their_hu(labels: np.ndarray) -> None:
    taken = fat(labels)
    for key in ("heart", "aorta", "superior_vena_cava"):
        assert taken[ndimage.binary_erosion(labels == VALUE[key])].mean() < 10


def test_patients_differ_a_window_has_what_the_whole_has_and_an_edit_leaves_what_is_far(labels: np.ndarray) -> None:
    whole = TABLE[labels] - fat(labels)
    assert np.abs(whole - (TABLE[labels] - fat(labels, 2))).max() > 40
    window = np.s_[20:50, 10:60, 16:70]
    part = with_fat_of_mediastinum(TABLE[labels][window], canvas(labels, window=window))
    assert np.array_equal(part, whole[window])
    edited = labels.copy()
    edited[44:48, 22:26, 36:40] = VALUE["heart"]
    far = ndimage.distance_transform_edt(edited == labels) * SPACING > 20
    assert np.array_equal((TABLE[edited] - fat(edited))[far], whole[far])
    assert not fat(np.full_like(labels, VALUE["liver"])).any()


def test_the_upper_part_of_the_heart_is_even_blood_of_the_right_heart_above_a_fold_of_fat(labels: np.ndarray) -> None:
    drawn = with_heart(TABLE[labels], canvas(labels))
    trunk, branch = drawn[30:37, 21:27, 52:56], drawn[34:38, 38:43, 26:46]
    even = BLOOD["arterial"][1] + drawn[labels == VALUE["heart"]].mean() - TABLE[VALUE["heart"]]
    for artery in (trunk, branch):
        assert artery.std() < 6
        assert artery.mean() == pytest.approx(even, abs=45)
    column = drawn[18:36, 38:43, 30:40].mean(axis=(1, 2))
    lowest = int(column[:12].argmin())
    assert column[lowest] < branch.mean() - 60
    assert column[:lowest].max() > column[lowest] + 60


def test_both_are_among_the_details_of_a_ct(labels: np.ndarray) -> None:
    drawn = with_details(TABLE[labels], canvas(labels))
    touching = border(labels, "heart", "aorta")
    touching[:26] = False
    assert drawn[touching].mean() < with_heart(TABLE[labels], canvas(labels))[touching].mean() - 40
