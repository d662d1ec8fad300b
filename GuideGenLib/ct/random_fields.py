"""Smooth random fields that hang on the place in a volume, so that a box of them is the same however it is cut."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from GuideGenLib.vessels.places import Box

REACH = 1.6
"""Linear interpolation between random numbers of variance 1 leaves (2/3)^3 of it on the mean: what undoes that."""


def smooth_field(
    shape: Sequence[int], box: Box, spacing: float, scale: float, seed: Sequence[int]
) -> NDArray[np.float32]:
    """float32 in a box of a volume of `shape` [z, y, x]: mean 0, standard deviation about 1, straight between random
    numbers that lie `scale` mm apart; spacing: mm of the isotropic voxels."""
    counts = [int(np.ceil(n * spacing / scale)) + 2 for n in shape]
    field = np.random.default_rng(seed).standard_normal(counts, dtype=np.float32)
    steps = [np.arange(part.start, part.stop) * np.float32(spacing / scale) for part in box]
    field = field[tuple(slice(int(at[0]), int(at[-1]) + 2) for at in steps)]
    for axis, at in enumerate(steps):
        low = at.astype(int) - int(at[0])
        share = (at - np.floor(at)).reshape([-1 if n == axis else 1 for n in range(3)])
        field = (1 - share) * field.take(low, axis) + share * field.take(low + 1, axis)
    return np.asarray(REACH * field, np.float32)
