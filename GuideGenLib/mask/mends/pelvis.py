"""The ring of the pelvis closed in front, by rule, where the denoiser drew no pubic bone.

In some women the drawing has both hip bones and no bridge between them, or half of one: the pubic bones are thin
beside its voxels, and lie within 4 cm of the lower end of the volume. A missing one is laid from the front of its hip
socket to the middle. Its place was measured from the hip joints in the 22 people of the training whose bones are their
own, in parts of the distance between the joints; its size is near theirs (12 mm beside the middle plane a sagittal
section of 565 mm2; the women of the training have 495, the men 846, in the median).
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.structures import table_of
from GuideGenLib.anatomy.table import values
from GuideGenLib.mask.findings.tissue import FILLERS

SIDES = {"left": 1.0, "right": -1.0}
HEAD_MM, CAP_MM = 24.0, 18.0
"""Radius of a femoral head, and from its top down what tells its middle."""
BELOW, BEFORE = 0.13, 0.18
"""From the middle of the hip joints to that of the pubic bones, in distances between the joints (SD .04 and .03)."""
MISSING_MM = 18.0
"""From the middle plane to the next bone of a side, from which on its pubic bone counts as missing."""
ABOVE_MM = 12.0
"""Over the hip joints, where the front of the hip bones is no pubic bone any more."""
BODY_MM, BODY_X_MM = (18.0, 10.0, 12.0), 10.0
"""Half axes [z, y, x] of the body of a pubic bone, and its distance from the middle plane."""
RAMUS_MM, RAMUS_UP_MM = 7.0, 11.0
"""Radius of the branch to the socket, and how far above the middle of the body it leaves it."""
MAY_FILL = (*FILLERS, "muscle", "urinary_bladder", "small_bowel", "colon", "uterus", "prostate")

Labels = NDArray[np.uint8]
Point = NDArray[np.float64]


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
    fronts = {side: _front(labels == values()[f"hip_{side}"], middle, spacing) for side in SIDES}
    if between <= 0 or middle[0] < BELOW * between or not all(len(front) for front in fronts.values()):
        return result
    away = {side: SIDES[side] * (front[:, 2] - middle[2]) for side, front in fronts.items()}
    there = [side for side in SIDES if away[side].min() * spacing <= MISSING_MM]
    goal = middle - between * np.array((BELOW, BEFORE, 0))
    if there:  # as the other one lies
        goal[:2] = np.mean([fronts[side][away[side] <= MISSING_MM / spacing, :2].mean(0) for side in there], axis=0)
    for side in SIDES:
        if side not in there:
            _lay_pubic_bone(result, side, goal, fronts[side], spacing)
    return result


def _head(femur: NDArray[np.bool_], spacing: float) -> Point | None:
    """The middle of a femoral head; None where it is not seen."""
    places = np.argwhere(femur)
    if not len(places) or (top := places[:, 0].max()) * spacing < HEAD_MM:
        return None
    cap = places[places[:, 0] > top - CAP_MM / spacing].mean(0)
    return np.array((top - HEAD_MM / spacing, cap[1], cap[2]))


def _front(hip: NDArray[np.bool_], middle: Point, spacing: float) -> NDArray[np.int64]:
    """Voxels [n, 3] of a hip bone before the hip joints and not above them."""
    return np.argwhere(hip[: max(0, round(middle[0] + ABOVE_MM / spacing)), : round(middle[1])])


def _lay_pubic_bone(labels: Labels, side: str, goal: Point, front: NDArray[np.int64], spacing: float) -> None:
    """Lays the body of a pubic bone beside a place in the middle plane, and its branch to the front of the hip bone."""
    body = goal + np.array((0, 0, SIDES[side] * BODY_X_MM / spacing))
    start = front[np.argmin(((front - body) ** 2).sum(1))].astype(float)
    margin = max(BODY_MM) / spacing + 1
    low = np.maximum(np.minimum(start, body) - margin, 0).astype(int)
    high = np.minimum(np.maximum(start, body) + margin + 1, labels.shape).astype(int)
    box = tuple(slice(*ends) for ends in zip(low, high, strict=True))
    grid = np.stack(np.meshgrid(*(np.arange(*ends) for ends in zip(low, high, strict=True)), indexing="ij"))
    apart = (grid - body[:, None, None, None]) * spacing / np.array(BODY_MM)[:, None, None, None]
    end = body + np.array((RAMUS_UP_MM / spacing, 0, 0))
    way = np.linspace(start, end, 2 * int(np.abs(start - end).max()) + 2).round().astype(int)
    line = np.ones(grid.shape[1:], bool)
    line[tuple((np.clip(way, low, high - 1) - low).T)] = False
    bone = ((apart**2).sum(0) <= 1) | (ndimage.distance_transform_edt(line, sampling=spacing) <= RAMUS_MM)
    bone &= (SIDES[side] * (grid[2] - goal[2]) > 0) & table_of(MAY_FILL)[labels[box]]
    labels[box][bone] = values()[f"hip_{side}"]
