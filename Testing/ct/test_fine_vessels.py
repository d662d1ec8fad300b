"""Vessels below the grid of the labels, in boxes of lung and liver."""

import numpy as np
import pytest
from scipy import ndimage

from GuideGenLib.anatomy.table import values
from GuideGenLib.ct.canvas import Canvas
from GuideGenLib.ct.fine_vessels import CAPSULE_MM, PLEURA_MM, vessel_shares, with_vessels
from GuideGenLib.ct.reference import reference_table

VALUE = values()
SPACING = 2.0


def trunk(trunks: bool = True) -> np.ndarray:
    """Two lungs beside a heart, a liver below with both of its great veins."""
    labels = np.full((70, 50, 100), VALUE["body"], np.uint8)
    labels[35:65, 8:42, 5:40] = VALUE["lung_upper_lobe_right"]
    labels[35:65, 8:42, 60:95] = VALUE["lung_upper_lobe_left"]
    labels[40:58, 15:35, 42:58] = VALUE["heart"]
    labels[5:33, 8:42, 10:70] = VALUE["liver"]
    labels[2:8, 20:26, 36:42] = VALUE["portal_splenic_vein"]
    labels[20:40, 30:36, 44:50] = VALUE["inferior_vena_cava"]
    if trunks:
        labels[50, 25, 25:40] = VALUE["lung_vessel"]
        labels[50, 25, 60:75] = VALUE["lung_vessel"]
    return labels


@pytest.fixture(scope="module")
def labels() -> np.ndarray:
    return trunk()


def test_lungs_and_liver_are_filled_and_nothing_else(labels: np.ndarray) -> None:
    shares = vessel_shares(labels, SPACING, 1)
    lungs = np.isin(labels, [VALUE[key] for key in ("lung_upper_lobe_left", "lung_upper_lobe_right", "lung_vessel")])
    assert not shares["lungs"][~lungs].any() and not shares["liver"][labels != VALUE["liver"]].any()
    assert 0.005 < shares["lungs"][lungs].mean() < 0.05
    assert 0.005 < shares["liver"][labels == VALUE["liver"]].mean() < 0.05
    for box in (np.s_[35:65, 8:42, 5:40], np.s_[35:65, 8:42, 60:95]):
        inner = tuple(slice(part.start + 8, part.stop - 8) for part in box)
        blocks = shares["lungs"][inner][:12, :16, :16].reshape(2, 6, 2, 8, 2, 8).max((1, 3, 5))
        assert (blocks > 0).all(), "no corner of a lung is without"
    assert PLEURA_MM < 8 and CAPSULE_MM < 8


def test_they_are_grown_from_the_heart_where_no_vessel_is_labelled() -> None:
    bare = trunk(trunks=False)
    assert vessel_shares(bare, SPACING, 1)["lungs"].sum() > 50
    heartless = np.where(bare == VALUE["heart"], VALUE["body"], bare).astype(np.uint8)
    assert not vessel_shares(heartless, SPACING, 1)["lungs"].any()


def test_vessels_of_the_lungs_are_wide_at_the_hilum_and_taper(labels: np.ndarray) -> None:
    shares = vessel_shares(trunk(trunks=False), SPACING, 1)["lungs"]
    heart = ndimage.distance_transform_edt(labels != VALUE["heart"]) * SPACING
    assert (shares[heart < 20] > 0.5).sum() > 20
    assert 0.1 < shares[heart > 30].max() < 0.6


def test_an_edit_of_the_liver_leaves_the_lungs_vessels(labels: np.ndarray) -> None:
    edited = labels.copy()
    edited[12:18, 15:22, 50:60] = VALUE["liver_tumor"]
    before, after = (vessel_shares(one, SPACING, 1) for one in (labels, edited))
    assert np.array_equal(before["lungs"], after["lungs"])
    tumour = edited == VALUE["liver_tumor"]
    assert not after["liver"][tumour].any() and before["liver"][tumour].any()
    assert np.array_equal(before["liver"][~tumour], after["liver"][~tumour])
    assert not np.array_equal(before["lungs"], vessel_shares(labels, SPACING, 2)["lungs"])


def test_vessels_have_the_blood_of_the_phase(labels: np.ndarray) -> None:
    shares = vessel_shares(labels, SPACING, 1)
    hu = np.where(labels == VALUE["liver"], 57.0, -850.0).astype(np.float32)
    for phase, lighter in (("none", False), ("portal_venous", True)):
        table = reference_table(phase)
        drawn = with_vessels(hu.copy(), Canvas(labels, table, phase, SPACING, 1))
        thick = shares["liver"] > 0.6
        blood = table[VALUE["portal_splenic_vein"]]
        assert thick.any() and (np.abs(drawn[thick] - blood) <= 0.4 * abs(57 - blood) + 1e-3).all()
        assert (drawn[thick].mean() > 57) == lighter
        free = (shares["liver"] == 0) & (shares["lungs"] == 0)
        assert np.array_equal(drawn[free], hu[free])
    window = np.s_[10:40, 5:45, 20:60]
    part = with_vessels(hu[window].copy(), Canvas(labels, table, "portal_venous", SPACING, 1, window))
    assert np.array_equal(part, drawn[window])
