"""Cortex, pyramids, sinus and collecting system of the kidneys, drawn by rule from their labels and the phase.

Contrast reaches the cortex first, a minute later the pyramids, and after three minutes the collecting system (Yuh and
Cohan, AJR 1999;173:747). What is added has the mean 0 over a kidney: how bright it is as a whole is the networks'.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from GuideGenLib.anatomy.structures import select
from GuideGenLib.anatomy.table import values
from GuideGenLib.ct.canvas import Canvas
from GuideGenLib.ct.random_fields import smooth_at
from GuideGenLib.vessels.growth import Points
from GuideGenLib.vessels.places import Box, Mask, box_of, shared

Field = NDArray[np.float32]
MEDIAL = {"kidney_left": -1.0, "kidney_right": 1.0}
"""The kidneys, and which way along x their hilum lies."""
DARKER = {"none": 0.0, "arterial": 130.0, "portal_venous": 38.0, "delayed": 0.0}
"""HU of the cortex less those of the pyramids. Arterial: a labelled scan in that phase has 274 and 73 HU at the 90th
and 10th percentile of its kidneys, of a mean of 175; the table has 132."""
URINE = {"none": 6.0, "arterial": 8.0, "portal_venous": 10.0, "delayed": 320.0}
"""HU of the collecting system; delayed is the beginning of excretion, as the table's bladder is dilute."""
CORTEX_MM, COLUMN_MM, EDGE_MM = 5.5, 1.5, 2.5
"""Depth of the cortex; half of the width of the columns between pyramids; how wide a border between them is."""
PYRAMIDS = (10, 14)
LEAST_MM = 1.0
"""Half-axis of a sliver of a kidney, as the end of a region leaves one: it has no width of its own."""
OFF_CENTRE = 0.42
"""How far to the hilum the middle of the sinus lies, of the half-width of the kidney."""
SINUS = (0.48, 0.33, 0.64)
"""Half-axes of the sinus: of the half-length of the kidney along it, of its half-width across, and to the hilum."""
PELVIS = (0.5, 0.6, 0.75)
"""The collecting system, of the sinus."""
FACING = 0.5
"""The hilum faces so much to the front for each mm to the middle."""
ROUGH_MM, ROUGH_SCALE_MM = 2.5, 12.0
"""How far and over what distance places are shifted, as no kidney is an ellipsoid."""
STRANDS, STRANDS_SCALE_MM = 0.45, 6.0
"""Vessels and fasciae in the fat of the sinus: their share, and their width."""
JUDGED_MM = 4.0
"""The mean is kept where no neighbour is mixed in: so deep below the surface."""
BLUR = 0.5
"""Standard deviation in voxels, as scanners are no sharper."""


@dataclass(frozen=True)
class Pose:
    """A kidney's voxels by where they lie to its sinus: mm [n, 3] along it, across and to the hilum; half-length and
    half-width in mm."""

    places: Points
    half_length: float
    half_width: float


def with_kidneys(hu: Field, canvas: Canvas) -> Field:
    """HU [z, y, x] of the canvas's window with the inside of the kidneys."""
    for kidney, added, inner, part in _kidneys(canvas):
        np.add(hu[part], added[inner], out=hu[part], where=kidney[inner])
    return hu


def _kidneys(canvas: Canvas) -> Iterator[tuple[Mask, Field, Box, Box]]:
    """Of each kidney of which the window shows something: in its box its voxels and the HU that are added to them; what
    of the box is seen, and where in the window."""
    labels, table, spacing, seed = canvas.labels, canvas.table, canvas.spacing, canvas.seed
    for number, key in enumerate(MEDIAL):
        organ = labels == values()[key]
        box = box_of(organ)
        if not (seen := shared(box, canvas.window, labels.shape)):
            continue
        kidney = organ[box]
        whole = kidney | select(labels[box], ("kidney_tumor", "hydronephrosis"))
        corner = [part.start for part in box]
        voxels = np.argwhere(whole) + corner
        rough = [smooth_at(voxels, spacing, ROUGH_SCALE_MM, (seed, 20, axis)) for axis in range(3)]
        below = np.asarray(ndimage.distance_transform_edt(np.pad(whole, 1))[1:-1, 1:-1, 1:-1] * spacing, np.float32)
        pose = _pose(whole, below, ROUGH_MM * np.stack(rough, axis=1), MEDIAL[key], spacing)
        target = np.full(whole.shape, table[values()[key]], np.float32)
        deep = _depth(whole, below, pose)
        rng = np.random.default_rng((seed, 21, number))
        strands = smooth_at(voxels, spacing, STRANDS_SCALE_MM, (seed, 22))
        target[whole] += _inside(pose, deep[whole], strands, table, target[whole], canvas.phase, rng)
        added = ndimage.gaussian_filter(target - table[values()[key]], BLUR)
        judged = kidney & (deep > JUDGED_MM) if (kidney & (deep > JUDGED_MM)).any() else kidney
        yield kidney, added - added[judged].mean(), *seen


