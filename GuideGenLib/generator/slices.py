"""The slices of a scan: each the mean over its thickness, on the grid of the CT."""

import numpy as np
import SimpleITK as sitk

from GuideGenLib.core.grids import covering
from GuideGenLib.core.volumes import on_grid
from GuideGenLib.ct.acquisition import parts_of
from GuideGenLib.description.acquisition import Acquisition

LEAST = 2
"""Voxels along each axis."""


def scan_grid(anatomy: sitk.Image, spacing: float | None, acquisition: Acquisition) -> sitk.Image:
    """An empty image whose voxels a CT of an anatomy has: of `spacing` mm in plane and as far apart as the slices are
    thick, None: the anatomy's own; no wider than the field of view, in the middle of the anatomy."""
    along = slice_axis(anatomy)
    steps = list(anatomy.GetSpacing()) if spacing is None else [spacing] * 3
    if spacing is not None and acquisition.slice_mm is not None:
        steps[along] = acquisition.slice_mm
    size, origin = covering(anatomy, steps, LEAST)
    direction = np.array(anatomy.GetDirection()).reshape(3, 3)
    if acquisition.field_of_view_mm is not None:
        for axis in {0, 1, 2} - {along}:
            seen = max(LEAST, round(acquisition.field_of_view_mm / steps[axis]))
            cut = max(0, size[axis] - seen) // 2
            origin = origin + direction[:, axis] * (cut * steps[axis])
            size[axis] = min(size[axis], seen)
    grid = sitk.Image(size, sitk.sitkUInt8)
    grid.SetSpacing(steps)
    grid.SetDirection(anatomy.GetDirection())
    grid.SetOrigin(origin.tolist())
    return grid


def sliced(ct: sitk.Image, grid: sitk.Image, slice_mm: float | None) -> sitk.Image:
    """A CT (int16 HU) on a grid, each voxel the mean over so many mm across its slice; None: as it is, interpolated."""
    if slice_mm is None:
        return on_grid(ct, grid, labels=False)
    across = np.array(grid.GetDirection()).reshape(3, 3)[:, slice_axis(grid)]
    parts = parts_of(slice_mm)
    total = np.zeros(grid.GetSize()[::-1], np.float32)
    for part in parts:
        moved = sitk.Image(grid)
        moved.SetOrigin((np.array(grid.GetOrigin()) + part * across).tolist())
        total += sitk.GetArrayFromImage(on_grid(ct, moved, labels=False))
    result = sitk.GetImageFromArray(np.rint(total / len(parts)).astype(np.int16))
    result.CopyInformation(grid)
    return result


def slice_axis(image: sitk.Image) -> int:
    """The axis of an image that runs along the patient's body, nearest."""
    return int(np.abs(np.array(image.GetDirection()).reshape(3, 3)[2]).argmax())
