"""How good an answer is: the distance of a pointer from the finding, how well a measured line covers it, or how well
an outline does in its slice.

Places are LPS, mm. A line is judged as the ball that has it as its diameter, against the voxels of the finding, by Dice
(Dice, Ecology 26:297, 1945): a line that lies elsewhere, is too short or too long loses. The ball over the longest
diameter of a finding that is no ball does not reach 1 either, so that points count in parts of what that one reaches.
An outline lies in one slice of the scan; its points are the Dice coefficient of what it encloses and of what of the
finding lies in that slice.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from GuideGenLib.anatomy.table import values
from GuideGenLib.cases.measure import Point, Points, longest_line, pieces, voxel_points

POINT, MEASURE, OUTLINE = "point", "measure", "outline"
KINDS = (POINT, MEASURE, OUTLINE)
PLACES = {POINT: (1, 1), MEASURE: (2, 2), OUTLINE: (3, 400)}
"""How many places an answer to each kind of question has, at least and at most."""
FAR_MM = 30.0
"""A pointer this far from the finding, or farther, gets no points; within it, it gets all."""


@dataclass(frozen=True)
class Score:
    """points: 0 to 1. Of a pointer the distance from the finding in mm; of a line its length, the finding's longest
    diameter, and the Dice coefficient; of an outline the Dice coefficient; None for what a question does not have."""

    points: float
    distance_mm: float | None = None
    length_mm: float | None = None
    true_mm: float | None = None
    dice: float | None = None


def score(kind: str, places: Sequence[Point], anatomy: sitk.Image, finding: str | None) -> Score:
    """An answer of so many places as PLACES says, none for "nothing to find". finding: key of the label that is asked
    for, None where there is nothing to find."""
    if finding is None or not places:
        return Score(1.0 if finding is None and not places else 0.0)
    if kind == OUTLINE:
        return _outlined(places, anatomy, finding)
    points = voxel_points(anatomy, finding)
    step = float(np.prod(anatomy.GetSpacing())) ** (1 / 3)
    if not len(points):
        return Score(0.0)
    return _pointed(places[0], points, step) if kind == POINT else _measured(places, points, anatomy.GetSpacing(), step)


def _pointed(place: Point, points: Points, step: float) -> Score:
    """Within half a voxel of a voxel's middle a place is in it."""
    away = float(np.linalg.norm(points - np.asarray(place), axis=1).min())
    distance = max(0.0, away - step * np.sqrt(3) / 2)
    return Score(max(0.0, 1 - distance / FAR_MM), distance_mm=distance)


def _measured(places: Sequence[Point], points: Points, spacing: Sequence[float], step: float) -> Score:
    """Against the piece of the finding that is nearest to the line's middle."""
    first, second = (np.asarray(place) for place in places)
    middle = (first + second) / 2
    piece = min(pieces(points, spacing), key=lambda one: float(np.linalg.norm(one - middle, axis=1).min()))
    length = float(np.linalg.norm(first - second))
    ends = longest_line(piece)
    true = float(np.linalg.norm(np.subtract(*ends))) + step
    best = _dice(piece, np.mean(ends, axis=0), true, step)
    reached = _dice(piece, middle, length, step)
    return Score(min(1.0, reached / best), length_mm=length, true_mm=true, dice=reached)


def _outlined(places: Sequence[Point], anatomy: sitk.Image, finding: str) -> Score:
    """In the slice of the anatomy across the axis along which the outline is flattest."""
    indices = np.array([anatomy.TransformPhysicalPointToContinuousIndex(place) for place in places])
    across = int(np.ptp(indices, axis=0).argmin())
    number = round(float(indices[:, across].mean()))
    labels = np.swapaxes(sitk.GetArrayViewFromImage(anatomy), 0, 2)
    if not 0 <= number < labels.shape[across]:
        return Score(0.0, dice=0.0)
    true = np.take(labels, number, axis=across) == values()[finding]
    drawn = _enclosed(np.delete(indices, across, axis=1), true.shape)
    both = int(drawn.sum()) + int(true.sum())
    dice = 2 * int((drawn & true).sum()) / both if both else 0.0
    return Score(dice, dice=dice)


def _enclosed(corners: NDArray[np.float64], shape: Sequence[int]) -> NDArray[np.bool_]:
    """The pixels (x, y) whose middle lies within a closed outline of corners (x, y), by the even-odd rule."""
    x, y = (np.arange(size, dtype=float) for size in shape)
    inside = np.zeros(tuple(shape), bool)
    for (x1, y1), (x2, y2) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        crossed = (y1 > y) != (y2 > y)
        if crossed.any():
            at = x1 + (y[crossed] - y1) * (x2 - x1) / (y2 - y1)
            inside[:, crossed] ^= x[:, None] < at
    return inside


def _dice(piece: Points, middle: Point, diameter: float, step: float) -> float:
    """Of the voxels of a piece and the ball about a middle: each voxel counts by its volume."""
    inside = int((np.linalg.norm(piece - np.asarray(middle), axis=1) < diameter / 2).sum())
    ball = np.pi / 6 * diameter**3 / step**3
    return min(1.0, 2 * inside / (len(piece) + max(ball, 1e-9)))
