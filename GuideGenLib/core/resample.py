"""From one regular grid to another with the same axes and the same centre, one axis at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy import sparse


def nearest(count: int, step: float, new_count: int, new_step: float) -> np.ndarray:
    """Index into `count` voxels for each of `new_count`, of two centred 1-D grids."""
    index = (np.arange(new_count) - (new_count - 1) / 2) * (new_step / step) + (count - 1) / 2
    return np.clip(np.floor(index + 0.5).astype(int), 0, count - 1)


def weights(count: int, step: float, new_count: int, new_step: float) -> sparse.csr_matrix:
    """Matrix [new_count, count] between two centred 1-D grids: the mean of the linear interpolant in each new voxel.

    The mean is over as many points as old voxels fit into a new one; beyond the last voxel its value goes on.
    """
    from scipy import sparse  # Slicer's Python has none, and its files are read and written without it

    points = max(1, int(np.ceil(new_step / step - 1e-3)))
    within = (np.arange(points) - (points - 1) / 2) / points
    wanted = (np.arange(new_count) - (new_count - 1) / 2)[:, None] + within
    index = np.clip(wanted * (new_step / step) + (count - 1) / 2, 0, count - 1)
    share = np.maximum(0.0, 1.0 - np.abs(index[..., None] - np.arange(count))).mean(axis=1)
    return sparse.csr_matrix(share.astype(np.float32))


def resample(source: Iterable[np.ndarray], matrices: list[sparse.csr_matrix]) -> np.ndarray:
    """The matrices of z, y and x applied to slices [y, x], float32 [z, y, x]; each by itself first, to keep memory
    small."""
    wz, wy, wx = matrices
    planes = np.empty((wz.shape[1], wy.shape[0], wx.shape[0]), np.float32)
    for made, plane in zip(planes, source, strict=True):
        made[:] = (wx @ (wy @ plane.astype(np.float32)).T).T
    return (wz @ planes.reshape(len(planes), -1)).reshape(wz.shape[0], *planes.shape[1:])


def regrid(source: np.ndarray, spacing: Sequence[float], new: Sequence[float], least: int = 1) -> np.ndarray:
    """[z, y, x] float32 at another spacing (z, y, x), at least `least` voxels along each axis.

    Averaged where it gets coarser, else interpolated.
    """
    size = [max(least, round(n * s / t)) for n, s, t in zip(source.shape, spacing, new, strict=True)]
    return resample(source, [weights(*args) for args in zip(source.shape, spacing, size, new, strict=True)])


def vote(source: np.ndarray, matrices: list[sparse.csr_matrix]) -> np.ndarray:
    """The label with most weight at each new voxel; what lies far from all labels of `source` costs nothing."""
    result = np.zeros([weight.shape[0] for weight in matrices], np.uint8)
    box = _shown(source, matrices)
    if box is None:
        return result
    cut = [weight[:, part] for weight, part in zip(matrices, box, strict=True)]
    rows = [np.flatnonzero(np.diff(weight.indptr))[[0, -1]] for weight in cut]
    target = tuple(slice(first, last + 1) for first, last in rows)
    result[target] = _vote(source[box], [weight[part] for weight, part in zip(cut, target, strict=True)])
    return result


def vote_again(
    before: np.ndarray, source: np.ndarray, changed: tuple[slice, ...], matrices: list[sparse.csr_matrix]
) -> np.ndarray:
    """`vote` of a source that differs only in a box from the one that gave the labels `before`."""
    rows = [np.flatnonzero(np.diff(weight[:, part].indptr)) for weight, part in zip(matrices, changed, strict=True)]
    result = before.copy()
    if any(len(row) == 0 for row in rows):
        return result
    target = tuple(slice(row[0], row[-1] + 1) for row in rows)
    near = [weight[part] for weight, part in zip(matrices, target, strict=True)]
    read = tuple(slice(weight.indices.min(), weight.indices.max() + 1) for weight in near)
    result[target] = _vote(source[read], [weight[:, part] for weight, part in zip(near, read, strict=True)])
    return result


def _shown(source: np.ndarray, matrices: list[sparse.csr_matrix]) -> tuple[slice, ...] | None:
    """The box of the labels of `source`, wide enough that new voxels which they reach see nothing beyond it."""
    box = []
    for axis, weight in enumerate(matrices):
        there = np.flatnonzero(source.any(axis=tuple({0, 1, 2} - {axis})))
        if not len(there):
            return None
        wide = 2 + -(-weight.shape[1] // weight.shape[0])
        box.append(slice(max(0, there[0] - wide), there[-1] + 1 + wide))
    return tuple(box)


def _vote(source: np.ndarray, matrices: list[sparse.csr_matrix]) -> np.ndarray:
    """`vote`, each label looked at inside its own box."""
    from scipy import ndimage

    shape = tuple(weight.shape[0] for weight in matrices)
    best, winner = np.zeros(shape, np.float32), np.zeros(shape, np.uint8)
    boxes = [tuple(slice(0, n) for n in source.shape), *ndimage.find_objects(source.astype(np.uint8, copy=False))]
    for value, inside in enumerate(boxes):
        if inside is None:
            continue
        part_weights = [weight[:, cut] for weight, cut in zip(matrices, inside, strict=True)]
        rows = [np.flatnonzero(np.diff(weight.indptr)) for weight in part_weights]
        if any(len(row) == 0 for row in rows):
            continue
        target = tuple(slice(row[0], row[-1] + 1) for row in rows)
        share = resample(
            (plane == value for plane in source[inside]),
            [weight[cut] for weight, cut in zip(part_weights, target, strict=True)],
        )
        better = share > best[target]
        best[target][better] = share[better]
        winner[target][better] = value
    return winner