def _pose(whole: Mask, below: Field, rough: Points, medial: float, spacing: float) -> Pose:
    """Places of the voxels of a kidney, shifted by `rough` mm [n, 3].

    Voxels count by the square of their depth `below` the surface in mm, so that an edit of a pole hardly moves the
    rest: with it an ellipsoid's half-axis is 3.24 times the standard deviation along it.
    """
    points = np.argwhere(whole) * spacing
    weight = below[whole] ** 2 / (below[whole] ** 2).sum()
    centred = points - weight @ points
    axis = np.linalg.eigh((weight[:, None] * centred).T @ centred)[1][:, 2]
    axis *= np.copysign(1, axis[0])
    hilum = np.array([0.0, -FACING, medial])
    hilum -= (hilum @ axis) * axis
    hilum /= np.linalg.norm(hilum)
    frame = np.stack([axis, np.cross(axis, hilum), hilum], axis=1)
    places = centred @ frame
    half_length, half_width = (max(3.24 * float(np.sqrt(weight @ places[:, n] ** 2)), LEAST_MM) for n in (0, 2))
    places[:, 2] -= OFF_CENTRE * half_width
    return Pose((places + rough).astype(np.float32), half_length, half_width)


def _depth(whole: Mask, below: Field, pose: Pose) -> Field:
    """mm below the surface of a kidney, its hilum left out."""
    along, across, out = pose.places.T
    at_hilum = np.zeros(whole.shape, bool)
    at_hilum[whole] = (np.abs(along) < SINUS[0] * pose.half_length) & (out > 0) & (np.abs(across) < out)
    return np.where(at_hilum, np.inf, below).astype(np.float32)


def _inside(
    pose: Pose,
    deep: Field,
    strands: Field,
    table: Field,
    cortex: Field,
    phase: str,
    rng: np.random.Generator,
) -> Field:
    """HU [n] of a kidney's voxels less those of its cortex."""
    medulla = _pyramids(pose, rng) * _step(deep - CORTEX_MM)
    scale = np.array([pose.half_length, pose.half_width, pose.half_width], np.float32)
    axes = scale * np.array(SINUS, np.float32)
    sinus = _step(-_beyond(pose.places, axes))
    pelvis = _step(-_beyond(pose.places, axes * np.array(PELVIS, np.float32)))
    cups = medulla * _step(4 - np.abs(_beyond(pose.places, axes))) * 0.7
    result = -DARKER[phase] * medulla
    fat = table[values()["torso_fat"]] - cortex
    result += sinus * (fat * (1 - np.clip(STRANDS + 0.5 * strands, 0, 1)) - result)
    urine = np.maximum(pelvis, cups if URINE[phase] > cortex.mean() else 0) * (URINE[phase] - cortex - result)
    return np.asarray(result + urine, np.float32)


def _pyramids(pose: Pose, rng: np.random.Generator) -> Field:
    """Share [n] of pyramids about the sinus, less the columns between them."""
    core = 0.45 * pose.half_length
    foot = np.clip(pose.places[:, 0], -core, core)
    arm = pose.places.copy()
    arm[:, 0] -= foot
    far = np.linalg.norm(arm, axis=1)
    radius = pose.half_width
    surface = arm * (radius / np.maximum(far, 1e-3))[:, None]
    surface[:, 0] += foot
    apart = _spread_out(int(rng.integers(PYRAMIDS[0], PYRAMIDS[1] + 1)), core, radius, rng)
    near = cKDTree(apart).query(surface, k=2)[0]
    to_border = (near[:, 1] - near[:, 0]) / 2 * far / radius
    return _step(to_border - COLUMN_MM)


def _spread_out(count: int, core: float, radius: float, rng: np.random.Generator) -> Points:
    """Points [n, 3] so far from a line that is `core` long each way, apart from each other: each is the farthest of a
    few at random. They are chosen about a line of the length 1, so that an edit of the kidney moves them little."""
    way = rng.standard_normal((count, 8, 3))
    way /= np.linalg.norm(way, axis=2, keepdims=True)
    foot = rng.uniform(-1, 1, (count, 8, 1)) * [1.0, 0.0, 0.0]
    tried = (foot + way).reshape(-1, 3)
    chosen = [0]
    for first in range(8, len(tried), 8):
        far = cKDTree(tried[chosen]).query(tried[first : first + 8])[0]
        chosen.append(first + int(far.argmax()))
    return np.asarray((core * foot + radius * way).reshape(-1, 3)[chosen], np.float32)


def _beyond(places: Points, axes: Points) -> Field:
    """About the mm [n] outside an ellipsoid about 0, below 0 inside it."""
    ratio = np.maximum(np.linalg.norm(places / axes, axis=1), 1e-3)
    return np.asarray(np.linalg.norm(places, axis=1) * (1 - 1 / ratio), np.float32)


def _step(mm: Field) -> Field:
    """0..1 over a border that is EDGE_MM wide about 0."""
    return np.clip(mm / EDGE_MM + 0.5, 0, 1)
