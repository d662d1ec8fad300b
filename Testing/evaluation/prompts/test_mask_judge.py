"""The judge sees what is there, whatever the generator says."""

from collections.abc import Callable

import numpy as np
import pytest

from GuideGenLib.anatomy.table import values
from GuideGenLib.evaluation.prompts.fixed_prompts import ExpectedLesion, Prompt
from GuideGenLib.evaluation.prompts.mask_judge import Verdict, as_json, expected_organs, failed, judge, summary

SPACING = (6.0, 6.0, 6.0)
Put = Callable[[np.ndarray, str, tuple[int, int, int], float], np.ndarray]
LEFT_UPPER = (75, 24, 46)
"""A voxel (z, y, x) in the middle of the left upper lobe."""


def _judged(labels: np.ndarray, *lesions: ExpectedLesion, bounds: dict[str, list[float]] | None = None) -> Verdict:
    return judge(labels, SPACING, Prompt(1, "test", "", "torso", None, lesions), bounds)


def _tumour(labels: np.ndarray, *lesions: ExpectedLesion) -> tuple[tuple[int, int], ...]:
    counts = _judged(labels, *lesions).counts
    return tuple(counts[f"tumor {what}"] for what in ("exactly as asked", "in its place", "of its size"))


def test_a_tumour_of_the_right_size_in_the_right_lobe_is_right(phantom: np.ndarray, put: Put):
    labels = put(phantom, "lung_tumor", LEFT_UPPER, 60)
    assert _tumour(labels, ExpectedLesion("lung", "left", "upper_lobe", (50, 70))) == ((1, 1), (1, 1), (1, 1))


@pytest.mark.parametrize(("side", "site"), [("left", "lower_lobe"), ("right", "upper_lobe"), ("right", None)])
def test_another_lobe_or_side_is_wrong(phantom: np.ndarray, put: Put, side: str, site: str | None):
    labels = put(phantom, "lung_tumor", LEFT_UPPER, 60)
    assert _tumour(labels, ExpectedLesion("lung", side, site, (50, 70))) == ((1, 1), (0, 1), (1, 1))


def test_what_the_text_leaves_open_is_not_judged(phantom: np.ndarray, put: Put):
    verdict = _judged(put(phantom, "lung_tumor", LEFT_UPPER, 60), ExpectedLesion("lung"))
    assert verdict.counts["tumor in its place"] == (1, 1)
    assert "tumor of its size" not in verdict.counts


def test_a_missing_tumour_is_wrong_in_all_three(phantom: np.ndarray):
    assert _tumour(phantom, ExpectedLesion("lung", mm=(50, 70))) == ((0, 1), (0, 1), (0, 1))


def test_a_tumour_that_nobody_asked_for_is_found(phantom: np.ndarray, put: Put):
    verdict = _judged(put(phantom, "liver_tumor", (46, 20, 16), 36))
    assert verdict.counts["tumor exactly as asked"] == (0, 1)
    assert "tumor exactly as asked: 1 liver_tumor instead of 0" in verdict.faults
    assert _judged(phantom).counts["tumor exactly as asked"] == (1, 1)


def test_a_second_component_is_one_tumour_too_many(phantom: np.ndarray, put: Put):
    labels = put(phantom, "lung_tumor", LEFT_UPPER, 60)
    labels[85, 12, 54] = values()["lung_tumor"]
    assert _tumour(labels, ExpectedLesion("lung", "left", "upper_lobe", (50, 70))) == ((0, 1), (1, 1), (1, 1))


@pytest.mark.parametrize(
    ("mm", "right"), [((50, 70), 1), ((70, 100), 0), ((8, 30), 0), ((62, 100), 1), ((66, 66), 1), ((75, 75), 0)]
)
def test_size_is_measured_and_half_a_voxel_is_forgiven(
    phantom: np.ndarray, put: Put, mm: tuple[float, float], right: int
):
    labels = put(phantom, "lung_tumor", LEFT_UPPER, 60)  # 60 mm measured, +- 3 mm or 10 % of a size in the text
    assert _judged(labels, ExpectedLesion("lung", mm=mm)).counts["tumor of its size"] == (right, 1)


