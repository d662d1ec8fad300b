"""Data sets of two small cases, read by the programs that they are for."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from pydicom import dcmread

from GuideGenLib.anatomy.label_volumes import write_anatomy
from GuideGenLib.anatomy.table import values
from GuideGenLib.core.volumes import image_from_array, write_volume
from GuideGenLib.description import parse
from GuideGenLib.description.report import to_json
from GuideGenLib.export.datasets.labels import KINDS, DatasetError, labels_as
from GuideGenLib.export.datasets.write import DatasetCase, write_dataset

RECORD = {
    "text": "A woman of 50 years.",
    "description": to_json(parse("A woman of 50 years.")),
    "settings": {"seed": 0, "region": "abdomen"},
    "lesions": [],
    "bundle": {"name": "torso-small", "version": "0.1.0", "sha256": "ab" * 32},
    "guidegen": "0.1.0",
}
SPLITS = ("train", "val", "test")


@pytest.fixture
def cases(tmp_path: Path) -> list[DatasetCase]:
    """Three cases with a liver, its tumour and a cyst in it, and a kidney; the anatomy on a finer grid than the CT."""
    labels = np.full((24, 24, 24), values()["body"], np.uint8)
    labels[4:20, 4:20, 4:12] = values()["liver"]
    labels[8:12, 8:12, 6:10] = values()["liver_tumor"]
    labels[16:18, 8:12, 6:10] = values()["liver_cyst"]
    labels[4:20, 4:20, 16:20] = values()["kidney_left"]
    found = []
    for index, split in enumerate(SPLITS):
        folder = tmp_path / f"case_{index}"
        folder.mkdir()
        write_anatomy(
            image_from_array(labels, (1.0, 1.0, 1.0), (0.0, 0.0, 0.0), labels=True), folder / "anatomy.nii.gz"
        )
        hu = np.full((12, 12, 12), 40 + index, np.int16)
        hu[0] = -1000
        ct = image_from_array(hu, (2.0, 2.0, 2.0), (0.5, 0.5, 0.5), labels=False)
        write_volume(ct, folder / "ct.nii.gz")
        told = {"sex": "female", "age": 50, "text": "A woman."}
        found.append(DatasetCase(f"case_{index}", folder / "ct.nii.gz", folder / "anatomy.nii.gz", split, told, RECORD))
    return found


def shown(path: Path) -> dict[int, int]:
    """Voxels by value."""
    found = np.unique(sitk.GetArrayFromImage(sitk.ReadImage(str(path))), return_counts=True)
    return dict(zip(*(one.tolist() for one in found), strict=True))


def test_nnunet_has_its_folders_and_labels_on_the_grid_of_the_ct(cases: list[DatasetCase], tmp_path: Path):
    out = tmp_path / "out"
    write_dataset("nnunet", cases, 3, out, labels_as("pairs"))
    told = json.loads((out / "dataset.json").read_text())
    assert told["numTraining"] == 2
    assert told["channel_names"] == {"0": "CT"}
    assert sorted(told["labels"].values()) == list(range(len(told["labels"]))), "nnU-Net wants them without gaps"
    image, label = (sitk.ReadImage(str(out / f)) for f in ("imagesTr/case_0_0000.nii.gz", "labelsTr/case_0.nii.gz"))
    assert image.GetSize() == label.GetSize() and image.GetOrigin() == label.GetOrigin()
    names = told["labels"]
    voxels = shown(out / "labelsTr/case_0.nii.gz")
    assert voxels[names["liver_tumor"]] == 8
    assert voxels[names["liver"]] == 8 * 8 * 4 - 8, "a cyst in it is of the liver"
    assert voxels[names["kidney"]] == 8 * 8 * 2
    assert sorted(file.name for file in (out / "labelsTs").iterdir()) == ["case_2.nii.gz"]
    assert json.loads((out / "splits_final.json").read_text()) == [{"train": ["case_0"], "val": ["case_1"]}]


@pytest.mark.parametrize("kind", KINDS)
def test_the_names_of_a_vocabulary_hold_what_its_volumes_show(cases: list[DatasetCase], tmp_path: Path, kind: str):
    labels = labels_as(kind)
    write_dataset("nnunet", cases[:1], 1, tmp_path / "out", labels)
    found = shown(tmp_path / "out" / "labelsTr" / "case_0.nii.gz")
    assert set(found) <= set(labels.names)
    assert {labels.names[value] for value in found} & {"liver"}


def test_monai_reads_its_datalist(cases: list[DatasetCase], tmp_path: Path):
    from monai.data import load_decathlon_datalist

    out = tmp_path / "out"
    write_dataset("monai", cases, 3, out, labels_as("guidegen"))
    (item,) = load_decathlon_datalist(str(out / "datalist.json"), True, "training")
    image, label = (sitk.ReadImage(item[key]) for key in ("image", "label"))
    assert image.GetSize() == label.GetSize() == (12, 12, 12)
    assert shown(Path(item["label"]))[values()["liver_tumor"]] == 8
    assert item["sex"] == "female"
    assert len(load_decathlon_datalist(str(out / "datalist.json"), True, "testing")) == 1


def test_bids_has_a_line_a_subject_and_marks_each_as_synthetic(cases: list[DatasetCase], tmp_path: Path):
    out = tmp_path / "out"
    write_dataset("bids", cases, 3, out, labels_as("totalsegmentator"))
    lines = list(csv.DictReader((out / "participants.tsv").open(), delimiter="\t"))
    assert [(line["participant_id"], line["split"], line["age"]) for line in lines] == [
        ("sub-case0", "train", "50"), ("sub-case1", "val", "50"), ("sub-case2", "test", "50"),
    ]  # fmt: skip
    for line in lines:
        subject = line["participant_id"]
        assert json.loads((out / subject / "ct" / f"{subject}_ct.json").read_text())["SyntheticData"] is True
        assert (out / "derivatives" / "guidegen" / subject / "ct" / f"{subject}_dseg.nii.gz").is_file()
    names = list(csv.DictReader((out / "derivatives" / "guidegen" / "dseg.tsv").open(), delimiter="\t"))
    assert {"index": "5", "name": "liver"} in names
    assert json.loads((out / "dataset_description.json").read_text())["BIDSVersion"]


def test_all_or_nothing_is_written(cases: list[DatasetCase], tmp_path: Path):
    cases[1].ct.write_bytes(b"no image")
    with pytest.raises(ValueError, match=r"ct\.nii\.gz"):
        write_dataset("monai", cases, 3, tmp_path / "out", labels_as("guidegen"))
    assert not (tmp_path / "out").exists()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").touch()
    with pytest.raises(DatasetError, match="not empty"):
        write_dataset("monai", cases, 3, tmp_path / "out", labels_as("guidegen"))
    with pytest.raises(DatasetError, match="no labels are called"):
        labels_as("others")


def test_dicom_has_a_study_a_case_with_our_labels(cases: list[DatasetCase], tmp_path: Path):
    out = tmp_path / "out"
    write_dataset("dicom", cases[:2], 2, out, labels_as("guidegen"))
    lines = list(csv.DictReader((out / "studies.tsv").open(), delimiter="\t"))
    assert [(line["case"], line["split"], line["sex"]) for line in lines] == [
        ("case_0", "train", "female"),
        ("case_1", "val", "female"),
    ]
    slices = [dcmread(path) for path in sorted((out / "studies/case_0/CT").glob("*.dcm"))]
    assert len(slices) == 12 and {one.StudyInstanceUID for one in slices} == {lines[0]["study_instance_uid"]}
    assert slices[0].SyntheticData == "YES"
    assert {int(one.pixel_array.max()) + int(one.RescaleIntercept) for one in slices} == {40, -1000}
    segments = {one.SegmentLabel.lower() for one in dcmread(out / "studies/case_0/SEG.dcm").SegmentSequence}
    assert any("cyst" in label for label in segments) and any("tumor" in label for label in segments)
    assert "synthetic" in (out / "README").read_text()
