"""A labelled case brought onto the torso frame: one canvas on which everybody's spine and trunk lie at one height.

The frame is 192 x 128 x 144 voxels of 3 mm from the neck base to the hip joints, axes as in LPS. A case is scaled as a
whole (never sheared or bent) and moved, by the heights at which its vertebrae, pelvis and other bones begin and end;
organs help where bones are few. `Resources/torso_frame.json` holds where these lie in the frame: they were measured,
with `frame_of`, in the torso that the shipped bundle was trained on.

Arrays are labels [z, y, x] of the anatomy table; every length is in mm.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from GuideGenLib.anatomy.table import values
from GuideGenLib.anatomy.unknown import OUTSIDE, UNLABELLED
from GuideGenLib.core.errors import GuideGenError
from GuideGenLib.core.resources import resource
from GuideGenLib.core.volumes import image_from_array, to_canonical

CANVAS = (192, 128, 144)
FRAME_MM = 3.0
SCALES = (0.88, 1.14)
"""mm in the frame for each mm of a person."""
MARK_WEIGHTS = {
    **dict.fromkeys(("vertebrae_thoracic", "vertebrae_lumbar"), 3.0),
    **dict.fromkeys(("sacrum", "hip_left", "hip_right"), 2.0),
    **dict.fromkeys(("femur_left", "femur_right", "clavicle_left", "clavicle_right", "sternum"), 1.0),
    **dict.fromkeys(("lung_upper_lobe_left", "lung_upper_lobe_right", "heart", "liver"), 0.3),
    **dict.fromkeys(("kidney_left", "kidney_right", "spleen", "urinary_bladder", "trachea"), 0.2),
}
"""Structures by whose ends a case is placed, and how much each counts."""
AXIS = ("vertebrae_lumbar", "vertebrae_thoracic", "spinal_cord", "sacrum")
"""The first of these that a case shows tells where its middle is, from side to side and from front to back."""
LEAST_SPREAD_MM = 100.0
"""Of the marks along the body: closer together they do not tell the scale, which is then 1."""
LEAST_MARKS = 2
MOST_OFF_MM = 40.0
"""Root mean square by which marks may miss their places; above it a case does not fit."""
LEAST_ORGAN_ML = 3.0
"""Of a prostate or uterus, to tell the sex by."""
LEAST_VOXELS = 12
"""Of 3 mm: a structure of which a map shows less counts as not labelled in it."""

Labels = NDArray[np.uint8]


class PlacingError(GuideGenError):
    """A case cannot be brought onto the torso frame; the message says why."""


@dataclass(frozen=True)
class Frame:
    """ends: lowest and highest z in mm of each structure, None where the canvas cuts it off; middles: mean (y, x) in mm
    of its voxels."""

    ends: Mapping[str, tuple[float | None, float | None]]
    middles: Mapping[str, tuple[float, float]]


@dataclass(frozen=True)
class Placed:
    """A case in the frame.

    labels: uint8 on CANVAS with the marks of `anatomy.unknown`: UNLABELLED where nothing is named, OUTSIDE beyond the
    field of view; known: values that are labelled in it; scale: frame mm for each mm of the person; marks: by how many
    ends it was placed; off_mm: root mean square by which these miss their places.
    """

    labels: Labels
    known: frozenset[int]
    scale: float
    marks: int
    off_mm: float


@cache
def torso_frame() -> Frame:
    """The frame that ships with the project."""
    told = json.loads(resource("torso_frame.json").read_text(encoding="utf-8"))
    return Frame({k: tuple(v) for k, v in told["ends"].items()}, {k: tuple(v) for k, v in told["middles"].items()})


def frame_of(labels: Labels, spacing: float = FRAME_MM) -> Frame:
    """Where the structures of a whole torso lie, at an isotropic spacing in mm."""
    ends, middles = {}, {}
    for key in {**MARK_WEIGHTS, **dict.fromkeys(AXIS)}:
        mask = labels == values()[key]
        if mask.any():
            first, last = np.flatnonzero(mask.any((1, 2)))[[0, -1]]
            low = float(first * spacing) if first > 0 else None
            ends[key] = (low, float((last + 1) * spacing) if last < len(labels) - 1 else None)
            y, x = (float(axis.mean() * spacing) for axis in np.nonzero(mask)[1:])
            middles[key] = (y, x)
    return Frame(ends, middles)


def place(
    labels: Labels, spacing: tuple[float, float, float], known: frozenset[int], frame: Frame | None = None
) -> Placed:
    """A case on CANVAS. Raises PlacingError where it cannot be placed.

    labels: UNLABELLED where nothing is named; spacing: (z, y, x) in mm; known: values that its source labels.
    """
    frame = frame or torso_frame()
    scale, move, marks, off = _fitted(_marks(labels, spacing[0]), frame)
    image = image_from_array(labels, spacing, labels=True)
    small, _ = to_canonical(image, FRAME_MM / scale, labels=True, smooth=True)
    here, there = _overlap(small.shape, (round(move / FRAME_MM), *_sideways(small, frame)))
    shown = small[there]
    if not ((shown > 0) & (shown < UNLABELLED)).any():
        raise PlacingError("nothing of it lies in the torso from neck to hip joints")
    placed = np.full(CANVAS, OUTSIDE, np.uint8)
    placed[here] = shown
    counts = np.bincount(shown.ravel(), minlength=256)
    # what the source labels and is not there is absent; what is hardly there was cut off
    sure = frozenset(value for value in known if counts[value] == 0 or counts[value] >= LEAST_VOXELS)
    return Placed(placed, sure, scale, marks, off)


def measured_sex(placed: Placed) -> str | None:
    """Male by a labelled prostate; female by a bladder between hip bones that are shown whole without one, where the
    source would have labelled it; else None."""
    ml = {key: (placed.labels == values()[key]).sum() * FRAME_MM**3 / 1000 for key in ("prostate", "uterus")}
    if max(ml.values()) >= LEAST_ORGAN_ML:
        return "male" if ml["prostate"] > ml["uterus"] else "female"
    shown = np.flatnonzero((placed.labels != OUTSIDE).any((1, 2)))
    for hip in ("hip_left", "hip_right"):
        slices = np.flatnonzero((placed.labels == values()[hip]).any((1, 2)))
        if not len(slices) or (shown[0] > 0 and slices[0] <= shown[0]) or slices[-1] >= shown[-1]:
            return None
    return "female" if (placed.labels == values()["urinary_bladder"]).any() else None


def _marks(labels: Labels, step: float) -> dict[tuple[str, int], float]:
    """z in mm of the lower (0) and upper (1) ends of structures that the ends of the volume do not cut."""
    marks = {}
    for key in MARK_WEIGHTS:
        slices = np.flatnonzero((labels == values()[key]).any((1, 2)))
        if len(slices) * step < 2 * FRAME_MM:
            continue
        if slices[0] * step > FRAME_MM:
            marks[key, 0] = float(slices[0] * step)
        if (len(labels) - 1 - slices[-1]) * step > FRAME_MM:
            marks[key, 1] = float((slices[-1] + 1) * step)
    return marks


def _fitted(marks: Mapping[tuple[str, int], float], frame: Frame) -> tuple[float, float, int, float]:
    """(scale, move, number of marks, how far off): z in the frame = scale * z + move, by weighted least squares."""
    there_of = {(key, end): z for key, ends in frame.ends.items() for end, z in enumerate(ends) if z is not None}
    pairs = [(z, there_of[mark], MARK_WEIGHTS[mark[0]]) for mark, z in marks.items() if mark in there_of]
    if len(pairs) < LEAST_MARKS:
        raise PlacingError("neither bones nor organs tell where in the torso it lies: too few of them are labelled")
    own, there, weight = np.array(pairs).T
    scale, bones = 1.0, own[weight >= 1]
    if len(bones) and np.ptp(bones) >= LEAST_SPREAD_MM:
        scale = float(np.clip(np.polyfit(own, there, 1, w=np.sqrt(weight))[0], *SCALES))
    move = float(np.average(there - scale * own, weights=weight))
    off = float(np.sqrt(np.average((scale * own + move - there) ** 2, weights=weight)))
    if off > MOST_OFF_MM:
        raise PlacingError(f"its bones and organs miss their places in the torso by {off:.0f} mm")
    return scale, move, len(pairs), off


def _sideways(labels: Labels, frame: Frame) -> tuple[int, int]:
    """Voxels of the frame by which a case of its spacing is moved along y and x."""
    moves = {}
    for key, (y, x) in frame.middles.items():
        mask = labels == values()[key]
        if mask.sum() >= LEAST_VOXELS:
            own = [float(axis.mean()) for axis in np.nonzero(mask)[1:]]
            moves[key] = (y / FRAME_MM - own[0], x / FRAME_MM - own[1])
    if not moves:
        raise PlacingError("no bone or organ tells where its middle is")
    best = next((key for key in AXIS if key in moves), None)
    y, x = moves[best] if best else np.average([*moves.values()], axis=0, weights=[MARK_WEIGHTS[k] for k in moves])
    return round(float(y)), round(float(x))


def _overlap(shape: tuple[int, ...], offset: tuple[int, ...]) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Where in the canvas an array lies that is moved by `offset`, and which part of the array that is."""
    here = tuple(slice(max(o, 0), max(min(o + n, room), 0)) for o, n, room in zip(offset, shape, CANVAS, strict=True))
    there = tuple(slice(h.start - o, h.stop - o) for h, o in zip(here, offset, strict=True))
    return here, there
