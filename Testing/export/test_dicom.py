"""A case as a DICOM study: what other libraries read back is what the case holds."""

import builtins
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import highdicom as hd
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk

from GuideGenLib.anatomy.table import label, labels, values
from GuideGenLib.core.files import VolumeError
from GuideGenLib.core.volumes import image_from_array
from GuideGenLib.description import parse
from GuideGenLib.description.acquisition import Acquisition
from GuideGenLib.export.dicom import DicomError, export_dicom
from GuideGenLib.generator import Case
from Testing.export.conftest import DIRECTIONS, LESION, TEXT, MakeCase, edited


def read_ct(folder: Path) -> sitk.Image:
    """The series as SimpleITK (GDCM) has it."""
    files = sorted((folder / "CT").iterdir())
    if len(files) == 1:
        return sitk.ReadImage(str(files[0]))
    series = sitk.ImageSeriesReader()
    series.SetFileNames(series.GetGDCMSeriesFileNames(str(folder / "CT")))
    return series.Execute()


def objects(folder: Path) -> list[pydicom.Dataset]:
    return [pydicom.dcmread(path) for path in sorted(folder.rglob("*.dcm"))]


def at_places_of(volume: hd.Volume, image: sitk.Image) -> np.ndarray:
    """What a volume of highdicom has at the centre of each voxel of an image [z, y, x], 0 beyond its planes."""
    size = image.GetSize()
    indices = np.stack(np.meshgrid(*(np.arange(n) for n in size), indexing="ij"), -1).reshape(-1, 3)
    direction = np.array(image.GetDirection()).reshape(3, 3)
    places = np.array(image.GetOrigin()) + (indices * image.GetSpacing()) @ direction.T
    found = volume.map_reference_to_indices(places)
    assert np.abs(found - np.rint(found)).max() < 1e-3
    rounded = np.rint(found).astype(int)
    inside = ((rounded >= 0) & (rounded < volume.array.shape)).all(axis=1)
    values = np.zeros(len(places), volume.array.dtype)
    values[inside] = volume.array[tuple(rounded[inside].T)]
    return values.reshape(size).transpose(2, 1, 0)


def referenced_segments(group: pydicom.Dataset) -> list[int]:
    """The segments that a group of measurements is of."""
    images = [item for item in group.ContentSequence if item.ValueType == "IMAGE"]
    return [image.ReferencedSOPSequence[0].ReferencedSegmentNumber for image in images]


@pytest.mark.parametrize("enhanced", [False, True], ids=["classic", "enhanced"])
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_the_ct_comes_back_in_its_place_with_its_hu(
    make_case: MakeCase, tmp_path: Path, direction: str, enhanced: bool
) -> None:
    case = make_case(DIRECTIONS[direction])
    export_dicom(case, tmp_path / "study", enhanced=enhanced)
    read = read_ct(tmp_path / "study")
    again = sitk.Resample(read, case.ct, sitk.Transform(), sitk.sitkNearestNeighbor, -9999)
    assert np.array_equal(sitk.GetArrayFromImage(again), sitk.GetArrayFromImage(case.ct))
    assert sorted(read.GetSize()) == sorted(case.ct.GetSize())
    assert sorted(read.GetSpacing()) == pytest.approx(sorted(case.ct.GetSpacing()), abs=1e-6)
    corners = [image.TransformIndexToPhysicalPoint((0, 0, 0)) for image in (read, sitk.DICOMOrient(case.ct, "LPS"))]
    assert np.allclose(corners[0], corners[1], atol=1e-6)


