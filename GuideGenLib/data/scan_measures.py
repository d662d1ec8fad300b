"""What is measured of a labelled scan before anything is learnt from it.

Arrays are [z, y, x] in the canonical frame, HU int16, labels uint8 of our anatomy table, `spacing` isotropic in mm.
"""

import numpy as np
from scipy import ndimage

from GuideGenLib.anatomy.table import values
from GuideGenLib.core.resample import vote, weights

COARSE_MM = 5.0
"""Grid on which `coarse_labels` takes the majority: borders as smooth as those that stage 1 draws."""
LEAST_VOXELS = 50
METAL_HU = 1800
"""The top of a scan's scale: one of ours holds an implant, and the CT stage shall not learn its glare."""
METAL_MARGIN_MM = 10.0
DEPTH_MM = 60.0
"""Depth below the skin that counts as 1."""
NOISE_UNIT = 20.0
"""HU of noise that are 1 in the style of a CT."""
CELL = 4
"""Voxels a latent cell of the codec along each axis."""


def organ_means(hu: np.ndarray, labels: np.ndarray, fallback: np.ndarray, metal: np.ndarray) -> np.ndarray:
    """Mean HU of each label of a scan inside its outermost voxels, which is what the anatomy table gives.

    A label too thin for that (under LEAST_VOXELS inside) has the mean of all its voxels, and the HU of `fallback` when
    these are too few as well. Voxels of `metal` do not count.
    """
    means = fallback.astype(np.float32).copy()
    for value, box in enumerate(ndimage.find_objects(labels, max_label=len(fallback) - 1), start=1):
        if box is None:
            continue
        whole = labels[box] == value
        for mask in (ndimage.binary_erosion(whole) & ~metal[box], whole & ~metal[box]):
            if mask.sum() >= LEAST_VOXELS:
                means[value] = hu[box][mask].mean(dtype=np.float64)
                break
    return means


def metal_mask(hu: np.ndarray, spacing: float) -> np.ndarray:
    """Where an implant and its streaks spoil the HU: METAL_MARGIN_MM about voxels at the top of the scale."""
    implant = ndimage.binary_opening(hu >= METAL_HU)  # not the single voxels of dense bone
    return ndimage.binary_dilation(implant, iterations=round(METAL_MARGIN_MM / spacing))


def soft_tissue_noise(hu: np.ndarray, labels: np.ndarray) -> float:
    """Standard deviation, in NOISE_UNIT, of the fine texture inside liver and muscle: tells smooth from sharp."""
    value = values()
    inside = ndimage.binary_erosion(
        np.isin(labels, [value["liver"], value["autochthon_left"], value["autochthon_right"]]), iterations=2
    )
    fine = hu.astype(np.float32) - ndimage.uniform_filter(hu.astype(np.float32), 3)
    return float(fine[inside].std() / NOISE_UNIT)


def coarse_labels(labels: np.ndarray, spacing: float) -> np.ndarray:
    """The majority on a grid of COARSE_MM, and back by the majority of interpolated labels."""
    size = [max(1, round(n * spacing / COARSE_MM)) for n in labels.shape]
    down = [weights(n, spacing, new, COARSE_MM) for n, new in zip(labels.shape, size, strict=True)]
    up = [weights(new, COARSE_MM, n, spacing) for n, new in zip(labels.shape, size, strict=True)]
    return vote(vote(labels, down), up)


def skin_depth_map(body: np.ndarray, spacing: float) -> np.ndarray:
    """uint8 0..255 over DEPTH_MM: at each voxel the depth below the skin of the latent cell that begins there.

    As at run time (`ct.reference.skin_depth`) a cell is body where any of its voxels is, and distances are those
    between cells, on whichever of the CELL^3 grids of cells the voxel lies; a patch takes every CELL-th voxel.
    """
    wide: np.ndarray = np.pad(body, [(0, CELL - 1)] * 3)
    for axis in range(3):
        wide = np.lib.stride_tricks.sliding_window_view(wide, CELL, axis).max(axis=-1)
    depth = np.empty(body.shape, np.uint8)
    for start in np.ndindex(CELL, CELL, CELL):
        grid = tuple(slice(first, None, CELL) for first in start)
        if depth[grid].size:
            away = ndimage.distance_transform_edt(wide[grid], sampling=spacing * CELL)
            depth[grid] = np.rint(np.clip(away / DEPTH_MM, 0, 1) * 255)
    return depth
