"""How what is drawn inside an organ is laid over the HU of the networks, and how deep in the organ a voxel lies."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, special

from GuideGenLib.vessels.places import Box, Mask

Field = NDArray[np.float32]
SMOOTH = 1.25
"""Standard deviation in voxels of the blur by which depths are told: labels are no smoother."""
BLUR = 0.5
"""Standard deviation in voxels, as scanners are no sharper."""
GRAIN, MOST_OFF = 30.0, 60.0
"""HU of the networks' grain at most; what is farther off from what is drawn is no grain."""


def depth_below(whole: Mask, mine: Mask, spacing: float) -> Field:
    """About the mm [n] of the voxels of `mine` below the surface of `whole`, up to some 6 mm; thin parts have less."""
    blurred = ndimage.gaussian_filter(whole.astype(np.float32), SMOOTH, mode="nearest", truncate=3)[mine]
    return np.asarray(special.ndtri(np.clip(blurred, 0.01, 0.995)) * SMOOTH * spacing, np.float32)


def lay(hu: Field, drawn: Field, mine: Mask, inner: Box, part: Box) -> None:
    """Puts what is drawn in the box of an organ into HU, in place; inner, part: where that is in the box and in the HU.

    Only the voxels of `mine` change, those on its surface less, and the grain that the HU had stays on them.
    """
    old, new, own = hu[part], ndimage.gaussian_filter(drawn, BLUR)[inner], mine[inner]
    share = ndimage.gaussian_filter(mine.astype(np.float32), BLUR, mode="nearest")[inner] * own
    grain = np.where(own, np.clip(old - new, -MOST_OFF, MOST_OFF), 0)
    grain -= ndimage.uniform_filter(grain, 3)
    np.copyto(old, old + share * (new + np.clip(grain, -GRAIN, GRAIN) - old), where=own)
