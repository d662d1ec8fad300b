"""What we write as DICOM we read back: HU, geometry, and every segment by its codes, voxel for voxel."""

import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk

from GuideGenLib.anatomy.label_maps.opening import open_anatomy, open_edited
from GuideGenLib.anatomy.label_maps.reading import read_label_map
from GuideGenLib.anatomy.table import labels, values
from GuideGenLib.core.errors import VolumeError
from GuideGenLib.core.grids import matched
from GuideGenLib.core.volumes import image_from_array, read_ct
from GuideGenLib.export.dicom import export_dicom
from GuideGenLib.generator import Case
from Testing.export.conftest import DIRECTIONS, MakeCase

FORMS: dict[str, dict[str, Any]] = {
    "classic": {"binary": True},
    "enhanced": {"enhanced": True},
}


def same(image: sitk.Image, wanted: sitk.Image) -> bool:
    """Are the voxels of both the same in the same places, whatever the order of the axes?"""
    turned = matched(image, sitk.DICOMOrient(wanted, "LPS"), within_mm=1e-3)
    return turned is not None and np.array_equal(
        sitk.GetArrayFromImage(turned), sitk.GetArrayFromImage(sitk.DICOMOrient(wanted, "LPS"))
    )


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("name", ["study", "study.zip"])
def test_a_study_is_read_as_the_case_that_it_was(
    make_case: MakeCase, tmp_path: Path, direction: str, form: str, name: str
) -> None:
    case = make_case(DIRECTIONS[direction])
    study = export_dicom(case, tmp_path / name, **FORMS[form])
    assert same(read_ct(study), case.ct)
    assert same(read_label_map(study).image, case.anatomy)


@pytest.mark.parametrize("binary", [False, True])
def test_every_label_comes_back_by_its_codes_alone(case: Case, tmp_path: Path, binary: bool) -> None:
    count = len(labels())
    array = np.repeat(np.arange(4 * 8 * 10, dtype=np.uint8).reshape(4, 8, 10) % count, 2, axis=0)
    anatomy = image_from_array(array, (2.0, 2.0, 2.0), labels=True)
    ct = image_from_array(array * 10.0 - 500, (2.0, 2.0, 2.0), labels=False)
    path = export_dicom(replace(case, anatomy=anatomy, ct=ct), tmp_path / "study", binary=binary) / "SEG.dcm"
    seg = pydicom.dcmread(path)
    for segment in seg.SegmentSequence:
        segment.SegmentLabel = "Segment"
    seg.save_as(path)
    assert same(read_label_map(path).image, anatomy)


def test_a_binary_segmentation_alone_is_cropped_and_on_its_ct_it_is_not(case: Case, tmp_path: Path) -> None:
    array = sitk.GetArrayFromImage(case.anatomy)
    array[:2] = array[-3:] = 0
    case = replace(case, anatomy=sitk.GetImageFromArray(array))
    case.anatomy.CopyInformation(case.ct)
    study = export_dicom(case, tmp_path / "study", binary=True)
    alone = read_label_map(study / "SEG.dcm").image
    assert alone.GetSize()[2] == len(array) - 5
    assert alone.GetOrigin()[2] == pytest.approx(case.ct.GetOrigin()[2] + 2 * case.ct.GetSpacing()[2])
    for read in (read_label_map(study), read_label_map(study / "SEG.dcm", under=read_ct(study))):
        assert same(read.image, case.anatomy)


def test_an_edit_comes_as_a_segmentation_of_all_or_of_one_segment(case: Case, tmp_path: Path) -> None:
    before = open_anatomy(export_dicom(case, tmp_path / "before") / "SEG.dcm")
    array = sitk.GetArrayFromImage(case.anatomy)
    array[array == values()["lung_tumor"]] = values()["lung_upper_lobe_left"]
    array[3:5, 4:9, 4:9] = values()["lung_tumor"]
    edited = sitk.GetImageFromArray(array)
    edited.CopyInformation(case.anatomy)
    whole = export_dicom(replace(case, anatomy=edited), tmp_path / "after", binary=True)
    assert same(open_edited(whole, before).read.image, edited)
    only = sitk.GetImageFromArray(np.where(array == values()["lung_tumor"], array, 0))
    only.CopyInformation(case.anatomy)
    one = export_dicom(replace(case, anatomy=only), tmp_path / "one", binary=True) / "SEG.dcm"
    with pytest.raises(VolumeError, match="one segment only"):
        open_edited(one, before)
    taken = sitk.GetArrayFromImage(open_edited(one, before, segment="lung_tumor").anatomy)
    assert np.array_equal(taken == values()["lung_tumor"], array == values()["lung_tumor"])


def test_of_two_segmentations_in_a_folder_neither_is_guessed(case: Case, tmp_path: Path) -> None:
    study = export_dicom(case, tmp_path / "study")
    other = export_dicom(replace(case, ct=case.ct + 1), tmp_path / "other")
    (other / "SEG.dcm").rename(study / "SEG2.dcm")
    with pytest.raises(VolumeError, match="2 series that may be meant"):
        open_anatomy(study)
    with pytest.raises(VolumeError, match="no segmentation or contours, only 'SYNTHETIC"):
        open_anatomy(study / "CT")


def test_a_zip_in_the_way_of_a_mac_is_read(case: Case, tmp_path: Path) -> None:
    study = export_dicom(case, tmp_path / "study.zip")
    with zipfile.ZipFile(study, "a") as bundle:
        bundle.writestr("__MACOSX/._0001.dcm", b"\0" * 200)
        bundle.writestr("CT/notes.txt", "none of them")
    assert same(read_ct(study), case.ct)