@pytest.mark.parametrize("binary", [False, True], ids=["labelmap", "binary"])
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_every_segment_comes_back_with_its_codes_voxel_for_voxel(
    make_case: MakeCase, tmp_path: Path, direction: str, binary: bool
) -> None:
    case = make_case(DIRECTIONS[direction])
    export_dicom(case, tmp_path / "study", binary=binary)
    seg = hd.seg.segread(tmp_path / "study" / "SEG.dcm")
    wanted = sitk.GetArrayFromImage(case.anatomy)
    assert seg.segmentation_type.value == ("BINARY" if binary else "LABELMAP")
    keys = {seg.get_segment_description(number).tracking_id for number in seg.segment_numbers}
    assert keys == {label(int(value)).key for value in np.unique(wanted[wanted > 0])}
    for number in seg.segment_numbers:
        told = seg.get_segment_description(number)
        row = label(told.tracking_id)
        kind = told.SegmentedPropertyTypeCodeSequence[0]
        modifiers = kind.get("SegmentedPropertyTypeModifierCodeSequence")
        regions = told.get("AnatomicRegionSequence")
        assert told.SegmentLabel == row.name
        assert (
            told.SegmentedPropertyCategoryCodeSequence[0].CodeValue,
            kind.CodeValue,
            modifiers[0].CodeValue if modifiers else "",
            regions[0].CodeValue if regions else "",
        ) == row.coding
        colour = hd.color.CIELabColor.from_dicom_value(told.RecommendedDisplayCIELabValue).to_rgb(clip=True)
        assert np.abs(np.subtract(colour, row.color)).max() <= 1
        volume = seg.get_volume(segment_numbers=[number], combine_segments=True, relabel=True)
        assert np.array_equal(at_places_of(volume, case.anatomy) > 0, wanted == row.value), row.key


def test_labels_of_another_grid_lie_on_that_of_the_ct(case: Case, tmp_path: Path) -> None:
    fine = sitk.Expand(case.anatomy, (2, 2, 2), sitk.sitkNearestNeighbor)
    export_dicom(replace(case, anatomy=fine), tmp_path / "study")
    seg = hd.seg.segread(tmp_path / "study" / "SEG.dcm")
    images = objects(tmp_path / "study" / "CT")
    assert (seg.Rows, seg.Columns) == (images[0].Rows, images[0].Columns)
    found = at_places_of(seg.get_volume(combine_segments=True), case.ct)
    assert np.array_equal(found > 0, sitk.GetArrayFromImage(case.anatomy) > 0)


def test_a_ct_that_does_not_show_the_anatomy_says_so_in_images_segmentation_and_report(
    case: Case, tmp_path: Path
) -> None:
    sentence = "The CT does not show this anatomy any more: liver -3.2 ml"
    export_dicom(replace(case, provenance={**case.provenance, "ct_out_of_date": sentence}), tmp_path / "study")
    for one in objects(tmp_path / "study"):
        assert sentence in (one.to_json() if one.Modality == "SR" else one.ImageComments)


@pytest.mark.parametrize("enhanced", [False, True], ids=["classic", "enhanced"])
def test_every_object_tells_that_it_is_synthetic_and_of_one_study(case: Case, tmp_path: Path, enhanced: bool) -> None:
    export_dicom(case, tmp_path / "study", enhanced=enhanced)
    found = objects(tmp_path / "study")
    assert {one.Modality for one in found} == {"CT", "SEG", "SR"}
    for one in found:
        assert str(one.PatientName) == "GuideGen^Synthetic" and one.SyntheticData == "YES"
        assert one.SeriesDescription.startswith("SYNTHETIC, NOT FOR DIAGNOSIS")
        assert (one.PatientSex, one.PatientAge, one.PatientBirthDate) == ("M", "060Y", "")
        assert "obese" in one.PatientComments and "SYNTHETIC" in one.PatientComments
        (made,) = one.ContributingEquipmentSequence
        assert made.SoftwareVersions == "0.1.0" and "ab" * 32 in made.ContributionDescription
        if one.Modality != "SR":
            assert one.ImageType[0] == "DERIVED" and "SYNTHETIC" in one.ImageComments and "名" in one.ImageComments
            assert one.BodyPartExamined == "CHEST"
        if one.Modality == "CT":
            assert "portal venous" in one.SeriesDescription
    assert len({one.StudyInstanceUID for one in found}) == len({one.PatientID for one in found}) == 1
    assert len({one.FrameOfReferenceUID for one in found if one.Modality != "SR"}) == 1
    assert len({one.SOPInstanceUID for one in found}) == len(found)


