"""Training data in the layouts that people have: TotalSegmentator, nnU-Net, and plain folders of scans and label maps.

    TotalSegmentator   s0001/ct.nii.gz, s0001/segmentations/liver.nii.gz, ...: one mask a structure
    nnU-Net            imagesTr/case_0000.nii.gz, labelsTr/case.nii.gz, dataset.json with the names of the labels
    flat               ct/case.nii.gz, labels/case.nii.gz; a scan without a label map trains the codec alone

Structures have the names of TotalSegmentator v2 or the keys of our anatomy table. Flat label maps hold values of
TotalSegmentator v2 (as `totalsegmentator_v2_labels.csv` beside them says, if it is there), or our own when a
`labels.csv` as `guidegen generate` writes it lies beside them.
"""

import csv
import difflib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from GuideGenLib.anatomy.maps import keys_by_class
from GuideGenLib.anatomy.structures import select
from GuideGenLib.anatomy.table import labels as anatomy_rows
from GuideGenLib.anatomy.table import values
from GuideGenLib.anatomy.vocabularies import VOCABULARIES
from GuideGenLib.core.errors import GuideGenError, VolumeError
from GuideGenLib.core.grids import same_grid
from GuideGenLib.core.volumes import HU_RANGE, WRITABLE, read_ct, read_volume
from GuideGenLib.data.tissues import split_tissues

Spacing = tuple[float, float, float]

LAYOUTS = (
    "TotalSegmentator (s0001/ct.nii.gz and s0001/segmentations/*.nii.gz), nnU-Net (imagesTr, labelsTr, dataset.json), "
    "or flat (ct/*.nii.gz and labels/*.nii.gz of the same names)"
)
UNLABELLED = "add the labels, or put scans that have none into a flat ct/ folder"
SOFT_TISSUES = ("subcutaneous_fat", "torso_fat", "muscle")
"""A label map that holds one of these names every voxel of the body; in the others the tissues are found by HU."""
HALF_A_VOXEL = 0.5
"""So far others' headers may differ: voxels still lie on each other."""


class DataError(GuideGenError):
    """Training data cannot be used; the message names the file and the remedy."""


@dataclass(frozen=True)
class CaseFiles:
    """One scan on disk. `labels` is a label map, or a folder of masks, or None for a scan without labels.

    `meaning`: our label value for each value of the label map; for a folder of masks, for each file name in it.
    """

    name: str
    ct: Path
    labels: Path | None = None
    meaning: Mapping[int, int] | Mapping[str, int] | None = None


def find_cases(data: Path) -> list[CaseFiles]:
    """The scans of a data folder in order of their names, whichever of the three layouts it has.

    Raises DataError for a folder without scans, a scan or label map without its partner, or an unknown structure.
    """
    if not data.is_dir():
        raise DataError(f"{data} is no folder", f"name a data folder with --data or GUIDEGEN_DATA; {_understood()}")
    if (data / "ct").is_dir():
        cases = _flat(data)
    elif (data / "imagesTr").is_dir() or (data / "dataset.json").is_file():
        cases = _nnunet(data)
    else:
        cases = _totalsegmentator(data)
    if not cases:
        raise DataError(f"{data} holds no scans in a known layout; {_understood()}")
    return cases


def find_case(data: Path, name: str) -> CaseFiles:
    """One scan of a data folder. Raises DataError."""
    cases = {case.name: case for case in find_cases(data)}
    if name not in cases:
        raise DataError(f"{data} holds no scan {name}: it has {', '.join(sorted(cases))}")
    return cases[name]


# ---------------------------------------------------------------- reading


def read_case(case: CaseFiles) -> tuple[NDArray[np.uint8] | None, NDArray[np.int16], Spacing]:
    """Labels, CT and spacing of a scan, in the canonical frame [z, y, x] at its own spacing (z, y, x) in mm.

    labels: uint8 of our anatomy table with every tissue named (0 is air outside the body), None for a scan without
    labels; CT: int16 HU. Raises DataError for a file that cannot be read, another grid, or unknown label values.
    """
    labels, hu, spacing = read_named(case)
    if labels is None:
        return None, hu, spacing
    if not select(labels, SOFT_TISSUES).any():
        labels[labels == values()["body"]] = 0
        labels = split_tissues(labels, hu, spacing)
    return labels, hu, spacing


