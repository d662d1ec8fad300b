"""How sharp organs are set off from what lies beside them: the edge that a CT shows where two labels meet.

Profiles of HU run through the border at right angles. Each is laid so that as much of the organ lies beyond its edge as
of the neighbour lies before it: labels are up to a voxel off the CT's own border, and their mean would be blurred. The
mean of all gives the steepest gradient over the contrast, in 1/mm, and the width from 10 to 90 % of it. The cortex of
bone is a ridge and no step: there it is the mean of each profile's steepest gradient, in HU/mm.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.structures import LUNGS, select
from GuideGenLib.anatomy.table import by_group
from GuideGenLib.evaluation.realism.texture import SPACING_MM, TISSUES

FAT = ("torso_fat", "subcutaneous_fat")
BORDERS: dict[str, tuple[tuple[str, ...], tuple[str, ...], float]] = {
    "liver to fat": (("liver",), FAT, 60.0),
    "kidney to fat": (("kidney_left", "kidney_right"), FAT, 60.0),
    "spleen to fat": (("spleen",), FAT, 60.0),
    "muscle to skin's fat": (TISSUES["muscle"], ("subcutaneous_fat",), 60.0),
    "chest wall to lung": (("muscle", "body", *FAT), LUNGS, 400.0),
}
"""Organ, what lies beside it, and by how many HU it must be denser, or the profile shows something else."""
BONE = "bone cortex"
REACH_MM, PLATEAU_MM = 8.0, 4.0
"""Profiles reach so far to both sides; from PLATEAU_MM on they show the organ or its neighbour alone."""
STEP_MM = 0.5
OFF_MM = 3.0
"""Farther from the border of the labels an edge is another one."""
MOST, LEAST = 4000, 150
"""Profiles of a border: so many are enough, fewer than LEAST tell nothing."""
SMOOTH = 1.5
"""Voxels: over so many the direction of a border is taken."""
LEAST_SLOPE = 0.02
"""1/voxel, of the smoothed organ: a sheet of two voxels has no direction."""
OFFSETS = np.arange(-REACH_MM, REACH_MM + STEP_MM / 2, STEP_MM)
ALIGNED = np.arange(-PLATEAU_MM, PLATEAU_MM + STEP_MM / 4, STEP_MM / 2)


@dataclass(frozen=True)
class Edge:
    """gradient: steepest, over the contrast in 1/mm (BONE: in HU/mm); width_mm: from 10 to 90 %, None of BONE."""

    gradient: float
    width_mm: float | None


def edges(hu: NDArray[np.int16], labels: NDArray[np.uint8]) -> dict[str, Edge]:
    """Of each border that is long enough; hu and labels [z, y, x] at SPACING_MM."""
    found = {}
    for name, (organ, beside, contrast) in BORDERS.items():
        edge = step_edge(hu, select(labels, organ), select(labels, beside), contrast)
        if edge is not None:
            found[name] = edge
    bones = select(labels, (row.key for row in by_group()["bones"] if row.key != "costal_cartilages"))
    ridge = ridge_edge(hu, bones, select(labels, ("muscle", "body", *FAT)))
    if ridge is not None:
        found[BONE] = ridge
    return found


def step_edge(
    hu: NDArray[np.int16], organ: NDArray[np.bool_], beside: NDArray[np.bool_], contrast: float
) -> Edge | None:
    """The edge between an organ and a neighbour that has fewer HU by `contrast` at least; None where it is short."""
    hu, organ, beside = _cropped(hu, organ, beside)
    points, normals = _border(organ, beside)
    if len(points) < LEAST:
        return None
    outer, inner = OFFSETS <= -PLATEAU_MM, OFFSETS >= PLATEAU_MM
    plain = _sampled(beside, points, normals, OFFSETS[outer]).all(1) & _sampled(
        organ, points, normals, OFFSETS[inner]
    ).all(1)
    points, normals = points[plain], normals[plain]
    profiles = _sampled(hu, points, normals, OFFSETS)
    low, high = profiles[:, outer].mean(1), profiles[:, inner].mean(1)
    clear = high - low >= contrast
    points, normals, profiles, low, high = (one[clear] for one in (points, normals, profiles, low, high))
    organ_mm = np.trapezoid((profiles - low[:, None]) / (high - low)[:, None], dx=STEP_MM, axis=1)
    at = REACH_MM - organ_mm
    near = np.abs(at) <= OFF_MM
    if near.sum() < LEAST:
        return None
    laid = _sampled(hu, points[near], normals[near], at[near, None] + ALIGNED)
    mean = (laid - low[near, None]).sum(0) / (high - low)[near].sum()
    rising = np.maximum.accumulate(mean)
    width = float(np.interp(0.9, rising, ALIGNED) - np.interp(0.1, rising, ALIGNED))
    return Edge(float(np.gradient(mean, ALIGNED).max()), width)


def ridge_edge(hu: NDArray[np.int16], bone: NDArray[np.bool_], beside: NDArray[np.bool_]) -> Edge | None:
    """The outer edge of the cortex of bones; None where it is short."""
    hu, bone, beside = _cropped(hu, bone, beside)
    points, normals = _border(bone, beside)
    if len(points) < LEAST:
        return None
    near = OFFSETS[np.abs(OFFSETS) <= PLATEAU_MM]
    profiles = _sampled(hu, points, normals, near)
    return Edge(float(np.gradient(profiles, STEP_MM, axis=1).max(axis=1).mean()), None)


def _cropped(
    hu: NDArray[np.int16], organ: NDArray[np.bool_], beside: NDArray[np.bool_]
) -> tuple[NDArray[np.int16], NDArray[np.bool_], NDArray[np.bool_]]:
    """The three about the organ, with room for the profiles."""
    if not organ.any():
        return hu[:0], organ[:0], beside[:0]
    margin = round(REACH_MM / SPACING_MM) + 2
    part = ndimage.find_objects(organ.view(np.uint8))[0]
    box = tuple(slice(max(0, one.start - margin), one.stop + margin) for one in part)
    return hu[box], organ[box], beside[box]


def _border(organ: NDArray[np.bool_], beside: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Points [n, 3] on a border in voxels, and the directions [n, 3] into the organ; at most MOST, spread evenly."""
    where = np.argwhere(organ & ndimage.binary_dilation(beside))
    if not len(where):
        return np.zeros((0, 3)), np.zeros((0, 3))
    where = where[np.linspace(0, len(where) - 1, min(MOST, len(where))).astype(int)]
    smooth = ndimage.gaussian_filter(organ.astype(np.float32), SMOOTH)
    slopes = np.stack([slope[tuple(where.T)] for slope in np.gradient(smooth)], axis=1)
    length = np.linalg.norm(slopes, axis=1)
    sure = length > LEAST_SLOPE
    normals = slopes[sure] / length[sure, None]
    return where[sure] - normals / 2, normals  # half a voxel out, where the labels meet


def _sampled(
    volume: NDArray[np.int16] | NDArray[np.bool_],
    points: NDArray[np.float64],
    normals: NDArray[np.float64],
    offsets: NDArray[np.float64],
) -> NDArray[np.float32]:
    """Values [n, k] at offsets in mm, [k] or [n, k], along the normals; masks by the nearest voxel."""
    mm = np.broadcast_to(offsets, (len(points), np.shape(offsets)[-1]))
    places = points[:, :, None] + normals[:, :, None] * (mm / SPACING_MM)[:, None]
    mask = volume.dtype == np.bool_
    source = volume.view(np.uint8) if mask else volume
    found = ndimage.map_coordinates(
        source, places.transpose(1, 0, 2), np.float32, order=0 if mask else 1, mode="nearest"
    )
    return np.asarray(found)
