"""Organs become as large as asked, or go, and nothing else is torn, moved out of its wall or lost."""

import numpy as np
import pytest

from GuideGenLib.anatomy.structures import table_of
from GuideGenLib.anatomy.table import values
from GuideGenLib.description import Description, Finding, OrganState
from GuideGenLib.description.organ_sizes import wanted_organs
from GuideGenLib.mask.components import largest_share
from GuideGenLib.mask.findings.lesions import LesionError, insert_lesions
from GuideGenLib.mask.organ_sizes import fit_organs, measured, members
from GuideGenLib.mask.organ_warp import HELD
from GuideGenLib.mask.rules import Check, check

SPACING = 4.0


def fitted(trunk: np.ndarray, *states: OrganState, kept: np.ndarray | None = None) -> np.ndarray:
    return fit_organs(trunk, SPACING, wanted_organs(Description("a text", organs=states)), kept)


def failed(labels: np.ndarray, description: Description, present: set[str] | None = None) -> set[str]:
    checks: list[Check] = check(labels, (SPACING,) * 3, description, [], present)
    return {one.name for one in checks if not one.passed}


@pytest.mark.parametrize(
    ("organ", "key", "factor"),
    [("spleen", "spleen", 2.5), ("spleen", "spleen", 0.4), ("liver", "liver", 1.5), ("liver", "liver", 0.6),
     ("heart", "heart", 1.6), ("stomach", "stomach", 1.8), ("gallbladder", "gallbladder", 3.0),
     ("pancreas", "pancreas", 0.5)],
)  # fmt: skip
def test_a_volume_is_met_and_the_body_keeps_its_outline_and_bones(trunk, organ, key, factor) -> None:
    before = measured(trunk, members(key), SPACING)
    wanted = factor * before.volume_ml
    labels = fitted(trunk, OrganState(organ, volume_ml=wanted))
    after = measured(labels, members(key), SPACING)
    assert after.volume_ml == pytest.approx(wanted, rel=0.05)
    assert largest_share(labels == values()[key]) == 1.0
    for held in (name for name in HELD if name != "prostate" and not (name == "aorta" and key == "heart")):
        assert np.array_equal(labels == values()[held], trunk == values()[held]), held
    middle = [np.argwhere(volume == values()[key])[:, 2].mean() for volume in (trunk, labels)]
    assert abs(middle[0] - middle[1]) * SPACING < 25


@pytest.mark.parametrize(
    ("state", "key"),
    [(OrganState("spleen", length_mm=120.0), "spleen"), (OrganState("kidney", "left", length_mm=90.0), "kidney_left"),
     (OrganState("kidney", "right", length_mm=135.0), "kidney_right"),
     (OrganState("liver", length_mm=150.0, craniocaudal=True), "liver")],
)  # fmt: skip
def test_a_length_is_met(trunk, state, key) -> None:
    after = measured(fitted(trunk, state), members(key), SPACING)
    length = after.craniocaudal_mm if state.craniocaudal else after.length_mm
    assert length == pytest.approx(state.length_mm, rel=0.05)


def test_length_and_volume_together_are_met(trunk) -> None:
    after = measured(fitted(trunk, OrganState("spleen", length_mm=125.0, volume_ml=320.0)), members("spleen"), SPACING)
    assert (after.length_mm, after.volume_ml) == pytest.approx((125.0, 320.0), rel=0.05)


def test_neighbours_are_pushed_aside_and_none_is_lost(trunk) -> None:
    before = measured(trunk, ("spleen",), SPACING).volume_ml
    labels = fitted(trunk, OrganState("spleen", volume_ml=3 * before))
    for key in ("stomach", "kidney_left", "adrenal_left", "liver", "pancreas", "colon"):
        ratio = (labels == values()[key]).sum() / (trunk == values()[key]).sum()
        assert 0.6 < ratio < 1.5, key
    for key in ("stomach", "kidney_left", "liver"):
        assert largest_share(labels == values()[key]) == 1.0, key


