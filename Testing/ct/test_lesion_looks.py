"""Lesions look as described in every phase, keep their fine texture, and leave what is not theirs."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.table import values
from GuideGenLib.ct.canvas import Canvas
from GuideGenLib.ct.lesion_looks import as_lung, with_lesion_looks
from GuideGenLib.ct.lesions import find_lesions
from GuideGenLib.ct.reference import reference_table
from GuideGenLib.description.model import Finding

SPACING = 2.0
Labels = NDArray[np.uint8]
Field = NDArray[np.float32]


def ball(organ: str, around: str, mm: float, shape: tuple[int, int, int] = (56, 56, 56)) -> Labels:
    """A tumour of an organ in the middle of a block of one label."""
    z, y, x = np.ogrid[tuple(slice(0, n) for n in shape)]
    away = SPACING * np.sqrt((z - 28) ** 2 + (y - 28) ** 2 + (x - 28) ** 2)
    labels = np.full(shape, values()[around], np.uint8)
    labels[away <= mm / 2] = values()[f"{organ}_tumor"]
    return labels


def plain(labels: Labels, phase: str) -> Field:
    """HU as networks give them: the table's, blurred at borders, with grain."""
    hu = ndimage.gaussian_filter(reference_table(phase)[labels], 0.6)
    grain = np.random.default_rng(3).normal(0, 8, labels.shape)
    return (hu + grain).astype(np.float32)


def canvas(labels: Labels, phase: str, *findings: Finding, seed: int = 1) -> Canvas:
    return Canvas(labels, reference_table(phase), phase, SPACING, seed, findings=findings)


def drawn(labels: Labels, phase: str, *findings: Finding, seed: int = 1) -> Field:
    hu = plain(labels, phase)
    return with_lesion_looks(hu, canvas(labels, phase, *findings, seed=seed))


def tumour(labels: Labels, depth: int = 0) -> NDArray[np.bool_]:
    """The lesion, without so many voxels at its surface."""
    keys = ("lung_tumor", "liver_tumor", "kidney_tumor", "pancreas_tumor")
    lesion = np.isin(labels, [values()[key] for key in keys])
    return np.asarray(ndimage.binary_erosion(lesion, iterations=depth) if depth else lesion)


@pytest.mark.parametrize("phase", ["none", "arterial", "portal_venous", "delayed"])
def test_a_lesion_of_which_nothing_is_said_has_the_mean_of_the_table(phase: str) -> None:
    labels = ball("liver", "liver", 30)
    hu = drawn(labels, phase, Finding("lesion", "liver"))
    assert abs(hu[tumour(labels, 2)].mean() - reference_table(phase)[values()["liver_tumor"]]) < 5


def test_ground_glass_is_grey_and_vessels_may_run_through_it() -> None:
    labels = ball("lung", "lung_upper_lobe_left", 24)
    finding = Finding("nodule", "lung", looks=("ground_glass",))
    hu = drawn(labels, "none", finding)
    assert -740 < hu[tumour(labels, 2)].mean() < -560
    around = ndimage.binary_dilation(tumour(labels), iterations=4) & ~tumour(labels)
    assert hu[around].max() < -500, "no bright ring is left of the solid nodule"
    assert (as_lung(canvas(labels, "none", finding)) == values()["lung_upper_lobe_left"]).all()


def test_a_part_solid_nodule_has_a_core_of_half_its_diameter() -> None:
    labels = ball("lung", "lung_upper_lobe_left", 28)
    hu = drawn(labels, "none", Finding("nodule", "lung", looks=("part_solid",)))
    solid = (hu > -200) & tumour(labels)
    share = solid.sum() / tumour(labels).sum()
    assert 0.04 < share < 0.3, "about an eighth of the volume"
    assert hu[28, 28, 28] > -100


def test_a_cavity_is_air_behind_a_wall() -> None:
    labels = ball("lung", "lung_upper_lobe_left", 44)
    hu = drawn(labels, "portal_venous", Finding("mass", "lung", looks=("cavitated", "smooth")), seed=2)
    row = hu[28, 28, 17:40]
    air = np.flatnonzero(row < -850)
    assert len(air) > 4
    wall = SPACING * min(air[0], len(row) - 1 - air[-1])
    assert 2 <= wall <= 10
    assert row[: air[0]].max() > -50


def test_a_level_of_fluid_is_horizontal_in_a_supine_patient() -> None:
    labels = ball("lung", "lung_upper_lobe_left", 50)
    finding = Finding("mass", "lung", looks=("cavitated", "smooth"))
    levels = 0
    for seed in range(12):
        hu = drawn(labels, "none", finding, seed=seed)
        inside = tumour(labels, 4)
        fluid = inside & (hu > -60) & (hu < 60)
        air = inside & (hu < -850)
        if fluid[28].sum() > 20:
            levels += 1
            columns = [x for x in range(24, 33) if air[28, :, x].any() and fluid[28, :, x].any()]
            ends = [np.flatnonzero(air[28, :, x]).max() for x in columns]
            assert max(ends) - min(ends) <= 1 and len(ends) > 3
    assert 0 < levels < 12


def test_a_necrotic_core_is_dark_and_does_not_enhance() -> None:
    labels = ball("kidney", "kidney_left", 70)
    table = reference_table("arterial")
    finding = Finding("tumor", "kidney", looks=("necrotic",))
    deep, shell = tumour(labels, 11), tumour(labels, 1) & ~tumour(labels, 3)
    for phase in ("none", "arterial"):
        assert 5 < drawn(labels, phase, finding)[deep].mean() < 35
    assert drawn(labels, "arterial", finding)[shell].mean() > table[values()["kidney_tumor"]] - 15


