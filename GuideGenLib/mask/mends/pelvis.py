"""The ring of the pelvis closed in front, by rule, where the pubic bones are not joined to the hip bones.

The branch from the socket of the hip to the pubic bone is thin beside the voxels of the denoiser. In some women the
drawing has a gap there, and the pubic bone would go as an island of the hip bone does: it is joined to it. Where there
is no pubic bone at all, within 4 cm of the lower end of the volume, one is laid. Its place was measured from the hip
joints in the 22 people of the training whose bones are their own, in parts of the distance between the joints; its size
is near theirs (12 mm beside the middle plane a sagittal section of 565 mm2; the women of the training have 495, the men
846, in the median).
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, spatial

from GuideGenLib.anatomy.structures import table_of
from GuideGenLib.anatomy.table import values
from GuideGenLib.core.components import TOUCHING
from GuideGenLib.mask.findings.tissue import FILLERS

SIDES = {"left": 1.0, "right": -1.0}
HEAD_MM, CAP_MM = 24.0, 18.0
"""Radius of a femoral head, and from its top down what tells its middle."""
BELOW, BEFORE = 0.13, 0.18
"""From the middle of the hip joints to that of the pubic bones, in distances between the joints (SD .04 and .03)."""
MISSING_MM = 18.0
"""From the middle plane to the next bone of a side, from which on its pubic bone counts as missing."""
PIECE_ML = 1.0
"""Less is no piece of a pubic bone that is joined, but a crumb."""
ABOVE_MM = 12.0
"""Over the hip joints, where the front of the hip bones is no pubic bone any more."""
BODY_MM, BODY_X_MM = (18.0, 10.0, 12.0), 10.0
"""Half axes [z, y, x] of the body of a pubic bone, and its distance from the middle plane."""
RAMUS_MM, RAMUS_UP_MM = 7.0, 11.0
"""Radius of the branch to the socket, and how far above the middle of the body it leaves it."""
MAY_FILL = (*FILLERS, "muscle", "urinary_bladder", "small_bowel", "colon", "uterus", "prostate")

Labels = NDArray[np.uint8]
Point = NDArray[np.float64]
Places = NDArray[np.int64]


def with_pubic_bones(labels: Labels, spacing: float) -> Labels:
    """A copy of labels uint8 [z, y, x], isotropic spacing in mm, in which each hip bone reaches the middle in front.

    Left as it is where the hip joints are not shown, or the pubic bones would lie below the end of the volume.
    """
    result = labels.copy()
    heads = [_head(labels == values()[f"femur_{side}"], spacing) for side in SIDES]
    if any(head is None for head in heads):
        return result
    left, right = (head for head in heads if head is not None)
    middle, between = (left + right) / 2, float(left[2] - right[2])
    if between <= 0 or middle[0] < BELOW * between:
        return result
    fronts = {side: _front(labels, side, middle, spacing) for side in SIDES}
    if not all(len(main) for main, _ in fronts.values()):
        return result
    ends = {side: _end(np.concatenate(pieces), side, middle, spacing) for side, pieces in fronts.items()}
    seen = [end for end in ends.values() if end is not None]
    goal = middle - between * np.array((BELOW, BEFORE, 0))
    if seen:  # as the other one lies
        goal[:2] = np.mean(seen, axis=0)
    for side, (main, rest) in fronts.items():
        if _end(main, side, middle, spacing) is not None:
            continue
        if ends[side] is None:
            _lay_body(result, side, goal, spacing)
            _lay_branch(result, side, main, goal + _out(side, spacing), goal[2], spacing)
        else:
            apart = spatial.distance.cdist(main, rest)
            _lay_branch(result, side, main, rest[np.argmin(apart.min(0))].astype(float), goal[2], spacing)
    return result


def _head(femur: NDArray[np.bool_], spacing: float) -> Point | None:
    """The middle of a femoral head; None where it is not seen."""
    places = np.argwhere(femur)
    if not len(places) or (top := places[:, 0].max()) * spacing < HEAD_MM:
        return None
    cap = places[places[:, 0] > top - CAP_MM / spacing].mean(0)
    return np.array((top - HEAD_MM / spacing, cap[1], cap[2]))


def _front(labels: Labels, side: str, middle: Point, spacing: float) -> tuple[Places, Places]:
    """Voxels [n, 3] of a hip bone before the joints and not above them: of its largest part, and of other pieces."""
    parts, count = ndimage.label(labels == values()[f"hip_{side}"], TOUCHING)
    if not count:
        return np.zeros((0, 3), int), np.zeros((0, 3), int)
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    front = parts[: max(0, round(middle[0] + ABOVE_MM / spacing)), : round(middle[1])]
    pieces = np.flatnonzero(sizes * spacing**3 >= 1000 * PIECE_ML)
    main = sizes.argmax()
    return np.argwhere(front == main), np.argwhere(np.isin(front, pieces[pieces != main]))


def _end(front: Places, side: str, middle: Point, spacing: float) -> Point | None:
    """Height and depth of what of these voxels is at the middle plane; None where nothing is."""
    near = SIDES[side] * (front[:, 2] - middle[2]) * spacing <= MISSING_MM
    return np.asarray(front[near, :2].mean(0)) if near.any() else None


def _out(side: str, spacing: float) -> Point:
    """From the middle plane to where the branch of a pubic bone leaves its body."""
    return np.array((RAMUS_UP_MM, 0.0, SIDES[side] * BODY_X_MM)) / spacing


def _lay_body(labels: Labels, side: str, goal: Point, spacing: float) -> None:
    """Lays the body of a pubic bone beside a place in the middle plane."""
    body = goal + np.array((0, 0, SIDES[side] * BODY_X_MM / spacing))
    box, grid = _about(body, body, max(BODY_MM) / spacing, labels.shape)
    apart = (grid - body[:, None, None, None]) * spacing / np.array(BODY_MM)[:, None, None, None]
    _fill(labels[box], side, ((apart**2).sum(0) <= 1) & (SIDES[side] * (grid[2] - goal[2]) > 0))


def _lay_branch(labels: Labels, side: str, main: Places, end: Point, x: float, spacing: float) -> None:
    """Lays the branch from the nearest of the front of a hip bone to a place, on its side of the middle plane at x."""
    start = main[np.argmin(((main - end) ** 2).sum(1))].astype(float)
    box, grid = _about(start, end, RAMUS_MM / spacing, labels.shape)
    low = grid[:, 0, 0, 0]
    way = np.linspace(start, end, 2 * int(np.abs(start - end).max()) + 2).round().astype(int) - low
    line = np.ones(grid.shape[1:], bool)
    line[tuple(np.clip(way, 0, np.array(line.shape) - 1).T)] = False
    near = ndimage.distance_transform_edt(line, sampling=spacing) <= RAMUS_MM
    _fill(labels[box], side, near & (SIDES[side] * (grid[2] - x) > 0))


def _about(
    start: Point, end: Point, reach: float, shape: tuple[int, ...]
) -> tuple[tuple[slice, ...], NDArray[np.int64]]:
    """The box about a line, `reach` voxels wider, and the places [3, z, y, x] of its voxels."""
    low = np.maximum(np.minimum(start, end) - reach - 1, 0).astype(int)
    high = np.minimum(np.maximum(start, end) + reach + 2, shape).astype(int)
    box = tuple(slice(*ends) for ends in zip(low, high, strict=True))
    return box, np.stack(np.meshgrid(*(np.arange(s.start, s.stop) for s in box), indexing="ij"))


def _fill(part: Labels, side: str, bone: NDArray[np.bool_]) -> None:
    part[bone & table_of(MAY_FILL)[part]] = values()[f"hip_{side}"]
