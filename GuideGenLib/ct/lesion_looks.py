"""Lesions that look as described, drawn by rule into the HU of the networks: inside, border and spicules.

The networks give every lesion the HU of its label. Here the mean over some voxels is moved to what the look asks and
their fine texture stays. `ct.lesion_insides` says what is inside, and with which sources.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.structures import LUNGS, TUMOUR_ORGANS, select
from GuideGenLib.ct.canvas import Canvas
from GuideGenLib.ct.findings.open_lung import open_lung
from GuideGenLib.ct.lesion_insides import inside
from GuideGenLib.ct.lesions import Lesion, find_lesions
from GuideGenLib.vessels.drawing import filled_shares
from GuideGenLib.vessels.growth import Tree
from GuideGenLib.vessels.places import Box, scattered

Field = NDArray[np.float32]
MEAN_VOXELS = 1.5
"""Standard deviation in voxels of the mean that a look moves: texture finer than that stays."""
BLUR_VOXELS = 3
"""So far from a lesion the networks' border reaches."""
AERATED = -850.0
"""HU of lung about a lesion, by which the share of each voxel is told that the lesion fills."""
SPICULE_CELL_MM, SPICULES_MM = 11.0, (4.0, 15.0)
"""Spicules end at a point in each cube of so many mm that lies so far from the lesion."""
BASE_MM, TIP_MM, SPICULE_BLUR = 1.1, 0.6, 0.5
"""Radii of a spicule, and standard deviation in voxels of its blur, as scanners are no sharper."""
STRANDS_HU = 15.0
SEEP_VOXELS, SEEP = 1.8, 0.65
"""How far an infiltrating lesion fades into its surroundings, and how much of it."""
FATTY = ("body", "torso_fat", "subcutaneous_fat")

__all__ = ["as_lung", "with_lesion_looks"]


def with_lesion_looks(hu: Field, canvas: Canvas) -> Field:
    """HU [z, y, x] of the canvas's window with lesions as the findings describe them."""
    labels, table, seed = canvas.labels, canvas.table, canvas.seed
    for lesion in find_lesions(canvas):
        seen = _overlap(lesion.box, canvas.window, labels.shape)
        if seen is None:
            continue
        here, there = seen
        target = inside(lesion, table, canvas.phase, labels.shape, seed)
        drawn = _moved(hu[there], target[here], lesion, labels[lesion.box][here], here)
        if "infiltrating" in lesion.looks:
            drawn = _seeping(drawn, target[here], lesion, labels, here, seed)
        if "spiculated" in lesion.looks:
            share = _spicules(lesion, labels, seed)[here]
            drawn = drawn + share * np.maximum(max(float(table[lesion.label]), STRANDS_HU) - drawn, 0)
        hu[there] = drawn
    return hu


def as_lung(canvas: Canvas) -> NDArray[np.uint8]:
    """The labels with ground glass, and other dense lung, as the lobe that it lies in, as vessels run through it."""
    result = labels = open_lung(canvas.labels)
    if all(finding.organ != "lung" or not finding.looks for finding in canvas.findings):
        return result
    for lesion in find_lesions(canvas):
        if lesion.looks.isdisjoint(("ground_glass", "part_solid")):
            continue
        part = labels[lesion.box]
        lobes = select(part, LUNGS)
        if lobes.any():
            nearest = ndimage.distance_transform_edt(~lobes, return_distances=False, return_indices=True)
            glass = (
                lesion.voxels if "ground_glass" in lesion.looks else lesion.voxels & (lesion.depth < lesion.deepest / 2)
            )
            result = result.copy() if result is labels else result
            result[lesion.box] = np.where(glass, part[tuple(nearest)], result[lesion.box])
    return result


def _overlap(box: Box, window: Box, shape: tuple[int, ...]) -> tuple[Box, Box] | None:
    """Where a box lies in itself and in a window of the volume, as far as the window shows it."""
    here, there = [], []
    for part, seen, n in zip(box, window, shape, strict=True):
        first, last, _ = seen.indices(n)
        low, high = max(part.start, first), min(part.stop, last)
        if low >= high:
            return None
        here.append(slice(low - part.start, high - part.start))
        there.append(slice(low - first, high - first))
    return tuple(here), tuple(there)