def test_an_hcc_is_brighter_than_the_liver_first_and_darker_later_with_a_capsule() -> None:
    labels = ball("liver", "liver", 36)
    finding = Finding("tumor", "liver", looks=("hypervascular", "washout"))
    liver = values()["liver"]
    middle = tumour(labels, 5)
    shell = tumour(labels) & ~tumour(labels, 1)
    early, late = drawn(labels, "arterial", finding), drawn(labels, "portal_venous", finding)
    assert early[middle].mean() > reference_table("arterial")[liver] + 20
    assert late[middle].mean() < reference_table("portal_venous")[liver] - 15
    assert late[shell].mean() > late[middle].mean() + 15


def test_a_rim_is_brighter_than_the_middle_after_contrast_alone() -> None:
    labels = ball("liver", "liver", 36)
    finding = Finding("metastasis", "liver", looks=("rim_enhancing", "solid"))
    rim, middle = tumour(labels) & ~tumour(labels, 2), tumour(labels, 5)
    contrast = {p: drawn(labels, p, finding) for p in ("none", "portal_venous")}
    assert contrast["portal_venous"][rim].mean() > contrast["portal_venous"][middle].mean() + 15
    assert abs(contrast["none"][rim].mean() - contrast["none"][middle].mean()) < 6


def test_calcium_is_in_specks() -> None:
    labels = ball("lung", "lung_upper_lobe_left", 30)
    inside = tumour(labels, 1)
    bright = drawn(labels, "none", Finding("nodule", "lung", looks=("calcified", "smooth")))[inside] > 150
    assert 0.005 < bright.mean() < 0.3
    assert not (drawn(labels, "none", Finding("nodule", "lung", looks=("smooth",)))[inside] > 150).any()


def test_spicules_reach_into_the_lung_and_no_farther_than_15_mm() -> None:
    labels = ball("lung", "lung_upper_lobe_left", 24)
    smooth, spiked = (
        drawn(labels, "none", Finding("nodule", "lung", looks=(look,))) for look in ("smooth", "spiculated")
    )
    away = SPACING * ndimage.distance_transform_edt(~tumour(labels))
    new = spiked - smooth > 150
    assert new[(away > 4) & (away < 12)].sum() > 15
    assert not new[away > 18].any()


def test_an_infiltrating_lesion_fades_into_the_fat() -> None:
    labels = ball("pancreas", "torso_fat", 36)
    near = (away := ndimage.distance_transform_edt(labels == values()["torso_fat"])) * (away <= 2) > 0
    sharp, faded = (drawn(labels, "portal_venous", Finding("mass", "pancreas", looks=(look,))) for look in
                    ("smooth", "infiltrating"))  # fmt: skip
    assert faded[near].mean() > sharp[near].mean() + 15


def test_fine_texture_stays_and_what_is_far_away_is_untouched() -> None:
    labels = ball("liver", "liver", 40)
    before = plain(labels, "portal_venous")
    after = drawn(labels, "portal_venous", Finding("lesion", "liver", looks=("hypovascular", "solid")))
    inside = tumour(labels, 3)
    fine = [hu - ndimage.gaussian_filter(hu, 1.0) for hu in (before, after)]
    assert np.corrcoef(fine[0][inside], fine[1][inside])[0, 1] > 0.9
    outside = ndimage.distance_transform_edt(labels == values()["liver"]) > 2
    assert np.array_equal(before[outside], after[outside])


def test_each_lesion_has_the_looks_of_its_own_finding() -> None:
    labels = np.full((60, 50, 120), values()["lung_upper_lobe_right"], np.uint8)
    labels[..., 60:] = values()["lung_upper_lobe_left"]
    for x in (25, 95):
        labels[20:32, 20:32, x - 6 : x + 6] = values()["lung_tumor"]
    findings = [Finding("nodule", "lung", side="left", size_mm=24, looks=("ground_glass",)),
                Finding("nodule", "lung", side="right", size_mm=24, looks=("calcified",))]  # fmt: skip
    found = {
        lesion.box[2].start > 60: lesion.looks for lesion in find_lesions(canvas(labels, "none", *findings, seed=0))
    }
    assert "ground_glass" in found[True] and "calcified" in found[False]


def test_large_lesions_are_necrotic_in_some_patients_and_never_where_they_are_called_solid() -> None:
    labels = ball("liver", "liver", 60)
    said = [
        next(find_lesions(canvas(labels, "none", Finding("lesion", "liver"), seed=seed))).looks for seed in range(20)
    ]
    assert 2 < sum("necrotic" in looks for looks in said) < 18
    solid = Finding("lesion", "liver", looks=("solid",))
    assert not any(
        "necrotic" in next(find_lesions(canvas(labels, "none", solid, seed=seed))).looks for seed in range(20)
    )


def test_a_window_is_what_the_whole_has_there() -> None:
    labels = ball("lung", "lung_upper_lobe_left", 30)
    finding = Finding("mass", "lung", looks=("cavitated", "spiculated"))
    whole = drawn(labels, "none", finding)
    window = (slice(0, 56), slice(0, 56), slice(0, 44))
    hu = plain(labels, "none")
    part = with_lesion_looks(hu[window], replace(canvas(labels, "none", finding), window=window))
    assert np.allclose(part[..., :36], whole[window][..., :36], atol=1)
