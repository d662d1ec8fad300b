"""Grain: the mean square of what is left inside a tissue once its means are taken off, in two bands.

Fine is what a mean over 3 voxels takes away; coarse is what lies between the means over 3 and over 9 voxels: at 2 mm,
structures under about 6 mm, and of 6 to 18 mm. White noise of variance v has v (1 - 1/27) and v (1/27 - 1/729).
Means are taken over the inside of the tissue alone, so that no border counts as grain. In lungs vessels are part of it,
but for thick ones: a segmenter leaves those of real scans out of the lungs, while generated anatomies label them. So
they are left out by their HU, of both.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.structures import select
from GuideGenLib.evaluation.realism.texture import LEAST_VOXELS, NOISE, RIM, TISSUES

FINE, COARSE = 3, 9
"""Voxels on each side of the cubes over which means are taken."""
BANDS = ("coarse", "fine")
THICK_HU = -300.0
"""A mean over FINE voxels above it is no lung with fine vessels in it. Without it half of the coarse power of generated
lungs lay in one voxel of a hundred, a fifth in real ones, in eleven of twelve of which nothing is above it."""
Grain = dict[str, tuple[float, float]]
"""Of each tissue, the power of both BANDS in HU^2."""


def grain(hu: NDArray[np.int16], labels: NDArray[np.uint8]) -> Grain:
    """Of each of NOISE that has room enough; hu and labels [z, y, x] at SPACING_MM."""
    found: Grain = {}
    for tissue in NOISE:
        mask = select(labels, TISSUES[tissue])
        box = ndimage.find_objects(mask.view(np.uint8))
        if not box:
            continue
        part = mask[box[0]]
        if tissue == "lung":
            part &= ndimage.uniform_filter(hu[box[0]].astype(np.float32), FINE) < THICK_HU
        powers = tissue_grain(hu[box[0]], ndimage.binary_erosion(part, iterations=RIM))
        if powers is not None:
            found[tissue] = powers
    return found


def tissue_grain(hu: NDArray[np.int16], inside: NDArray[np.bool_]) -> tuple[float, float] | None:
    """Power of both BANDS in HU^2 of what lies inside; None where fewer than LEAST_VOXELS have room for the means."""
    fine, filled = _mean(hu, inside, FINE)
    coarse, half = _mean(hu, inside, COARSE)
    whole = inside & (filled > 1 - 1e-4)
    roomy = whole & (half > 0.5)
    if roomy.sum() < LEAST_VOXELS:
        return None
    return _power((fine - coarse)[roomy]), _power((hu - fine)[whole])


def _mean(
    hu: NDArray[np.int16], inside: NDArray[np.bool_], size: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean HU of what is inside in the cube about each voxel, and the share of the cube that is."""
    share = ndimage.uniform_filter(inside.astype(np.float32), size, mode="constant")
    total = ndimage.uniform_filter(np.where(inside, hu, 0).astype(np.float32), size, mode="constant")
    return total / np.maximum(share, 1e-6), share


def _power(values: NDArray[np.float32]) -> float:
    """Mean square; the mean itself is no grain, and the HU of a tissue's middle and of its rim differ a little."""
    return float(np.var(values, dtype=np.float64))