def test_several_organs_are_met_together(trunk) -> None:
    states = [OrganState("spleen", volume_ml=260.0), OrganState("kidney", volume_ml=110.0),
              OrganState("stomach", volume_ml=260.0), OrganState("liver", size_word="enlarged")]  # fmt: skip
    description = Description("a text", sex="female", organs=tuple(states))
    labels = fit_organs(trunk, SPACING, wanted_organs(description))
    sizes = {name for name in failed(labels, description) if name.startswith("organ")}
    assert sizes == set()
    assert {name for name in failed(trunk, description) if name.startswith("organ")} != set()


def test_what_is_as_asked_already_stays_as_it_is(trunk) -> None:
    spleen = measured(trunk, ("spleen",), SPACING)
    assert np.array_equal(fitted(trunk, OrganState("spleen", volume_ml=spleen.volume_ml)), trunk)
    assert np.array_equal(fitted(trunk), trunk)
    assert np.array_equal(fitted(trunk, OrganState("uterus", volume_ml=90.0)), trunk)  # none is there


@pytest.mark.parametrize("organ", ["spleen", "gallbladder", "stomach", "pancreas", "adrenal", "kidney"])
def test_an_absent_organ_is_gone_and_soft_tissue_takes_its_place(trunk, organ) -> None:
    state = OrganState(organ, absent=True)
    labels = fitted(trunk, state)
    gone = table_of(key for one in state.label_keys for key in members(one))
    assert gone[trunk].any() and not gone[labels].any()
    assert np.array_equal(labels == 0, trunk == 0)
    hard = table_of(("background", "colon_gas", "ribs_left", "ribs_right", "vertebrae_lumbar", "vertebrae_thoracic"))
    assert not hard[labels[gone[trunk]]].any()


def test_voxels_that_are_kept_stay(trunk) -> None:
    kept = trunk == values()["kidney_left"]
    labels = fitted(trunk, OrganState("spleen", volume_ml=400.0), OrganState("kidney", "left", absent=True), kept=kept)
    assert np.array_equal(labels == values()["kidney_left"], kept)


def test_rules_miss_what_is_not_as_asked_and_demand_no_absent_organ(trunk) -> None:
    large = Description("a text", organs=(OrganState("spleen", volume_ml=500.0),))
    assert "organ:spleen:size" in failed(trunk, large)
    gone = Description("a text", organs=(OrganState("spleen", absent=True),))
    assert "organ:spleen:absent" in failed(trunk, gone)
    labels = fit_organs(trunk, SPACING, wanted_organs(gone))
    assert not {name for name in failed(labels, gone, {"spleen", "liver"}) if "spleen" in name}


def test_the_usual_range_is_not_asked_of_an_organ_whose_size_is(trunk) -> None:
    description = Description("a text", organs=(OrganState("liver", volume_ml=2200.0),))
    checks = check(trunk, (SPACING,) * 3, description, [], volumes={"liver": (1.0, 2.0), "spleen": (1.0, 2.0)})
    names = {one.name for one in checks}
    assert "volume:spleen" in names and "volume:liver" not in names and "organ:liver:size" in names


def test_an_organ_that_the_region_cuts_is_neither_moved_nor_measured(trunk) -> None:
    labels = trunk[: np.argwhere(trunk == values()["liver"])[:, 0].max() - 2]
    description = Description("a text", organs=(OrganState("liver", volume_ml=3000.0),))
    assert np.array_equal(fit_organs(labels, SPACING, wanted_organs(description)), labels)
    assert not any(one.rule == "organ" for one in check(labels, (SPACING,) * 3, description, []))


def test_a_lesion_finds_the_kidney_that_is_left_and_counts_with_it(trunk) -> None:
    finding = Finding("tumor", "kidney", size_mm=40.0)
    states = (OrganState("kidney", "left", absent=True), OrganState("kidney", "right", length_mm=120.0))
    description = Description("a text", findings=(finding,), organs=states)
    labels = fit_organs(trunk, SPACING, wanted_organs(description))
    labels, records = insert_lesions(labels, (SPACING,) * 3, [finding], np.random.default_rng(0))
    checks = check(labels, (SPACING,) * 3, description, records)
    assert {one.name for one in checks if not one.passed} == set()
    with pytest.raises(LesionError, match="left kidney"):
        insert_lesions(labels, (SPACING,) * 3, [Finding("tumor", "kidney", side="left")], np.random.default_rng(0))
