"""Grids of images: whether two are one, voxels put on the grid of an image, and a grid of another spacing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

SAME_MM = 0.1
"""How far apart the corners of two grids may be that are taken to be one: programs round headers."""
MOST_OFF = 0.5
"""And never by more voxels than this."""


def same_grid(a: sitk.Image, b: sitk.Image, within_mm: float = SAME_MM) -> bool:
    """Do two images have the same voxels in the same places, to `within_mm` at the far corners?"""
    if a.GetSize() != b.GetSize():
        return False
    apart = np.linalg.norm(_ends(a) - _ends(b), axis=1)
    return bool(apart.max() <= min(within_mm, MOST_OFF * min(a.GetSpacing())))


def matched(image: sitk.Image, reference: sitk.Image, within_mm: float = SAME_MM) -> sitk.Image | None:
    """An image whose voxels are those of `reference`, though its axes may have another order, exactly on its grid.

    None where they are not. Its voxels are not interpolated.
    """
    if same_grid(image, reference, within_mm):
        return on_grid_of(reference, sitk.GetArrayViewFromImage(image))
    axes = sitk.DICOMOrientImageFilter.GetOrientationFromDirectionCosines(reference.GetDirection())
    turned = sitk.DICOMOrient(image, axes)
    if not same_grid(turned, reference, within_mm):
        return None
    return on_grid_of(reference, sitk.GetArrayViewFromImage(turned))


def overlap(image: sitk.Image, other: sitk.Image) -> bool:
    """Do two images show a common place? Their grids may differ in all."""
    size = np.array(image.GetSize())
    corners = np.stack(np.meshgrid(*((-0.5, n - 0.5) for n in other.GetSize()), indexing="ij"), -1).reshape(-1, 3)
    places = [other.TransformContinuousIndexToPhysicalPoint(corner) for corner in corners.tolist()]
    there = np.array([image.TransformPhysicalPointToContinuousIndex(place) for place in places])
    return bool(((there.max(0) > -0.5) & (there.min(0) < size - 0.5)).all())


def _ends(image: sitk.Image) -> NDArray[np.float64]:
    """The first voxel's centre and a point just beyond the last voxel along each axis, LPS mm [4, 3]."""
    indices = np.vstack([np.zeros(3), np.diag(image.GetSize())])
    return np.array([image.TransformContinuousIndexToPhysicalPoint(index.tolist()) for index in indices])


def on_grid_of(image: sitk.Image, array: NDArray[np.generic]) -> sitk.Image:
    """An image of an array [z, y, x] that has the voxels of another image."""
    result = sitk.GetImageFromArray(array)
    result.CopyInformation(image)
    return result


def isotropic(image: sitk.Image, spacing: float, least: int = 1) -> tuple[list[int], tuple[float, float, float]]:
    """Size (x, y, z), at least `least`, and origin of the grid of `spacing` mm with an image's axes and centre.

    Its extent is the image's to half a voxel.
    """
    size, origin = covering(image, [spacing] * 3, least)
    x, y, z = origin.tolist()
    return size, (x, y, z)


def covering(image: sitk.Image, steps: Sequence[float], least: int) -> tuple[list[int], NDArray[np.float64]]:
    """As `isotropic`, with a spacing in mm for each axis; the origin as an array."""
    voxels = list(zip(image.GetSize(), image.GetSpacing(), steps, strict=True))
    size = [max(least, round(count * old / step)) for count, old, step in voxels]
    shift = [
        (count * old - new * step) / 2 - old / 2 + step / 2
        for (count, old, step), new in zip(voxels, size, strict=True)
    ]
    direction = np.array(image.GetDirection()).reshape(3, 3)
    return size, np.array(image.GetOrigin()) + direction @ np.array(shift)
