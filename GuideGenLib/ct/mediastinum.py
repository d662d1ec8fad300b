"""Fat between the great vessels of the chest, drawn by rule: labels lie against each other, vessels do not.

Between aorta, superior vena cava and the heart, whose label holds the pulmonary artery (as that of TotalSegmentator
does), lie folds of fat of a few millimetres, wider where round vessels part, that a scan of 2 mm shows as dark lines.
The networks mix both neighbours instead. Where blood flows from one into the other there is none. How thick they are is
by judgement; the darkest voxel across has -12 HU at the median between heart and aorta and -66 between aorta and vena
cava in a labelled real scan (LIDC-IDRI-0001), 147 and 99 in a generated one. It is drawn on borders and moves none.
"""

from collections.abc import Iterator
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, special

from GuideGenLib.anatomy.structures import select, table_of
from GuideGenLib.anatomy.table import values
from GuideGenLib.ct.canvas import Canvas
from GuideGenLib.ct.random_fields import smooth_at
from GuideGenLib.vessels.places import Box, Mask, box_of

Field = NDArray[np.float32]
PARTS = (
    ("heart", "pulmonary_vein"),
    ("aorta", "great_arteries"),
    ("superior_vena_cava", "great_veins"),
    ("esophagus",),
)
"""What blood flows through without a border."""
ALL = tuple(key for part in PARTS for key in part)
BLUR = 1.1
"""Voxels, standard deviation of the blur by which the distance from a border is told."""
REACH = 4
"""Voxels to which that blur is looked at."""
THIN_MM, WIDENS_MM, ROUND_MM = 0.6, 9.0, 5.0
"""Fat between two vessels deep among them; how much more where half of what lies about is none, as vessels are round;
and the standard deviation of the blur that tells how much."""
PATIENTS = 0.25
"""Standard deviation of the logarithm of a patient's thickness."""
UNEVEN_MM, UNEVEN, LEAST, MOST = 10.0, 0.9, 0.0, 1.5
"""Over what distance it varies, its standard deviation in parts of it, and the least and most."""
SEEN_MM = 1.1
"""Standard deviation of the blur of scanner and voxel."""
BY_THE_GULLET = 0.5
"""Times as thick there: it is thin itself."""
FLOW = (0.55, 0.85)
"""Of the vertical part of the unit vector across a border of the heart: from the first on there is less fat, from the
second on none, as blood flows up or down there."""


def with_fat_of_mediastinum(hu: Field, canvas: Canvas) -> Field:
    """HU [z, y, x] of the canvas's window with fat between the great vessels."""
    there, share = canvas.kept.get("mediastinum", ALL, lambda: _planes(canvas))
    here = there[canvas.window]
    if not here.any():
        return hu
    shown = np.zeros(there.shape, bool)
    shown[canvas.window] = True
    fat = float(canvas.table[values()["torso_fat"]])
    hu[here] += share[shown[there]] * (fat - hu[here])
    return hu


def _planes(canvas: Canvas) -> tuple[Mask, Field]:
    """Voxels in the whole volume where there is fat, and its share [n] there."""
    labels = canvas.labels
    found = np.zeros(labels.shape, bool)
    box = _chest(labels)
    part = labels[box]
    vessels = select(part, ALL)
    voxels = np.argwhere(vessels)
    if not len(voxels):
        return found, np.zeros(0, np.float32)
    uneven = smooth_at(voxels + [side.start for side in box], canvas.spacing, UNEVEN_MM, (canvas.seed, 130))
    own = np.random.default_rng((canvas.seed, 131)).standard_normal()
    among = ndimage.gaussian_filter(vessels.astype(np.float32), ROUND_MM / canvas.spacing, truncate=2.5)
    wide = (THIN_MM + WIDENS_MM * (1 - among[vessels])) * np.exp(PATIENTS * own)
    wide *= np.clip(1 + UNEVEN * uneven, LEAST, MOST)
    thick = np.zeros(part.shape, np.float32)
    thick[vessels] = wide
    share = np.zeros(part.shape, np.float32)
    for near, away, weight in _borders(part, canvas.spacing):
        half = thick[near] / 2
        filled = special.ndtr((away + half) / SEEN_MM) - special.ndtr((away - half) / SEEN_MM)
        share[near] = np.maximum(share[near], weight * filled)
    chosen = vessels & (share > 0)
    found[box] = chosen
    return found, share[chosen]


def _chest(labels: NDArray[np.uint8]) -> Box:
    """The box of the slices that show more than one of the parts."""
    flags = np.zeros(256, np.uint8)
    for number, keys in enumerate(PARTS):
        flags[table_of(keys)] = 1 << number
    shown = np.bitwise_or.reduce(flags[labels].reshape(len(labels), -1), axis=1)
    there = np.flatnonzero(shown & (shown - 1))
    if not len(there):
        return (slice(0, 0),) * 3
    low, high = max(0, int(there[0]) - REACH), int(there[-1]) + 1 + REACH
    z, y, x = box_of(select(labels[low:high], ALL), REACH)
    return slice(z.start + low, z.stop + low), y, x


def _borders(part: NDArray[np.uint8], spacing: float) -> Iterator[tuple[tuple[NDArray[np.intp], ...], Field, Field]]:
    """Of each two neighbours the voxels about their border, the mm [n] of each from it, and 0 to 1 [n], how much of it
    parts one from the other."""
    shares = [
        ndimage.gaussian_filter(table_of(keys)[part].astype(np.float32), BLUR, truncate=REACH / BLUR) for keys in PARTS
    ]
    for one, other in combinations(range(len(PARTS)), 2):
        near = np.nonzero(np.minimum(shares[one], shares[other]) > 0.02)
        if not len(near[0]):
            continue
        first, second = shares[one][near], shares[other][near]
        away = BLUR * spacing * special.ndtri(np.clip(first / (first + second), 1e-4, 1 - 1e-4))
        weight = np.clip(2 * (first + second) - 0.6, 0, 1)
        if PARTS[other] == ("esophagus",):
            weight *= BY_THE_GULLET
        if one == 0:
            weight *= _across(shares[0] - shares[other], near)
        yield near, away.astype(np.float32), weight.astype(np.float32)


def _across(difference: Field, near: tuple[NDArray[np.intp], ...]) -> Field:
    """1 where a border is upright, 0 where it lies flat, [n] at voxels near it."""
    slopes = []
    for axis in range(3):
        size = difference.shape[axis]
        up, down = list(near), list(near)
        up[axis], down[axis] = np.minimum(near[axis] + 1, size - 1), np.maximum(near[axis] - 1, 0)
        slopes.append(difference[tuple(up)] - difference[tuple(down)])
    steep = np.abs(slopes[0]) / np.maximum(np.linalg.norm(slopes, axis=0), 1e-6)
    return np.asarray(np.clip((FLOW[1] - steep) / (FLOW[1] - FLOW[0]), 0, 1), np.float32)
