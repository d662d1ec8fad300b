"""Fat between the muscles over the chest and about the shoulder, drawn by rule: their label is one piece.

Pectoral, serrate and broad muscles lie in layers over the ribs, the deltoid over those of the blade; between them scans
show dark lines. They are drawn as surfaces at a distance from the chest and from the bones of the shoulder that varies
smoothly, with gaps. Distances are estimates, thickness and gaps are by judgement beside two real scans; no muscle is
told by name. The label keeps its mean HU.
"""

from collections.abc import Iterable
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.structures import LUNGS, table_of
from GuideGenLib.anatomy.table import by_group, values
from GuideGenLib.ct.canvas import Canvas
from GuideGenLib.ct.random_fields import in_parts, smooth_along, voxels_of
from GuideGenLib.vessels.places import Mask, box_of

Field = NDArray[np.float32]
CHEST = (*LUNGS, *(row.key for row in by_group()["bones"] if row.key.startswith("ribs")))
SHOULDER = ("scapula_left", "scapula_right", "humerus_left", "humerus_right")
SURFACES: tuple[tuple[tuple[str, ...], tuple[float, ...]], ...] = ((CHEST, (6.0, 16.0)), (SHOULDER, (14.0,)))
"""Labels, and mm from them at which there is fat between muscles."""
MOVES_MM, MOVES_OVER_MM = 3.0, 34.0
"""How much nearer or farther it lies, standard deviation, and over what distance that changes."""
THICK_MM, THERE, UNEVEN, MOST = 2.0, 0.4, 0.9, 1.6
"""Thickness, and times that its mean, its standard deviation and its most: it is nought in places."""
UNEVEN_MM = (20.0, 26.0, 26.0)
"""Over what distance it varies upwards, backwards and to the left."""
PATIENTS = 0.25
"""Standard deviation of the logarithm of a patient's thickness."""
SEEN_MM, MOST_FAT = 1.5, 0.7
"""Standard deviation of the blur of scanner and voxel; the share of fat in a voxel at most."""
COARSE = 2
"""Every second voxel along each axis tells distances."""
REACH = 9
"""Of those so far distances are told: 36 mm at 2 mm."""


def with_planes_in_muscle(hu: Field, canvas: Canvas) -> Field:
    """HU [z, y, x] of the canvas's window with fat between the muscles of chest and shoulder."""
    there, added = planes_of_muscles(canvas)
    canvas.add(hu, there, added)
    return hu


def planes_of_muscles(canvas: Canvas) -> tuple[Mask, Field]:
    """The voxels of muscle in the whole volume and the HU [n] that are added there."""
    muscle = canvas.labels == values()["muscle"]
    return muscle, canvas.kept.get("muscle planes", ("muscle", *CHEST, *SHOULDER), lambda: _added(muscle, canvas))


def _added(muscle: Mask, canvas: Canvas) -> Field:
    """HU [n] that are added at the voxels of muscle, of the mean 0."""
    voxels = voxels_of(muscle)
    share = np.zeros(len(voxels), np.float32)
    for keys, places in SURFACES:
        distance = _distance(canvas.labels, keys, canvas.spacing)
        for place in places:
            coarse = np.abs(distance - place) < 3 * MOVES_MM
            near = np.flatnonzero(coarse[tuple(voxels.T // COARSE)])
            drawn = in_parts(partial(_shares, canvas=canvas, distance=distance, place=place), voxels[near])
            share[near] = np.maximum(share[near], drawn)
    own = np.random.default_rng((canvas.seed, 134)).standard_normal()
    share = np.minimum(share * np.float32(np.exp(PATIENTS * own)), MOST_FAT)
    added = share * (canvas.table[values()["torso_fat"]] - canvas.table[values()["muscle"]])
    return np.asarray(added - added.mean() if len(added) else added, np.float32)


def _shares(voxels: NDArray[np.int16], canvas: Canvas, distance: Field, place: float) -> Field:
    """The share of fat [n] at voxels [n, 3] near a surface, `place` mm off what a distance is from."""
    away = ndimage.map_coordinates(distance, voxels.T / np.float32(COARSE), np.float32, order=1, mode="nearest")
    at = (voxels.T * np.float32(canvas.spacing)).astype(np.float32)
    away -= place + MOVES_MM * smooth_along(at, (MOVES_OVER_MM,) * 3, (canvas.seed, 135, round(place)))
    there = np.clip(THERE + UNEVEN * smooth_along(at, UNEVEN_MM, (canvas.seed, 136, round(place))), 0, MOST)
    ridge = np.exp(-0.5 * (away / SEEN_MM) ** 2) / (SEEN_MM * np.sqrt(2 * np.pi))
    return np.asarray(THICK_MM * there * ridge, np.float32)


def _distance(labels: NDArray[np.uint8], keys: Iterable[str], spacing: float) -> Field:
    """mm from labels, smooth, at each COARSE-th voxel along each axis; endless farther off than REACH of them."""
    there = table_of(keys)[labels[::COARSE, ::COARSE, ::COARSE]]
    found = np.full(there.shape, 1e3, np.float32)
    box = box_of(there, REACH)
    if there.any():
        away = np.asarray(ndimage.distance_transform_edt(~there[box]), np.float32)
        found[box] = ndimage.gaussian_filter(away, 1.0, truncate=2) * np.float32(COARSE * spacing)
    return found
