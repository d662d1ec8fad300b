"""Twelve pairs of ribs and their cartilages laid on the surface of a drawn cage, each from its vertebra."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from GuideGenLib.anatomy.structures import select
from GuideGenLib.anatomy.table import values
from GuideGenLib.mask.skeleton.cage import Cage
from GuideGenLib.mask.skeleton.course import Course
from GuideGenLib.mask.skeleton.levels import FORMS
from GuideGenLib.mask.skeleton.rib_courses import COURSES, MARGIN, STEP, STERNUM

Labels = NDArray[np.uint8]
Points = NDArray[np.float64]
RIBS = {1: "ribs_left", -1: "ribs_right"}
CARTILAGE = "costal_cartilages"
SOFT = ("muscle", "body", "torso_fat", "subcutaneous_fat", "autochthon_left", "autochthon_right")
"""What gives way to a rib."""
BETWEEN = "muscle"
"""What lies between ribs."""
RIB_MM, CARTILAGE_MM = (3.6, 6.2), (6.0, 7.6)
"""Half of their thickness and half of their height."""
EDGE_MM = 20.0
"""From the middle of the sternum to where cartilages meet it."""
SAG_MM = 4.0
"""Of a cartilage below that of the third rib, for each rib to the sixth: it goes on with the rib before it rises."""
SAMPLE_MM, DEGREES = 1.5, 6.0
"""Between two points of a line, and between two of those that it is laid through."""
BETWEEN_BODIES = range(2, 11)
"""Ribs that begin at the disc above their vertebra; the others begin at its body."""
TIP_FADES = 0.04
"""Part of its length at each end over which a rib becomes slim."""


def without_ribs(labels: Labels) -> Labels:
    """A copy of labels [z, y, x] with muscle in the place of ribs and their cartilages."""
    result = labels.copy()
    result[select(labels, (*RIBS.values(), CARTILAGE))] = values()[BETWEEN]
    return result


def with_ribs(labels: Labels, course: Course, cage: Cage, sternum: Points) -> Labels:
    """A copy of labels uint8 [z, y, x] with ribs and cartilages.

    sternum: voxels of the sternum [n, 3]; where there are none, no cartilage is laid.
    """
    result = labels.copy()
    soft = select(labels, SOFT)
    for side, key in RIBS.items():
        lines = {number: _rib(number, side, course, cage) for number in COURSES}
        for line in lines.values():
            _lay(result, soft, line, RIB_MM, cage, values()[key])
        if len(sternum):
            for line in _cartilages(lines, side, cage, sternum):
                _lay(result, soft & (result != values()[key]), line, CARTILAGE_MM, cage, values()[CARTILAGE])
    return result


def _rib(number: int, side: int, spine: Course, cage: Cage) -> Points:
    """A line [n, 3] in voxels from the joint with the vertebra, past its transverse process, to the tip."""
    course, place, canal = COURSES[number], spine.places[f"T{number}"], spine.canal
    form, tall = FORMS[place.name], place.high - place.low
    at = place.high if number in BETWEEN_BODIES else place.low + 0.7 * tall
    head = canal.voxel(at, -6.0, side * (form.width / 2 + 2) * place.scale)
    neck = canal.voxel(place.low + 0.75 * tall, 14.0, side * (form.across - 2) * place.scale)
    bottom, top = canal.voxel(spine.places["T12"].low)[0], canal.voxel(spine.places["T1"].high)[0]
    told = course.start + STEP * np.arange(len(course.heights), dtype=float)
    degrees = np.arange(course.start, course.tip + 1, DEGREES)
    heights = _smooth(told, np.asarray(course.heights), degrees)
    outer = cage.at(bottom + heights * (top - bottom), degrees, side)
    return _sampled(np.concatenate([[head], [neck], outer]), cage.spacing)


def _cartilages(lines: dict[int, Points], side: int, cage: Cage, sternum: Points) -> Iterator[Points]:
    """From the tips of the ribs to the sternum, and of those below it to the cartilage above."""
    top, bottom = np.percentile(sternum[:, 0], (99, 1))
    laid: dict[int, Points] = {}
    for number in range(1, 11):
        tip = lines[number][-1]
        if number in STERNUM:
            z = top - STERNUM[number] * (top - bottom)
            near = sternum[np.abs(sternum[:, 0] - z) <= 2]
            middle = (near if len(near) else sternum).mean(axis=0)
            end = np.array([z, middle[1], middle[2] + side * EDGE_MM / cage.spacing])
        else:
            joined, share = MARGIN[number]
            end = laid[joined][round(share * (len(laid[joined]) - 1))]
        shares = np.linspace(0, 1, 9)[:, None]
        straight = tip + shares * (end - tip)
        straight[:, 0] -= SAG_MM * max(0, min(number - 3, 3)) / cage.spacing * (4 * shares * (1 - shares))[:, 0]
        y, x = straight[:, 1] - cage.y, straight[:, 2] - cage.x
        degrees = np.degrees(np.arctan2(side * x, y))
        bent = cage.at(straight[:, 0], degrees, side)
        weight = 4 * shares * (1 - shares)  # on the surface in the middle, at their places at the ends
        laid[number] = _sampled(straight + weight * (bent - straight), cage.spacing)
        yield laid[number]


def _sampled(points: Points, spacing: float) -> Points:
    """A smooth line through points [n, 3], a point every SAMPLE_MM."""
    along = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    every = np.arange(0, along[-1], SAMPLE_MM / spacing)
    return _smooth(along, points, every)


def _smooth(at: Points, told: Points, wanted: Points) -> Points:
    """Values between those that are told, without overshoot."""
    from scipy.interpolate import PchipInterpolator  # who never draws an anatomy need not wait for it

    return np.asarray(PchipInterpolator(at, told)(wanted))


def _lay(
    labels: Labels, soft: NDArray[np.bool_], line: Points, half_mm: tuple[float, float], cage: Cage, value: int
) -> None:
    """Give the soft voxels of a flat rod about a line, thin across the surface of the cage, a label value."""
    margin = max(half_mm) + 2
    low = np.maximum(np.floor(line.min(axis=0) - margin / cage.spacing).astype(int), 0)
    high = np.minimum(np.ceil(line.max(axis=0) + margin / cage.spacing).astype(int) + 1, labels.shape)
    if (high <= low).any():  # wholly outside of the volume
        return
    voxels = np.argwhere(soft[tuple(slice(*ends) for ends in zip(low, high, strict=True))]) + low
    if not len(voxels):
        return
    away, nearest = cKDTree(line).query(voxels, distance_upper_bound=margin / cage.spacing)
    found = np.isfinite(away)
    voxels, nearest = voxels[found], nearest[found]
    off = (voxels - line[nearest]) * cage.spacing
    beyond, thin, tall = ((off * axis[nearest]).sum(axis=1) for axis in _axes(line, cage))
    share = nearest / max(len(line) - 1, 1)
    slim = np.clip(np.minimum(share, 1 - share) / TIP_FADES, 0.6, 1)
    inside = (thin / half_mm[0]) ** 2 + (tall / (half_mm[1] * slim)) ** 2 + (beyond / half_mm[0]) ** 2 < 1
    labels[tuple(voxels[inside].T)] = value


def _axes(line: Points, cage: Cage) -> tuple[Points, Points, Points]:
    """Unit vectors [n, 3] at the points of a line: along it, out of the cage, and across both."""
    along = np.gradient(line, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    outward = line - [0, cage.y, cage.x]
    outward[:, 0] = 0
    outward -= (outward * along).sum(axis=1, keepdims=True) * along
    outward /= np.maximum(np.linalg.norm(outward, axis=1, keepdims=True), 1e-6)
    return along, outward, np.cross(along, outward)
