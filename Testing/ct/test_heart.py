"""A heart that is one label: chambers in the phases with contrast, none without, and nothing beside it."""

import numpy as np
import pytest
from scipy import ndimage

from GuideGenLib.anatomy.table import values
from GuideGenLib.ct.canvas import Canvas
from GuideGenLib.ct.heart import with_heart
from GuideGenLib.ct.reference import reference_table

VALUE = values()
SPACING = 2.0
SHAPE = (60, 70, 76)

pytestmark = pytest.mark.small


@pytest.fixture
def labels() -> np.ndarray:
    """A heart of 88 x 104 x 116 mm in lung."""
    z, y, x = np.indices(SHAPE) - (np.array(SHAPE) / 2)[:, None, None, None]
    inside = (z / 22) ** 2 + (y / 26) ** 2 + (x / 29) ** 2 < 1
    return np.where(inside, VALUE["heart"], VALUE["lung_lower_lobe_left"]).astype(np.uint8)


def drawn(labels: np.ndarray, phase: str, hu: np.ndarray | None = None) -> np.ndarray:
    table = reference_table(phase)
    return with_heart(table[labels] if hu is None else hu, Canvas(labels, table, phase, SPACING, 1))


def inner(labels: np.ndarray, mm: float = 12) -> np.ndarray:
    return ndimage.binary_erosion(labels == VALUE["heart"], iterations=round(mm / SPACING))


def test_blood_is_brighter_than_muscle_in_the_arterial_phase(labels: np.ndarray) -> None:
    hu = drawn(labels, "arterial")
    deep = hu[inner(labels)]
    assert np.percentile(deep, 95) - np.percentile(deep, 5) > 120
    wall = hu[inner(labels, 4) & ~inner(labels, 8)]
    assert wall.mean() < deep.mean() - 30
    left, right = (part[part > np.median(deep)].mean() for part in (hu[:, :, 48:], hu[:, :, :28]))
    assert left > right


def test_without_contrast_the_heart_is_even(labels: np.ndarray) -> None:
    assert drawn(labels, "none")[inner(labels)].std() < 4


@pytest.mark.parametrize("phase", ["none", "arterial", "portal_venous", "delayed"])
def test_the_mean_of_the_table_is_kept(labels: np.ndarray, phase: str) -> None:
    heart = labels == VALUE["heart"]
    assert abs(drawn(labels, phase)[heart].mean() - reference_table(phase)[VALUE["heart"]]) < 10


def test_nothing_beside_the_heart_changes(labels: np.ndarray) -> None:
    table, rest = reference_table("arterial"), labels != VALUE["heart"]
    assert np.array_equal(drawn(labels, "arterial")[rest], table[labels][rest])


def test_wide_blotches_go_and_grain_stays(labels: np.ndarray) -> None:
    rng = np.random.default_rng(0)
    grain = rng.normal(0, 8, SHAPE).astype(np.float32)
    wide = ndimage.gaussian_filter(rng.normal(0, 1, SHAPE), 8)
    wide *= 30 / wide.std()
    clean, deep = drawn(labels, "portal_venous"), inner(labels)
    table = reference_table("portal_venous")
    left = drawn(labels, "portal_venous", (table[labels] + grain + wide).astype(np.float32)) - clean
    assert abs(np.corrcoef(left[deep], wide[deep])[0, 1]) < 0.4
    assert np.corrcoef(left[deep], grain[deep])[0, 1] > 0.8


def test_a_window_shows_what_the_whole_shows(labels: np.ndarray) -> None:
    table = reference_table("arterial")
    window = (slice(10, 44), slice(8, 60), slice(20, 76))
    whole = drawn(labels, "arterial")
    part = with_heart(table[labels][window], Canvas(labels, table, "arterial", SPACING, 1, window))
    middle = (slice(10, -10),) * 3
    assert np.allclose(part[middle], whole[window][middle], atol=0.5)