def read_named(case: CaseFiles) -> tuple[NDArray[np.uint8] | None, NDArray[np.int16], Spacing]:
    """The same with the structures that the source names alone, 0 elsewhere."""
    image = read_ct_image(case)
    hu = np.clip(_array(image), *HU_RANGE).astype(np.int16)
    x, y, z = image.GetSpacing()
    if case.labels is None:
        return None, hu, (z, y, x)
    labels = _masks(case, image) if case.labels.is_dir() else _label_map(case, image)
    return labels, hu, (z, y, x)


def read_ct_image(case: CaseFiles) -> sitk.Image:
    """The CT of a scan (int16 HU, axes in the closest LPS order). Raises DataError."""
    try:
        return sitk.DICOMOrient(read_ct(case.ct), "LPS")
    except VolumeError as error:
        raise DataError(error.message, error.remedy) from error


def _label_map(case: CaseFiles, ct: sitk.Image) -> NDArray[np.uint8]:
    assert case.labels is not None and case.meaning is not None
    meaning: dict[int, int] = {int(value): ours for value, ours in case.meaning.items()}
    raw = _on_grid(case.labels, ct)
    found = np.unique(raw).tolist()
    unknown = [value for value in found if value not in meaning]
    if unknown:
        listed = ", ".join(f"{value:g}" for value in unknown[:8]) + (", ..." if len(unknown) > 8 else "")
        raise DataError(
            f"{case.labels} holds values without a name: {listed}; map them to TotalSegmentator v2, "
            "or name all values (dataset.json, totalsegmentator_v2_labels.csv, labels.csv)"
        )
    table = np.zeros(int(max(meaning)) + 1, np.uint8)
    table[list(meaning)] = list(meaning.values())
    return table[raw.astype(np.int64)]


def _masks(case: CaseFiles, ct: sitk.Image) -> NDArray[np.uint8]:
    assert case.labels is not None and case.meaning is not None
    result = np.zeros(ct.GetSize()[::-1], np.uint8)
    # In order of our values, so that a lesion, which comes last, lies on its organ
    for file, value in sorted(case.meaning.items(), key=lambda item: item[1]):
        path = case.labels / str(file)
        mask = _on_grid(path, ct)
        if not np.isin(np.unique(mask), (0, 1)).all():
            raise DataError(f"{path} is no mask, it holds values other than 0 and 1", "write one structure a file")
        result[mask == 1] = value
    return result


def _on_grid(path: Path, ct: sitk.Image) -> NDArray[np.generic]:
    """The label values of a file, after its grid was found to be that of the CT."""
    try:
        image = sitk.DICOMOrient(read_volume(path), "LPS")
    except VolumeError as error:
        raise DataError(error.message, error.remedy) from error
    if not same_grid(image, ct, within=HALF_A_VOXEL):
        raise DataError(
            f"{path} lies on another grid than its CT ({_grid(image)} against {_grid(ct)})",
            "resample it to the CT, with nearest-neighbour interpolation",
        )
    return _array(image)


def _array(image: sitk.Image) -> NDArray[np.generic]:
    return sitk.GetArrayFromImage(image)


def _grid(image: sitk.Image) -> str:
    return f"{image.GetSize()} voxels of {', '.join(f'{step:.3g}' for step in image.GetSpacing())} mm"


# ---------------------------------------------------------------- the three layouts


def _flat(data: Path) -> list[CaseFiles]:
    scans = {_stem(path): path for path in _volumes(data / "ct")}
    maps = {_stem(path): path for path in _volumes(data / "labels")}
    alone = sorted(maps.keys() - scans.keys())
    if alone and not maps.keys() & scans.keys():
        raise DataError(f"{maps[alone[0]]} has no scan of its name in {data / 'ct'}", "give both files the same name")
    if alone:
        logging.getLogger(__name__).warning("label maps without a scan are not used: %s", ", ".join(alone))
    meaning = _flat_meaning(data) if maps else None
    return [CaseFiles(name, path, maps.get(name), meaning if name in maps else None) for name, path in scans.items()]


