"""Planes of a series stacked to one regular grid, by where they say they lie; what cannot be one is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from GuideGenLib.core.errors import VolumeError
from GuideGenLib.core.right_angles import Placed, straightened

SAME_MM = 0.01
"""Planes closer together lie in one place."""
UNEVEN = 0.1
"""By such a part of their distance planes may lie off an even stack: scanners round the place of the table."""
SLANTED = 0.25
"""By such a part of a pixel planes may lie off a straight stack."""
MOST_TILTED = 45.0
"""Degrees between the stack and the normal of its planes: gantries tilt by up to 30."""
MOST_PLANES = 20_000
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
class Grid:
    """spacing, origin, direction: as SimpleITK has them; shape: planes, rows, columns. The planes of a tilted gantry
    are stacked along another direction than their normal (`core.right_angles` makes such an image straight)."""

    spacing: tuple[float, float, float]
    origin: tuple[float, float, float]
    direction: tuple[float, ...]
    shape: tuple[int, int, int]

    @property
    def straight(self) -> tuple[int, int, int]:
        """Planes, rows, columns of the image when it is straight: more rows where planes are stacked aslant."""
        columns, rows, planes = straightened(Placed(self.shape[::-1], self.spacing, self.origin, self.direction)).size
        return planes, rows, columns

    def image(self, array: NDArray[np.generic]) -> sitk.Image:
        """An array [plane, row, column] in its place."""
        image = sitk.GetImageFromArray(array)
        image.SetSpacing(self.spacing)
        image.SetOrigin(self.origin)
        image.SetDirection(self.direction)
        return image


@dataclass(frozen=True)
class Stack:
    """Planes on a grid; places: where each of them lies in it, counted from 0."""

    places: tuple[int, ...]
    grid: Grid


def stacked(planes: Sequence[Plane], name: str) -> Stack:
    """A whole series: its planes fill the grid, each place once. Raises VolumeError with `name` for others."""
    normal = axes(planes, name)[2]
    if len(planes) < 2:
        raise VolumeError(f"{name} has one plane only", "give the whole series")
    positions = np.array([plane.position for plane in planes])
    depths = np.sort(positions @ normal)
    steps = np.diff(depths)
    if steps.min() < SAME_MM:
        raise VolumeError(
            f"{name} has {int((steps < SAME_MM).sum()) + 1} planes in one place", "give one phase of the scan alone"
        )
    _check_even(depths, steps, name)
    return _laid(planes, normal, float((depths[-1] - depths[0]) / (len(planes) - 1)), name)


def spread(planes: Sequence[Plane], step: float | None, name: str) -> Stack:
    """Planes of which places may have none or several, as those of a segmentation.

    step: the distance of places in mm, None for the least between two planes. Raises VolumeError.
    """
    normal = axes(planes, name)[2]
    positions = np.array([plane.position for plane in planes])
    depths = np.sort(positions @ normal)
    steps = np.diff(depths)
    steps = steps[steps >= SAME_MM]
    if step is None or step <= 0 or (len(steps) and step > (1 + UNEVEN) * steps.min()):
        step = float(steps.min()) if len(steps) else 0.0
    if step <= 0:
        raise VolumeError(f"{name} has one plane only", "give a segmentation of several planes")
    return _laid(planes, normal, step, name)


def _laid(planes: Sequence[Plane], normal: NDArray[np.float64], step: float, name: str) -> Stack:
    """Planes at whole multiples of `step` from the first along the normal."""
    right, down, _ = axes(planes, name)
    positions = np.array([plane.position for plane in planes])
    depths = positions @ normal
    exact = (depths - depths.min()) / step
    if np.abs(exact - np.rint(exact)).max() > 2 * UNEVEN or exact.max() > MOST_PLANES:
        raise VolumeError(f"{name} has planes at uneven distances", "give a series of even distances")
    first = planes[int(depths.argmin())]
    places = tuple(np.rint(exact).astype(int).tolist())
    along = _along(positions, normal, first, name)
    longer = float(np.linalg.norm(along))
    direction = tuple(np.column_stack([right, down, along / longer]).ravel().tolist())
    shape = (max(places) + 1, *first.shape)
    return Stack(places, Grid((*first.spacing, step * longer), first.position, direction, shape))


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


def _along(positions: NDArray[np.float64], normal: NDArray[np.float64], first: Plane, name: str) -> NDArray[np.float64]:
    """The way from the first plane to that 1 mm above it: the normal, or aslant for a tilted gantry.

    Raises VolumeError for planes that do not lie in a straight row, or by more than MOST_TILTED aslant.
    """
    ways = positions - first.position
    depths = ways @ normal
    aside = ways - depths[:, None] * normal
    most = SLANTED * min(first.spacing)
    if np.linalg.norm(aside, axis=1).max() <= most:
        return normal
    slope = depths @ aside / max(float(depths @ depths), SAME_MM**2)
    off = float(np.linalg.norm(aside - depths[:, None] * slope, axis=1).max())
    if off > most:
        raise VolumeError(
            f"{name} has planes that lie up to {off:.2g} mm beside a straight stack", "give one stack of planes alone"
        )
    angle = float(np.degrees(np.arctan(np.linalg.norm(slope))))
    if angle > MOST_TILTED:
        raise VolumeError(
            f"{name} has planes that are stacked {angle:.0f} degrees aslant, more than a gantry tilts",
            "correct its header",
        )
    return normal + slope
