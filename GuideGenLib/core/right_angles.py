"""Volumes whose axes are not at right angles, as planes of a tilted gantry or a sheared node, made regular."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk

RIGHT_ANGLE = 1e-3
"""Largest cosine between two axes that are taken to be at right angles, as `volumes.check_volume` has it."""


@dataclass(frozen=True)
class Placed:
    """Where voxels lie, as SimpleITK has it: size, spacing in mm, origin, direction (nine numbers)."""

    size: tuple[int, ...]
    spacing: tuple[float, ...]
    origin: tuple[float, ...]
    direction: tuple[float, ...]


def is_right_angled(direction: Sequence[float]) -> bool:
    """Are the three axes at right angles?"""
    axes = np.array(direction).reshape(3, 3)
    return np.allclose(axes.T @ axes, np.eye(3), atol=RIGHT_ANGLE)


def tilt_of(direction: Sequence[float]) -> float:
    """Degrees between the third axis and the normal of the plane of the other two."""
    first, second, third = np.array(direction).reshape(3, 3).T
    normal = np.cross(first, second)
    return float(np.degrees(np.arccos(np.clip(normal @ third / np.linalg.norm(normal), -1.0, 1.0))))


def straightened(place: Placed) -> Placed:
    """Axes at right angles, over all of what sheared ones cover.

    The first axis stays, the second turns within its plane with the first, the third stands upright on that plane. The
    distances are those of the old rows and planes, so that each new plane is an old one, moved along itself.
    """
    sheared = np.array(place.direction).reshape(3, 3)
    square, upper = np.linalg.qr(sheared)
    signs = np.sign(np.diag(upper))
    square, spacing = square * signs, np.array(place.spacing) * np.diag(upper) * signs
    ends = np.stack(np.meshgrid(*[(0.0, n - 1.0) for n in place.size], indexing="ij"), -1).reshape(-1, 3)
    corners = (ends * np.array(place.spacing)) @ sheared.T @ square
    low, high = corners.min(axis=0), corners.max(axis=0)
    size = tuple(int(np.ceil(n - RIGHT_ANGLE)) + 1 for n in (high - low) / spacing)
    origin = np.array(place.origin) + square @ low
    return Placed(size, tuple(spacing.tolist()), tuple(origin.tolist()), tuple(square.ravel().tolist()))


def right_angled(image: sitk.Image, *, labels: bool, outside: float = 0.0) -> sitk.Image:
    """The image itself, or where its axes are sheared the same on the grid of `straightened`, `outside` beyond it.

    Labels are the nearest ones; other values are interpolated linearly, and rounded where they are whole numbers.
    """
    if is_right_angled(image.GetDirection()):
        return image
    place = straightened(Placed(image.GetSize(), image.GetSpacing(), image.GetOrigin(), image.GetDirection()))
    resample = sitk.ResampleImageFilter()
    resample.SetSize(place.size)
    resample.SetOutputSpacing(place.spacing)
    resample.SetOutputDirection(place.direction)
    resample.SetOutputOrigin(place.origin)
    resample.SetInterpolator(sitk.sitkNearestNeighbor if labels else sitk.sitkLinear)
    resample.SetDefaultPixelValue(outside)
    if labels:
        return resample.Execute(image)
    resample.SetOutputPixelType(sitk.sitkFloat32)  # whole numbers would be cut off and not rounded
    made = resample.Execute(image)
    whole = sitk.GetArrayViewFromImage(image).dtype.kind in "iu"
    return sitk.Cast(sitk.Round(made) if whole else made, image.GetPixelID())
