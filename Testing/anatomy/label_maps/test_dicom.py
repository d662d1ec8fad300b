"""Segmentations and contours of other programs as our labels: by codes, else by name, on the grid of their CT."""

from pathlib import Path
from typing import Any

import contourpy
import highdicom as hd
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.sr.codedict import codes
from pydicom.uid import UID, ExplicitVRLittleEndian, RTStructureSetStorage

from GuideGenLib.anatomy.label_maps.reading import read_label_map
from GuideGenLib.anatomy.maps import VocabularyError
from GuideGenLib.anatomy.table import values
from GuideGenLib.core.errors import FileWarning, VolumeError
from GuideGenLib.core.volumes import read_ct
from Testing.dicom_series import ORIGIN, SPACING, Change, write_series

SHAPE = (6, 24, 30)


def ct_of(folder: Path, change: Change | None = None) -> Path:
    array = (np.arange(np.prod(SHAPE)).reshape(SHAPE) % 1500 - 1000).astype(np.int16)
    return write_series(folder / "ct", change, array=array)


def ball(middle: tuple[int, int, int], radius: float) -> np.ndarray:
    """A mask; a plane is five times as thick as a column is wide."""
    z, y, x = np.indices(SHAPE)
    return ((z - middle[0]) * 3) ** 2 + (y - middle[1]) ** 2 + (x - middle[2]) ** 2 <= radius**2


def item(**values_of: Any) -> Dataset:
    made = Dataset()
    for keyword, value in values_of.items():
        setattr(made, keyword, value)
    return made


# ---------------------------------------------------------------- contours


def write_contours(folder: Path, regions: dict[str, np.ndarray], kinds: dict[str, str] | None = None) -> Path:
    """A structure set on the CT of a folder, its contours halfway between voxels inside and outside."""
    ct = read_ct(folder / "ct")
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID = RTStructureSetStorage
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID = UID("1.2.7.1")
    made.SeriesInstanceUID, made.Modality, made.SeriesDescription = "1.2.7", "RTSTRUCT", "Plan"
    under = item(RTReferencedSeriesSequence=[item(SeriesInstanceUID="1.2.3")])
    made.ReferencedFrameOfReferenceSequence = [item(FrameOfReferenceUID="1.2.5", RTReferencedStudySequence=[under])]
    made.StructureSetROISequence, made.ROIContourSequence, made.RTROIObservationsSequence = (Sequence() for _ in "123")
    for number, (name, mask) in enumerate(regions.items(), start=1):
        made.StructureSetROISequence.append(item(ROINumber=number, ROIName=name))
        kind = (kinds or {}).get(name, "ORGAN")
        made.RTROIObservationsSequence.append(item(ReferencedROINumber=number, RTROIInterpretedType=kind))
        contours = [
            item(ContourGeometricType="CLOSED_PLANAR", ContourData=[f"{value:.4f}" for value in points.ravel()])
            for plane in range(len(mask))
            for points in lines(mask[plane], plane, ct)
        ]
        made.ROIContourSequence.append(item(ReferencedROINumber=number, ContourSequence=contours))
    made.save_as(folder / "plan.dcm", enforce_file_format=True)
    return folder / "plan.dcm"


def lines(mask: np.ndarray, plane: int, ct: sitk.Image) -> list[np.ndarray]:
    padded = np.pad(mask.astype(float), 1)
    found = []
    for line in contourpy.contour_generator(z=padded).lines(0.5):
        indices = [(x - 1, y - 1, plane) for x, y in line[:-1]]
        found.append(np.array([ct.TransformContinuousIndexToPhysicalPoint(index) for index in indices]))
    return found


def test_contours_come_back_voxel_for_voxel_with_their_holes(tmp_path: Path) -> None:
    ct_of(tmp_path)
    liver, hole, kidney = ball((3, 12, 12), 9), ball((3, 12, 12), 4), ball((3, 12, 26), 3)
    write_contours(tmp_path, {"Liver": liver & ~hole, "Kidney_L": kidney})
    wanted = np.where(liver & ~hole, values()["liver"], 0)
    wanted[kidney] = values()["kidney_left"]
    for path in (tmp_path, tmp_path / "plan.dcm"):
        read = read_label_map(path)
        assert np.array_equal(sitk.GetArrayFromImage(read.image), wanted)
        assert read.image.GetSpacing() == read_ct(tmp_path / "ct").GetSpacing()


