"""What a real Slicer does beside the panel: files segmentations, copies terminology, saves hierarchies, keeps views."""

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from GuideGenLib.anatomy import table
from GuideGenLib.core.volumes import image_from_array
from GuideGenLib.workflow.job import Job
from Testing.desktop import host
from Testing.desktop.conftest import PROVENANCE
from Testing.desktop.driver import Driver

# ------------------------------------------------------------ the hierarchy


def test_a_stroke_before_there_is_a_ct_leaves_the_segmentation_in_its_study(drawn: Driver):
    from GuideGenLib.scene.runs.hierarchy import folder_of

    study = folder_of(drawn.slicer.mrmlScene, drawn.state.segmentation)
    liver = labels(drawn) == table.values()["liver"]
    drawn.widget.segmentsPanel.editor.paint(lambda: drawn.write("spleen", liver))
    assert folder_of(drawn.slicer.mrmlScene, drawn.state.segmentation) == study


def test_a_saved_scene_has_no_items_of_nothing(case: Driver, tmp_path: Path):
    """Slicer's own Save and the panel's, after the empty volume and the outline of changes, which is not saved."""
    case.ui.exportFolderEdit.currentPath = str(tmp_path)
    case.ui.ctSelector.setCurrentNode(None)
    assert case.widget.segmentsPanel.editor.sourceVolumeNode().GetHideFromEditors()
    case.ui.ctSelector.setCurrentNodeIndex(0)
    case.write("spleen", labels(case) == table.values()["liver"])
    case.run_well("findChangesButton")
    assert case.slicer.mrmlScene.GetFirstNodeByName("Changed region") is not None
    assert case.slicer.app.ioManager().saveScene(str(tmp_path / "slicer.mrb"))
    case.press("exportSceneButton")
    for name in ("slicer.mrb", "GuideGen.mrb"):
        case.slicer.mrmlScene.Clear(False)
        assert case.slicer.app.ioManager().loadScene(str(tmp_path / name))
        assert empty_items(case) == []


def empty_items(case: Driver) -> list[str]:
    """Items that are neither a folder nor one of a node."""
    import vtk

    hierarchy = case.slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(case.slicer.mrmlScene)
    found = vtk.vtkIdList()
    hierarchy.GetItemChildren(hierarchy.GetSceneItemID(), found, True)
    items = [found.GetId(index) for index in range(found.GetNumberOfIds())]
    folders = ("Patient", "Study", "Folder")
    empty = [i for i in items if hierarchy.GetItemLevel(i) not in folders and hierarchy.GetItemDataNode(i) is None]
    return [hierarchy.GetItemName(item) for item in empty]


# ------------------------------------------------------------ segments that the user adds


def test_a_segment_that_the_user_adds_is_not_silently_what_the_last_one_is(drawn: Driver):
    segmentation = drawn.state.segmentation.GetSegmentation()
    last = segmentation.GetNthSegmentID(segmentation.GetNumberOfSegments() - 1)
    assert last == "lung_tumor"
    drawn.widget.segmentsPanel.editor.onAddSegment()
    drawn.slicer.app.processEvents()
    added = segmentation.GetNthSegmentID(segmentation.GetNumberOfSegments() - 1)
    drawn.write(added, labels(drawn) == table.values()["spleen"])
    drawn.run("generateCTButton")
    assert "has no terminology" in host.DIALOGS.errors[0] and "double-click" in host.DIALOGS.errors[0]


def test_a_segment_that_brings_its_own_code_keeps_it(drawn: Driver):
    from GuideGenLib.scene.segments.terminology import label_of, set_terminology

    segmentation = drawn.state.segmentation.GetSegmentation()
    other = drawn.slicer.vtkSegment()
    other.DeepCopy(segmentation.GetSegment("liver"))
    set_terminology(other, "liver_tumor")
    segmentation.AddSegment(other, "pasted")
    drawn.slicer.app.processEvents()
    assert label_of(other).key == "liver_tumor"


# ------------------------------------------------------------ the views


def test_the_first_ct_is_fitted_and_the_views_stay_afterwards(drawn: Driver, small_anatomy, small_ct: sitk.Image):
    from GuideGenLib.scene.runs.results import file_ct

    drawn.widget.showResults()
    ct = file_ct(drawn.slicer.mrmlScene, small_ct, small_anatomy, PROVENANCE, "a case", drawn.state.segmentation)
    before = look_closely(drawn)
    drawn.ui.ctSelector.setCurrentNode(ct)
    drawn.widget.onRunEnded(job("ct"))
    assert look(drawn) == before, "the CT lies where the anatomy was looked at"
    assert background(drawn) is ct

    far = file_ct(*shifted(drawn, small_ct, small_anatomy), PROVENANCE, "another case")
    drawn.ui.ctSelector.setCurrentNode(far)
    assert look(drawn) != before, "another place is fitted"


