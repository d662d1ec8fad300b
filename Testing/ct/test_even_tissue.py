"""Grain of lungs and fat, in a box of one of them beside a heart with a tumour."""

import numpy as np
import pytest
from scipy import ndimage

from GuideGenLib.anatomy.structures import LUNGS
from GuideGenLib.anatomy.table import values
from GuideGenLib.ct.canvas import Canvas
from GuideGenLib.ct.even_tissue import FAT, LUNG, with_even_fat, with_even_lungs
from GuideGenLib.ct.reference import reference_table

VALUE = values()
SPACING = 2.0
TABLE = reference_table("none")


@pytest.fixture(scope="module")
def labels() -> np.ndarray:
    found = np.full((40, 44, 60), VALUE["heart"], np.uint8)
    found[4:36, 4:40, 4:40] = VALUE["lung_upper_lobe_right"]
    found[18:24, 18:24, 18:24] = VALUE["lung_tumor"]
    return found


def grainy(labels: np.ndarray) -> np.ndarray:
    grain = np.random.default_rng(0).normal(0, 20, labels.shape)
    return (TABLE[labels] + grain).astype(np.float32)


def drawn(hu: np.ndarray, labels: np.ndarray, window: tuple[slice, ...] = (slice(None),) * 3) -> np.ndarray:
    return with_even_lungs(hu.copy(), Canvas(labels, TABLE, "none", SPACING, 1, window))


def test_the_middle_of_the_lung_is_more_even_and_all_else_is_left(labels: np.ndarray) -> None:
    hu = grainy(labels)
    kept, even = hu.copy(), drawn(hu, labels)
    assert np.array_equal(hu, kept)
    lung = np.isin(labels, [VALUE[key] for key in LUNGS])
    depth = ndimage.distance_transform_edt(lung)
    deep, rim = depth > 4.5, lung & (depth <= 1)
    assert deep.sum() > 1000
    assert even[deep].std() == pytest.approx(LUNG.kept * 20, abs=1)  # and a little of the mean about each voxel
    assert abs(even[deep].mean() - hu[deep].mean()) < 1
    assert np.array_equal(even[~lung], hu[~lung]) and np.array_equal(even[rim], hu[rim])


def test_an_edit_and_a_window_change_what_is_near(labels: np.ndarray) -> None:
    hu = grainy(labels)
    whole = drawn(hu, labels)
    edited = labels.copy()
    edited[8:10, 8:10, 8:10] = VALUE["lung_tumor"]
    changed = np.argwhere(drawn(hu, edited) != whole)
    assert len(changed) and np.abs(changed - 8.5).max() * SPACING < 20
    window = np.s_[0:40, 0:44, 10:60]
    part = drawn(hu[window], labels, window)
    assert np.array_equal(part[:, :, 8:], whole[window][:, :, 8:])
    nothing = np.full_like(labels, VALUE["liver"])
    assert np.array_equal(drawn(hu, nothing), hu)


def test_fat_about_organs_is_more_even_and_its_mean_stays(labels: np.ndarray) -> None:
    fat = np.where(labels == VALUE["lung_upper_lobe_right"], VALUE["torso_fat"], labels).astype(np.uint8)
    hu = grainy(fat)
    even = with_even_fat(hu.copy(), Canvas(fat, TABLE, "none", SPACING, 1))
    there = fat == VALUE["torso_fat"]
    deep = ndimage.distance_transform_edt(there) > 5
    assert even[deep].std() == pytest.approx(FAT.kept * 20, abs=2)
    assert abs(even[there].mean() - hu[there].mean()) < 1
    assert np.array_equal(even[~there], hu[~there])
