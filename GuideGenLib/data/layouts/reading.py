"""The volumes of a case: labels in our values and HU, checked, on one grid in the canonical frame."""

from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from GuideGenLib.anatomy.label_maps.dicom import dicom_labels
from GuideGenLib.anatomy.label_maps.filling import SOFT_TISSUES
from GuideGenLib.anatomy.label_maps.relabelling import whole_numbers
from GuideGenLib.anatomy.maps import VocabularyError
from GuideGenLib.anatomy.structures import select
from GuideGenLib.anatomy.table import values
from GuideGenLib.anatomy.tissues import split_tissues
from GuideGenLib.anatomy.unknown import OUTSIDE
from GuideGenLib.core.dicom.objects import is_dicom
from GuideGenLib.core.errors import VolumeError
from GuideGenLib.core.grids import matched, on_grid_of
from GuideGenLib.core.volumes import HU_RANGE, check_volume, read_ct, read_volume
from GuideGenLib.data.cases import CaseFiles, DataError, Spacing
from GuideGenLib.data.layouts.values import speaks_for_itself

HALF_A_VOXEL = 0.5
"""So far others' headers may differ: voxels still lie on each other."""


def read_case(case: CaseFiles) -> tuple[NDArray[np.uint8] | None, NDArray[np.int16], Spacing]:
    """Labels, CT and spacing of a scan, in the canonical frame [z, y, x] at its own spacing (z, y, x) in mm.

    labels: uint8 of our anatomy table with every tissue named (0 is air outside the body, OUTSIDE what the source says
    may be anything), None for a scan without labels; CT: int16 HU. Raises DataError for a case with a problem or
    without a CT, for a file that cannot be read, another grid, or unknown label values.
    """
    labels, hu, spacing = read_named(case)
    if labels is None:
        return None, hu, spacing
    ignored = labels == OUTSIDE
    if not select(labels, SOFT_TISSUES).any():
        labels[(labels == values()["body"]) | ignored] = 0
        labels = split_tissues(labels, hu, spacing)
        labels[ignored] = OUTSIDE
    return labels, hu, spacing


def read_named(case: CaseFiles) -> tuple[NDArray[np.uint8] | None, NDArray[np.int16], Spacing]:
    """The same with the structures that the source names alone, 0 elsewhere (see CaseFiles.known)."""
    ct = _ct(case)
    image = sitk.DICOMOrient(ct, "LPS")
    hu = np.clip(sitk.GetArrayFromImage(image), *HU_RANGE).astype(np.int16)
    labels = None if case.labels is None else sitk.GetArrayFromImage(_labels(case, ct))
    return labels, hu, _spacing(image)


def read_labels(case: CaseFiles) -> tuple[NDArray[np.uint8], Spacing]:
    """The labels of a case without its CT, which it need not have: as `read_named` gives them. Raises DataError."""
    image = _labels(case, None)
    return sitk.GetArrayFromImage(image), _spacing(image)


def read_ct_image(case: CaseFiles) -> sitk.Image:
    """The CT of a case (int16 HU, axes in the closest LPS order). Raises DataError."""
    return sitk.DICOMOrient(_ct(case), "LPS")


def _ct(case: CaseFiles) -> sitk.Image:
    """The CT of a case with its axes as they are in the file."""
    case.check()
    if case.ct is None:
        raise DataError(f"{case.name} has no CT, only {case.labels}", "add the CT under the same name")
    try:
        return read_ct(case.ct)
    except VolumeError as error:
        raise DataError(error.message, error.remedy or "give the CT in HU, air at -1000") from error


def _labels(case: CaseFiles, ct: sitk.Image | None) -> sitk.Image:
    """Our labels of a case, uint8, axes in the closest LPS order, after their grid was found to be that of `ct`.

    ct: None for labels alone.
    """
    case.check()
    if case.labels is None or case.meaning is None:
        raise DataError(f"{case.name} has no labels, only {case.ct}", "add a label map under the same name")
    image = _masks(case, case.labels, ct) if case.labels.is_dir() else _label_map(case, case.labels, ct)
    if not sitk.GetArrayViewFromImage(image).any():
        raise DataError(
            f"{case.labels} is empty, it shows none of the structures of our anatomy table",
            "add the labels, or remove it and keep the CT alone",
        )
    return sitk.DICOMOrient(image, "LPS")


def _label_map(case: CaseFiles, path: Path, ct: sitk.Image | None) -> sitk.Image:
    assert case.meaning is not None
    meaning = {int(value): ours for value, ours in case.meaning.items()}
    image = _read(path, ct)
    try:
        raw = sitk.GetArrayFromImage(whole_numbers(image, path))
    except VolumeError as error:
        raise DataError(error.message, error.remedy) from error
    found = np.flatnonzero(np.bincount(raw.ravel()))
    unknown = [value for value in found.tolist() if value not in meaning]
    if unknown:
        listed = ", ".join(map(str, unknown[:8])) + (", ..." if len(unknown) > 8 else "")
        raise DataError(
            f"{path} holds values without a name: {listed}",
            "name all of them where the others are named (dataset.json, labels.json or the like), or set them to 0",
        )
    table = np.zeros(int(max(meaning)) + 1, np.uint8)
    table[list(meaning)] = list(meaning.values())
    return on_grid_of(image if ct is None else ct, table[raw])


def _masks(case: CaseFiles, folder: Path, ct: sitk.Image | None) -> sitk.Image:
    assert case.meaning
    grid, result = ct, None if ct is None else np.zeros(ct.GetSize()[::-1], np.uint8)
    # In order of our values, so that a lesion, which comes last, lies on its organ
    for file, value in sorted(case.meaning.items(), key=lambda item: item[1]):
        path = folder / str(file)
        image = _read(path, grid)
        mask = sitk.GetArrayViewFromImage(image)
        if mask.min() < 0 or mask.max() > 1 or (mask.dtype.kind == "f" and not np.isin(mask, (0, 1)).all()):
            raise DataError(f"{path} is no mask, it holds values other than 0 and 1", "write one structure a file")
        if grid is None or result is None:
            grid, result = image, np.zeros(mask.shape, np.uint8)
        if mask.max():  # most structures lie outside most scans
            result[mask == 1] = value
    assert grid is not None and result is not None
    return on_grid_of(grid, result)


def _read(path: Path, grid: sitk.Image | None) -> sitk.Image:
    """A label file, its axes as those of the CT, or of the first mask, after its grid was found to be the same."""
    try:
        image = _segments(path, grid) if is_dicom(path) else read_volume(path)
    except (VolumeError, VocabularyError) as error:
        raise DataError(error.message, error.remedy) from error
    if grid is None:
        return image
    on_grid = matched(image, grid, within_mm=HALF_A_VOXEL * min(grid.GetSpacing()))
    if on_grid is None:
        raise DataError(
            f"{path} lies on another grid than its CT ({_grid(image)} against {_grid(grid)})",
            "resample it to the CT, with nearest-neighbour interpolation",
        )
    return on_grid


def _segments(path: Path, grid: sitk.Image | None) -> sitk.Image:
    """The numbers of the segments of DICOM."""
    return check_volume(dicom_labels(path, grid, named=speaks_for_itself(path))[0], str(path))


def _spacing(image: sitk.Image) -> Spacing:
    x, y, z = image.GetSpacing()
    return z, y, x


def _grid(image: sitk.Image) -> str:
    return f"{image.GetSize()} voxels of {', '.join(f'{step:.3g}' for step in image.GetSpacing())} mm"
