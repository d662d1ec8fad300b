"""The line of the skin about a round body of fat with muscle in it, which touches the surface on one side."""

import numpy as np
import pytest
from scipy import ndimage

from GuideGenLib.anatomy.table import values
from GuideGenLib.ct.canvas import Canvas
from GuideGenLib.ct.reference import reference_table
from GuideGenLib.ct.skin import with_skin

SPACING = 2.0
TABLE = reference_table("none")
FAT, MUSCLE = values()["subcutaneous_fat"], values()["muscle"]


@pytest.fixture(scope="module")
def labels() -> np.ndarray:
    y, x = np.mgrid[-40:40, -50:50]
    far = np.hypot(y, x)
    slice_ = np.where(far < 33, FAT, 0)
    slice_[(far < 33) & ((far < 20) | (x > 20))] = MUSCLE
    return np.repeat(slice_[None].astype(np.uint8), 12, axis=0)


def drawn(hu: np.ndarray, labels: np.ndarray, window: tuple[slice, ...] = (slice(None),) * 3) -> np.ndarray:
    return with_skin(hu.copy(), Canvas(labels, TABLE, "none", SPACING, 1, window))


def test_fat_is_lighter_below_the_surface_and_nowhere_else(labels: np.ndarray) -> None:
    hu = TABLE[labels].astype(np.float32)
    kept, with_it = hu.copy(), drawn(hu, labels)
    assert np.array_equal(hu, kept)
    added = with_it - hu
    depth = ndimage.distance_transform_edt(labels[0] > 0)
    fat = labels[0] == FAT
    below, deep = fat & (depth > 1.5) & (depth <= 2.5), fat & (depth > 5)
    assert 10 < added[:, below].mean() < 30
    assert deep.any() and not added[:, deep].any()
    assert np.abs(added[(labels == MUSCLE) & (depth > 2.5)]).max() < 2


def test_the_edge_is_that_of_the_labels_where_the_networks_waver(labels: np.ndarray) -> None:
    hu = TABLE[labels].astype(np.float32)
    out, in_ = (ndimage.binary_dilation(labels[0] > 0), ndimage.binary_erosion(labels[0] > 0))
    waves = np.sin(np.arctan2(*np.mgrid[-40:40, -50:50]) * 20) > 0
    wavering = np.where(np.where(waves, out, in_), np.maximum(hu, -120), -1000).astype(np.float32)
    even, before = drawn(wavering, labels), drawn(hu, labels)
    there = (labels[0] > 0) & (labels[0] != MUSCLE) & ~in_
    assert np.abs(wavering - hu)[:, there].mean() > 300
    assert np.abs(even - before)[:, there].mean() < 40


def test_the_air_beside_it_is_cleared_of_haze(labels: np.ndarray) -> None:
    hazy = np.where(labels > 0, TABLE[labels], -900).astype(np.float32)
    away = ndimage.distance_transform_edt(labels[0] == 0)
    clear = drawn(hazy, labels)[:, (away > 2.5) & (away < 3.5)]
    assert -1000 < clear.max() < -960


def test_a_window_shows_what_the_whole_has(labels: np.ndarray) -> None:
    hu = TABLE[labels].astype(np.float32)
    window = (slice(3, 9), slice(4, 30), slice(20, 60))
    assert np.array_equal(drawn(hu, labels)[window], drawn(hu[window], labels, window))
