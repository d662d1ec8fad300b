"""A CT series as a volume: its planes where their positions put them, its values as HU."""

from __future__ import annotations

import math
import warnings
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from GuideGenLib.core.dicom.headers import CT_IMAGE, header_of
from GuideGenLib.core.dicom.objects import Entry, objects_in
from GuideGenLib.core.dicom.pixels import hounsfield
from GuideGenLib.core.dicom.planes import Grid
from GuideGenLib.core.dicom.series import Series, chosen, series_in
from GuideGenLib.core.errors import FileWarning, VolumeError
from GuideGenLib.core.right_angles import right_angled, tilt_of

LARGEST = 2**31
"""Voxels of a volume."""
AIR_HU = -1000.0
"""Beyond the planes of a tilted gantry."""


def read_ct_series(path: Path, uid: str | None = None) -> sitk.Image:
    """The CT volume in a folder, a zip or a file, int16 HU, or float32 where they are not whole.

    One plane stands for its series, whose other planes lie beside it. Where there are several series the only one
    that is a whole CT is taken, or the one that `uid` names. Raises VolumeError, with a list where that is in doubt.
    """
    path, uid = _whole_series(path, uid)
    with objects_in(path) as entries:
        found = series_in(entries, path)
        series = chosen(found, uid, lambda one: one.is_ct, "CT volume", path)
        if series.problem is not None:
            raise series.problem
        others = [one for one in found if one.is_ct and one is not series]
        if others and uid is None:
            warnings.warn(
                f"{path}: {series} was taken; {'; '.join(map(str, others))} is no whole CT volume",
                FileWarning,
                stacklevel=2,
            )
        return _straight(volume_of(series), path)


def _straight(volume: sitk.Image, path: Path) -> sitk.Image:
    """A volume of a tilted gantry on a grid of right angles, with a warning; any other as it is.

    Each plane is moved along itself, and no two planes are mixed.
    """
    made = right_angled(volume, labels=False, outside=AIR_HU)
    if made is not volume:
        angle = tilt_of(volume.GetDirection())
        warnings.warn(
            f"{path} was taken with a gantry tilt of {angle:.1f} degrees: its planes were moved onto a straight grid",
            FileWarning,
            stacklevel=3,
        )
    return made


def volume_of(series: Series) -> sitk.Image:
    """The volume of a whole CT series, aslant as its planes are. Raises VolumeError for pixels that cannot be read."""
    assert series.stack is not None
    places, grid, files = series.stack.places, series.stack.grid, series.files
    if math.prod(grid.straight) > LARGEST:
        raise VolumeError(f"{files[0].entry.name} tells of {grid.straight} voxels", "give a smaller series")
    if files[0].kind != CT_IMAGE:
        return grid.image(_sized(files[0].entry, len(places), grid)[np.argsort(places)])
    values: NDArray[np.generic] = np.zeros(grid.shape, np.int16)
    for place, file in zip(places, files, strict=True):
        plane = _sized(file.entry, 1, grid)[0]
        if values.dtype != plane.dtype and plane.dtype == np.float32:
            values = values.astype(np.float32)
        values[place] = plane
    return grid.image(values)


def _sized(entry: Entry, count: int, grid: Grid) -> NDArray[np.generic]:
    """HU of a file that has the frames, rows and columns that its header told."""
    array = hounsfield(entry)
    if array.shape != (count, *grid.shape[1:]):
        raise VolumeError(f"{entry.name} has pixels of another size than its header says", "export it again")
    return array


def _whole_series(path: Path, uid: str | None) -> tuple[Path, str | None]:
    """Where to look for the series of a single plane: in its folder."""
    if path.is_dir() or uid is not None:
        return path, uid
    with objects_in(path) as entries:
        if len(entries) != 1 or entries[0].archive is not None or Path(entries[0].path) != path:
            return path, uid
        header = header_of(entries[0])
    return (path.parent, header.series) if header.kind == CT_IMAGE and not header.localizer else (path, uid)