def test_the_body_and_organs_yield_to_what_lies_in_them(tmp_path: Path) -> None:
    ct_of(tmp_path)
    body, liver, tumor = ball((3, 12, 15), 12), ball((3, 12, 12), 8), ball((3, 12, 12), 3)
    kinds = {"skin outline 7": "EXTERNAL", "GTV1": "GTV", "PTV 50Gy": "PTV"}
    write_contours(tmp_path, {"skin outline 7": body, "Liver": liver, "GTV1": tumor, "PTV 50Gy": body}, kinds)
    read = read_label_map(tmp_path)
    wanted = np.select([tumor, liver, body], [values()["liver_tumor"], values()["liver"], values()["body"]], 0)
    assert np.array_equal(sitk.GetArrayFromImage(read.image), wanted)
    assert "PTV 50Gy left out, as a plan has it and no body" in read.notes[0]


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("SpinalCord", "spinal_cord"), ("Kidney RT", "kidney_right"), ("Glnd_Adrenal_L", "adrenal_left"),
        ("Bowel_Small", "small_bowel"), ("A_Aorta", "aorta"), ("V_Venacava_I", "inferior_vena_cava"),
        ("ESOPHAGUS", "esophagus"), ("BODY", "body"), ("Bladder", "urinary_bladder"), ("femur L", "femur_left"),
    ],
)  # fmt: skip
def test_names_as_planning_systems_write_them(tmp_path: Path, name: str, key: str) -> None:
    ct_of(tmp_path)
    write_contours(tmp_path, {name: ball((3, 12, 12), 6)})
    assert set(np.unique(sitk.GetArrayFromImage(read_label_map(tmp_path).image))) == {0, values()[key]}


def test_a_name_that_nobody_knows_can_be_told(tmp_path: Path) -> None:
    ct_of(tmp_path)
    write_contours(tmp_path, {"Liver": ball((3, 12, 12), 8), "zRing": ball((3, 12, 25), 3)})
    with pytest.raises(VocabularyError, match=r"do not say what they are: 2 'zRing': tell them in a file for --labels"):
        read_label_map(tmp_path)
    (tmp_path / "names.json").write_text('{"1": "spleen", "2": ""}')
    found = np.unique(sitk.GetArrayFromImage(read_label_map(tmp_path, str(tmp_path / "names.json")).image))
    assert found.tolist() == [0, values()["spleen"]]


def test_contours_without_their_ct_or_off_its_planes_are_refused(tmp_path: Path) -> None:
    ct_of(tmp_path)
    path = write_contours(tmp_path, {"Liver": ball((3, 12, 12), 8)})
    ct = read_ct(tmp_path / "ct")
    (tmp_path / "alone").mkdir()
    alone = path.rename(tmp_path / "alone" / "plan.dcm")
    with pytest.raises(VolumeError, match=r"drawn on \(1.2.3\) is not with them: put the CT series"):
        read_label_map(alone)
    assert sitk.GetArrayFromImage(read_label_map(alone, under=ct).image).any()
    turned = sitk.Image(ct)
    turned.SetDirection([1, 0, 0, 0, 0, -1, 0, 1, 0])
    with pytest.raises(VolumeError, match="lies in no plane of the CT"):
        read_label_map(alone, under=turned)


def test_a_structure_set_of_points_alone_is_refused(tmp_path: Path) -> None:
    ct_of(tmp_path)
    path = write_contours(tmp_path, {"Liver": ball((3, 12, 12), 8)})
    made = pydicom.dcmread(path)
    for contour in made.ROIContourSequence[0].ContourSequence:
        contour.ContourGeometricType = "POINT"
    made.save_as(path)
    with pytest.raises(VolumeError, match="no closed contours"):
        read_label_map(path)


# ---------------------------------------------------------------- segmentations


def write_masks(
    folder: Path, segments: list[tuple[str, Any, np.ndarray]], kind: str = "BINARY", change: Change | None = None
) -> Path:
    """A segmentation of another program: (name, code of its type, mask or fractions) each; change: of its CT."""
    ct_of(folder, change)
    images = [pydicom.dcmread(path) for path in sorted((folder / "ct").iterdir())]
    for image in images:
        image.PatientBirthDate = image.PatientSex = image.StudyDate = image.StudyTime = image.AccessionNumber = ""
        image.StudyID = image.ReferringPhysicianName = ""
        image.SeriesNumber = image.InstanceNumber = 1
    images.sort(key=lambda image: float(image.ImagePositionPatient[2]))
    algorithm = hd.AlgorithmIdentificationSequence("other", codes.DCM.ArtificialIntelligence, "1")
    made = hd.seg.Segmentation(
        images,
        np.stack([mask for *_, mask in segments], -1),
        kind,
        [
            hd.seg.SegmentDescription(n, name, codes.SCT.Organ, code, "AUTOMATIC", algorithm)
            for n, (name, code, _) in enumerate(segments, start=1)
        ],
        "1.2.8", 5, "1.2.8.1", 1, "other", "model", "1", "1", omit_empty_frames=True,
    )  # fmt: skip
    made.save_as(folder / "seg.dcm")
    return folder / "seg.dcm"