def test_after_an_edit_the_views_go_to_the_change(case: Driver, small_anatomy: sitk.Image, small_ct: sitk.Image):
    from GuideGenLib.scene.runs.results import file_ct
    from GuideGenLib.scene.segments.edits import SegmentChange

    before = look_closely(case)
    again = file_ct(case.slicer.mrmlScene, small_ct, small_anatomy, PROVENANCE, "a case", case.state.segmentation)
    case.ui.ctSelector.setCurrentNode(again)
    centre = case.state.segmentation.GetSegmentCenterRAS("liver")
    case.widget.onRunEnded(job("regenerate", [SegmentChange("liver", "liver", 1.0, 0.0, tuple(centre))]))
    fields, places = look(case)
    assert fields == before[0], "nothing is zoomed"
    assert places == [pytest.approx(centre, abs=1e-3)] * 3
    assert case.widget.segmentsPanel.editor.currentSegmentID() == "liver"
    assert case.ui.changesLabel.text == "Changed in this CT:"


def test_opening_the_module_links_no_views(case: Driver):
    composites = nodes_of(case, "vtkMRMLSliceCompositeNode")
    case.widget.parent.exit()
    case.widget.parent.enter()
    assert not any(node.GetLinkedControl() or node.GetHotLinkedControl() for node in composites)


def test_the_ct_is_seen_through_the_segments(case: Driver):
    display = case.state.segmentation.GetDisplayNode()
    assert display.GetOpacity2DFill() == pytest.approx(0.25)
    assert case.ui.fillSlider.value == 25
    case.ui.fillSlider.value = 60.0
    case.widget.showResults()
    assert display.GetOpacity2DFill() == pytest.approx(0.6), "what the user has set stays"


def test_the_difference_is_shown_and_left_again_and_made_once(case: Driver, small_anatomy, small_ct: sitk.Image):
    from GuideGenLib.scene.runs.hierarchy import folder_of
    from GuideGenLib.scene.runs.results import file_ct

    first = case.state.ct
    second = file_ct(case.slicer.mrmlScene, small_ct + 7, small_anatomy, PROVENANCE, "", case.state.segmentation)
    case.ui.ctSelector.setCurrentNode(second)
    case.ui.compareSelector.setCurrentNode(first)
    case.run_well("differenceButton")
    difference = background(case)
    assert case.ui.differenceButton.checked and difference not in (first, second)
    assert folder_of(case.slicer.mrmlScene, difference) == folder_of(case.slicer.mrmlScene, second)
    assert sitk.GetArrayViewFromImage(read(difference)).mean() == 7
    case.press("differenceButton")
    assert background(case) is second and not case.ui.differenceButton.checked
    case.press("differenceButton")
    assert background(case) is difference and case.ui.differenceButton.checked


# ------------------------------------------------------------ scenes that come from elsewhere


def test_a_scene_of_the_command_line_opens_fitted_and_fills_the_panel(
    panel: Driver, tmp_path: Path, small_anatomy, small_ct
):
    from GuideGenLib.scene.files import save_mrb
    from GuideGenLib.scene.headless import new_scene
    from GuideGenLib.scene.runs.comparison import blend
    from GuideGenLib.scene.runs.run import add_run

    headless = new_scene()
    run = add_run(headless.scene, small_anatomy, small_ct, PROVENANCE, "a case")
    blend(headless.scene, run.ct)
    save_mrb(headless.scene, tmp_path / "scene.mrb")
    panel.widget.parent.exit()
    for view in nodes_of(panel, "vtkMRMLSliceNode"):
        view.SetFieldOfView(10.0, 10.0, 1.0)
    assert panel.slicer.app.ioManager().loadScene(str(tmp_path / "scene.mrb"))
    fields, places = look(panel)
    assert min(fields) > 300 and all(place != (0.0, 0.0, 0.0) for place in places), "without the module, too"
    panel.widget.parent.enter()
    panel.settle()
    assert panel.state.segmentation is not None and panel.state.ct is not None
    assert (panel.ui.promptEdit.toPlainText(), panel.state.seed) == ("A 60 year old man.", 5)
    assert panel.ui.runsList.count == 1


@pytest.mark.parametrize("saved", [True, False])
def test_an_anatomy_without_a_ct_has_its_background_again_after_loading(drawn: Driver, tmp_path: Path, saved: bool):
    """saved: whether the empty volume is, as the version before did not."""
    drawn.widget.showResults()
    background(drawn).SetSaveWithScene(saved)
    assert drawn.slicer.app.ioManager().saveScene(str(tmp_path / "scene.mrb"))
    drawn.slicer.mrmlScene.Clear(False)
    assert drawn.slicer.app.ioManager().loadScene(str(tmp_path / "scene.mrb"))
    drawn.settle()
    assert drawn.state.segmentation is not None and background(drawn) is not None
    logic = drawn.slicer.app.layoutManager().sliceWidget("Red").sliceLogic()
    bounds = [0.0] * 6
    logic.GetLowestVolumeSliceBounds(bounds)
    assert bounds[5] - bounds[4] > 500, "the slider has the range of the anatomy"


# ------------------------------------------------------------ long computations


