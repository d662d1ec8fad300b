"""Smooth random fields that hang on the place in a volume: they are the same whatever lies there."""

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Voxels = NDArray[np.int16]
PERIOD = 48
"""Random numbers on each side, after which they repeat."""
REACH = 1.6
"""Linear interpolation between random numbers of variance 1 leaves (2/3)^3 of it on the mean: what undoes that."""
PART = 1 << 15
"""Voxels at which something is drawn at once."""
SLOPE = 1.5
"""Root mean square of the slope along an axis, over the distance of the random numbers on it: REACH (2 (2/3)^2)^1/2."""


def voxels_of(mask: NDArray[np.bool_]) -> NDArray[np.int16]:
    """Where a mask [z, y, x] holds, int16 [n, 3]: a quarter of the memory of `np.argwhere`, and times a float32 it
    stays float32."""
    flat = np.flatnonzero(mask)
    found = np.empty((3, len(flat)), np.int16)
    for axis in (2, 1):
        found[axis] = flat % mask.shape[axis]
        flat //= mask.shape[axis]
    found[0] = flat
    return found.T


def in_parts(draw: Callable[[Voxels], NDArray[np.float32]], voxels: Voxels) -> NDArray[np.float32]:
    """float32 [n] of what is drawn at voxels [n, 3] each by itself: some at a time, as it takes a hundred bytes each
    and is faster in the processor's cache."""
    drawn = np.empty(len(voxels), np.float32)
    for first in range(0, len(voxels), PART):
        drawn[first : first + PART] = draw(voxels[first : first + PART])
    return drawn


def smooth_at(voxels: NDArray[np.integer], spacing: float, scale: float, seed: Sequence[int]) -> NDArray[np.float32]:
    """float32 [n] at voxels [n, 3] of a volume: mean 0, standard deviation about 1, straight between random numbers
    that lie `scale` mm apart; spacing: mm of the isotropic voxels."""
    return smooth_along(voxels.T * np.float32(spacing), (scale,) * 3, seed)


def smooth_along(places: NDArray[np.float32], scales: Sequence[float], seed: Sequence[int]) -> NDArray[np.float32]:
    """float32 [n] at places [3, n] in mm, as `smooth_at`, with the random numbers scales mm [3] apart on each axis."""
    at = places / np.array(scales, np.float32)[:, None]
    return np.asarray(REACH * ndimage.map_coordinates(_numbers(tuple(seed)), at, np.float32, order=1, mode="grid-wrap"))


@lru_cache(16)
def _numbers(seed: tuple[int, ...]) -> NDArray[np.float32]:
    """The random numbers of a field, which nobody may write to: many places are asked for one after the other."""
    numbers = np.random.default_rng(seed).standard_normal((PERIOD,) * 3, dtype=np.float32)
    numbers.flags.writeable = False
    return numbers


def smooth_in(box: Sequence[slice], spacing: float, scale: float, seed: Sequence[int]) -> NDArray[np.float32]:
    """The field of `smooth_at` in a box of a volume, float32 [z, y, x]: axis by axis, faster for many voxels."""
    field = _numbers(tuple(seed))
    for axis, part in enumerate(box):
        at = np.arange(part.start, part.stop) * np.float32(spacing / scale)
        low = np.floor(at).astype(int)
        share = (at - low).astype(np.float32).reshape([-1 if n == axis else 1 for n in range(3)])
        field = (1 - share) * field.take(low % PERIOD, axis) + share * field.take((low + 1) % PERIOD, axis)
    return np.asarray(REACH * field, np.float32)
