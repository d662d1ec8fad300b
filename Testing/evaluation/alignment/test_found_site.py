"""The organ of a tumour is told by what surrounds it, whatever its label says."""

from collections.abc import Callable

import numpy as np
import pytest

from GuideGenLib.evaluation.alignment.found_site import FoundSite, agrees, tumour_ml, tumour_place
from GuideGenLib.evaluation.prompts.fixed_prompts import ExpectedLesion

SPACING = 6.0
Put = Callable[[np.ndarray, str, tuple[int, int, int], float], np.ndarray]
SPOTS = {
    ExpectedLesion("lung", "left", "upper_lobe"): (75, 24, 46),
    ExpectedLesion("lung", "right", "middle_lobe"): (66, 16, 14),
    ExpectedLesion("liver", None, "right_lobe"): (46, 20, 14),
    ExpectedLesion("kidney", "left", "upper_pole"): (39, 38, 46),
    ExpectedLesion("kidney", "right", "lower_pole"): (30, 38, 16),
    ExpectedLesion("pancreas", None, "head"): (40, 25, 30),
    ExpectedLesion("colon", None, "descending"): (30, 30, 53),
}


@pytest.mark.parametrize("lesion", SPOTS, ids=lambda one: f"{one.organ} {one.side} {one.site}")
def test_a_tumour_of_one_class_is_placed(phantom: np.ndarray, put: Put, lesion: ExpectedLesion) -> None:
    place = tumour_place(put(phantom, "lung_tumor", SPOTS[lesion], 30), SPACING)
    assert place is not None and (place.organ, place.side) == (lesion.organ, lesion.side)
    assert agrees(place, lesion)
    others = [other for other in SPOTS if other != lesion]
    assert not any(agrees(place, other) for other in others)


def test_the_largest_tumour_counts(phantom: np.ndarray, put: Put) -> None:
    labels = put(phantom, "liver_tumor", (46, 20, 14), 24)
    assert tumour_place(put(labels, "lung_tumor", (75, 24, 46), 60), SPACING) == FoundSite(
        "lung", "left", ("upper_lobe",)
    )
    place = tumour_place(put(labels, "lung_tumor", (75, 24, 46), 10), SPACING)
    assert place is not None and place.organ == "liver"


def test_a_kidney_tumour_that_grows_towards_the_liver_is_of_the_kidney(phantom: np.ndarray, put: Put) -> None:
    place = tumour_place(put(phantom, "lung_tumor", (35, 35, 16), 66), SPACING)
    assert place is not None and (place.organ, place.side) == ("kidney", "right")


def test_no_tumour_and_a_tumour_beside_no_organ_have_no_place(phantom: np.ndarray, put: Put) -> None:
    assert tumour_place(phantom, SPACING) is None
    assert tumour_place(put(phantom, "lung_tumor", (14, 8, 8), 18), SPACING) is None
    assert not agrees(None, ExpectedLesion("lung"))


def test_what_a_text_leaves_open_agrees_with_all() -> None:
    place = FoundSite("kidney", "left", ("middle", "upper_pole"))
    assert agrees(place, ExpectedLesion("kidney"))
    assert agrees(place, ExpectedLesion("kidney", "left", "middle"))
    assert not agrees(place, ExpectedLesion("kidney", "right"))
    assert not agrees(place, ExpectedLesion("kidney", "left", "lower_pole"))
    assert str(place) == "left kidney (middle, upper_pole)"


def test_all_lesions_count_for_the_volume(phantom: np.ndarray, put: Put) -> None:
    labels = put(phantom, "liver_tumor", (46, 20, 14), 30)
    voxels = int((labels != phantom).sum())
    assert tumour_ml(labels, SPACING) == pytest.approx(voxels * 0.216)
