"""Cortex, pyramids and collecting system of two kidneys that are ellipsoids in a box of fat."""

import numpy as np
import pytest
from scipy import ndimage

from GuideGenLib.anatomy.table import values
from GuideGenLib.ct.canvas import Canvas
from GuideGenLib.ct.kidneys import DARKER, JUDGED_MM, with_kidneys
from GuideGenLib.ct.reference import reference_table

VALUE = values()
SPACING = 2.0
SHAPE = (70, 50, 120)
PHASES = ("none", "arterial", "portal_venous", "delayed")


@pytest.fixture(scope="module")
def labels() -> np.ndarray:
    found = np.full(SHAPE, VALUE["torso_fat"], np.uint8)
    z, y, x = np.ogrid[:70, :50, :120]
    for key, middle in (("kidney_right", 30), ("kidney_left", 90)):
        found[((z - 35) / 27) ** 2 + ((y - 25) / 14) ** 2 + ((x - middle) / 13) ** 2 < 1] = VALUE[key]
    return found


def drawn(labels: np.ndarray, phase: str, seed: int = 1) -> np.ndarray:
    table = reference_table(phase)
    return with_kidneys(table[labels], Canvas(labels, table, phase, SPACING, seed))


def depth(kidneys: np.ndarray) -> np.ndarray:
    return np.asarray(ndimage.distance_transform_edt(kidneys) * SPACING)


def kidneys_of(labels: np.ndarray) -> np.ndarray:
    return np.isin(labels, [VALUE["kidney_left"], VALUE["kidney_right"]])


@pytest.mark.parametrize("phase", PHASES)
def test_the_mean_stays_that_of_the_table(labels: np.ndarray, phase: str) -> None:
    hu = drawn(labels, phase)
    for key in ("kidney_left", "kidney_right"):
        judged = depth(labels == VALUE[key]) > JUDGED_MM
        assert abs(hu[judged].mean() - reference_table(phase)[VALUE[key]]) < 3
    outside = ~kidneys_of(labels)
    assert np.array_equal(hu[outside], reference_table(phase)[labels][outside])


def test_the_cortex_is_brightest_in_the_arterial_phase(labels: np.ndarray) -> None:
    deep = depth(kidneys_of(labels))
    _, _, x = np.indices(SHAPE)
    lateral = np.abs(x - 60) > 32
    differences = {}
    for phase in PHASES:
        hu = drawn(labels, phase)
        cortex, inner = hu[lateral & (deep > 2) & (deep < 5)], hu[lateral & (deep > 9) & (deep < 14)]
        differences[phase] = np.median(cortex) - np.percentile(inner, 25)
    assert differences["arterial"] > 0.7 * DARKER["arterial"]
    assert 0.5 * DARKER["portal_venous"] < differences["portal_venous"] < 0.5 * differences["arterial"]
    assert abs(differences["none"]) < 10 and abs(differences["delayed"]) < 10


def test_fat_lies_on_the_side_of_the_spine_and_urine_is_bright_when_delayed(labels: np.ndarray) -> None:
    deep = depth(kidneys_of(labels)) > 3
    for phase in ("portal_venous", "delayed"):
        hu = drawn(labels, phase)
        for middle, medial in ((30, 1), (90, -1)):
            fat = np.argwhere(deep & (hu < 40) & (np.abs(np.arange(120) - middle) < 14))
            assert len(fat) > 100 and medial * (fat[:, 2].mean() - middle) > 3
    assert (drawn(labels, "delayed")[deep] > 230).sum() > 200
    assert (drawn(labels, "none")[deep] > 100).sum() == 0


def test_patients_differ_and_an_edit_of_one_kidney_leaves_the_other(labels: np.ndarray) -> None:
    before = drawn(labels, "arterial")
    assert np.array_equal(before, drawn(labels, "arterial"))
    other = drawn(labels, "arterial", seed=2)[kidneys_of(labels)]
    assert np.abs(before[kidneys_of(labels)] - other).mean() > 10
    edited = labels.copy()
    edited[50:56, 22:28, 88:94] = VALUE["kidney_tumor"]
    after = drawn(edited, "arterial")
    assert np.array_equal(before[:, :, :60], after[:, :, :60])
    lesion = edited == VALUE["kidney_tumor"]
    assert (after[lesion] == reference_table("arterial")[VALUE["kidney_tumor"]]).all()
    near = ndimage.distance_transform_edt(~lesion) * SPACING < 20
    kidney = edited == VALUE["kidney_left"]
    assert np.abs(before - after)[kidney & ~near].max() < 5
    window = np.s_[10:60, 5:45, 20:110]
    table = reference_table("arterial")
    part = with_kidneys(table[labels][window], Canvas(labels, table, "arterial", SPACING, 1, window))
    assert np.array_equal(part, before[window])


def test_an_edit_of_one_pole_leaves_the_pyramids_of_the_other(labels: np.ndarray) -> None:
    edited = labels.copy()
    edited[56:, :, 60:][labels[56:, :, 60:] == VALUE["kidney_left"]] = VALUE["torso_fat"]
    before, after = drawn(labels, "arterial"), drawn(edited, "arterial")
    kidney = edited == VALUE["kidney_left"]
    far = kidney & (np.arange(SHAPE[0]) < 40)[:, None, None]
    other = drawn(labels, "arterial", seed=2)
    assert np.abs(before - after)[far].mean() < 0.5 * np.abs(before - other)[far].mean()


@pytest.mark.parametrize("sliver", [np.s_[0:1, 20:24, 30:33], np.s_[0:1, 20:21, 30:40], np.s_[0:1, 20:21, 30:31]])
def test_a_sliver_at_the_end_of_a_region_has_numbers(labels: np.ndarray, sliver: tuple[slice, ...]) -> None:
    cut = np.full_like(labels, VALUE["torso_fat"])
    cut[sliver] = VALUE["kidney_right"]
    assert np.isfinite(drawn(cut, "portal_venous")).all()
