"""Findings are measured in the anatomy, and cases are named by them."""

import numpy as np
import pytest

from GuideGenLib.cases.catalogue import CaseCatalogue
from GuideGenLib.cases.errors import CaseError
from GuideGenLib.cases.measure import measure
from GuideGenLib.cases.names import case_name, checked_name
from GuideGenLib.description.parse import parse
from GuideGenLib.mask.findings.shapes import longest_extent
from Testing.cases.conftest import HEALTHY, LUNG, TUMOUR_MM, Make, image_of
from Testing.phantom import SPACING, Put


def test_a_tumour_has_its_side_and_the_size_that_the_generator_measures(saved: Make, phantom: np.ndarray, put: Put):
    (found,) = measure(saved().anatomy)
    assert (found.key, found.side, found.name) == ("kidney_tumor", "left", "left kidney tumor")
    drawn = put(phantom, "kidney_tumor", (36, 38, 46), TUMOUR_MM)
    mask = drawn != phantom
    assert found.mm == pytest.approx(longest_extent(mask, SPACING))
    assert found.ml == pytest.approx(mask.sum() * np.prod(SPACING) / 1000)
    ends = np.asarray(found.ends)
    assert np.linalg.norm(ends[0] - ends[1]) == pytest.approx(found.mm - SPACING[0])
    assert abs(ends.mean(axis=0)[0] - (-150 + 46 * 6)) < 6, "x of LPS, with the origin"


def test_the_side_is_the_patients_also_in_an_image_that_runs_the_other_way(saved: Make):
    import SimpleITK as sitk

    flipped = sitk.DICOMOrient(saved().anatomy, "RAS")
    assert [one.side for one in measure(flipped)] == ["left"]


def test_lesions_come_before_other_findings_and_the_largest_first(phantom: np.ndarray, put: Put):
    labels = put(put(phantom, "lung_tumor", LUNG, 20), "lung_tumor", (66, 30, 12), 30)
    labels = put(labels, "pleural_effusion", (58, 40, 46), 50)
    found = measure(image_of(labels))
    assert [(one.key, one.side) for one in found] == [
        ("lung_tumor", "right"),
        ("lung_tumor", "left"),
        ("pleural_effusion", "left"),
    ]
    assert found[-1].size.endswith(" ml") and found[0].size.endswith(" mm")


@pytest.mark.parametrize(
    ("text", "seed", "wanted"),
    [
        ("A 58-year-old woman with a 40 mm tumor in the left kidney.", 3, "left-kidney-40mm-F58-seed3"),
        ("A man.", None, "left-kidney-40mm-M"),
    ],
)
def test_a_case_is_called_by_what_is_seen_in_whom(saved: Make, text: str, seed: int | None, wanted: str):
    (found,) = measure(saved().anatomy)
    assert case_name(parse(text), [found], seed).replace(f"{found.mm:.0f}mm", "40mm") == wanted


def test_a_case_without_measured_findings_is_called_by_its_text():
    assert case_name(parse(HEALTHY), [], 7) == "no-finding-M30-seed7"
    told = case_name(parse("A 70-year-old man with an abdominal aortic aneurysm."), [], None)
    assert told.endswith("aneurysm-M70") and not told.startswith("no-finding")


def test_several_findings_are_counted_in_the_name(phantom: np.ndarray, put: Put):
    labels = put(put(phantom, "liver_tumor", (46, 20, 15), 30), "liver_tumor", (46, 20, 30), 20)
    labels = put(labels, "ascites", (30, 20, 30), 30)
    name = case_name(None, measure(image_of(labels)), 1)
    assert name.startswith("liver-") and name.endswith("mm+1-x2-seed1")


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "lessons", "x" * 81, "end.", "a\nb\x00"])
def test_a_name_that_is_none_is_refused(name: str):
    with pytest.raises(CaseError, match="cannot be the name"):
        checked_name(name)


def test_the_name_in_the_folder_is_the_descriptive_one(catalogue: CaseCatalogue):
    names = [entry.name for entry in catalogue.entries()]
    assert names[0].startswith("left-kidney-") and names[0].endswith("mm-F58-seed3")
    assert names[1] == "no-finding-M30-seed7"
