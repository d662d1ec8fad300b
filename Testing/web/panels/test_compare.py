"""The panel that compares the CTs of a run, without a browser."""

import asyncio
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import SimpleITK as sitk

pytest.importorskip("trame_slicer", reason="needs the extra web")

from GuideGenLib.anatomy.table import values
from GuideGenLib.web.panels.compare import ComparePanel
from Testing.web.views_stage import add_anatomy_run, add_ct_of, new_stage, own_loop, run_until, toy_anatomy

OUTLINE = "GuideGen.Changes"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """One stage with the panel for the whole file."""
    with own_loop():
        made = new_stage(tmp_path_factory.mktemp("compare"))
        made.panel = ComparePanel(made.server, made.workspace, made.views)
        return made


@pytest.fixture
def stage(shared: SimpleNamespace) -> Iterator[SimpleNamespace]:
    """One anatomy with two CTs, the liver of the new one brighter by 50 HU; nothing is compared yet."""
    with own_loop():
        shared.scene.Clear(False)
        shared.told.clear()
        shared.anatomy = toy_anatomy()
        shared.segmentation = add_anatomy_run(shared, shared.anatomy)
        shared.old = add_ct_of(shared, shared.anatomy, shared.segmentation, 60)
        shared.new = add_ct_of(shared, _with_tumor(shared.anatomy), shared.segmentation, 110)
        shared.workspace.choose(ct=shared.new, compared=None)
        yield shared
        shared.workspace.choose(segmentation=None, ct=None, compared=None)
        shared.scene.Clear(False)


def _with_tumor(anatomy: sitk.Image) -> sitk.Image:
    edited = sitk.Image(anatomy)
    for z in (9, 10, 11):
        edited[8, 10, z] = values()["liver_tumor"]
    return edited


def outlines(stage: SimpleNamespace) -> list[Any]:
    """The segmentations that only outline changes."""
    kind = "vtkMRMLSegmentationNode"
    nodes = [stage.scene.GetNthNodeByClass(i, kind) for i in range(stage.scene.GetNumberOfNodesByClass(kind))]
    return [node for node in nodes if node.GetAttribute(OUTLINE)]


def layers(stage: SimpleNamespace) -> tuple[Any, Any, float]:
    """Below, above and the opacity of what is above, in the axial view."""
    view = stage.views.slices[0]
    node = stage.scene.GetNodeByID
    above = view.get_foreground_volume_id()
    return node(view.get_background_volume_id()), node(above) if above else None, view.get_foreground_opacity()


def test_the_cts_of_the_run_are_listed_and_the_shown_one_is_no_choice_to_compare_with(stage: SimpleNamespace) -> None:
    state = stage.server.state
    assert [item["value"] for item in state.compare_cts] == [stage.old.GetID(), stage.new.GetID()]
    assert [item["value"] for item in state.compare_others] == ["", stage.old.GetID()]
    assert state.compare_shown == stage.new.GetID()
    assert state.compare_hindrance == "Choose another CT to compare with first."


def test_cts_of_another_run_are_not_listed(stage: SimpleNamespace) -> None:
    add_anatomy_run(stage, toy_anatomy(origin=(0.0, 0.0, 0.0)))
    assert stage.server.state.compare_cts == []
    assert stage.server.state.compare_hindrance == "There is no CT yet: generate or choose one."


def test_choices_change_what_is_shown_and_compared(stage: SimpleNamespace) -> None:
    stage.panel._on_with(stage.old.GetID())
    assert (stage.workspace.ct, stage.workspace.compared) == (stage.new, stage.old)
    assert stage.server.state.compare_hindrance == ""
    stage.panel._on_shown(stage.old.GetID())
    assert (stage.workspace.ct, stage.workspace.compared) == (stage.old, None)
    stage.panel._on_with("")
    assert stage.workspace.compared is None


def test_blending_puts_the_other_ct_over_the_shown_one(stage: SimpleNamespace) -> None:
    stage.workspace.choose(compared=stage.old)
    stage.panel._on_blend(40)
    assert layers(stage) == (stage.new, stage.old, pytest.approx(0.4))
    stage.workspace.choose(compared=None)
    assert layers(stage)[:2] == (stage.new, None)


def test_another_pair_begins_with_the_shown_ct_alone(stage: SimpleNamespace) -> None:
    stage.workspace.choose(compared=stage.old)
    stage.server.state.compare_blend = 100
    stage.panel._on_blend(100)
    stage.workspace.choose(ct=stage.old, compared=stage.new)
    assert stage.server.state.compare_blend == 0
    assert layers(stage)[2] == 0.0


def test_the_difference_is_shown_in_place_of_the_ct_and_computed_once(stage: SimpleNamespace) -> None:
    stage.workspace.choose(compared=stage.old)
    stage.server.state.compare_difference = True
    stage.panel._on_difference(True)
    run_until(lambda: layers(stage)[0] is not stage.new)
    shown = layers(stage)[0]
    assert shown.GetImageData().GetScalarRange()[1] == 50
    stage.panel._on_difference(False)
    assert layers(stage)[0] is stage.new
    stage.panel._on_difference(True)
    assert layers(stage)[0] is shown


def test_a_difference_that_is_no_longer_asked_for_is_not_shown(stage: SimpleNamespace) -> None:
    stage.workspace.choose(compared=stage.old)
    stage.server.state.compare_difference = True
    count = stage.scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode")
    work = stage.panel._compute_difference(stage.old, stage.new)
    stage.workspace.choose(ct=stage.old, compared=None)
    asyncio.get_event_loop().run_until_complete(work)
    assert layers(stage)[0] is stage.old
    assert stage.scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") <= count


def test_cts_of_two_places_have_no_difference_and_the_user_is_told(stage: SimpleNamespace) -> None:
    far = toy_anatomy(origin=(900.0, 0.0, 0.0))
    other = add_ct_of(stage, far, None)
    stage.workspace.choose(compared=other)
    stage.server.state.compare_difference = True
    stage.panel._on_difference(True)
    run_until(lambda: bool(stage.told))
    assert "have no place in common" in stage.told[0][0]
    assert stage.server.state.compare_difference is False


def test_the_changed_region_of_two_cts_is_outlined_and_goes_again(stage: SimpleNamespace) -> None:
    stage.workspace.choose(compared=stage.old)
    stage.panel._on_changes(True)
    (outline,) = outlines(stage)
    assert not outline.GetSaveWithScene()
    assert outline.GetDisplayNode().GetVisibility()
    stage.panel._on_changes(False)
    assert outlines(stage) == []


def test_without_another_ct_the_outline_is_of_what_was_edited_since(stage: SimpleNamespace) -> None:
    stage.panel._on_changes(True)  # the CT has a tumour that the segmentation lacks
    assert len(outlines(stage)) == 1
    stage.server.state.compare_changes = True
    stage.workspace.edited.emit()
    assert outlines(stage) == []
    assert stage.server.state.compare_changes is False


def test_an_anatomy_that_did_not_change_has_no_outline_and_the_user_is_told(stage: SimpleNamespace) -> None:
    stage.workspace.choose(ct=stage.old)
    stage.panel._on_changes(True)
    assert outlines(stage) == []
    assert stage.told == [("The CTs could not be compared: the anatomy did not change.", "warning")]


def test_another_choice_takes_the_outline_away(stage: SimpleNamespace) -> None:
    stage.workspace.choose(compared=stage.old)
    stage.panel._on_changes(True)
    stage.workspace.choose(compared=None)
    assert outlines(stage) == []