def _flat_meaning(data: Path) -> dict[int, int]:
    """What the values of flat label maps are: ours, those of a table beside them, or TotalSegmentator's."""
    for own in (data / "labels" / "labels.csv", data / "labels.csv"):
        if own.is_file():
            return {0: 0} | {v: _own_value(name, own) for name, v in _read_table(own, "Name", "LabelValue").items()}
    table = data / "totalsegmentator_v2_labels.csv"
    if table.is_file():
        named = _read_table(table, "structure", "label")
    else:
        named = {name: value for value, name in VOCABULARIES["totalsegmentator"].items()}
    return {0: 0} | {value: structure_value(name, table) for name, value in named.items()}


def _nnunet(data: Path) -> list[CaseFiles]:
    description = data / "dataset.json"
    if not description.is_file():
        raise DataError(f"{description} is missing", "nnU-Net data needs it for the names of the labels")
    try:
        content = json.loads(description.read_text(encoding="utf-8"))
        named = dict(content["labels"])
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{description} is damaged or has no labels", "write it as nnU-Net's manual says") from error
    if all(str(key).isdigit() for key in named):  # version 1 had the value first
        named = {name: value for value, name in named.items()}
    if any(isinstance(value, list) for value in named.values()):
        raise DataError(f"{description} has regions of several labels", "give one value for each structure")
    meaning = {0: 0} | {int(value): structure_value(name, description) for name, value in named.items()}
    ending = str(content.get("file_ending", ".nii.gz"))
    cases = []
    for path in sorted((data / "imagesTr").glob(f"*_0000{ending}")):
        name = path.name.removesuffix(f"_0000{ending}")
        labels = data / "labelsTr" / f"{name}{ending}"
        if not labels.is_file():
            raise DataError(f"{path} has no label map {labels}", UNLABELLED)
        cases.append(CaseFiles(name, path, labels, meaning))
    known = {case.name for case in cases}
    for path in sorted((data / "labelsTr").glob(f"*{ending}")):
        name = path.name.removesuffix(ending)
        if name not in known:
            raise DataError(f"{path} has no scan {name}_0000{ending} in imagesTr", "add it or remove the map")
    return cases


def _totalsegmentator(data: Path) -> list[CaseFiles]:
    cases = []
    for folder in sorted(path for path in data.iterdir() if path.is_dir()):
        ct, masks = folder / "ct.nii.gz", folder / "segmentations"
        if not ct.is_file() and not masks.is_dir():
            continue
        if not ct.is_file():
            raise DataError(f"{masks} has no scan {ct}", "add it or remove the folder")
        if not masks.is_dir() or not _volumes(masks):
            raise DataError(f"{ct} has no masks in {masks}", UNLABELLED)
        meaning = {path.name: structure_value(_stem(path), path) for path in _volumes(masks)}
        cases.append(CaseFiles(folder.name, ct, masks, meaning))
    return cases


def structure_value(name: str, where: Path) -> int:
    """Our label value of a structure named as in TotalSegmentator v2 or by our key. Raises DataError."""
    known = {structure: values()[key] for structure, key in keys_by_class("totalsegmentator").items()} | values()
    if name in known:
        return known[name]
    close = difflib.get_close_matches(name, known, n=1)
    raise DataError(
        f"{where} names {name!r}, which is neither a structure of TotalSegmentator v2 nor a key of our anatomy table: "
        + (f"is it {close[0]}?" if close else "rename or remove it")
    )


def _own_value(name: str, where: Path) -> int:
    """Our label value of a name in our own labels.csv."""
    known = {row.name: row.value for row in anatomy_rows()} | values()
    if name not in known:
        raise DataError(f"{where} names {name!r}, unknown to our anatomy table", "take the labels.csv of this version")
    return known[name]


def _read_table(path: Path, name: str, value: str) -> dict[str, int]:
    """Two columns of a csv file as {name: value}."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return {row[name]: int(row[value]) for row in csv.DictReader(file)}
    except (KeyError, TypeError, ValueError, csv.Error) as error:
        raise DataError(f"{path} cannot be read", f"it needs the columns {value} (a number) and {name}") from error


def _volumes(folder: Path) -> list[Path]:
    """The volumes in a folder, in order of their names; hidden files are none."""
    if not folder.is_dir():
        return []
    return [path for path in sorted(folder.iterdir()) if path.name.endswith(WRITABLE) and path.name[0] != "."]


def _stem(path: Path) -> str:
    return next(path.name.removesuffix(ending) for ending in WRITABLE if path.name.endswith(ending))


def _understood() -> str:
    return f"understood are {LAYOUTS}"
