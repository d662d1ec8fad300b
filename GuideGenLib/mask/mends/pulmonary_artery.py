"""The shape of the pulmonary artery, by rule: the upper part of the heart's label is a trunk with two branches.

Drawings end the heart above with a block beside the ascending aorta, up to the breastbone in some. From the outflow of
the right ventricle the trunk winds about the left side of the aorta, upwards and back; the right branch crosses behind
aorta and superior vena cava, the left one arches back over the left bronchus. Widths: trunk 25 mm (Truong, Circ
Cardiovasc Imaging 2012;5:147), branches 19 to 20; the course is an estimate from three label maps of real people.
What of the label lies farther from it becomes fat or lung, and unlabelled tissue and fat on it become heart.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from GuideGenLib.anatomy.aorta import BESIDE_HEART_MM, beside_heart
from GuideGenLib.anatomy.structures import LUNGS, table_of
from GuideGenLib.anatomy.table import values

TRUNK_MM, RIGHT_MM, LEFT_MM = 12.5, 9.5, 10.0
"""Radii."""
PATIENTS = 0.05
"""Standard deviation of the logarithm of a patient's radii."""
TRUNK = ((52.0, -35.0), (40.0, -10.0), (32.0, 20.0), (26.0, 45.0))
"""mm below the upper end of the heart, and degrees about the aorta from its left side backwards, along the trunk."""
RIGHT = ((28.0, 65.0), (29.0, 90.0), (30.0, 115.0))
"""The same of the right branch as far as it lies behind the aorta."""
APART_MM = 25.0
"""Between the middles of ascending and descending aorta at least; where there is one of them alone, it is less."""
WALLS_MM = 1.0
"""Between the artery and the aorta or vena cava."""
SPARED_MM, WIDENS_BELOW_MM, WIDENS = 2.5, 26.0, 2.2
"""So far from the artery all stays heart; from so far below its upper end on farther, for each mm so much."""
LUNG, RIM_MM, THIN = 2.0, 4.0, 2
"""What is nearer to a lung than so many times its way to the artery, and so far from the artery, becomes lung where
nothing but such tissue, or fat of so many voxels, lies between; the rest is fat."""
FREE = ("body", "torso_fat")

Labels = NDArray[np.uint8]
Points = NDArray[np.float64]
Mask = NDArray[np.bool_]


def with_pulmonary_artery(labels: Labels, spacing: float, seed: int) -> Labels:
    """A copy of labels [z, y, x], isotropic spacing in mm, in which the heart ends in trunk and branches; the same
    where heart or aorta are not shown as far as they must be."""
    heart = labels == values()["heart"]
    heights = np.flatnonzero(heart.any(axis=(1, 2)))
    if not len(heights) or heights[-1] == len(labels) - 1 or len(heights) * spacing < TRUNK[0][0]:
        return labels
    top = int(heights[-1])
    low = max(0, top - round((TRUNK[0][0] + TRUNK_MM) / spacing))
    box = slice(low, min(len(labels), top + 2))
    course = _course(labels[box], top - low, spacing)
    if course is None:
        return labels
    result = labels.copy()
    part = result[box]
    wide = float(np.exp(PATIENTS * np.random.default_rng((seed, 133)).standard_normal()))
    chosen = np.nonzero(table_of(("heart", *FREE))[part])
    beyond = np.full(part.shape, -np.inf)
    beyond[chosen] = _beyond(np.stack(chosen, axis=1) * spacing, course, wide)
    below = (top - low - np.arange(len(part)))[:, None, None] * spacing
    mine = part == values()["heart"]
    off = mine & (beyond > SPARED_MM + WIDENS * np.maximum(below - WIDENS_BELOW_MM, 0))
    part[table_of(FREE)[part] & (beyond <= 0) & np.isfinite(beyond)] = values()["heart"]
    part[off] = values()["torso_fat"]
    _grow_lungs(part, off, beyond, spacing)
    pieces, _ = ndimage.label(part == values()["heart"])
    part[(pieces > 0) & ~np.isin(pieces, pieces[0])] = values()["torso_fat"]
    return result


