"""The slices of a scan: each the mean over its thickness, on the grid of the CT."""

from dataclasses import dataclass, replace

import numpy as np
import SimpleITK as sitk

from GuideGenLib.core.grids import covering
from GuideGenLib.core.volumes import HU_RANGE, check_volume
from GuideGenLib.ct.acquisition import parts_of
from GuideGenLib.description.acquisition import Acquisition

LEAST = 2
"""Voxels along each axis."""


@dataclass(frozen=True)
class Grid:
    """The voxels of an image without the image, which of a whole frame takes 200 MB: size, steps and origin in the
    order x, y, z, in mm."""

    size: tuple[int, ...]
    steps: tuple[float, ...]
    origin: tuple[float, ...]
    direction: tuple[float, ...]

    @classmethod
    def of(cls, image: sitk.Image) -> "Grid":
        """That of an image."""
        return cls(image.GetSize(), image.GetSpacing(), image.GetOrigin(), image.GetDirection())

    def lay(self, ct: sitk.Image) -> sitk.Image:
        """A CT on these voxels, interpolated; beyond its end its nearest voxel."""
        to_grid = sitk.ResampleImageFilter()
        to_grid.SetSize(self.size)
        to_grid.SetOutputSpacing(self.steps)
        to_grid.SetOutputOrigin(self.origin)
        to_grid.SetOutputDirection(self.direction)
        to_grid.SetInterpolator(sitk.sitkLinear)
        to_grid.SetUseNearestNeighborExtrapolator(True)
        return to_grid.Execute(ct)


def scan_grid(anatomy: sitk.Image, spacing: float | None, acquisition: Acquisition) -> Grid:
    """The voxels of a CT of an anatomy: of `spacing` mm in plane and as far apart as the slices are thick, None: the
    anatomy's own; no wider than the field of view, in the middle of the anatomy."""
    anatomy = check_volume(anatomy)
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
    return Grid(tuple(size), tuple(steps), tuple(origin.tolist()), anatomy.GetDirection())


def sliced(ct: sitk.Image, grid: Grid, slice_mm: float | None) -> sitk.Image:
    """A CT (int16 HU) on a grid, each voxel the mean over so many mm across its slice; None: as it is, interpolated."""
    if slice_mm is None:
        return grid.lay(ct)
    across = np.array(grid.direction).reshape(3, 3)[:, slice_axis(grid)]
    parts = parts_of(slice_mm)
    # of a whole frame each copy of two bytes a voxel takes 400 MB
    total = np.zeros(grid.size[::-1], np.int16 if len(parts) * HU_RANGE[1] < 2**15 else np.int32)
    for part in parts:
        origin = (np.array(grid.origin) + part * across).tolist()
        laid = replace(grid, origin=tuple(origin)).lay(ct)
        total += sitk.GetArrayViewFromImage(laid)
        del laid
    for plane in total:
        plane[:] = np.rint(plane.astype(np.float32) / len(parts))
    result = sitk.GetImageFromArray(total.astype(np.int16, copy=False))
    result.SetSpacing(grid.steps)
    result.SetOrigin(grid.origin)
    result.SetDirection(grid.direction)
    return result


def slice_axis(image: sitk.Image | Grid) -> int:
    """The axis of an image that runs along the patient's body, nearest."""
    direction = image.direction if isinstance(image, Grid) else image.GetDirection()
    return int(np.abs(np.array(direction).reshape(3, 3)[2]).argmax())
