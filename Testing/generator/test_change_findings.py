"""What a sentence makes of findings with a recipe: they keep their place, and their room is healed."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk
from scipy import ndimage

from GuideGenLib.anatomy.structures import LUNGS, lobes_of, select
from GuideGenLib.anatomy.table import values
from GuideGenLib.core.volumes import image_from_array
from GuideGenLib.description import parse
from GuideGenLib.description.changes.read import measured_sizes, read_change
from GuideGenLib.description.model import Finding
from GuideGenLib.generator.change import changed_anatomy
from GuideGenLib.generator.change_fluids import refilled
from GuideGenLib.generator.change_shapes import lesion_of
from GuideGenLib.mask.findings.lesions import LesionError, LesionRecord, insert_lesions
from GuideGenLib.mask.findings.others import draw_others
from GuideGenLib.mask.findings.shapes import longest_extent

STEP = (3.0, 3.0, 3.0)
ML = 0.027
CHEST = "Man, 400 ml left pleural effusion and a 30 mm tumor in the right upper lobe of the lung."
BELLY = "Man, 30 mm cyst of the left kidney and a 40 mm tumor of the liver."
Followed = tuple[np.ndarray, np.ndarray, tuple[LesionRecord, ...]]
Follow = Callable[[str], Followed]


def followed(fine: np.ndarray, text: str) -> Follow:
    """follow(sentence): the labels before and after, and what was drawn after."""
    findings = parse(text).findings
    labels, lesions = insert_lesions(fine, STEP, findings, np.random.default_rng(3))
    labels, others = draw_others(labels, STEP, findings, np.random.default_rng(4))
    anatomy, records = image_from_array(labels, STEP, labels=True), (*lesions, *others)

    def follow(sentence: str) -> Followed:
        told = [{**vars(one)} for one in records]
        difference = read_change(sentence, parse(text), measured_sizes(told))
        changed = changed_anatomy(anatomy, records, difference, seed=5)
        return sitk.GetArrayFromImage(anatomy), sitk.GetArrayFromImage(changed.anatomy), changed.lesions

    return follow


@pytest.fixture(scope="module")
def chest(phantom: np.ndarray) -> Follow:
    return followed(phantom[50:92].repeat(2, 0).repeat(2, 1).repeat(2, 2), CHEST)


@pytest.fixture(scope="module")
def belly(phantom: np.ndarray) -> Follow:
    return followed(phantom[26:56].repeat(2, 0).repeat(2, 1).repeat(2, 2), BELLY)


def of(labels: np.ndarray, *keys: str) -> np.ndarray:
    return select(labels, keys)


def test_more_of_a_fluid_holds_what_was_there_and_takes_lung_of_its_side_alone(chest: Follow) -> None:
    before, after, records = chest("the effusion is now 900 ml")
    old, new = of(before, "pleural_effusion"), of(after, "pleural_effusion")
    assert new.sum() * ML == pytest.approx(900, rel=0.02) and not (old & ~new).any()
    left = (*lobes_of("left"), "atelectasis", "pleural_effusion")
    changed = before != after
    assert of(before, *left)[changed].all() and of(after, *left)[changed].all()
    tumour, effusion = sorted(records, key=lambda one: one.finding, reverse=True)
    assert (tumour.label, effusion.label, effusion.side, effusion.organ) == (
        "lung_tumor", "pleural_effusion", "left", "pleura",
    )  # fmt: skip
    assert effusion.volume_ml == pytest.approx(900, rel=0.02)


def test_less_of_a_fluid_lies_within_it_and_the_lung_comes_back(chest: Follow) -> None:
    before, after, records = chest("make the effusion 250 ml smaller")
    old, new = of(before, "pleural_effusion"), of(after, "pleural_effusion")
    assert new.sum() * ML == pytest.approx(150, rel=0.03) and not (new & ~old).any()
    gone = old & ~new
    assert of(after, *lobes_of("left"))[gone].mean() > 0.99
    assert next(one.volume_ml for one in records if one.label == "pleural_effusion") == pytest.approx(150, rel=0.03)


def test_a_drained_effusion_leaves_the_lung_as_it_was(chest: Follow, phantom: np.ndarray) -> None:
    before, after, records = chest("drain the effusion")
    assert not of(after, "pleural_effusion", "atelectasis").any()
    healthy = phantom[50:92].repeat(2, 0).repeat(2, 1).repeat(2, 2)
    left = lobes_of("left")
    assert np.array_equal(of(after, *left), of(healthy, *left))
    assert (before == after)[~of(before, "pleural_effusion", "atelectasis")].all()
    assert [one.label for one in records] == ["lung_tumor"] and records[0].finding == 0


def test_on_the_other_side_there_is_as_much(chest: Follow) -> None:
    before, after, records = chest("move the effusion to the right side")
    new = of(after, "pleural_effusion")
    assert new.sum() == pytest.approx(of(before, "pleural_effusion").sum(), rel=0.03)
    assert of(before, *LUNGS)[new].all() and np.argwhere(new)[:, 2].max() < before.shape[2] / 2
    assert next(one.side for one in records if one.label == "pleural_effusion") == "right"
    assert np.array_equal(of(before, "lung_tumor"), of(after, "lung_tumor"))


def test_one_more_changes_its_own_side_alone(chest: Follow) -> None:
    before, after, records = chest("add a 200 ml right pneumothorax")
    new = of(after, "pneumothorax")
    assert new.sum() * ML == pytest.approx(200, rel=0.03) and (before == after)[~new].all()
    assert len(records) == 3 and records[-1].label == "pneumothorax" and records[-1].finding == 2


def test_what_does_not_fit_is_refused() -> None:
    labels = np.full((12, 20, 40), values()["body"], np.uint8)
    labels[1:11, 2:18, 22:38] = values()["lung_lower_lobe_left"]
    labels[1:11, 14:18, 22:38] = values()["pleural_effusion"]
    lesion = replace(lesion_of("pleural_effusion", of(labels, "pleural_effusion"), STEP), side="left")
    with pytest.raises(LesionError, match="pleural effusion of 900 ml does not fit, at most 69 ml"):
        refilled(labels, STEP, lesion, Finding("effusion", "pleura"), 900.0, np.random.default_rng(1), set())


def test_a_cyst_grows_and_shrinks_about_its_place(belly: Follow) -> None:
    before, larger, records = belly("make the cyst 1 cm larger")
    old, new = of(before, "kidney_cyst"), of(larger, "kidney_cyst")
    assert longest_extent(new, STEP) == pytest.approx(40, rel=0.1) and not (old & ~new).any()
    changed = before != larger
    assert of(before, "kidney_left", "torso_fat", "body")[changed].all()
    assert next(one.measured_mm for one in records if one.label == "kidney_cyst") == pytest.approx(40, rel=0.1)
    _, smaller, _ = belly("make the cyst 1 cm smaller")
    small = of(smaller, "kidney_cyst")
    assert longest_extent(small, STEP) == pytest.approx(20, abs=3.5) and not (small & ~old).any()


def test_a_cyst_that_is_removed_is_healed_with_its_organ(belly: Follow) -> None:
    before, after, records = belly("remove the cyst")
    assert not of(after, "kidney_cyst").any()
    assert of(after, "kidney_left", "body")[before != after].all()
    assert [one.label for one in records] == ["liver_tumor"]


def test_several_are_added_in_their_organ(belly: Follow) -> None:
    before, after, records = belly("add three 15 mm liver cysts")
    _, count = ndimage.label(of(after, "liver_cyst"), np.ones((3, 3, 3)))
    assert count == 3 and len([one for one in records if one.label == "liver_cyst"]) == 3
    assert {int(v) for v in np.unique(before[before != after])} <= {values()["liver"], values()["body"]}


def test_nodes_of_an_n_stage_stay_with_their_records_when_something_else_changes(
    phantom: np.ndarray,
) -> None:
    fine = phantom[26:56].repeat(2, 0).repeat(2, 1).repeat(2, 2)
    fine[:, 55:61, 60:66] = values()["aorta"]
    follow = followed(fine, "Man, T1bN1 tumor of the right kidney and a 30 mm liver cyst.")
    before, after, records = follow("remove the cyst")
    nodes = of(before, "retroperitoneal_lymph_node")
    assert nodes.any() and np.array_equal(nodes, of(after, "retroperitoneal_lymph_node"))
    assert [one.finding for one in records if one.label == "retroperitoneal_lymph_node"] == [0, 0]
    assert [one.label for one in records if one.label == "kidney_tumor"] == ["kidney_tumor"]
    before, after, _ = follow("make it T2N0")
    assert of(after, "retroperitoneal_lymph_node").any(), "only a new run draws other nodes"
