"""A CT series as a volume: its planes where their positions put them, its values as HU."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from GuideGenLib.core.dicom.headers import CT_IMAGE, header_of
from GuideGenLib.core.dicom.objects import Entry, objects_in
from GuideGenLib.core.dicom.pixels import hounsfield
from GuideGenLib.core.dicom.planes import Stack
from GuideGenLib.core.dicom.series import Series, chosen, series_in
from GuideGenLib.core.errors import FileWarning, VolumeError

LARGEST = 2**31
"""Voxels of a volume."""


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
        return volume_of(series)


def volume_of(series: Series) -> sitk.Image:
    """The volume of a whole CT series. Raises VolumeError for pixels that cannot be read."""
    assert series.stack is not None
    return on_stack(_values(series, series.stack), series.stack)


def on_stack(array: NDArray[np.generic], stack: Stack) -> sitk.Image:
    """An array [plane, row, column] in its place."""
    image = sitk.GetImageFromArray(array)
    image.SetSpacing(stack.spacing)
    image.SetOrigin(stack.origin)
    image.SetDirection(stack.direction)
    return image


def _values(series: Series, stack: Stack) -> NDArray[np.generic]:
    files = series.files
    if len(stack.order) * stack.shape[0] * stack.shape[1] > LARGEST:
        raise VolumeError(
            f"{files[0].entry.name} tells of {len(stack.order)} planes of {stack.shape}", "give a smaller series"
        )
    if files[0].kind != CT_IMAGE:
        return _sized(files[0].entry, len(stack.order), stack)[np.array(stack.order)]
    result: NDArray[np.generic] = np.zeros((len(stack.order), *stack.shape), np.int16)
    for place, index in enumerate(stack.order):
        plane = _sized(files[index].entry, 1, stack)[0]
        if result.dtype != plane.dtype and plane.dtype == np.float32:
            result = result.astype(np.float32)
        result[place] = plane
    return result


def _sized(entry: Entry, count: int, stack: Stack) -> NDArray[np.generic]:
    """HU of a file that has the frames, rows and columns that its header told."""
    array = hounsfield(entry)
    if array.shape != (count, *stack.shape):
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
