"""The segmentation or the contours in a folder, a zip or a file, on the grid of their CT where that is at hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import SimpleITK as sitk

from GuideGenLib.core.dicom.contours import Contours, read_contours
from GuideGenLib.core.dicom.headers import CONTOURS, Header
from GuideGenLib.core.dicom.masks import CodedSegment, Masks, read_masks, read_segments
from GuideGenLib.core.dicom.objects import objects_in
from GuideGenLib.core.dicom.planes import Grid
from GuideGenLib.core.dicom.series import Series, chosen, found_in, series_in
from GuideGenLib.core.errors import VolumeError

WHAT = "segmentation or contours"


def read_labels(path: Path, under: sitk.Image | None = None) -> tuple[Masks, Grid | None]:
    """What is segmented, and the grid of what is under it, None where that is not known.

    under: else the CT in the folder or the zip, for contours in a file also beside it. Raises VolumeError, with a list
    where it is in doubt which is meant.
    """
    with objects_in(path) as entries:
        found = series_in(entries, path)
        file = _file(found, path)
        given = None if under is None else grid_of(under)
        if file.kind == CONTOURS:
            contours = read_contours(file.entry)
            masks = contours.on(given or _grid_of_contours(contours, found, path))
            return masks, masks.grid
        return read_masks(file.entry), given or _grid_under(file, found)


def segments_of(path: Path) -> tuple[CodedSegment, ...]:
    """What is segmented there, without its voxels. Raises VolumeError as `read_labels`."""
    with objects_in(path) as entries:
        file = _file(series_in(entries, path), path)
        return read_contours(file.entry).regions if file.kind == CONTOURS else read_segments(file.entry)


def _file(found: Sequence[Series], path: Path) -> Header:
    series = chosen(found, None, lambda one: one.has_labels, WHAT, path)
    if len(series.files) > 1:
        names = ", ".join(Path(file.entry.name).name for file in series.files[:4])
        raise VolumeError(f"{path} holds {len(series.files)} {WHAT} of one series: {names}", "name one of the files")
    return series.files[0]


def grid_of(image: sitk.Image) -> Grid:
    """The grid of an image."""
    return Grid(image.GetSpacing(), image.GetOrigin(), image.GetDirection(), image.GetSize()[::-1])


def _grid_under(file: Header, found: Sequence[Series]) -> Grid | None:
    """Of the only CT of the same frame of reference, if there is one."""
    of = [one for one in found if one.stack and one.files[0].frame_of_reference == file.frame_of_reference]
    return of[0].stack.grid if len(of) == 1 and of[0].stack else None


def _grid_of_contours(contours: Contours, found: Sequence[Series], path: Path) -> Grid:
    """That of the CT that contours refer to, or the only one of their frame of reference."""
    there = _whole(found)
    if not there and path.is_file():
        there = _whole(found_in(path.parent))
    named = [one for one in there if one.uid == contours.series]
    of = named or [one for one in there if one.files[0].frame_of_reference == contours.frame_of_reference]
    if len(of) != 1:
        which = f" ({contours.series})" if contours.series else ""
        raise VolumeError(
            f"{contours.name} has contours, and the CT that they were drawn on{which} is not with them",
            "put the CT series into the same folder, or into one zip with it",
        )
    assert of[0].stack is not None
    return of[0].stack.grid


def _whole(found: Sequence[Series]) -> list[Series]:
    return [one for one in found if one.stack is not None]
