"""The edge of a round lung in a wall of muscle, with a vessel, a tumour and a thin sheet of lung at its side."""

import numpy as np
import pytest
from scipy import ndimage

from GuideGenLib.anatomy.table import values
from GuideGenLib.ct.canvas import Canvas
from GuideGenLib.ct.pleura import BESIDE, KEPT, with_pleura
from GuideGenLib.ct.reference import reference_table

VALUE = values()
SPACING, RADIUS = 2.0, 22
TABLE = reference_table("none")
LUNG, WALL = TABLE[VALUE["lung_lower_lobe_right"]], TABLE[VALUE["muscle"]]
FAR = np.sqrt((np.mgrid[-30:30, -30:30, -30:42] ** 2).sum(0))


@pytest.fixture(scope="module")
def labels() -> np.ndarray:
    found = np.full(FAR.shape, VALUE["muscle"], np.uint8)
    found[FAR < RADIUS] = VALUE["lung_lower_lobe_right"]
    found[20:40, 20:40, 60:62] = VALUE["lung_lower_lobe_right"]  # a sheet of two voxels
    found[28:33, 28:33, 8:12] = VALUE["lung_tumor"]
    found[8:12, 28:32, 28:32] = VALUE["lung_vessel"]
    return found


def drawn(hu: np.ndarray, labels: np.ndarray, window: tuple[slice, ...] = (slice(None),) * 3) -> np.ndarray:
    return with_pleura(hu.copy(), Canvas(labels, TABLE, "none", SPACING, 1, window))


def plain(labels: np.ndarray) -> np.ndarray:
    """Flat HU, blurred as by a scanner."""
    lung = ndimage.gaussian_filter((labels == VALUE["lung_lower_lobe_right"]).astype(np.float32), 0.6)
    return (WALL + lung * (LUNG - WALL)).astype(np.float32)


def alone(labels: np.ndarray) -> np.ndarray:
    """bool: the surface of the lung where nothing else touches it."""
    others = np.isin(labels, [VALUE["lung_tumor"], VALUE["lung_vessel"]])
    away = ndimage.distance_transform_edt(~others)
    return (away > BESIDE + 4) & (FAR < RADIUS + 4)


def test_specks_below_the_pleura_go_and_what_is_deep_stays(labels: np.ndarray) -> None:
    hu, grain = plain(labels), np.random.default_rng(0).normal(0, 60, labels.shape).astype(np.float32)
    left = drawn(hu + grain, labels) - drawn(hu, labels)
    depth = RADIUS - FAR
    edge = alone(labels) & (depth > 1) & (depth < 2)
    assert left[edge].std() < (KEPT + 0.15) * 60
    deep = (depth > 6) | (depth < -3.5)
    assert deep.any() and np.allclose(left[deep], grain[deep], atol=1e-3)


def test_an_edge_that_wavers_becomes_that_of_the_labels(labels: np.ndarray) -> None:
    waves = np.sin(np.indices(labels.shape).sum(0) * 1.3) * 0.7
    wavering = np.where(FAR + waves < RADIUS, LUNG, WALL).astype(np.float32)
    even = drawn(wavering, labels)
    for depth, share in ((-1.5, 0.0), (-0.5, 0.25), (0.5, 0.9), (1.5, 1.0)):
        shell = alone(labels) & (np.abs(RADIUS - FAR - depth) < 0.25)
        found = (even[shell].mean() - WALL) / (LUNG - WALL)
        assert found == pytest.approx(share, abs=0.16)
        assert even[shell].std() <= wavering[shell].std() + 60
    at = alone(labels) & (np.abs(RADIUS - FAR) < 0.4)
    assert even[at].std() < 0.6 * wavering[at].std()


def test_vessels_tumours_and_thin_lung_are_left(labels: np.ndarray) -> None:
    hu = np.random.default_rng(1).normal(-400, 300, labels.shape).astype(np.float32)
    same = drawn(hu, labels) == hu
    others = np.isin(labels, [VALUE["lung_tumor"], VALUE["lung_vessel"]])
    assert same[ndimage.binary_dilation(others, iterations=BESIDE)].all()
    assert same[22:38, 22:38, 60:62].all()
    assert not same[alone(labels) & (np.abs(FAR - RADIUS) < 1)].all()
    none = np.full_like(labels, VALUE["liver"])
    assert np.array_equal(drawn(hu, none), hu)


def test_an_edit_and_a_window_change_what_is_near(labels: np.ndarray) -> None:
    hu = plain(labels) + np.random.default_rng(2).normal(0, 30, labels.shape).astype(np.float32)
    whole = drawn(hu, labels)
    edited = labels.copy()
    edited[28:31, 28:31, 49:52] = VALUE["muscle"]
    changed = np.argwhere(drawn(hu, edited) != whole)
    assert len(changed) and np.abs(changed - (29, 29, 50)).max() * SPACING < 30
    window = np.s_[4:50, 2:58, 10:56]
    part = drawn(hu[window], labels, window)
    inner = np.s_[18:-18, 18:-18, 18:-18]
    assert np.array_equal(part[inner], whole[window][inner])