def test_a_liver_tumour_inside_the_spleen_is_in_the_wrong_organ(phantom: np.ndarray, put: Put):
    verdict = _judged(put(phantom, "liver_tumor", (50, 39, 52), 24), ExpectedLesion("liver"))
    assert verdict.counts["tumor in its place"] == (0, 1)
    assert any("does not touch the liver (spleen is next to it)" in fault for fault in verdict.faults)


def test_a_liver_tumour_that_lies_mostly_in_the_stomach_is_in_the_wrong_organ(phantom: np.ndarray, put: Put):
    labels = put(phantom, "liver_tumor", (49, 20, 43), 48)
    assert _judged(labels, ExpectedLesion("liver")).counts["tumor in its place"] == (0, 1)


@pytest.mark.parametrize(
    ("organ", "centre", "right", "wrong"),
    [
        ("kidney", (29, 38, 16), "lower_pole", "upper_pole"),
        ("kidney", (37, 38, 16), "upper_pole", "lower_pole"),
        ("kidney", (33, 38, 16), "middle", None),
        ("pancreas", (40, 25, 29), "head", "tail"),
        ("pancreas", (40, 25, 36), "body", "tail"),
        ("pancreas", (40, 25, 44), "tail", "head"),
        ("liver", (46, 20, 14), "right_lobe", "left_lobe"),
        ("liver", (46, 16, 36), "left_lobe", "right_lobe"),
        ("liver", (46, 26, 30), "caudate", None),
        ("liver", (46, 12, 12), "right_lobe", "caudate"),
        ("colon", (22, 25, 10), "cecum", "descending"),
        ("colon", (29, 25, 10), "ascending", "transverse"),
        ("colon", (35, 12, 13), "hepatic_flexure", "splenic_flexure"),
        ("colon", (35, 12, 32), "transverse", "sigmoid"),
        ("colon", (43, 30, 53), "splenic_flexure", "hepatic_flexure"),
        ("colon", (30, 30, 53), "descending", "ascending"),
        ("colon", (18, 28, 42), "sigmoid", "rectum"),
        ("colon", (10, 41, 32), "rectum", "sigmoid"),
    ],
)
def test_sites_are_told_by_landmarks(
    phantom: np.ndarray, put: Put, organ: str, centre: tuple[int, int, int], right: str, wrong: str | None
):
    labels = put(phantom, f"{organ}_tumor", centre, 24)
    assert _judged(labels, ExpectedLesion(organ, site=right)).counts["tumor in its place"] == (1, 1)
    if wrong:
        assert _judged(labels, ExpectedLesion(organ, site=wrong)).counts["tumor in its place"] == (0, 1)


def test_the_kidneys_are_told_apart(phantom: np.ndarray, put: Put):
    labels = put(phantom, "kidney_tumor", (33, 38, 16), 30)
    assert _tumour(labels, ExpectedLesion("kidney", "right", mm=(30, 30))) == ((1, 1), (1, 1), (1, 1))
    assert _tumour(labels, ExpectedLesion("kidney", "left", mm=(30, 30))) == ((1, 1), (0, 1), (1, 1))


def test_several_tumours_of_an_organ_are_each_compared_with_the_one_that_suits(phantom: np.ndarray, put: Put):
    labels = put(put(phantom, "lung_tumor", LEFT_UPPER, 60), "lung_tumor", (80, 24, 16), 30)
    asked = (ExpectedLesion("lung", "right", mm=(20, 40)), ExpectedLesion("lung", "left", mm=(50, 70)))
    assert _tumour(labels, *asked) == _tumour(labels, *asked[::-1]) == ((1, 1), (2, 2), (2, 2))
    exchanged = (ExpectedLesion("lung", "left", mm=(20, 40)), ExpectedLesion("lung", "right", mm=(50, 70)))
    assert _tumour(labels, *exchanged) == ((1, 1), (2, 2), (0, 2))


