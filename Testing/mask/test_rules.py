"""The rules pass what is drawn as asked and catch what is not; islands are cleaned away."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from GuideGenLib.anatomy.table import values
from GuideGenLib.description.model import Description, Finding
from GuideGenLib.mask.components import keep_largest, largest_share, single_part_keys
from GuideGenLib.mask.findings.lesions import insert_lesions
from GuideGenLib.mask.rules import Check, check, measured_volumes, score

LUNG = Finding("tumor", "lung", "upper_lobe", side="left", t="2")


def described(*findings: Finding) -> Description:
    return Description("a text", findings=findings)


def failed(checks: list[Check]) -> set[str]:
    return {one.name for one in checks if not one.passed}


@pytest.fixture(scope="module")
def lesioned(trunk, spacing):
    return insert_lesions(trunk, spacing, [LUNG], np.random.default_rng(0))


def test_a_lesion_drawn_as_asked_passes_every_rule(lesioned, spacing) -> None:
    labels, records = lesioned
    checks = check(labels, spacing, described(LUNG), records)
    assert failed(checks) == set()
    assert score(checks) == 1.0
    assert {"lesion:0:present", "lesion:0:place", "lesion:0:size", "no_other_lesion"} <= {one.name for one in checks}


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        ({"site": "lower_lobe"}, "lesion:0:place"),
        ({"side": "right"}, "lesion:0:place"),
        ({"t": "4"}, "lesion:0:size"),
        ({"t": "1"}, "lesion:0:size"),
        ({"count": 2}, "lesion:0:present"),
        ({"organ": "liver", "site": None, "side": None}, "lesion:0:present"),
    ],
)
def test_a_lesion_that_was_not_asked_for_so_breaks_a_rule(lesioned, spacing, change, broken) -> None:
    labels, records = lesioned
    checks = check(labels, spacing, described(replace(LUNG, **change)), records)
    assert broken in failed(checks)
    assert score(checks) < 1.0


def test_a_lesion_nobody_asked_for_is_reported(lesioned, spacing) -> None:
    labels, records = lesioned
    assert failed(check(labels, spacing, described(), records)) == {"no_other_lesion"}


def test_a_lesion_that_an_edit_erased_is_missed(lesioned, trunk, spacing) -> None:
    _, records = lesioned
    assert failed(check(trunk, spacing, described(LUNG), records)) == {"lesion:0:present"}


@pytest.mark.parametrize(
    ("finding", "other"),
    [
        (Finding("tumor", "kidney", "upper_pole", side="left", size_mm=40.0), {"site": "lower_pole"}),
        (Finding("tumor", "liver", "right_lobe", size_mm=40.0), {"site": "left_lobe"}),
        (Finding("tumor", "pancreas", "tail", size_mm=20.0), {"site": "head"}),
        (Finding("tumor", "colon", "sigmoid", t="2", size_mm=30.0), {"site": "ascending"}),
    ],
)
def test_the_site_of_a_lesion_is_checked(trunk, spacing, finding, other) -> None:
    labels, records = insert_lesions(trunk, spacing, [finding], np.random.default_rng(1))
    assert failed(check(labels, spacing, described(finding), records)) == set()
    wrong = described(replace(finding, **other))
    assert failed(check(labels, spacing, wrong, records)) == {"lesion:0:place"}


def test_an_organ_that_the_region_must_hold_is_missed(trunk, spacing) -> None:
    labels = np.where(trunk == values()["spleen"], values()["torso_fat"], trunk).astype(np.uint8)
    assert failed(check(labels, spacing, described(), [], present={"spleen", "liver"})) == {"present:spleen"}


def test_swapped_kidneys_are_on_the_wrong_side(trunk, spacing) -> None:
    labels = trunk.copy()
    left, right = values()["kidney_left"], values()["kidney_right"]
    labels[trunk == left], labels[trunk == right] = right, left
    assert failed(check(labels, spacing, described(), [])) == {"side:kidney_left", "side:kidney_right"}


def test_a_liver_in_two_pieces_is_noticed(trunk, spacing) -> None:
    labels = trunk.copy()
    labels[:, :, 28:32][trunk[:, :, 28:32] == values()["liver"]] = values()["torso_fat"]
    assert failed(check(labels, spacing, described(), [])) == {"one_piece:liver"}


def test_volumes_are_measured_in_ml_and_compared_with_the_range(trunk, spacing) -> None:
    liver = measured_volumes(trunk, spacing)["liver"]
    assert liver == pytest.approx((trunk == values()["liver"]).sum() * 0.064)
    within = check(trunk, spacing, described(), [], volumes={"liver": (0.9 * liver, 1.1 * liver)})
    small = check(trunk, spacing, described(), [], volumes={"liver": (1.2 * liver, 2 * liver)})
    assert failed(within) == set()
    assert failed(small) == {"volume:liver"}


def test_tissue_without_a_name_has_no_usual_volume(trunk, spacing) -> None:
    unnamed = np.where(trunk == 0, values()["body"], trunk).astype(np.uint8)
    assert not failed(check(unnamed, spacing, described(), [], volumes={"body": (0.1, 0.2)}))


def test_a_missed_lesion_costs_more_than_a_volume_out_of_range() -> None:
    kept = [Check("present:liver", True, ""), Check("volume:liver", True, ""), Check("lesion:0:present", True, "")]
    without = [score([replace(one, passed=one is not lost) for one in kept]) for lost in kept[1:]]
    assert score(kept) == 1.0 > without[0] > without[1]


@settings(max_examples=25)
@given(corners=st.lists(st.tuples(st.integers(1, 105), st.integers(1, 63), st.integers(1, 87)), max_size=12),
       number=st.integers(0, 50))  # fmt: skip
def test_islands_take_the_label_around_them_and_nothing_else_changes(trunk, corners, number) -> None:
    keys = single_part_keys()
    key = keys[number % len(keys)]
    labels = trunk.copy()
    for z, y, x in corners:
        labels[z : z + 2, y : y + 2, x : x + 2] = values()[key]
    cleaned = keep_largest(labels, [key])
    organ = cleaned == values()[key]
    assert largest_share(organ) in (0.0, 1.0)
    changed = cleaned != labels
    assert (labels[changed] == values()[key]).all()
    assert np.array_equal(labels, keep_largest(labels, []))


def test_an_island_in_the_fat_becomes_fat(trunk) -> None:
    labels = trunk.copy()
    inside = np.argwhere(ndimage.binary_erosion(trunk == values()["torso_fat"], np.ones((3, 3, 3))))
    labels[tuple(inside[0])] = values()["spleen"]
    assert np.array_equal(keep_largest(labels), trunk)
