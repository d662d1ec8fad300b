"""Bronchi with wall and lumen in two boxes of lung beside a trachea."""

import numpy as np
import pytest
from scipy import ndimage

from GuideGenLib.anatomy.structures import LUNGS
from GuideGenLib.anatomy.table import values
from GuideGenLib.ct.airways import SEEN_MM, TIP_MM, _trees, with_airways
from GuideGenLib.ct.canvas import Canvas
from GuideGenLib.ct.reference import reference_table

VALUE = values()
SPACING = 2.0
TABLE = reference_table("portal_venous")


@pytest.fixture(scope="module")
def labels() -> np.ndarray:
    """The trachea ends 16 mm from each lung, a heart lies below."""
    found = np.full((90, 60, 120), VALUE["body"], np.uint8)
    found[8:82, 6:54, 6:50] = VALUE["lung_lower_lobe_right"]
    found[8:82, 6:54, 70:114] = VALUE["lung_upper_lobe_left"]
    found[45:90, 27:33, 58:63] = VALUE["trachea"]
    found[12:40, 15:45, 50:70] = VALUE["heart"]
    return found


def drawn(labels: np.ndarray, seed: int = 1) -> np.ndarray:
    return with_airways(TABLE[labels], Canvas(labels, TABLE, "portal_venous", SPACING, seed))


def lungs_of(labels: np.ndarray) -> np.ndarray:
    return np.isin(labels, [VALUE[key] for key in LUNGS])


def test_bronchi_are_air_within_a_bright_wall(labels: np.ndarray) -> None:
    change = drawn(labels) - TABLE[labels]
    lungs = lungs_of(labels)
    for tree in _trees(labels, SPACING, 1):
        thick = tree.radii > 1.5
        assert thick.sum() >= 3 and tree.radii.min() >= SEEN_MM > TIP_MM
        middle = np.rint(tree.points[thick] / SPACING).astype(int)
        lumen = drawn(labels)[tuple(middle.T)]
        assert np.median(lumen) < -500
        ring = np.zeros(labels.shape, bool)
        ring[tuple(middle.T)] = True
        ring = ndimage.binary_dilation(ring, iterations=3) & lungs
        assert np.percentile(drawn(labels)[ring], 95) > -350
    assert 0.002 < (change[lungs] > 100).mean() < 0.06


def test_the_rim_of_the_lung_and_labelled_structures_are_left(labels: np.ndarray) -> None:
    hu = drawn(labels)
    heart = labels == VALUE["heart"]
    assert np.array_equal(hu[heart], TABLE[labels][heart])
    lungs = lungs_of(labels)
    x = np.arange(labels.shape[2])
    outer = lungs & (ndimage.distance_transform_edt(lungs) * SPACING < 8) & ((x < 40) | (x > 80))
    assert (hu[outer] != TABLE[labels][outer]).mean() < 0.01
    between = drawn(labels)[40:60, 20:40, 50:58]
    assert between.min() < -600, "the main bronchus leads from the trachea to the lung"


def test_patients_differ_and_a_window_has_what_the_whole_has(labels: np.ndarray) -> None:
    whole = drawn(labels)
    assert np.array_equal(whole, drawn(labels))
    assert (whole != drawn(labels, seed=2))[lungs_of(labels)].mean() > 0.01
    window = np.s_[20:70, 10:50, 30:112]
    part = with_airways(TABLE[labels][window], Canvas(labels, TABLE, "portal_venous", SPACING, 1, window))
    assert np.array_equal(part, whole[window])
    without = np.where(labels == VALUE["trachea"], VALUE["body"], labels).astype(np.uint8)
    assert np.array_equal(drawn(without), TABLE[without])


def test_an_edit_of_one_lung_leaves_the_bronchi_of_the_other(labels: np.ndarray) -> None:
    edited = labels.copy()
    edited[30:42, 20:32, 85:95] = VALUE["lung_tumor"]
    before, after = drawn(labels), drawn(edited)
    assert np.array_equal(before[:, :, :55], after[:, :, :55])
    tumour = edited == VALUE["lung_tumor"]
    assert (after[tumour] == TABLE[VALUE["lung_tumor"]]).all()
    assert np.array_equal(before[~tumour], after[~tumour])
