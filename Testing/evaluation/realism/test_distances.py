"""Distances of samples whose distributions are known."""

import numpy as np
import pytest

from GuideGenLib.evaluation.realism import distances
from GuideGenLib.evaluation.realism.distances import (  # fmt: skip
    Cells,
    frechet,
    kernel_distance,
    matched,
    mean_known,
    measure_distances,
    principal,
    unchanged,
)


def drawn(seed: int, shift: float = 0.0, scale: float = 1.0, count: int = 4000, size: int = 6) -> np.ndarray:
    return shift + scale * np.random.default_rng(seed).standard_normal((count, size))


@pytest.mark.parametrize(("shift", "scale"), [(0.0, 1.0), (0.7, 1.0), (0.0, 2.0), (-0.4, 0.5)])
def test_the_frechet_distance_of_gaussians(shift: float, scale: float):
    """Six equal axes: 6 shift^2 + 6 (1 - scale)^2."""
    assert frechet(drawn(0), drawn(1, shift, scale)) == pytest.approx(6 * (shift**2 + (1 - scale) ** 2), abs=0.12)


def test_the_frechet_distance_of_correlated_sets_is_that_of_scipy():
    from scipy.linalg import sqrtm

    rng = np.random.default_rng(0)
    a, b = (drawn(seed, count=200) @ rng.standard_normal((6, 6)) for seed in (1, 2))
    one, two = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    wanted = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(one + two - 2 * sqrtm(one @ two).real)
    assert frechet(a, b) == pytest.approx(wanted, rel=1e-6)


def test_the_kernel_distance_is_nought_for_one_distribution_and_sees_more_than_means():
    same = [kernel_distance(drawn(2 * i, count=300), drawn(2 * i + 1, count=300)) for i in range(20)]
    assert abs(np.mean(same)) < 3 * np.std(same) / np.sqrt(20) + 1e-3
    assert kernel_distance(drawn(0, count=300), drawn(1, 0.5, count=300)) > 10 * np.std(same)
    assert kernel_distance(drawn(0, count=300), drawn(1, scale=2.0, count=300)) > 10 * np.std(same)


def test_principal_components_hold_what_varies():
    features = drawn(0) * np.array([5.0, 1, 1, 0.1, 0.1, 0.1]) + 3
    basis = principal(features, 3)
    assert basis.explained == pytest.approx(27 / 27.03, abs=1e-3)
    assert abs(basis.axes[0, 0]) == pytest.approx(1, abs=1e-2)
    assert basis(features).std(axis=0) == pytest.approx([5, 1, 1], abs=0.1)
    assert np.array_equal(unchanged(6)(features), features)


def test_each_level_counts_equally_in_all_sets():
    level_0, level_1, level_2 = (np.full((20, 1), float(level)) for level in range(3))
    rich = Cells(np.concatenate([level_0, level_1]), np.repeat([0, 1], 20))
    poor = Cells(np.concatenate([level_0[:5], level_1, level_2]), np.repeat([0, 1, 2], [5, 20, 20]))
    for found in matched([[rich], [poor], [rich, rich]], np.random.default_rng(0)):
        assert sorted(found[:, 0].tolist()) == [0.0] * 5 + [1.0] * 20


def scans(shift: float, first: int, count: int, levels: tuple[int, ...] = (0, 1)) -> list[Cells]:
    """Scans of 60 cells a level, each a little off the others, levels far from each other."""
    found = []
    for seed in range(first, first + count):
        own = 0.2 * np.random.default_rng(seed).standard_normal(8)
        parts = [drawn(100 * seed + level, count=60, size=8) + own + shift + 5 * level for level in levels]
        found.append(Cells(np.concatenate(parts), np.repeat(levels, 60)))
    return found


def test_generated_scans_of_the_real_kind_are_as_near_as_the_floor():
    real = scans(0, 0, 8)
    near, far = (measure_distances(real, scans(shift, 50, 8), splits=8) for shift in (0.0, 2.0))
    assert near is not None and far is not None
    assert near.frechet.mean() < 2 * near.frechet_floor.mean()
    assert far.frechet.mean() > 3 * far.frechet_floor.mean() and far.kernel.mean() > 3 * abs(far.kernel_floor.mean())
    assert np.array_equal(near.frechet_floor, far.frechet_floor)
    assert near.cells == 480


def test_what_no_real_scan_shows_is_not_compared():
    """Generated torsos have a level more than the scans; it is left out instead of counting as a difference."""
    real = scans(0, 0, 8)
    alike, more = (measure_distances(real, scans(0, 50, 8, levels), splits=8) for levels in ((0, 1), (0, 1, 9)))
    assert alike is not None and more is not None
    assert more.frechet.mean() == pytest.approx(alike.frechet.mean(), rel=0.3)


def test_too_little_gives_no_distance():
    assert measure_distances(scans(0, 0, 3), scans(0, 50, 3)) is None
    assert measure_distances(scans(0, 0, 4), []) is None
    few = [Cells(one.features[:10], one.levels[:10]) for one in scans(0, 0, 4)]
    assert distances.LEAST_CELLS > 20 and measure_distances(few, few) is None


def test_the_mean_of_what_is_known():
    assert mean_known([1.0, None, 4.0]) == 2.5 and mean_known([None]) is None
