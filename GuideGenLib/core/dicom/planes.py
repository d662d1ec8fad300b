"""Planes of a series stacked to one regular grid, by where they say they lie; what cannot be one is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from GuideGenLib.core.errors import VolumeError

SAME_MM = 0.01
"""Planes closer together lie in one place."""
UNEVEN = 0.1
"""By such a part of their distance planes may lie off an even stack: scanners round the place of the table."""
SLANTED = 0.25
"""By such a part of a pixel the corners of planes may lie off a right angle."""
TURNED = 1e-3
"""By so much the directions of rows and columns may differ between planes, and be off unit length or a right angle."""


@dataclass(frozen=True)
class Plane:
    """One plane: its first pixel's centre, the directions along a row and down a column (LPS, mm), the distances of
    columns and of rows, and how many rows and columns there are."""

    position: tuple[float, float, float]
    orientation: tuple[float, ...]
    spacing: tuple[float, float]
    shape: tuple[int, int]


@dataclass(frozen=True)
class Stack:
    """order: the planes from the first along the normal; spacing, origin, direction: as SimpleITK has them."""

    order: tuple[int, ...]
    spacing: tuple[float, float, float]
    origin: tuple[float, float, float]
    direction: tuple[float, ...]
    shape: tuple[int, int]


def stacked(planes: Sequence[Plane], name: str) -> Stack:
    """The grid of a whole series. Raises VolumeError with `name` for planes that make none."""
    first = planes[0]
    right, down, normal = axes(planes, name)
    if len(planes) < 2:
        raise VolumeError(f"{name} has one plane only", "give the whole series")
    places = np.array([plane.position for plane in planes])
    depths = places @ normal
    order = np.argsort(depths, kind="stable")
    steps = np.diff(depths[order])
    if steps.min() < SAME_MM:
        raise VolumeError(
            f"{name} has {int((steps < SAME_MM).sum()) + 1} planes in one place", "give one phase of the scan alone"
        )
    _check_even(depths[order], steps, name)
    _check_upright(places[order], normal, first, name)
    step = float((depths.max() - depths.min()) / (len(planes) - 1))
    return Stack(
        tuple(order.tolist()),
        (*first.spacing, step),
        planes[int(order[0])].position,
        tuple(np.column_stack([right, down, normal]).ravel().tolist()),
        first.shape,
    )


def axes(planes: Sequence[Plane], name: str) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """The directions of rows, of columns and of the stack that all planes share, unit vectors. Raises VolumeError."""
    first = planes[0]
    if min(first.spacing) <= 0:
        raise VolumeError(f"{name} has a pixel spacing of {first.spacing[0]:g} mm", "correct its header")
    alike = [
        plane.shape == first.shape
        and np.allclose(plane.orientation, first.orientation, atol=TURNED)
        and np.allclose(plane.spacing, first.spacing, rtol=TURNED)
        for plane in planes
    ]
    if not all(alike):
        raise VolumeError(f"{name} has planes of different sizes or directions", "give one stack of planes alone")
    right, down = np.array(first.orientation).reshape(2, 3)
    if abs(np.linalg.norm(right) - 1) > TURNED or abs(np.linalg.norm(down) - 1) > TURNED or abs(right @ down) > TURNED:
        raise VolumeError(f"{name} has rows and columns that are not at right angles", "correct its header")
    right = right / np.linalg.norm(right)
    normal = np.cross(right, down)
    normal /= np.linalg.norm(normal)
    return right, np.cross(normal, right), normal


def _check_even(depths: NDArray[np.float64], steps: NDArray[np.float64], name: str) -> None:
    usual = float(np.median(steps))
    even = np.linspace(depths[0], depths[-1], len(depths))
    if np.abs(depths - even).max() <= UNEVEN * usual:
        return
    wide = np.flatnonzero(steps > 1.5 * usual)
    if len(wide) and np.allclose(np.delete(steps, wide), usual, rtol=UNEVEN):
        at = int(wide[0])
        missing = round(float((steps[wide] / usual - 1).sum()))
        raise VolumeError(
            f"{name} lacks {max(1, missing)} planes: between {depths[at]:.1f} and {depths[at + 1]:.1f} mm there is "
            f"none, elsewhere there is one every {usual:g} mm",
            "give the whole series",
        )
    raise VolumeError(
        f"{name} has planes {steps.min():.3g} to {steps.max():.3g} mm apart", "give a series of even distances"
    )


def _check_upright(places: NDArray[np.float64], normal: NDArray[np.float64], first: Plane, name: str) -> None:
    along = places - places[0]
    off = np.linalg.norm(along - (along @ normal)[:, None] * normal, axis=1)
    if off.max() <= SLANTED * min(first.spacing):
        return
    angle = float(np.degrees(np.arctan2(off[-1], along[-1] @ normal)))
    raise VolumeError(
        f"{name} has planes that are not stacked at a right angle (a gantry tilt of {angle:.1f} degrees)",
        "straighten it first: dcm2niix writes a NIfTI file that is",
    )
