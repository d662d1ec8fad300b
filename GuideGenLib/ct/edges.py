"""Where a blurred mask says that a surface lies, and the tissue beside it: what the rules for edges share."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.vessels.places import Box

Field = NDArray[np.float32]
Places = tuple[NDArray[np.intp], ...]


def slopes_at(share: Field, at: Places, axes: tuple[int, ...]) -> list[Field]:
    """Central differences of a share [z, y, x] along these axes, doubled, at the voxels [n]; at its ends one-sided."""
    found = []
    for axis in axes:
        before, after = list(at), list(at)
        before[axis], after[axis] = np.maximum(at[axis] - 1, 0), np.minimum(at[axis] + 1, share.shape[axis] - 1)
        found.append(share[tuple(after)] - share[tuple(before)])
    return found


def along_slope(hu: Field, share: Field, at: Places, voxels: NDArray[np.floating], axes: tuple[int, ...]) -> Field:
    """HU [n] so many voxels up the slope of a share from the voxels [n]; downwards where they are negative."""
    slopes = slopes_at(share, at, axes)
    steps = voxels / np.maximum(np.sqrt(sum(slope**2 for slope in slopes)), 1e-6)
    places = [index.astype(np.float64) for index in at]
    for axis, slope in zip(axes, slopes, strict=True):
        places[axis] += slope * steps
    return np.asarray(ndimage.map_coordinates(hu, places, order=1, mode="nearest"), np.float32)


def widened(window: Box, shape: tuple[int, ...], reach: int, axes: tuple[int, ...]) -> tuple[Box, Box]:
    """The window with `reach` voxels more along these axes as far as the volume goes, and where it lies in that."""
    bounds = [part.indices(size)[:2] for part, size in zip(window, shape, strict=True)]
    wide = [
        (max(low - reach, 0), min(high + reach, size)) if axis in axes else (low, high)
        for axis, ((low, high), size) in enumerate(zip(bounds, shape, strict=True))
    ]
    inside = tuple(slice(low - first, high - first) for (low, high), (first, _) in zip(bounds, wide, strict=True))
    return tuple(slice(*part) for part in wide), inside
