"""Lesions lie where they were asked for, are as long as asked, and leave everything else whole."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from GuideGenLib.anatomy.table import values
from GuideGenLib.core.components import TOUCHING
from GuideGenLib.description.model import SITES, Finding
from GuideGenLib.mask.findings.lesions import LesionError, insert_lesions, tolerance_mm
from GuideGenLib.mask.findings.shapes import longest_extent

RIGID = (
    "background", "subcutaneous_fat", "ribs_left", "ribs_right", "vertebrae_thoracic", "vertebrae_lumbar", "sacrum",
    "spinal_cord", "hip_left", "hip_right", "heart", "aorta", "inferior_vena_cava", "trachea",
)  # fmt: skip
LARGEST = {"lung": 90, "liver": 100, "kidney": 100, "pancreas": 60, "colon": 90}

PLACES = [(organ, site) for organ in SITES for site in (*SITES[organ], None)]


@st.composite
def findings(draw: st.DrawFn) -> Finding:
    organ, site = draw(st.sampled_from(PLACES))
    sides = [None, "right"] if site == "middle_lobe" else [None, "left", "right"]
    side = draw(st.sampled_from(sides)) if organ in ("lung", "kidney") else None
    t = draw(st.sampled_from(["1", "2", "3", "4", None])) if organ == "colon" else None
    least = 20 if organ == "colon" else 8
    return Finding("tumor", organ, site, side=side, t=t, size_mm=float(draw(st.integers(least, LARGEST[organ]))))


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@settings(max_examples=30)
@given(finding=findings(), seed=st.integers(0, 99))
def test_any_lesion_is_one_piece_of_the_asked_length_and_spares_what_is_rigid(trunk, spacing, finding, seed) -> None:
    drawn, (record,) = insert_lesions(trunk, spacing, [finding], rng(seed))
    tumour = drawn == values()[f"{finding.organ}_tumor"]
    assert ndimage.label(tumour, TOUCHING)[1] == 1
    length = longest_extent(tumour, spacing)
    assert length == pytest.approx(record.measured_mm, abs=0.01)
    assert abs(length - finding.size_mm) <= tolerance_mm(finding.size_mm, spacing) + 0.01
    assert record.volume_ml == pytest.approx(tumour.sum() * 0.064, abs=1e-3)
    assert set(np.unique(trunk)) <= set(np.unique(drawn)), "an organ disappeared"
    for key in RIGID:
        assert np.array_equal(drawn == values()[key], trunk == values()[key]), key


@pytest.mark.parametrize(
    ("side", "lobe", "size"),
    [("left", "upper_lobe", 45.0), ("right", "middle_lobe", 30.0), ("right", "lower_lobe", 60.0)],
)
def test_a_lung_tumour_grows_in_its_lobe(trunk, spacing, side, lobe, size) -> None:
    finding = Finding("tumor", "lung", lobe, side=side, size_mm=size)
    drawn, (record,) = insert_lesions(trunk, spacing, [finding], rng(3))
    replaced = trunk[drawn == values()["lung_tumor"]]
    assert (replaced == values()[f"lung_{lobe}_{side}"]).mean() >= 0.8
    assert (record.side, record.site, record.note) == (side, lobe, "")


def test_a_lung_tumour_larger_than_its_lobe_stays_in_that_lung(trunk, spacing) -> None:
    finding = Finding("tumor", "lung", "middle_lobe", side="right", size_mm=75.0)
    drawn, (record,) = insert_lesions(trunk, spacing, [finding], rng(1))
    tumour = drawn == values()["lung_tumor"]
    own = [values()[key] for key in values() if key.endswith("lobe_right")]
    assert record.measured_mm > 64
    assert np.isin(trunk[tumour], own).mean() >= 0.9


@pytest.mark.parametrize(("pole", "low", "high"), [("upper_pole", 0.6, 1.4), ("lower_pole", -0.4, 0.4)])
def test_a_kidney_tumour_lies_at_its_pole_and_enlarges_the_kidney(trunk, spacing, pole, low, high) -> None:
    finding = Finding("tumor", "kidney", pole, side="left", size_mm=70.0)
    drawn, (record,) = insert_lesions(trunk, spacing, [finding], rng(5))
    kidney = np.nonzero(trunk == values()["kidney_left"])[0]
    assert low <= (record.center_voxel[0] - kidney.min()) / (kidney.max() - kidney.min()) <= high
    whole = np.isin(drawn, [values()["kidney_left"], values()["kidney_tumor"]]).sum()
    assert whole > 1.25 * len(kidney)
    assert np.array_equal(drawn == values()["kidney_right"], trunk == values()["kidney_right"])


def test_the_lobes_of_the_liver_lie_to_each_other_as_right_to_left(trunk, spacing) -> None:
    at = {}
    for lobe in ("right_lobe", "left_lobe"):
        _, (record,) = insert_lesions(trunk, spacing, [Finding("tumor", "liver", lobe, size_mm=25.0)], rng(2))
        at[lobe] = record.center_mm[2]
    assert at["right_lobe"] + 30 < at["left_lobe"]


def test_the_head_of_the_pancreas_is_its_right_end_and_the_tail_its_left(trunk, spacing) -> None:
    at = [
        insert_lesions(trunk, spacing, [Finding("tumor", "pancreas", site, size_mm=15.0)], rng(2))[1][0].center_mm[2]
        for site in ("head", "body", "tail")
    ]
    assert at == sorted(at)


@pytest.mark.parametrize(
    ("part", "left", "height"),
    [("cecum", -1, 84), ("ascending", -1, 150), ("descending", 1, 160), ("sigmoid", 1, 70), ("rectum", 0, 20)],
)
def test_a_part_of_the_colon_is_found_by_its_position(trunk, spacing, part, left, height) -> None:
    _, (record,) = insert_lesions(trunk, spacing, [Finding("tumor", "colon", part, t="2", size_mm=25.0)], rng(4))
    assert np.sign(np.round((record.center_mm[2] - 182) / 60)) == left
    assert abs(record.center_mm[0] - height) < 60
    assert record.note == ""


def test_a_colon_tumour_leaves_a_lumen_and_its_wall_thickens_with_the_stage(trunk, spacing) -> None:
    volumes = []
    for t in ("1", "3"):
        finding = Finding("tumor", "colon", "descending", t=t, size_mm=64.0)
        drawn, (record,) = insert_lesions(trunk, spacing, [finding], rng(6))
        z = round(record.center_voxel[0])
        assert (drawn[z] == values()["colon_gas"]).any() or (drawn[z] == values()["colon"]).any()
        filled = ndimage.binary_fill_holes(drawn[z] == values()["colon_tumor"])
        assert np.isin(drawn[z][filled], [values()["colon"], values()["colon_gas"]]).any(), "the ring holds no lumen"
        volumes.append(record.volume_ml)
    assert volumes[1] > 1.2 * volumes[0]


def test_a_t4_colon_tumour_bulges_out_of_the_bowel(trunk, spacing) -> None:
    finding = Finding("tumor", "colon", "descending", t="4", size_word="huge")
    drawn, (record,) = insert_lesions(trunk, spacing, [finding], rng(1))
    replaced = trunk[drawn == values()["colon_tumor"]]
    assert record.measured_mm > 80
    assert (replaced == values()["torso_fat"]).mean() > 0.3


def test_a_missing_part_of_the_colon_gives_a_lesion_in_the_nearest_part_and_says_so(trunk, spacing) -> None:
    labels = trunk.copy()
    bowel = np.isin(labels, [values()["colon"], values()["colon_gas"]])
    bowel[:, :, 30:] = False  # the patient's right side: cecum and ascending colon
    labels[bowel] = values()["torso_fat"]
    finding = Finding("tumor", "colon", "ascending", t="2")
    drawn, (record,) = insert_lesions(labels, spacing, [finding], rng(0))
    assert (drawn == values()["colon_tumor"]).any()
    assert "ascending" in record.note and record.site != "ascending"


def test_metastases_are_as_many_as_asked_and_apart(trunk, spacing) -> None:
    drawn, records = insert_lesions(trunk, spacing, [Finding("metastasis", "liver", count=5)], rng(8))
    parts, count = ndimage.label(drawn == values()["liver_tumor"], TOUCHING)
    assert count == len(records) == 5
    found = [longest_extent(parts == i, spacing) for i in range(1, 6)]
    assert sorted(found) == pytest.approx(sorted(r.measured_mm for r in records), abs=0.01)


def test_lesions_that_stand_in_the_volume_are_kept(trunk, spacing) -> None:
    first, _ = insert_lesions(trunk, spacing, [Finding("tumor", "liver", "right_lobe", size_mm=30.0)], rng(1))
    second, _ = insert_lesions(first, spacing, [Finding("tumor", "liver", size_mm=60.0)], rng(2))
    tumour = values()["liver_tumor"]
    assert (second[first == tumour] == tumour).all()
    assert ndimage.label(second == tumour, TOUCHING)[1] == 2


def test_negated_and_undrawable_findings_change_nothing(trunk, spacing) -> None:
    findings = [Finding("tumor", "liver", presence="negated"), Finding("tumor", "stomach"), Finding("cyst", "kidney")]
    drawn, records = insert_lesions(trunk, spacing, findings, rng())
    assert records == [] and np.array_equal(drawn, trunk)


def test_the_same_seed_draws_the_same_lesion_and_another_seed_another(trunk, spacing) -> None:
    finding = [Finding("tumor", "lung", t="2")]
    once, again, other = (insert_lesions(trunk, spacing, finding, rng(seed))[0] for seed in (4, 4, 5))
    assert np.array_equal(once, again)
    assert not np.array_equal(once, other)


def test_a_segment_moves_the_lesion_within_its_lobe(trunk, spacing) -> None:
    heights = []
    for segment in ("apical", "posterior"):
        finding = Finding("nodule", "lung", "upper_lobe", side="right", segment=segment, size_mm=12.0)
        heights.append([insert_lesions(trunk, spacing, [finding], rng(s))[1][0].center_mm[:2] for s in range(4)])
    apical, posterior = np.mean(heights, axis=1)
    assert apical[0] > posterior[0] + 10
    assert posterior[1] > apical[1] + 10


@pytest.mark.parametrize(
    ("finding", "name"),
    [
        (Finding("tumor", "lung"), "lung"),
        (Finding("tumor", "kidney", side="left"), "left kidney"),
        (Finding("tumor", "colon", "rectum"), "colon"),
    ],
)
def test_an_absent_organ_is_an_error_that_names_it_and_the_remedy(trunk, spacing, finding, name) -> None:
    labels = trunk.copy()
    gone = [v for key, v in values().items() if key.startswith(("lung", "kidney_left", "colon"))]
    labels[np.isin(labels, gone)] = values()["body"]
    with pytest.raises(LesionError, match=f"no {name}: choose a region that holds the {name}"):
        insert_lesions(labels, spacing, [finding], rng())


def test_a_lobe_outside_the_region_is_an_error_though_another_lobe_is_there(trunk, spacing) -> None:
    labels = trunk.copy()
    labels[labels == values()["lung_upper_lobe_left"]] = values()["body"]
    with pytest.raises(LesionError, match="no left upper lobe: choose a region that holds"):
        insert_lesions(labels, spacing, [Finding("tumor", "lung", "upper_lobe", side="left", t="1")], rng())


def test_the_left_lung_has_no_middle_lobe(trunk, spacing) -> None:
    with pytest.raises(LesionError, match="left lung has no middle lobe"):
        insert_lesions(trunk, spacing, [Finding("tumor", "lung", "middle_lobe", side="left")], rng())


def test_a_lesion_that_does_not_fit_is_smaller_and_says_so(trunk, spacing) -> None:
    finding = Finding("tumor", "lung", "middle_lobe", side="right", size_mm=300.0)
    _, (record,) = insert_lesions(trunk, spacing, [finding], rng())
    assert record.measured_mm < 280
    assert "300 mm asked" in record.note


@given(st.lists(st.tuples(*[st.integers(0, 7)] * 3), min_size=1, max_size=30))
def test_the_longest_extent_is_that_of_the_farthest_pair(voxels) -> None:
    mask = np.zeros((8, 8, 8), dtype=bool)
    mask[tuple(np.array(voxels).T)] = True
    points = np.argwhere(mask) * (1.0, 2.0, 4.0)
    farthest = np.sqrt(((points[:, None] - points[None]) ** 2).sum(axis=2)).max()
    assert longest_extent(mask, (1.0, 2.0, 4.0)) == pytest.approx(farthest + 2.0)


def test_spacing_need_not_be_the_same_along_each_axis(trunk) -> None:
    labels = np.repeat(trunk[:, :, :], 2, axis=0)
    drawn, (record,) = insert_lesions(labels, (2.0, 4.0, 4.0), [Finding("tumor", "liver", size_mm=50.0)], rng(3))
    tumour = np.argwhere(drawn == values()["liver_tumor"]) * (2.0, 4.0, 4.0)
    assert record.measured_mm == pytest.approx(50, rel=0.08)
    assert np.ptp(tumour, axis=0).max() < 54
