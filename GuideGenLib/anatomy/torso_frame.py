"""The torso frame: one canvas on which everybody's spine and trunk lie at one height.

It is 192 x 128 x 144 voxels of 3 mm from the neck base to the hip joints, axes as in LPS. A person is brought onto it
by one scale (never sheared or bent) and a move, by the heights at which vertebrae, pelvis and other bones begin and
end; organs help where bones are few. `Resources/torso_frame.json` holds where these lie: ends and sideways places were
measured, with `frame_of`, in the torso that the shipped bundle was trained on, heights of the middles in eight of the
anatomies that the bundle draws; volumes are the ranges of the people it was trained on. The mask grid of a bundle has
the frame's slices and its middle, and may be narrower.

Arrays are labels [z, y, x] of the anatomy table; every length is in mm.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from numpy.typing import NDArray

from GuideGenLib.anatomy.label_volumes import TISSUE_KEYS
from GuideGenLib.anatomy.table import values
from GuideGenLib.core.errors import GuideGenError
from GuideGenLib.core.resources import resource

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
LEAST_VOXELS = 12
"""Of 3 mm: a structure of which a map shows less counts as not labelled in it."""

Labels = NDArray[np.uint8]


class PlacingError(GuideGenError):
    """A case cannot be brought onto the torso frame; the message says why."""


@dataclass(frozen=True)
class Frame:
    """ends: lowest and highest z in mm of the structures of MARK_WEIGHTS, None where the canvas cuts it off; middles:
    mean (z, y, x) in mm of the voxels of every structure; volumes_ml: least and most of a structure between people, as
    far as it is known."""

    ends: Mapping[str, tuple[float | None, float | None]]
    middles: Mapping[str, tuple[float, float, float]]
    volumes_ml: Mapping[str, tuple[float, float]] = field(default_factory=dict)


@cache
def torso_frame() -> Frame:
    """The frame that ships with the project."""
    told = json.loads(resource("torso_frame.json").read_text(encoding="utf-8"))
    ends, middles, volumes = (
        {key: tuple(numbers) for key, numbers in told[what].items()} for what in ("ends", "middles", "volumes_ml")
    )
    return Frame(ends, middles, volumes)


def frame_of(labels: Labels, spacing: float = FRAME_MM) -> Frame:
    """Where the structures of a whole torso lie, at an isotropic spacing in mm."""
    ends, middles = {}, {}
    for key, value in values().items():
        mask = labels == value
        if key in TISSUE_KEYS or not mask.any():
            continue
        z, y, x = (float(axis.mean() * spacing) for axis in np.nonzero(mask))
        middles[key] = (z, y, x)
        if key in MARK_WEIGHTS or key in AXIS:
            first, last = np.flatnonzero(mask.any((1, 2)))[[0, -1]]
            low = float(first * spacing) if first > 0 else None
            ends[key] = (low, float((last + 1) * spacing) if last < len(labels) - 1 else None)
    return Frame(ends, middles)


def marks_of(labels: Labels, step: float) -> dict[tuple[str, int], float]:
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


def fitted(
    marks: Mapping[tuple[str, int], float], frame: Frame, scales: tuple[float, float] = SCALES
) -> tuple[float, float, int, float]:
    """(scale, move, number of marks, how far off): z in the frame = scale * z + move, by weighted least squares.

    The scale is 1, or where the bones tell it, the nearest within `scales`.
    """
    there_of = {(key, end): z for key, ends in frame.ends.items() for end, z in enumerate(ends) if z is not None}
    pairs = [(z, there_of[mark], MARK_WEIGHTS[mark[0]]) for mark, z in marks.items() if mark in there_of]
    if len(pairs) < LEAST_MARKS:
        raise PlacingError("neither bones nor organs tell where in the torso it lies: too few of them are labelled")
    own, there, weight = np.array(pairs).T
    scale, bones = 1.0, own[weight >= 1]
    if len(bones) and np.ptp(bones) >= LEAST_SPREAD_MM:
        scale = float(np.clip(np.polyfit(own, there, 1, w=np.sqrt(weight))[0], *scales))
    move = float(np.average(there - scale * own, weights=weight))
    off = float(np.sqrt(np.average((scale * own + move - there) ** 2, weights=weight)))
    if off > MOST_OFF_MM:
        raise PlacingError(f"its bones and organs miss their places in the torso by {off:.0f} mm")
    return scale, move, len(pairs), off


def sideways(labels: Labels, frame: Frame) -> tuple[int, int]:
    """Voxels of the frame by which a case of its spacing is moved along y and x."""
    moves = {}
    for key, (_, y, x) in frame.middles.items():
        mask = labels == values()[key]
        if mask.sum() >= LEAST_VOXELS:
            own = [float(axis.mean()) for axis in np.nonzero(mask)[1:]]
            moves[key] = (y / FRAME_MM - own[0], x / FRAME_MM - own[1])
    if not moves:
        raise PlacingError("no bone or organ tells where its middle is")
    axis = [key for key in AXIS if key in moves][:1]
    used = axis or [key for key in moves if key in MARK_WEIGHTS] or [*moves]
    weights = [MARK_WEIGHTS.get(key, 1.0) for key in used]
    y, x = np.average([moves[key] for key in used], axis=0, weights=weights)
    return round(float(y)), round(float(x))


def moved_by_middles(labels: Labels, step: float, frame: Frame) -> float:
    """mm along z by which a case of that step is moved so that its structures have their middles at their heights.

    For organs alone, whose ends differ between people. Those that the ends of the volume cut count where there are no
    others. Raises PlacingError where there is none.
    """
    whole: list[float] = []
    cut: list[float] = []
    for key, (z, _, _) in frame.middles.items():
        area = (labels == values()[key]).sum((1, 2))
        if area.any():
            move = z - float(np.average(np.arange(len(area)), weights=area)) * step
            (cut if area[0] or area[-1] else whole).append(move)
    if not whole and not cut:
        raise PlacingError("no bone or organ tells where in the torso it lies")
    return float(np.mean(whole or cut))


def overlap(
    shape: tuple[int, ...], canvas: tuple[int, ...], offset: tuple[int, ...]
) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Where in a canvas an array lies that is moved by `offset`, and which part of the array that is."""
    here = tuple(slice(max(o, 0), max(min(o + n, room), 0)) for o, n, room in zip(offset, shape, canvas, strict=True))
    there = tuple(slice(h.start - o, h.stop - o) for h, o in zip(here, offset, strict=True))
    return here, there