def test_what_the_text_says_of_the_scan_is_in_the_headers(case: Case, tmp_path: Path) -> None:
    acquisition = Acquisition(slice_mm=5.0, kernel="standard", oral_contrast=True)
    export_dicom(replace(case, description=replace(case.description, acquisition=acquisition)), tmp_path / "study")
    one = objects(tmp_path / "study" / "CT")[0]
    assert (one.SliceThickness, one.SpacingBetweenSlices, one.KVP) == (5.0, 3.0, None)
    assert one.ConvolutionKernel == "SIM STANDARD"  # 16 characters at most
    assert one.ContrastBolusAgent == "SIMULATED, portal venous phase, oral"
    report = pydicom.dcmread(tmp_path / "study" / "SR.dcm")
    texts = {element.value for element in report.iterall() if element.keyword == "TextValue"}
    assert {"Slice thickness (mm): 5", "Kernel: standard", "Oral contrast: yes"} <= texts


def test_the_report_tells_what_was_asked_understood_and_measured(case: Case, tmp_path: Path) -> None:
    export_dicom(case, tmp_path / "study")
    report = hd.sr.srread(tmp_path / "study" / "SR.dcm")
    content = hd.sr.MeasurementReport.from_sequence([report])
    seg = hd.seg.segread(tmp_path / "study" / "SEG.dcm")
    voxel_ml = float(np.prod(case.ct.GetSpacing())) / 1000
    groups = content.get_volumetric_roi_measurement_groups()
    assert len(groups) == len(seg.segment_numbers)
    for group in groups:
        (volume,) = group.get_measurements()
        wanted = (sitk.GetArrayFromImage(case.anatomy) == values()[group.tracking_identifier]).sum() * voxel_ml
        assert volume.value == pytest.approx(wanted, rel=1e-5)
        (number,) = referenced_segments(group[0])
        assert seg.get_segment_description(number).tracking_id == group.tracking_identifier
    (lesion,) = content.get_image_measurement_groups()
    assert [one.value for one in lesion.get_measurements()] == [LESION.measured_mm, LESION.volume_ml]
    assert lesion.finding_sites[0].laterality.meaning == "Left"
    texts = [element.value for element in report.iterall() if element.keyword == "TextValue"]
    assert {TEXT, "Age: 60", "Contrast phase: portal venous", "SYNTHETIC, NOT FOR DIAGNOSIS"} <= set(texts)
    assert any(text.startswith("tumor 1: ") and "size (mm) 48" in text for text in texts)


def test_the_report_codes_what_has_no_voxels_of_its_own(case: Case, tmp_path: Path) -> None:
    cirrhotic = replace(case, description=parse("Liver cirrhosis, no pulmonary fibrosis."))
    export_dicom(cirrhotic, tmp_path / "study")
    report = hd.sr.MeasurementReport.from_sequence([hd.sr.srread(tmp_path / "study" / "SR.dcm")])
    types = [one.finding_type for one in report.get_image_measurement_groups()]
    assert [one.value for one in types if one is not None][1:] == ["19943007"], "after the lesion"


@pytest.mark.parametrize("name", ["study", "study.zip"])
def test_the_same_case_gives_the_same_bytes(make_case: MakeCase, tmp_path: Path, name: str) -> None:
    written = []
    for run in ("one", "two"):
        (tmp_path / run).mkdir()
        target = export_dicom(make_case(), tmp_path / run / name, binary=True)
        files = sorted(target.rglob("*.dcm")) if target.is_dir() else [target]
        written.append([path.read_bytes() for path in files])
    assert written[0] == written[1]


