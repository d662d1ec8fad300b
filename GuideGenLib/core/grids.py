"""Grids of images: whether two are one, voxels put on the grid of an image, and a grid of another spacing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

SAME_VOXELS = 0.01
"""How far apart, in voxels, the corners of two grids may be that are taken to be one."""


def same_grid(a: sitk.Image, b: sitk.Image, within: float = SAME_VOXELS) -> bool:
    """Do two images have the same voxels in the same places, to `within` voxels at the far corners?"""
    if a.GetSize() != b.GetSize():
        return False
    apart = np.linalg.norm(_ends(a) - _ends(b), axis=1)
    return bool(apart.max() <= within * min(a.GetSpacing()))


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
