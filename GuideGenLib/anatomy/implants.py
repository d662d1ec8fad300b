"""The shapes of metal in bones: rods, balls and the cup of a hip prosthesis, and where that lies by the labels of the
bones. Lengths are in mm, points and arrays [z, y, x] in voxels of isotropic spacing; what metal fills of each voxel is
a share. The sizes are those of common implants.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.table import values

CUP_MM, HEAD_MM, SHELL_MM, NECK_MM, STEM_MM = 55.0, 15.0, 2.5, 6.5, 7.0
"""Outer diameter of the cup, radius of the head, half the cup's thickness, radii of neck and stem."""
LINER_MM = 4.0
"""Thickness of the plastic between head and cup at least: in a small cup the head is smaller."""
HEAD_OF_FEMUR_MM, STEM_FROM_MM, STEM_TO_MM = 26.0, 45.0, 150.0
"""Reach of the bone's own head from where it meets the hip bone; where the stem begins and ends below it, if the volume
goes so far."""

Point = NDArray[np.float64]
Shares = NDArray[np.float32]


@dataclass(frozen=True)
class HipAxis:
    """Middle of the head, the direction of the cup (towards the pelvis), and the ends of the stem, None where the
    volume does not show them."""

    head: Point
    towards: Point
    stem: tuple[Point, Point] | None


def hip_axis(labels: NDArray[np.uint8], side: str, spacing: float) -> HipAxis | None:
    """Of the femur of that side; None where it is not in the volume."""
    points = np.argwhere(labels == values()[f"femur_{side}"])
    if not len(points):
        return None
    pelvis = labels == values()[f"hip_{side}"]
    near = ndimage.binary_dilation(pelvis, iterations=max(1, round(6 / spacing)))
    meeting = points[near[tuple(points.T)]]
    cap = meeting.mean(0) if len(meeting) else points[points[:, 0] >= points[:, 0].max() - 20 / spacing].mean(0)
    head = points[np.linalg.norm(points - cap, axis=1) * spacing < HEAD_OF_FEMUR_MM].mean(0)
    below = (head[0] - points[:, 0]) * spacing
    shaft = points[(below > min(STEM_FROM_MM, 0.6 * below.max())) & (below < STEM_TO_MM)]
    if not len(shaft):
        return HipAxis(head, cap - head, None)
    upper = shaft[shaft[:, 0] >= shaft[:, 0].max() - 1].mean(0)
    lower = shaft[shaft[:, 0] <= shaft[:, 0].min() + 1].mean(0)
    return HipAxis(head, cap - head, (upper, lower))


def fill_hip(shares: Shares, axis: HipAxis, spacing: float, cup_mm: float = CUP_MM) -> None:
    """Head, cup, neck and stem of a prosthesis."""
    inside = cup_mm / 2 - 2 * SHELL_MM
    ball(shares, axis.head, min(HEAD_MM, inside - LINER_MM), spacing)
    _cup(shares, axis, cup_mm / 2 - SHELL_MM, spacing)
    if axis.stem is not None:
        upper, lower = axis.stem
        rod(shares, axis.head, upper, NECK_MM, spacing)
        rod(shares, upper, lower, STEM_MM, spacing)


def ball(shares: Shares, middle: Point, radius: float, spacing: float) -> None:
    """All within a radius of a point."""
    rod(shares, middle, middle, radius, spacing)


def _cup(shares: Shares, axis: HipAxis, radius: float, spacing: float) -> None:
    """The half of a hollow ball that faces the pelvis; radius: of the middle of its wall."""
    box, grid = _around(shares.shape, (axis.head,), radius + SHELL_MM, spacing)
    away = (grid - axis.head) * spacing
    distance = np.abs(np.linalg.norm(away, axis=-1) - radius) - SHELL_MM
    facing = away @ (axis.towards / max(float(np.linalg.norm(axis.towards)), 1e-6)) > 2
    _fill(shares, box, np.where(facing, distance, np.inf), spacing)


def rod(shares: Shares, start: Point, end: Point, radius: float, spacing: float) -> None:
    """All within a radius of the line between two points."""
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


def _fill(shares: Shares, box: tuple[slice, ...], distance: NDArray[np.float64], spacing: float) -> None:
    filled = np.clip(0.5 - distance / spacing, 0, 1)
    shares[box] = np.maximum(shares[box], filled)