def test_an_archive_holds_the_files_of_a_folder(case: Case, tmp_path: Path) -> None:
    export_dicom(case, tmp_path / "study")
    export_dicom(case, tmp_path / "study.zip")
    with zipfile.ZipFile(tmp_path / "study.zip") as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    folder = tmp_path / "study"
    assert held == {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.dcm")}


@pytest.mark.parametrize("enhanced", [False, True], ids=["classic", "enhanced"])
def test_an_edited_case_is_a_new_series_of_the_study_that_names_the_one_before(
    case: Case, tmp_path: Path, enhanced: bool
) -> None:
    grown = sitk.GetArrayFromImage(case.anatomy)
    grown[2, 10, 10] = values()["lung_tumor"]
    anatomy = sitk.GetImageFromArray(grown)
    anatomy.CopyInformation(case.anatomy)
    after = edited(case, anatomy, case.ct + 1)
    export_dicom(case, tmp_path / "before", enhanced=enhanced)
    export_dicom(after, tmp_path / "after", enhanced=enhanced)
    before, now = objects(tmp_path / "before"), objects(tmp_path / "after")
    assert {one.StudyInstanceUID for one in before} == {one.StudyInstanceUID for one in now}
    assert {one.PatientID for one in before} == {one.PatientID for one in now}
    assert not {one.SeriesInstanceUID for one in before} & {one.SeriesInstanceUID for one in now}
    assert not {one.SeriesNumber for one in before} & {one.SeriesNumber for one in now}
    for old, new in zip(before, now, strict=True):
        assert old.Modality == new.Modality
        if new.Modality == "SR":
            (study,) = new.PredecessorDocumentsSequence
            told = study.ReferencedSeriesSequence[0].ReferencedSOPSequence
        else:
            told = new.SourceImageSequence if new.Modality == "CT" else new.SourceInstanceSequence
        assert [one.ReferencedSOPInstanceUID for one in told] == [old.SOPInstanceUID]


def test_a_case_without_a_ct_is_refused(case: Case, tmp_path: Path) -> None:
    with pytest.raises(DicomError, match="no CT: generate it first"):
        export_dicom(replace(case, ct=None), tmp_path / "study")
    assert list(tmp_path.iterdir()) == []


def test_an_empty_anatomy_is_refused(case: Case, tmp_path: Path) -> None:
    with pytest.raises(DicomError, match="anatomy is empty"):
        export_dicom(replace(case, anatomy=case.anatomy * 0), tmp_path / "study")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["study", "study.zip"])
def test_what_is_there_stays_unless_it_may_be_replaced(case: Case, tmp_path: Path, name: str) -> None:
    target = export_dicom(case, tmp_path / name)
    with pytest.raises(DicomError, match="already: name another one, or add --overwrite"):
        export_dicom(case, target)
    if target.is_dir():
        (target / "notes.txt").write_text("mine")
        (target / "CT" / "9999.dcm").write_text("of a longer series")
    export_dicom(case, target, overwrite=True)
    if target.is_dir():
        assert (target / "notes.txt").read_text() == "mine" and not (target / "CT" / "9999.dcm").exists()
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["study", "study.zip"])
def test_a_run_that_is_cut_short_leaves_nothing(case: Case, tmp_path: Path, name: str) -> None:
    def stop(stage: str, fraction: float) -> None:
        if fraction > 0.6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export_dicom(case, tmp_path / name, progress=stop)
    assert list(tmp_path.iterdir()) == []


def test_missing_packages_are_named(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.split(".")[0] == "highdicom":
            raise ModuleNotFoundError("No module named 'highdicom'")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(DicomError, match=r'pip install "guidegen\[dicom\]"'):
        export_dicom(case, tmp_path / "study")


def test_a_folder_that_cannot_be_made_is_one_line(case: Case, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises((DicomError, VolumeError), match="file"):
        export_dicom(case, tmp_path / "file")
    with pytest.raises((DicomError, VolumeError), match="cannot write"):
        export_dicom(case, tmp_path / "file" / "study.zip")


def test_all_labels_of_the_table_can_be_segments(tmp_path: Path, case: Case) -> None:
    count = len(labels())
    array = np.arange(2 * 8 * 10, dtype=np.uint8).reshape(2, 8, 10) % count
    anatomy = image_from_array(array, (2.0, 2.0, 2.0), labels=True)
    ct = image_from_array(array * 10.0 - 500, (2.0, 2.0, 2.0), labels=False)
    export_dicom(replace(case, anatomy=anatomy, ct=ct), tmp_path / "study", binary=True)
    assert len(hd.seg.segread(tmp_path / "study" / "SEG.dcm").segment_numbers) == count - 1
