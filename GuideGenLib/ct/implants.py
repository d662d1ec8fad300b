"""Metal in bones: a hip prosthesis with head, cup and stem, and screws with rods in the lumbar vertebrae.

Drawn by rule from the labels of the bones; the sizes are those of common implants.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.table import values

HEAD_MM, CUP_MM, SHELL_MM, NECK_MM, STEM_MM = 15.0, 25.0, 2.5, 6.5, 7.0
"""Radii of the head and of the cup's middle, half the cup's thickness, radii of neck and stem."""
HEAD_OF_FEMUR_MM, STEM_FROM_MM, STEM_TO_MM = 26.0, 45.0, 150.0
"""Reach of the bone's own head from where it meets the hip bone; where the stem begins and ends below it, if the volume
goes so far."""
SCREW_MM, ROD_MM, KNOB_MM = 3.2, 3.0, 6.0
LEVELS = (0.1, 0.3)
"""Of the screwed vertebrae, in heights of the lumbar spine: L5 and L4."""

Point = NDArray[np.float64]


def metal_shares(labels: NDArray[np.uint8], where: str, spacing: float) -> NDArray[np.float32]:
    """What metal fills of each voxel of labels [z, y, x]; where: one of METALS but none. Empty where the bone is not
    in the volume."""
    shares = np.zeros(labels.shape, np.float32)
    if where == "spine":
        _screws(shares, labels, spacing)
    for side in ("left", "right"):
        if where in (f"hip_{side}", "both_hips"):
            _hip(shares, labels, side, spacing)
    return shares


def _hip(shares: NDArray[np.float32], labels: NDArray[np.uint8], side: str, spacing: float) -> None:
    femur = labels == values()[f"femur_{side}"]
    if not femur.any():
        return
    pelvis = labels == values()[f"hip_{side}"]
    points = np.argwhere(femur)
    meeting = np.argwhere(femur & ndimage.binary_dilation(pelvis, iterations=max(1, round(6 / spacing))))
    cap = meeting.mean(0) if len(meeting) else points[points[:, 0] >= points[:, 0].max() - 20 / spacing].mean(0)
    head = points[np.linalg.norm(points - cap, axis=1) * spacing < HEAD_OF_FEMUR_MM].mean(0)
    _ball(shares, head, HEAD_MM, spacing)
    _cup(shares, head, cap - head, spacing)
    below = (head[0] - points[:, 0]) * spacing
    shaft = points[(below > min(STEM_FROM_MM, 0.6 * below.max())) & (below < STEM_TO_MM)]
    if not len(shaft):
        return
    upper = shaft[shaft[:, 0] >= shaft[:, 0].max() - 1].mean(0)
    lower = shaft[shaft[:, 0] <= shaft[:, 0].min() + 1].mean(0)
    _rod(shares, head, upper, NECK_MM, spacing)
    _rod(shares, upper, lower, STEM_MM, spacing)


def _screws(shares: NDArray[np.float32], labels: NDArray[np.uint8], spacing: float) -> None:
    points = np.argwhere(labels == values()["vertebrae_lumbar"])
    if not len(points):
        return
    low, high = points[:, 0].min(), points[:, 0].max()
    heads: dict[int, list[Point]] = {-1: [], 1: []}
    for level in LEVELS:
        z = low + level * (high - low)
        near = points[np.abs(points[:, 0] - z) * spacing < 8]
        front, middle = np.percentile(near[:, 1], 3), np.median(near[:, 2])
        for side in (-1, 1):
            tip = np.array([z, front + 12 / spacing, middle + side * 9 / spacing])
            entry = np.array([z, front + 54 / spacing, middle + side * 20 / spacing])
            _rod(shares, tip, entry, SCREW_MM, spacing)
            _ball(shares, entry, KNOB_MM, spacing)
            heads[side].append(entry)
    for first, last in heads.values():
        _rod(shares, first, last, ROD_MM, spacing)


def _ball(shares: NDArray[np.float32], middle: Point, radius: float, spacing: float) -> None:
    _rod(shares, middle, middle, radius, spacing)


def _cup(shares: NDArray[np.float32], middle: Point, towards: Point, spacing: float) -> None:
    """The half of a hollow ball that faces the pelvis."""
    box, grid = _around(shares.shape, (middle,), CUP_MM + SHELL_MM, spacing)
    away = (grid - middle) * spacing
    distance = np.abs(np.linalg.norm(away, axis=-1) - CUP_MM) - SHELL_MM
    facing = away @ (towards / max(float(np.linalg.norm(towards)), 1e-6)) > 2
    _fill(shares, box, np.where(facing, distance, np.inf), spacing)


def _rod(shares: NDArray[np.float32], start: Point, end: Point, radius: float, spacing: float) -> None:
    """All within a radius in mm of the line between two points in voxels."""
    box, grid = _around(shares.shape, (start, end), radius, spacing)
    along = end - start
    part = np.clip((grid - start) @ along / max(float(along @ along), 1e-6), 0, 1)
    distance = np.linalg.norm(grid - start - part[..., None] * along, axis=-1) * spacing - radius
    _fill(shares, box, distance, spacing)


def _around(
    shape: tuple[int, ...], points: Sequence[Point], reach: float, spacing: float
) -> tuple[tuple[slice, ...], NDArray[np.float64]]:
    """The box that holds all within a reach in mm of points, and its voxels' places [z, y, x, 3]."""
    low = np.maximum(np.min(points, axis=0) - reach / spacing - 1, 0).astype(int)
    high = np.minimum(np.max(points, axis=0) + reach / spacing + 2, shape).astype(int)
    box = tuple(slice(a, max(a, b)) for a, b in zip(low.tolist(), high.tolist(), strict=True))
    return box, np.stack(np.meshgrid(*[np.arange(one.start, one.stop) for one in box], indexing="ij"), -1).astype(float)


def _fill(shares: NDArray[np.float32], box: tuple[slice, ...], distance: NDArray[np.float64], spacing: float) -> None:
    filled = np.clip(0.5 - distance / spacing, 0, 1)
    shares[box] = np.maximum(shares[box], filled)
