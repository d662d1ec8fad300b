"""The nearest structure of several, for what belongs to one of them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def nearest_of(
    volume: NDArray[np.integer], wanted: NDArray[np.bool_], choices: Sequence[int], *, missing: int
) -> NDArray[np.integer]:
    """For each `wanted` voxel the value among `choices` that stands nearest to it in `volume`, counted in voxels.

    volume, wanted: arrays of the same shape. Returns the values in the order of `volume[wanted]`, `missing`
    where `volume` holds none of the choices.
    """
    from scipy import ndimage

    there = np.isin(volume, choices)
    if not there.any():
        return np.full(np.count_nonzero(wanted), missing, dtype=volume.dtype)
    box = ndimage.find_objects((there | wanted).astype(np.uint8))[0]
    indices = ndimage.distance_transform_edt(~there[box], return_distances=False, return_indices=True)
    return volume[box][tuple(axis[wanted[box]] for axis in indices)]
