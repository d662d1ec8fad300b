"""How the scan was taken is read from the text, corrected, kept in files, and no part of the patient."""

from typing import Any

import pytest

from GuideGenLib.description import DescriptionError, parse
from GuideGenLib.description.acquisition import Acquisition
from GuideGenLib.description.changes.read import read_change
from GuideGenLib.description.corrections import Corrections, apply
from GuideGenLib.description.reading.acquisition import without_acquisition
from GuideGenLib.description.report import from_json, to_json

READ: tuple[tuple[str, dict[str, Any]], ...] = (
    ("5 mm slices, lung kernel, low dose", {"slice_mm": 5, "kernel": "sharp", "dose": "low"}),
    ("1.25-mm collimation thin-section CT of the chest", {"slice_mm": 1.25}),
    ("chest CT, 3-mm-thick axial sections", {"slice_mm": 3}),
    ("a slice thickness of 2,5 mm", {"slice_mm": 2.5}),
    ("64 x 0.6 mm collimation, axial images of 1.5 mm and coronal reformats of 3 mm", {"slice_mm": 1.5}),
    ("chest CT reconstructed with a sharp kernel (B70f)", {"kernel": "sharp"}),
    ("soft tissue kernel", {"kernel": "standard"}),
    ("smooth kernel", {"kernel": "soft"}),
    ("kernel Br40", {"kernel": "standard"}),
    ("ultra-low-dose CT of the chest", {"dose": "low"}),
    ("LDCT of the chest", {"dose": "low"}),
    ("chest CT, CTDIvol 2 mGy", {"dose": "low"}),
    ("chest CT, CTDIvol: 8.1 mGy, DLP 450 mGy cm", {"dose": "standard"}),
    ("abdominal CT with oral contrast", {"oral_contrast": True}),
    ("abdominal CT with IV and oral contrast", {"oral_contrast": True}),
    ("abdominal CT without oral contrast", {"oral_contrast": False}),
    ("abdominal CT without oral or intravenous contrast", {"oral_contrast": False}),
    ("chest CT degraded by motion", {"motion": True}),
    ("chest CT without motion artifacts", {"motion": False}),
    ("pedicle screws in the lumbar spine", {"metal": "spine"}),
    ("no spinal hardware, pelvis CT", {"metal": "none"}),
    ("pelvis CT, right hip prosthesis", {}),
    ("chest CT with the patient table visible", {"table": True}),
    ("chest CT, field of view of 36 cm", {"field_of_view_mm": 360}),
    ("Recommend low-dose CT in a year. 5 mm nodule in the left lung", {}),
    ("chest CT, on low-dose aspirin, high-dose chemotherapy", {}),
    ("chest CT with a 5 mm nodule in the left lung, slices at 5 mm intervals", {}),
    ("see table 3, hip pain, no metal", {}),
)


@pytest.mark.parametrize(("text", "wanted"), READ)
def test_it_is_read(text, wanted):
    description = parse(text)
    assert description.acquisition == Acquisition(**wanted)
    quoted = {path: span for path, span in description.spans.items() if path.startswith("acquisition.")}
    assert set(quoted) == {f"acquisition.{name}" for name in wanted}
    assert all(text[span.start : span.end] == span.text for span in quoted.values())


def test_findings_and_phase_beside_it_are_as_without_it():
    text = "Low-dose chest CT with IV and oral contrast, 5 mm slices, lung kernel: 12 mm nodule in the right lung."
    read = parse(text)
    assert (read.region, read.phase, read.not_understood, read.left_out) == ("chest", "portal_venous", (), ())
    assert [(one.kind, one.organ, one.side, one.size_mm) for one in read.findings] == [("nodule", "lung", "right", 12)]


@pytest.mark.parametrize(
    ("text", "phase"),
    [
        ("abdominal CT 70 s after injection of contrast", "portal_venous"),
        ("abdominal CT with a delay of 35 seconds", "arterial"),
        ("abdominal CT 5 minutes after contrast", "delayed"),
    ],
)
def test_the_time_after_injection_tells_the_phase(text, phase):
    read = parse(text)
    assert read.phase == phase and read.spans["phase"].text in text and not read.not_understood


def test_what_cannot_be_is_refused_and_what_is_not_sure_is_told():
    with pytest.raises(DescriptionError, match="slice thickness of 25 mm is not possible"):
        parse("chest CT, 25 mm slices")
    left = parse("chest CT, 5 mm slices and 1 mm slices, metal artifacts").left_out
    assert [one.span.text for one in left] == ["1 mm slices", "metal artifacts"]


def test_it_is_kept_in_a_file_and_corrected():
    read = parse("Chest CT, 5 mm slices, lung kernel.")
    assert from_json(to_json(read)) == read
    corrections = Corrections().with_patient("acquisition.slice_mm", 3).with_patient("acquisition.motion", True)
    done = apply(read, Corrections.from_json(corrections.to_json())).description
    assert done.acquisition == Acquisition(slice_mm=3, kernel="sharp", motion=True)
    assert "acquisition.slice_mm" not in done.spans and done.left_out[0].span.text == "5 mm slices"
    with pytest.raises(DescriptionError):
        apply(read, Corrections().with_patient("acquisition.kernel", "blunt"))
    earlier = to_json(read)
    del earlier["acquisition"]
    earlier["spans"] = {}
    assert from_json(earlier).acquisition == Acquisition()


def test_texts_of_one_patient_are_one_without_the_scan():
    patient = "67-year-old man with a 4 cm tumor of the left lung."
    for text in (
        "67-year-old man with a 4 cm tumor of the left lung. 5 mm slices, lung kernel, low dose.",
        "5 mm slices, lung kernel; 67-year-old man with a 4 cm tumor of the left lung, low dose.",
        patient,
    ):
        assert without_acquisition(text) == patient


def test_a_sentence_has_the_patient_scanned_again():
    before = parse("Man with a 4 cm tumor of the left lung, lung kernel.")
    change = read_change("show it as a 5 mm low-dose scan", before)
    assert change.after.acquisition == Acquisition(slice_mm=5, kernel="sharp", dose="low")
    assert change.after.findings == before.findings and change.everywhere and not change.not_understood