def _grow_lungs(part: Labels, off: Mask, beyond: NDArray[np.float64], spacing: float) -> None:
    """Let lungs grow into what was taken off the heart, in place, and into the thin fat between; beyond: mm from the
    artery."""
    lungs = table_of(LUNGS)[part]
    if not off.any() or not lungs.any():
        return
    thin = ndimage.binary_dilation(off, iterations=THIN) & ndimage.binary_dilation(lungs, iterations=THIN)
    open_ = (off | (thin & (part == values()["torso_fat"]))) & (beyond > RIM_MM)
    places, voxels = np.argwhere(lungs & ndimage.binary_dilation(~lungs)), np.argwhere(open_)
    away, number = cKDTree(places).query(voxels)
    nearest = places[number]
    free = away * spacing < LUNG * beyond[open_]
    for share in (0.25, 0.5, 0.75):
        between = tuple(np.rint(voxels + share * (nearest - voxels)).astype(int).T)
        free &= open_[between] | lungs[between]
    grown = lungs.copy()
    grown[tuple(voxels[free].T)] = True
    smooth = ndimage.gaussian_filter(grown.astype(np.float32), 1.0)[open_] > 0.5
    part[tuple(voxels[smooth].T)] = part[tuple(nearest[smooth].T)]


def _course(part: Labels, top: int, spacing: float) -> list[tuple[Points, float]] | None:
    """Of trunk, right and left branch points [n, 3] in mm of slices whose `top` is the heart's upper end, and a radius;
    None where ascending and descending aorta do not tell where they lie."""
    aorta = part == values()["aorta"]
    halves = beside_heart(aorta, top, spacing)
    if halves is None or (halves[1][0] - halves[0][0]) * spacing < APART_MM:
        return None
    (y, x), (back_y, back_x) = halves
    rows = slice(*(max(0, round(top - mm / spacing)) for mm in reversed(BESIDE_HEART_MM)))
    vein = np.argwhere(part[rows] == values()["superior_vena_cava"])

    def beside(below: float, degrees: float, radius: float) -> list[float]:
        """The point on a ray from the middle of the aorta that is a radius off its surface."""
        z = min(max(top - round(below / spacing), 0), len(part) - 1)
        step = np.array([np.sin(np.radians(degrees)), np.cos(np.radians(degrees))])
        way = np.array([y, x]) + np.arange(0, 30 / spacing, 0.5)[:, None] * step
        at = np.clip(np.rint(way).astype(int), 0, np.array(part.shape[1:]) - 1)
        left = np.flatnonzero(aorta[z][tuple(at.T)])
        edge = way[left[-1] if len(left) else 0] * spacing
        return [z * spacing, *(edge + (radius + WALLS_MM) * step)]

    trunk = [beside(below, degrees, TRUNK_MM) for below, degrees in TRUNK]
    right = [trunk[-1], *(beside(below, degrees, RIGHT_MM) for below, degrees in RIGHT)]
    if len(vein):
        behind = [right[-1][0], vein[:, 1].max() * spacing + RIGHT_MM + WALLS_MM, vein[:, 2].mean() * spacing]
        right += [behind, [behind[0] - 4, behind[1] + 3, behind[2] - 16]]
    over = [(top * spacing) - LEFT_MM, (trunk[-1][1] + back_y * spacing) / 2, trunk[-1][2] + 3]
    hilum = [over[0] - 4, back_y * spacing - 6, max(back_x * spacing + 22, over[2] + 6)]
    left = [trunk[-1], over, hilum]
    return [(_dense(one), radius) for one, radius in ((trunk, TRUNK_MM), (right, RIGHT_MM), (left, LEFT_MM))]


def _dense(points: Sequence[Sequence[float]]) -> Points:
    """Points some mm apart on the way through points [n][3], with its corners rounded."""
    at = np.linspace(0, len(points) - 1, 16 * len(points))
    way = np.stack([np.interp(at, np.arange(len(points)), one) for one in np.transpose(points)], axis=1)
    return np.asarray(ndimage.gaussian_filter1d(way, 5.0, axis=0, mode="nearest"))


def _beyond(places: NDArray[np.floating], course: Sequence[tuple[Points, float]], wide: float) -> NDArray[np.float64]:
    """mm [n] of places [n, 3] from the surface of the nearest of the tubes, less than 0 inside."""
    return np.min([cKDTree(points).query(places)[0] - wide * radius for points, radius in course], axis=0)
