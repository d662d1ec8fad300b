"""Label maps of anybody opened as whole anatomies: read (`reading`), and what they leave out filled in (`filling`)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from GuideGenLib.anatomy.label_maps.dicom import dicom_labels
from GuideGenLib.anatomy.label_maps.filling import filled_by_ct, grown, lacks_tissues
from GuideGenLib.anatomy.label_maps.reading import LabelMap, read_label_map
from GuideGenLib.anatomy.label_maps.relabelling import whole_numbers
from GuideGenLib.anatomy.label_volumes import TISSUE_KEYS
from GuideGenLib.anatomy.table import label, values
from GuideGenLib.core.dicom.objects import is_dicom
from GuideGenLib.core.errors import VolumeError
from GuideGenLib.core.grids import matched, on_grid_of
from GuideGenLib.core.volumes import check_volume, read_volume

MOST_ERASED = 2
"""An anatomy of more labels is not taken for erased where one is left."""


@dataclass(frozen=True)
class Opened:
    """anatomy: uint8 labels of ours, every tissue named; notes: what was decided on the way, in words for the user."""

    anatomy: sitk.Image
    notes: tuple[str, ...]
    read: LabelMap
    """What was filled."""


def open_anatomy(path: str | Path, labels: str | None = None, ct: sitk.Image | None = None) -> Opened:
    """An anatomy of any vocabulary. labels: as `reading.read_label_map`; ct: int16 HU of it, for its tissues.

    What we wrote, and maps of ours with a body, are taken as they are. Raises VolumeError and VocabularyError.
    """
    read = read_label_map(path, labels, under=ct)
    return filled(read, path, ct)


def filled(read: LabelMap, path: str | Path, ct: sitk.Image | None = None) -> Opened:
    """A map that was read, with the tissues that it leaves out. Raises VolumeError for a CT that lies elsewhere."""
    shown = sitk.GetArrayViewFromImage(read.image)
    whole = read.told.marked or (read.told.own and (shown == values()["body"]).any())
    if whole or not shown.any() or not lacks_tissues(read.image):
        return Opened(read.image, read.notes, read)
    if ct is None:
        how = "was grown about bones and organs, and fat and muscle in it; give the CT, or label them, to have the real"
        return Opened(grown(read.image), (*read.notes, f"{path} names no fat or muscle: the body {how}"), read)
    note = f"{path} names no fat or muscle: body, fat and muscle were found by the HU of the CT"
    return Opened(filled_by_ct(read.image, ct), (*read.notes, note), read)


def open_edited(path: str | Path, before: Opened, labels: str | None = None, segment: str | None = None) -> Opened:
    """The edit of an anatomy, on the grid of `before`; what was filled in there is filled in here.

    Where nothing tells what its values mean it is read as the anatomy before. segment: the file holds the new shape of
    this label of ours alone. Raises VolumeError for another grid, and for a single segment where `segment` is None.
    """
    if segment is not None:
        return _one_segment(path, before, segment)
    read = read_label_map(path, labels, before.read.told, before.anatomy)
    image = matched(read.image, before.anatomy)
    if image is None:
        raise _elsewhere(path)
    array = sitk.GetArrayFromImage(image)
    raw = sitk.GetArrayViewFromImage(before.read.image)
    _refuse_one_alone(path, array, raw)
    same = array == raw
    array[same] = sitk.GetArrayViewFromImage(before.anatomy)[same]
    return Opened(on_grid_of(before.anatomy, array), read.notes, read)


def _one_segment(path: str | Path, before: Opened, segment: str) -> Opened:
    """The anatomy before with one label in its new shape; where it was and is no more, unnamed body."""
    value = values().get(segment, 0)
    if not value:
        raise VolumeError(f"no segment is called {segment!r}", "use a key of labels.csv, for example liver")
    path = Path(path)
    image = matched(_raw(path, before.anatomy), before.anatomy)
    if image is None:
        raise _elsewhere(path)
    mask = sitk.GetArrayViewFromImage(image) > 0
    array = sitk.GetArrayFromImage(before.anatomy)
    array[(array == value) & ~mask] = values()["body"]
    array[mask] = value
    edited = on_grid_of(before.anatomy, array)
    return Opened(edited, (f"{path} was taken as the new {label(value).name}, all else as before",), before.read)


def _raw(path: Path, under: sitk.Image) -> sitk.Image:
    """The values of a label map, whatever they mean."""
    if is_dicom(path):
        return check_volume(dicom_labels(path, under, named=False)[0], str(path))
    return whole_numbers(read_volume(path), path)


def _refuse_one_alone(path: str | Path, after: np.ndarray, before: np.ndarray) -> None:
    """A file of one segment is no anatomy whose other organs were erased."""
    found, there = np.unique(after), np.unique(before)
    if np.count_nonzero(found) == 1 and np.count_nonzero(there) > MOST_ERASED:
        only = label(int(found.max()))
        if only.key in TISSUE_KEYS:  # a mask of 1 names the body and means none: it is what it lies on
            only = label(_most_like(after > 0, before))
        raise VolumeError(
            f"{path} holds one segment only ({only.name}), where the anatomy before has {np.count_nonzero(there)}",
            f"add --segment {only.key} to take it as the new {only.name} and all else as before, or save all segments",
        )


def _most_like(mask: np.ndarray, before: np.ndarray) -> int:
    """The label of an anatomy whose shape is most like that of a mask, by Dice; any but tissues where it meets one."""
    tissues = {values()[key] for key in TISSUE_KEYS}
    sizes, met = np.bincount(before.ravel()), np.bincount(before[mask], minlength=int(before.max()) + 1)
    dice = 2 * met / np.maximum(1, sizes + np.count_nonzero(mask))
    return max(range(len(dice)), key=lambda value: (value not in tissues and met[value] > 0, dice[value]))


def _elsewhere(path: str | Path) -> VolumeError:
    return VolumeError(
        f"{path}, the edited anatomy, lies on another grid than the anatomy before", "resample it onto that grid"
    )