def _moved(hu: Field, target: Field, lesion: Lesion, labels: NDArray[np.uint8], here: Box) -> Field:
    """The HU with the local mean of the lesion at the target, its border as sharp as it was."""
    voxels, depth = lesion.voxels[here], lesion.depth[here]
    pure = voxels & (depth > lesion.spacing) if (voxels & (depth > lesion.spacing)).any() else voxels
    if not pure.any():
        return hu
    weight = ndimage.gaussian_filter(pure.astype(np.float32), MEAN_VOXELS)
    mean = ndimage.gaussian_filter(np.where(pure, hu, 0).astype(np.float32), MEAN_VOXELS)
    mean = np.where(weight > 1e-3, mean / np.maximum(weight, 1e-3), hu[pure].mean())
    share = ndimage.gaussian_filter(voxels.astype(np.float32), 0.5) * voxels
    if lesion.organ == "lung":  # beside air the network's own border tells how much of a voxel is lesion
        edge = ndimage.binary_dilation(voxels, iterations=BLUR_VOXELS) & (voxels | select(labels, LUNGS))
        filled = np.clip((hu - AERATED) / np.maximum(mean - AERATED, 200), 0, 1)
        share = np.where(pure, 1, np.where(edge, filled, 0))
    return np.asarray(hu + share * (target - mean), np.float32)


def _seeping(hu: Field, target: Field, lesion: Lesion, labels: NDArray[np.uint8], here: Box, seed: int) -> Field:
    """Tumour that fades into what lies about it, in strands; air and bone have none."""
    voxels = lesion.voxels[here]
    near = ndimage.gaussian_filter(voxels.astype(np.float32), SEEP_VOXELS)
    outside = np.zeros(lesion.voxels.shape, bool)
    outside[here] = ~voxels & (near > 0.02)
    strands = lesion.field(outside, 5.0, (seed, 46))[here]
    soft = ~voxels & select(labels[lesion.box][here], (*FATTY, *TUMOUR_ORGANS[lesion.organ]))
    share = np.clip(near * (1.3 + 0.8 * strands), 0, SEEP) * soft
    return np.asarray(hu + share * (target - hu), np.float32)


def _spicules(lesion: Lesion, labels: NDArray[np.uint8], seed: int) -> Field:
    """Share of each voxel of the box that spicules fill: from points about the lesion straight to its surface."""
    around = labels[lesion.box]
    away, nearest = ndimage.distance_transform_edt(~lesion.voxels, sampling=lesion.spacing, return_indices=True)
    open_ = select(around, LUNGS if lesion.organ == "lung" else FATTY)
    points = scattered(labels.shape, lesion.spacing, SPICULE_CELL_MM, (seed, 47))
    corner, end = np.array([(part.start, part.stop) for part in lesion.box]).T
    points = points[((points >= corner) & (points < end)).all(axis=1)] - corner
    far = away[tuple(points.T)]
    tips = points[(far >= SPICULES_MM[0]) & (far <= SPICULES_MM[1]) & open_[tuple(points.T)]]
    if not len(tips):
        return np.zeros(around.shape, np.float32)
    roots = np.stack([axis[tuple(tips.T)] for axis in nearest], axis=1)
    chain = np.concatenate([roots, 0.5 * (roots + tips), tips]) * lesion.spacing
    count = len(tips)
    parents = np.concatenate([np.arange(count), np.arange(count), count + np.arange(count)])
    radii = np.repeat([BASE_MM, BASE_MM, TIP_MM], count).astype(np.float32)
    share = filled_shares(Tree(chain.astype(np.float32), parents, radii), around.shape, lesion.spacing)
    return ndimage.gaussian_filter(share, SPICULE_BLUR) * (open_ & ~lesion.voxels)
