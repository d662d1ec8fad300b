"""Connected parts of boolean volumes."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

TOUCHING = np.ones((3, 3, 3), dtype=bool)
"""Voxels that share a face, an edge or a corner belong together."""


def largest_component(mask: NDArray[np.bool_], *, faces: bool = False) -> NDArray[np.bool_]:
    """The largest connected part of a boolean volume, empty where that is empty; faces: corners do not connect."""
    parts, count = ndimage.label(mask, None if faces else TOUCHING)
    if count < 2:
        return mask
    return np.asarray(parts == 1 + int(np.argmax(np.bincount(parts.ravel())[1:])))