@pytest.fixture
def large(panel: Driver, small_labels: np.ndarray) -> Driver:
    """A case of 18 million voxels and every structure, chosen."""
    from GuideGenLib.scene.runs.results import file_anatomy, file_ct

    others = sorted(set(table.values().values()) - set(np.unique(small_labels).tolist()))
    for index, value in enumerate(others):
        small_labels[index % 48, 20 + index // 48, 4 + index % 24] = value
    fine = small_labels.repeat(8, 0).repeat(8, 1).repeat(6, 2)
    anatomy = image_from_array(fine, (1.5, 1.5, 2.0), labels=True)
    ct = image_from_array(np.where(fine > 0, 40.0, -1000.0), (1.5, 1.5, 2.0), labels=False)
    scene = panel.slicer.mrmlScene
    run = file_anatomy(scene, anatomy, PROVENANCE, "large")
    nodes = [file_ct(scene, hu, anatomy, PROVENANCE, "large", run.segmentation) for hu in (ct, ct + 5)]
    panel.ui.segmentationSelector.setCurrentNode(run.segmentation)
    panel.ui.ctSelector.setCurrentNode(nodes[1])
    panel.ui.compareSelector.setCurrentNode(nodes[0])
    panel.settle()
    return panel


@pytest.mark.parametrize("button", ["findChangesButton", "differenceButton"])
def test_the_window_goes_on_while_volumes_are_compared(large: Driver, button: str, monkeypatch: pytest.MonkeyPatch):
    """The comparison begins when a timer of the window has ticked meanwhile: in the window's own thread, never."""
    background = large.logic.background
    start, ticked, alive = background.run, Event(), []

    def run(compute: Callable[[], Any], then: Callable[[Any], Any]) -> None:
        def watched() -> Any:
            alive.append(ticked.wait(20.0))
            return compute()

        start(watched, then)

    monkeypatch.setattr(background, "run", run)
    with large.gaps(ticked.set) as gaps:
        large.press(button)
        assert large.logic.busy and large.ui.ctCancelButton.enabled
        large.wait(lambda: not large.logic.busy, "the comparison ends")
        large.slicer.app.processEvents()
    assert not host.DIALOGS.errors
    assert alive == [True]
    assert gaps.work < 0.8, "seconds of the window's own work"


def test_a_comparison_is_cancelled(large: Driver):
    before = large.nodes()
    large.press("differenceButton")
    large.press("ctCancelButton")
    assert not large.logic.busy and large.nodes() == before
    assert not large.ui.differenceButton.checked


def test_a_lesion_is_drawn_at_once_in_a_large_anatomy(large: Driver):
    large.choose("lesionKindComboBox", "liver tumor")
    with large.gaps() as gaps:
        large.widget.lesionPanel.addFinding(large.state.segmentation.GetSegmentCenterRAS("liver"))
        large.slicer.app.processEvents()
    assert gaps.work < 0.8, "seconds of the window's own work"


# ------------------------------------------------------------ eyes


def labels(case: Driver) -> np.ndarray:
    return sitk.GetArrayFromImage(case.anatomy())


def read(node: Any) -> sitk.Image:
    from GuideGenLib.scene.geometry import image_from_volume

    return image_from_volume(node)


def nodes_of(case: Driver, kind: str) -> list[Any]:
    scene = case.slicer.mrmlScene
    return [scene.GetNthNodeByClass(index, kind) for index in range(scene.GetNumberOfNodesByClass(kind))]


def views(case: Driver) -> Iterator[Any]:
    """The nodes of the three slice views."""
    for name in ("Red", "Yellow", "Green"):
        yield case.slicer.app.layoutManager().sliceWidget(name).mrmlSliceNode()


def look(case: Driver) -> tuple[list[float], list[tuple[float, ...]]]:
    """How wide the views are, mm, and their centres, RAS."""
    fields = [view.GetFieldOfView()[0] for view in views(case)]
    return fields, [tuple(view.GetSliceToRAS().GetElement(row, 3) for row in range(3)) for view in views(case)]


def look_closely(case: Driver) -> tuple[list[float], list[tuple[float, ...]]]:
    """As a user who has zoomed to something."""
    for view in views(case):
        view.SetFieldOfView(77.0, 77.0, 1.0)
        view.JumpSliceByCentering(31.0, 12.0, 200.0)
    return look(case)


def background(case: Driver) -> Any:
    composite = case.slicer.app.layoutManager().sliceWidget("Red").mrmlSliceCompositeNode()
    return case.slicer.mrmlScene.GetNodeByID(composite.GetBackgroundVolumeID() or "")


def job(kind: str, changes: list | None = None) -> Any:
    """A run that has ended."""
    return Job(kind=kind, id="1", title="", changes=changes or [])


def shifted(case: Driver, ct: sitk.Image, anatomy: sitk.Image) -> tuple[Any, sitk.Image, sitk.Image]:
    """The scene, and both volumes a metre away."""
    moved = [sitk.Image(ct), sitk.Image(anatomy)]
    for image in moved:
        image.SetOrigin([place + 1000.0 for place in image.GetOrigin()])
    return case.slicer.mrmlScene, moved[0], moved[1]