def test_an_organ_in_two_pieces_is_found_but_not_one_that_its_tumour_parts(phantom: np.ndarray):
    whole = _judged(phantom).counts["organ in one piece"]
    assert whole[0] == whole[1] > 10
    cut = phantom.copy()
    cut[34:37][cut[34:37] == values()["kidney_left"]] = values()["body"]
    assert _judged(cut).counts["organ in one piece"] == (whole[0] - 1, whole[1])
    cut[34:37, 34:42, 43:50] = values()["kidney_tumor"]
    assert _judged(cut, ExpectedLesion("kidney")).counts["organ in one piece"] == whole


def test_bowel_and_vessels_may_be_in_pieces_but_vertebrae_may_not(phantom: np.ndarray):
    labels = phantom.copy()
    right, all_of_them = _judged(labels).counts["organ in one piece"]
    labels[24, 25, 10:12] = labels[26:29, 22:28, 9:12] = values()["body"]
    labels[30:40, 27:30, 27:30] = values()["body"]
    assert _judged(labels).counts["organ in one piece"] == (right, all_of_them)
    labels[30:34, 32:40, 29:35] = values()["body"]
    assert _judged(labels).counts["organ in one piece"] == (right - 1, all_of_them)


def test_a_mirrored_patient_has_every_side_wrong(phantom: np.ndarray):
    right, cases = _judged(phantom).counts["side right"]
    assert right == cases == 13
    assert _judged(phantom[:, :, ::-1].copy()).counts["side right"] == (0, cases)


def test_a_missing_organ_is_named_and_a_crumb_is_none(phantom: np.ndarray):
    verdict = _judged(phantom)
    spleen = phantom == values()["spleen"]
    assert not any("spleen" in fault for fault in verdict.faults)
    labels = np.where(spleen, values()["body"], phantom).astype(np.uint8)
    assert "organ present: spleen has 0.0 ml, 0.2 are wanted" in _judged(labels).faults
    assert set(_judged(labels).missing) - set(verdict.missing) == {"spleen"}
    labels[50, 39, 52:54] = values()["spleen"]
    assert not any("present: spleen" in fault for fault in _judged(labels).faults)
    bounds = {"spleen": [70.0, 500.0]}
    assert "organ present: spleen has 0.4 ml, 17.5 are wanted" in _judged(labels, bounds=bounds).faults


def test_volumes_are_compared_with_the_population_and_a_tumour_may_count_to_its_organ(phantom: np.ndarray, put: Put):
    assert _judged(phantom, bounds={"body": [0.1, 0.2]}).counts["volume in p1-p99"] == (0, 0)
    assert "volume in p1-p99" not in _judged(phantom).counts
    kidney = float((phantom == values()["kidney_right"]).sum() * 0.216)
    for bounds, right in (([kidney - 1, kidney + 1], 1), ([kidney + 1, 999.0], 0), ([1.0, kidney - 1], 0)):
        assert _judged(phantom, bounds={"kidney_right": bounds}).counts["volume in p1-p99"] == (right, 1)
    eaten = put(phantom, "kidney_tumor", (33, 38, 16), 40)
    assert _judged(eaten, bounds={"kidney_right": [kidney - 1, kidney + 1]}).counts["volume in p1-p99"] == (1, 1)


def test_the_torso_needs_every_organ_and_the_sex_its_own():
    organs = expected_organs("torso", "male")
    assert "prostate" in organs and "uterus" not in organs
    assert {"humerus_left", "great_veins", "adrenal_right"} < set(organs)
    assert "uterus" in expected_organs("abdomen_pelvis", "female")
    assert not {"prostate", "uterus"} & set(expected_organs("chest", "male") + expected_organs("torso", None))
    assert "urinary_bladder" not in expected_organs("chest", None)


def test_a_prompt_without_a_volume_fails_in_everything_that_it_asked():
    lesions = (ExpectedLesion("lung", mm=(10, 20)), ExpectedLesion("liver"))
    verdict = failed(Prompt(3, "test", "", "chest", None, lesions), "LesionError: no room")
    assert all(right == 0 for right, _ in verdict.counts.values())
    assert verdict.counts["tumor in its place"] == (0, 2) and verdict.counts["tumor of its size"] == (0, 1)
    shares = summary([verdict])
    assert shares["all organs present"].value == 0
    assert shares["side right"].value is None
    assert as_json(shares)["tumor in its place"]["wanted"] == 0.95
