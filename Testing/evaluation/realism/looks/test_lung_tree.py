"""Vessels of lungs that hold a tree of known length."""

from collections.abc import Sequence

import numpy as np
import pytest
from scipy import ndimage

from GuideGenLib.anatomy.table import values
from GuideGenLib.evaluation.realism.looks.lung_tree import centrelines, lung_vessels
from GuideGenLib.evaluation.realism.texture import SPACING_MM

Point = tuple[float, float, float]


def tubes(shape: tuple[int, int, int], lines: Sequence[tuple[Point, Point]], radius: float) -> np.ndarray:
    """bool: within `radius` voxels of lines between points in voxels."""
    seeds = np.ones(shape, bool)
    for start, stop in lines:
        for share in np.linspace(0, 1, 400):
            seeds[tuple(np.rint(np.add(start, share * np.subtract(stop, start))).astype(int))] = False
    return ndimage.distance_transform_edt(seeds) <= radius


def test_a_straight_tube_has_its_length_and_no_branch():
    found = centrelines(tubes((20, 20, 80), [((10, 10, 5), (10, 10, 74))], 1.5))
    assert found.mm == pytest.approx(69 * SPACING_MM, rel=0.05)
    assert found.end_generations.max() == 1


def test_a_fork_has_the_length_of_its_three_parts_and_two_generations():
    lines = [((10, 30, 5), (10, 30, 35)), ((10, 30, 35), (10, 10, 60)), ((10, 30, 35), (10, 50, 60))]
    root = [((10, 30, 5), (10, 30, 6))]
    mask = tubes((20, 60, 70), lines, 1.0) | tubes((20, 60, 70), root, 2.5)  # thickest where it begins
    found = centrelines(mask)
    assert found.mm == pytest.approx((30 + 2 * np.hypot(20, 25)) * SPACING_MM, rel=0.1)
    assert sorted(found.end_generations) == [2, 2]


def test_specks_have_no_length():
    mask = np.zeros((30, 30, 30), bool)
    mask[::10, ::10, ::10] = True
    assert centrelines(mask).mm == 0


@pytest.fixture(scope="module")
def lung() -> np.ndarray:
    return np.pad(np.full((70, 80, 80), values()["lung_lower_lobe_left"], np.uint8), 4)


LINES = [((8.0, 44.0, 8.0), (70.0, 44.0, 44.0)), ((40.0, 44.0, 26.0), (40.0, 70.0, 70.0))]


def chest(lung: np.ndarray, seed: int, shift: float = 0.0) -> np.ndarray:
    hu = np.where(lung > 0, -850.0, 40.0) + 25 * np.random.default_rng(seed).standard_normal(lung.shape)
    hu[tubes(lung.shape, LINES, 1.0)] = 50
    ramp = shift * np.linspace(0, 1, lung.shape[1])[:, None]  # lungs are denser at the back
    return np.rint(hu + np.where(lung > 0, ramp, 0)).astype(np.int16)


def test_the_length_by_ml_is_that_of_the_tree_whatever_noise_and_gradient(lung: np.ndarray):
    wanted = sum(np.linalg.norm(np.subtract(*line)) for line in LINES) * SPACING_MM
    ml = 66 * 76 * 76 * SPACING_MM**3 / 1000
    for seed, shift in ((0, 0), (1, 120)):
        found = lung_vessels(chest(lung, seed, shift), lung)
        assert found.mm_per_ml == pytest.approx(wanted / ml, rel=0.15)
        assert found.generations == 2


def test_vessels_that_end_far_from_the_pleura_leave_it_far(lung: np.ndarray):
    hu = chest(lung, 0)
    short = hu.copy()
    short[tubes(lung.shape, LINES, 1.0) & (np.arange(len(lung)) < 55)[:, None, None]] = -850
    near, far = lung_vessels(hu, lung), lung_vessels(short, lung)
    assert far.pleura_mm > near.pleura_mm + 10 and far.mm_per_ml < near.mm_per_ml


def test_a_tumour_is_no_vessel(lung: np.ndarray):
    hu = np.where(lung > 0, -850, 40).astype(np.int16)
    hu[np.sqrt(((np.indices(lung.shape) - 40) ** 2).sum(0)) < 14] = 40
    assert lung_vessels(hu, lung).mm_per_ml < 0.02


def test_little_lung_is_not_measured(lung: np.ndarray):
    assert lung_vessels(chest(lung, 0)[:10], lung[:10]) is None
    assert lung_vessels(chest(lung, 0), np.zeros_like(lung)) is None
