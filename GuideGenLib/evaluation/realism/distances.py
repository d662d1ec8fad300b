"""How far apart two sets of CTs are in feature space, always beside the distance of real scans from each other.

A distance of samples is never zero, and grows as samples get fewer and as the parts of the body differ. Both are taken
out by drawing: real scans are parted at random into two halves, as many generated CTs are drawn as the second half has
scans, and of all three sets the same number of cells is taken at each level of the torso. Real half to generated is the
figure, half to half its floor.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import linalg

SPLITS = 30
COMPONENTS = 32
"""Principal components of the real cells in which Gaussians are fitted: few enough for some hundred cells a set."""
LEAST_SCANS = 4
LEAST_CELLS = 3 * COMPONENTS
"""Splits that leave fewer cells a set are not counted."""


@dataclass(frozen=True)
class Cells:
    """The cells of one CT. features: float32 [n, d]; levels: int [n], which level of the torso each lies in."""

    features: np.ndarray
    levels: np.ndarray


@dataclass(frozen=True)
class Basis:
    """Principal components: mean [d], axes [d, k]; explained: part of the variance that they hold."""

    mean: np.ndarray
    axes: np.ndarray
    explained: float

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """Coordinates float64 [n, k] of features [n, d]."""
        return (features - self.mean) @ self.axes


def unchanged(size: int) -> Basis:
    """The basis of features that are coordinates already."""
    return Basis(np.zeros(size), np.eye(size), 1.0)


def principal(features: np.ndarray, count: int = COMPONENTS) -> Basis:
    """The `count` axes of most variance of features [n, d]; fewer where n or d is smaller."""
    mean = features.mean(axis=0, dtype=np.float64)
    covariance = np.atleast_2d(np.cov(features, rowvar=False))
    size = len(covariance)
    kept = min(count, size, len(features) - 1)
    variances, axes = linalg.eigh(covariance, subset_by_index=(size - kept, size - 1))
    return Basis(mean, axes[:, ::-1].copy(), float(variances.sum() / max(np.trace(covariance), 1e-12)))


def frechet(a: np.ndarray, b: np.ndarray) -> float:
    """Frechet distance of Gaussians fitted to [n, d] and [m, d] (Dowson and Landau, J Multivar Anal 1982;12:450).

    |mean_a - mean_b|^2 + tr(A + B - 2 (A B)^1/2); the last trace is the sum of the singular values of A^1/2 B^1/2. By
    hand, as MONAI's FIDMetric needs an argument of scipy.linalg.sqrtm that SciPy 1.18 removes.
    """
    roots = []
    for part in (a, b):
        sizes, axes = np.linalg.eigh(np.atleast_2d(np.cov(part, rowvar=False)))
        roots.append(axes * np.sqrt(np.maximum(sizes, 0)) @ axes.T)
    shift = a.mean(axis=0) - b.mean(axis=0)
    common = np.linalg.svd(roots[0] @ roots[1], compute_uv=False).sum()
    return float(shift @ shift + sum((root**2).sum() for root in roots) - 2 * common)


def kernel_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Squared maximum mean discrepancy, unbiased, with the kernel (x.y / d + 1)^3; a [n, d], b [m, d].

    Binkowski et al., ICLR 2018 (KID). It needs no covariance, so it may take all features and not only the components.
    MONAI's MMDMetric has the linear kernel, which sees the means alone.
    """
    kernels = []
    for x, y in ((a, a), (b, b), (a, b)):
        inner = (x @ y.T).astype(np.float64) / x.shape[1] + 1
        kernels.append(inner * inner * inner)
    within = [(one.sum() - np.trace(one)) / (len(one) * (len(one) - 1)) for one in kernels[:2]]
    return float(within[0] + within[1] - 2 * kernels[2].mean())


@dataclass(frozen=True)
class Distances:
    """Over the splits: [n] distances of generated CTs from real ones, and of the same splits real from real ones.

    cells: mean number of cells a set.
    """

    frechet: np.ndarray
    frechet_floor: np.ndarray
    kernel: np.ndarray
    kernel_floor: np.ndarray
    cells: float


def measure_distances(
    real: Sequence[Cells], generated: Sequence[Cells], basis: Basis | None = None, splits: int = SPLITS
) -> Distances | None:
    """Both distances with their floors; None with fewer than LEAST_SCANS real scans or when no split has enough cells.

    basis: in which Gaussians are fitted; None takes the principal components of all real cells.
    """
    if len(real) < LEAST_SCANS or not generated:
        return None
    basis = basis or principal(np.concatenate([one.features for one in real]))
    rng = np.random.default_rng(0)
    rows, counts = [], []
    for _ in range(splits):
        order = rng.permutation(len(real))
        half = len(real) // 2
        chosen = rng.permutation(len(generated))[: len(real) - half]
        sets = [[real[i] for i in order[:half]], [real[i] for i in order[half:]], [generated[i] for i in chosen]]
        drawn = matched(sets, rng)
        if len(drawn[0]) < LEAST_CELLS:
            continue
        a, b, made = (basis(part) for part in drawn)
        kernels = [kernel_distance(drawn[0], other) for other in (drawn[2], drawn[1])]
        rows.append((frechet(a, made), frechet(a, b), *kernels))
        counts.append(len(a))
    if not rows:
        return None
    figures = np.array(rows).T
    return Distances(figures[0], figures[1], figures[2], figures[3], float(np.mean(counts)))


def matched(sets: Sequence[Sequence[Cells]], rng: np.random.Generator) -> list[np.ndarray]:
    """Cells [n, d] of each set, the same number at each level in all of them; levels that a set lacks are left out."""
    pools = [
        (np.concatenate([one.features for one in scans]), np.concatenate([one.levels for one in scans]))
        for scans in sets
    ]
    indices: list[list[np.ndarray]] = [[] for _ in sets]
    for level in np.unique(np.concatenate([levels for _, levels in pools])):
        there = [np.flatnonzero(levels == level) for _, levels in pools]
        count = min(len(one) for one in there)
        for chosen, one in zip(indices, there, strict=True):
            chosen.append(rng.choice(one, count, replace=False))
    return [features[np.concatenate(chosen)] for (features, _), chosen in zip(pools, indices, strict=True)]


def mean_known(values: Sequence[float | None]) -> float | None:
    """The mean of the values that are there; None without any."""
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