def test_a_code_goes_before_a_name_and_a_name_stands_where_the_code_says_nothing(tmp_path: Path) -> None:
    old = hd.sr.CodedConcept("T-62000", "SRT", "Liver")
    liver, spleen = ball((3, 12, 8), 6), ball((3, 12, 24), 4)
    write_masks(tmp_path, [("pancreas", old, liver), ("Spleen", codes.SCT.Tissue, spleen)])
    wanted = np.select([liver, spleen], [values()["liver"], values()["spleen"]], 0)
    read = read_label_map(tmp_path)
    assert np.array_equal(sitk.GetArrayFromImage(read.image), wanted), "on the planes of the CT, which it does not fill"
    with pytest.raises(VocabularyError, match="1 'thing'"):
        (tmp_path / "other").mkdir()
        read_label_map(write_masks(tmp_path / "other", [("thing", codes.SCT.Tissue, liver)]))


def test_of_masks_that_overlap_the_part_wins(tmp_path: Path) -> None:
    liver, tumor, first = ball((3, 12, 12), 8), ball((3, 12, 12), 3), ball((3, 12, 20), 4)
    masks = [
        ("tumor", codes.SCT.Tissue, tumor), ("Liver", codes.SCT.Liver, liver), ("Stomach", codes.SCT.Stomach, first)
    ]  # fmt: skip
    image = read_label_map(write_masks(tmp_path, masks), under=read_ct(tmp_path / "ct")).image
    keys = ("liver_tumor", "liver", "stomach")
    wanted = np.select([tumor, liver, first], [values()[key] for key in keys], 0)
    assert np.array_equal(sitk.GetArrayFromImage(image), wanted)


def test_fractions_count_from_a_half_and_it_is_said(tmp_path: Path) -> None:
    fractions = ball((3, 12, 12), 8) * 0.4 + ball((3, 12, 12), 5) * 0.3
    read = read_label_map(write_masks(tmp_path, [("Liver", codes.SCT.Liver, fractions)], "FRACTIONAL"))
    assert np.count_nonzero(sitk.GetArrayFromImage(read.image)) == np.count_nonzero(ball((3, 12, 12), 5))
    assert any("at least a half" in note for note in read.notes)


def test_masks_and_contours_of_a_tilted_gantry_lie_where_they_were_drawn(tmp_path: Path) -> None:
    aside = 0.8

    def tilt(plane: Dataset, index: int) -> None:
        plane.ImagePositionPatient = [ORIGIN[0], ORIGIN[1] + aside * index, ORIGIN[2] + SPACING[0] * index]

    middle, mask = (3, 12, 12), ball((3, 12, 12), 8)
    wanted = np.array(ORIGIN) + np.array(middle[::-1]) * SPACING[::-1] + [0, aside * middle[0], 0]
    write_masks(tmp_path, [("Liver", codes.SCT.Liver, mask)], change=tilt)
    with pytest.warns(FileWarning, match=r"tilt of 17.7 degrees"):
        ct = read_ct(tmp_path / "ct")
    for under in (None, ct):
        image = read_label_map(tmp_path, under=under).image
        if under is not None:
            assert image.GetSize() == ct.GetSize() and image.GetOrigin() == pytest.approx(ct.GetOrigin())
        _require_there(image, mask, wanted)
    (tmp_path / "seg.dcm").unlink()
    shifted = np.zeros(ct.GetSize()[::-1], bool)  # the same ball, as it is drawn on the straight planes
    for index, plane in enumerate(mask):
        shifted[index, round(aside * index / SPACING[1]) :][: SHAPE[1], : SHAPE[2]] = plane[: shifted.shape[1]]
    write_contours(tmp_path, {"Liver": shifted})
    for under in (None, ct):
        _require_there(read_label_map(tmp_path, under=under).image, mask, wanted)


def _require_there(image: sitk.Image, mask: np.ndarray, middle: np.ndarray) -> None:
    """All of a mask, about its middle to half a voxel."""
    places = np.argwhere(sitk.GetArrayFromImage(image))[:, ::-1]
    found = np.array(image.TransformContinuousIndexToPhysicalPoint(places.mean(axis=0).tolist()))
    assert np.abs(found - middle).max() < min(SPACING) / 2
    assert len(places) == pytest.approx(np.count_nonzero(mask), rel=0.05)


def test_a_damaged_segmentation_is_one_line(tmp_path: Path) -> None:
    path = write_masks(tmp_path, [("Liver", codes.SCT.Liver, ball((3, 12, 12), 8))])
    for change in ("PixelData", "SegmentSequence", "NumberOfFrames", "PerFrameFunctionalGroupsSequence", "Rows"):
        broken = pydicom.dcmread(path)
        if change == "PixelData":
            broken.PixelData = broken.PixelData[:20]
        else:
            del broken[change]
        broken.save_as(tmp_path / "broken.dcm")
        with pytest.raises((VolumeError, VocabularyError)) as told:
            read_label_map(tmp_path / "broken.dcm")
        assert "\n" not in str(told.value), change
