"""Fat between and within muscles, drawn by rule: planes between their layers, septa along their fibres.

Muscles of the trunk's wall lie in layers about it, with fat between; those of the back and the hip flexors are bundles
along the body, that septa of fat part. What a scanner sees of them is a lighter or darker streak, as they are thinner
than its voxels. Older people have more of it, and patients differ (Goodpaster, J Appl Physiol 2001;90:2157). Widths are
by judgement, so that the grain of muscle is that of real scans in both bands. Each muscle keeps its mean HU.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.structures import select, table_of
from GuideGenLib.anatomy.table import by_group, values
from GuideGenLib.ct.canvas import Canvas
from GuideGenLib.ct.random_fields import in_parts, smooth_along, voxels_of
from GuideGenLib.ct.reference import reference_table
from GuideGenLib.ct.thin_structures import about_the_middle, sheets

Field = NDArray[np.float32]
LAYERED = ("muscle", "gluteus_left", "gluteus_right")
BACK = ("autochthon_left", "autochthon_right")


PLANES, PLANES_MM, PLANES_SEEN_MM = (45.0, 40.0, 8.0), 0.8, 1.6
"""Planes: mm over which they change upwards, around the body's middle and away from it; their thickness, and the
standard deviation in mm over which a scan shows them, as they are not quite even."""
STREAKS = (((30.0, 13.0, 7.5), 0.38), ((12.0, 8.0, 4.5), 0.12))
"""Streaks of fat among the fibres: the same scales, and the share of fat in those that are one standard deviation over
FREE."""
FREE = 0.6
"""Of the smooth random numbers what is below it has no fat."""
MOST = 0.8
"""The share of fat in a voxel of a muscle at most."""
BY_BONE, AWAY = 1.5, 0.45
"""Times as much beside bones, where muscles have their origin, and elsewhere."""
BONES = (*(row.key for row in by_group()["bones"] if not row.key.startswith("ribs")),)
COARSE, AROUND_BONE = 2, 9
"""Every second voxel is enough to tell how near bone is, of cubes of so many of these."""
PATCHY_MM, MOST_PATCHY = 24.0, 2.2
"""Over what distance there is more and less of it, and how much at most."""
PATIENTS = 0.25
"""Standard deviation of the logarithm of a patient's amount."""
AGEING = 1.5
"""So much more fat for each part of its HU that muscle has lost to age."""


def with_fat_in_muscle(hu: Field, canvas: Canvas) -> Field:
    """HU [z, y, x] of the canvas's window with planes and septa of fat in muscles."""
    muscles, added = fat_of_muscles(canvas)
    canvas.add(hu, muscles, added)
    return hu


def fat_of_muscles(canvas: Canvas) -> tuple[NDArray[np.bool_], Field]:
    """The voxels of muscles in the whole volume and the HU [n] that are added there."""
    muscles = select(canvas.labels, (*LAYERED, *BACK))
    return muscles, canvas.kept.get("fat in muscle", (*LAYERED, *BACK, *BONES), lambda: _in_all(muscles, canvas))


def _in_all(muscles: NDArray[np.bool_], canvas: Canvas) -> Field:
    """HU [n] that are added at the voxels of muscles, of the mean 0 in each of them."""
    amount, bone = _amount(canvas), _bone_about(canvas.labels)
    added = in_parts(lambda part: _added(part, canvas, amount, bone), voxels_of(muscles))
    owner = canvas.labels[muscles]
    for value in np.unique(owner):
        mine = owner == value
        added[mine] -= added[mine].mean()
    return added


def _added(voxels: NDArray[np.int16], canvas: Canvas, amount: float, bone: Field) -> Field:
    """HU [n] that fat adds at voxels [n, 3] of muscles; amount: of the patient; bone: as `_bone_about`."""
    labels, seed = canvas.labels, canvas.seed
    owner = labels[tuple(voxels.T)]
    places = about_the_middle(voxels, labels.shape, canvas.spacing)
    patchy = np.clip(1 + smooth_along(places, (PATCHY_MM,) * 3, (seed, 93)), 0, MOST_PATCHY) * amount
    patchy *= AWAY + (BY_BONE - AWAY) * np.minimum(4 * bone[tuple(voxels.T // COARSE)], 1)
    share = np.zeros(len(voxels), np.float32)
    for number, (scales, most) in enumerate(STREAKS):
        field = smooth_along(places, scales, (seed, 94, number))
        share += np.float32(most) * np.maximum(field - np.float32(FREE), 0)
    layered = table_of(LAYERED)[owner]
    thick = np.float32(PLANES_MM) * patchy[layered]
    share *= patchy
    planes = sheets(places[:, layered], PLANES, thick, (seed, 95), PLANES_SEEN_MM)
    share[layered] = np.maximum(share[layered], planes)
    return np.asarray(np.minimum(share, MOST) * (canvas.table[values()["torso_fat"]] - canvas.table[owner]))


def _amount(canvas: Canvas) -> float:
    """Of the patient, 1 in the middle."""
    muscle = values()["muscle"]
    lost = 1 - float(canvas.table[muscle] / reference_table(canvas.phase)[muscle])
    own = np.random.default_rng((canvas.seed, 92)).standard_normal()
    return float(np.exp(PATIENTS * own) * np.clip(1 + AGEING * lost, 0.4, 2))


def _bone_about(labels: NDArray[np.uint8]) -> Field:
    """The share of bone about each COARSE-th voxel along each axis."""
    bone = table_of(BONES)[labels[::COARSE, ::COARSE, ::COARSE]].astype(np.float32)
    return np.asarray(ndimage.uniform_filter(bone, AROUND_BONE, mode="nearest"))
