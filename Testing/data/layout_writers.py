"""One patient written in each layout."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from GuideGenLib.anatomy.label_maps.names import vocabulary
from GuideGenLib.anatomy.table import values, write_labels_csv
from GuideGenLib.description import parse
from GuideGenLib.description.report import to_json
from GuideGenLib.export.dicom import export_dicom
from GuideGenLib.generator import Case

NAMES = {value: key for key, value in values().items()}
Write = Callable[..., None]
Writer = Callable[[Path, np.ndarray, np.ndarray, Write], None]


def keys_of(organs: np.ndarray) -> list[str]:
    """Our keys of what a label map shows."""
    return [NAMES[value] for value in np.unique(organs).tolist() if value]


def recoded(organs: np.ndarray, own: dict[str, int]) -> np.ndarray:
    """Our labels in other values, {our key: value}; what has none is 0."""
    result = np.zeros_like(organs)
    for key, value in own.items():
        result[organs == values()[key]] = value
    return result


def write_totalsegmentator(data: Path, organs: np.ndarray, hu: np.ndarray, write: Write) -> None:
    write(hu, data / "s0001" / "ct.nii.gz", labels=False)
    for key in keys_of(organs):
        mask = organs == values()[key]
        if key == "lung_upper_lobe_left":  # a lesion is drawn on its organ, which goes on below it
            mask |= organs == values()["lung_tumor"]
        write(mask, data / "s0001" / "segmentations" / f"{key}.nii.gz", labels=True)
    (data / "meta.csv").write_text("image_id;age;gender;split\ns0001;61;m;val\n")


def write_nnunet(data: Path, organs: np.ndarray, hu: np.ndarray, write: Write, first_version: bool = False) -> None:
    write(hu, data / "imagesTr" / "s0001_0000.nii.gz", labels=False)
    own = {"background": 0, **{key: number for number, key in enumerate(keys_of(organs), start=1)}}
    write(recoded(organs, own), data / "labelsTr" / "s0001.nii.gz", labels=True)
    content: dict[str, object]
    if first_version:
        content = {"labels": {str(number): key for key, number in own.items()}, "modality": {"0": "CT"}}
    else:
        content = {"labels": own, "channel_names": {"0": "CT"}, "file_ending": ".nii.gz"}
    (data / "dataset.json").write_text(json.dumps(content), "utf-8-sig")
    for part in ("imagesTr", "labelsTr"):  # macOS leaves these on foreign disks
        (data / part / "._s0001_0000.nii.gz").write_bytes(b"Mac OS X")


def write_first_nnunet(data: Path, organs: np.ndarray, hu: np.ndarray, write: Write) -> None:
    write_nnunet(data, organs, hu, write, first_version=True)


def write_flat_own(data: Path, organs: np.ndarray, hu: np.ndarray, write: Write) -> None:
    write(hu, data / "ct" / "s0001.nii.gz", labels=False)
    write(organs, data / "labels" / "s0001.nii.gz", labels=True)
    write_labels_csv(data / "labels" / "labels.csv")


def write_flat_named(data: Path, organs: np.ndarray, hu: np.ndarray, write: Write) -> None:
    """Values of its own that a labels.json names, the value first."""
    own = {key: 7 * number for number, key in enumerate(keys_of(organs), start=1)}
    write(hu, data / "ct" / "s0001.nii.gz", labels=False)
    write(recoded(organs, own), data / "labels" / "s0001.nii.gz", labels=True)
    (data / "labels" / "labels.json").write_text(json.dumps({str(value): key for key, value in own.items()}))


def write_flat_dicom(data: Path, organs: np.ndarray, hu: np.ndarray, write: Write) -> None:
    """As series and segmentation, whose segments are told by their codes."""
    described = parse("A man.")
    images = []
    for array, labels in ((organs, True), (hu, False)):
        write(array, data / "written.nii.gz", labels=labels)
        images.append(sitk.ReadImage(str(data / "written.nii.gz")))
    (data / "written.nii.gz").unlink()
    anatomy, ct = images
    case = Case(described, anatomy, ct, (), (), {"description": to_json(described)})
    study = export_dicom(case, data / "study")
    (data / "ct").mkdir()
    (data / "labels").mkdir()
    (study / "CT").rename(data / "ct" / "s0001")
    (study / "SEG.dcm").rename(data / "labels" / "s0001.dcm")


def coded_as(organs: np.ndarray, name: str, ours: dict[str, str]) -> np.ndarray:
    """Our labels in a known vocabulary: {our key: its word}."""
    there = {word: value for value, word in vocabulary(name).names.items()}
    return recoded(organs, {key: there[word] for key, word in ours.items()})


ABDOMEN = {"aorta": "aorta", "liver": "liver"}


def write_amos(data: Path, organs: np.ndarray, hu: np.ndarray, write: Write) -> None:
    write(hu, data / "imagesTr" / "amos_0001.nii.gz", labels=False)
    ours = ABDOMEN | {"urinary_bladder": "bladder", "prostate": "prostate/uterus"}
    write(coded_as(organs, "amos", ours), data / "labelsTr" / "amos_0001.nii.gz", labels=True)


def write_amos_described(data: Path, organs: np.ndarray, hu: np.ndarray, write: Write) -> None:
    """With the dataset.json that AMOS has."""
    write_amos(data, organs, hu, write)
    named = {str(value): name for value, name in vocabulary("amos").names.items()}
    (data / "dataset.json").write_text(json.dumps({"labels": {"0": "background"} | named, "modality": {"0": "CT"}}))


def write_btcv(data: Path, organs: np.ndarray, hu: np.ndarray, write: Write) -> None:
    folder = data / "RawData" / "Training"
    write(hu, folder / "img" / "img0001.nii.gz", labels=False)
    write(coded_as(organs, "btcv", ABDOMEN), folder / "label" / "label0001.nii.gz", labels=True)


def write_flare(data: Path, organs: np.ndarray, hu: np.ndarray, write: Write) -> None:
    write(hu, data / "images" / "FLARE22_Tr_0001_0000.nii.gz", labels=False)
    write(coded_as(organs, "flare", ABDOMEN), data / "labels" / "FLARE22_Tr_0001.nii.gz", labels=True)


def write_partly(data: Path, organs: np.ndarray, hu: np.ndarray, write: Write) -> None:
    """FLARE23, whose cases have some organs each; a tumour of any of them is one class."""
    write(hu, data / "imagesTr" / "FLARE23_0001_0000.nii.gz", labels=False)
    ours = ABDOMEN | {"lung_tumor": "tumor"}
    write(coded_as(organs, "flare23", ours), data / "labelsTr" / "FLARE23_0001.nii.gz", labels=True)


def write_maisi(data: Path, organs: np.ndarray, hu: np.ndarray, write: Write) -> None:
    ours = ABDOMEN | {"urinary_bladder": "bladder", "lung_tumor": "lung tumor", "heart": "heart"}
    write(hu, data / "ct" / "s0001.nii.gz", labels=False)
    write(coded_as(organs, "maisi132", ours), data / "labels" / "s0001.nii.gz", labels=True)
    (data / "labels" / "s0001.json").write_text('{"vocabulary": "maisi132"}')
