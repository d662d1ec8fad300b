"""The panel as a window: narrow, low, clicked with the mouse; nothing moves under the cursor."""

from pathlib import Path
from typing import Any

import pytest
import SimpleITK as sitk

from Testing.desktop import host
from Testing.desktop.driver import Driver

TEXT = "A 60 year old woman with a 30 mm tumor in the sigmoid colon."
NARROW = 380
LOW = 460
"""What Slicer leaves for the panel on a screen of 1366 x 768."""


@pytest.fixture
def small(panel: Driver) -> Driver:
    """A panel of that size with a text, scrolled to the button that generates."""
    panel.resize(NARROW, LOW)
    panel.type(TEXT)
    panel.scroll("generateButton")
    panel.slicer.app.processEvents()
    return panel


def test_the_panel_fits_into_380_pixels_whatever_texts_and_names_it_shows(panel: Driver):
    from PySide6 import QtWidgets

    panel.type(TEXT * 3)
    panel.state.history = [
        "A history of one hundred characters, which no panel can be wide enough for to show it. " * 2
    ]
    scene = panel.slicer.mrmlScene
    for kind in ("vtkMRMLSegmentationNode", "vtkMRMLScalarVolumeNode"):
        scene.AddNewNodeByClass(kind, "A node whose name is much too long for any selector in any panel " * 2)
    panel.settle()
    bar = panel.area.verticalScrollBar().sizeHint().width()
    assert QtWidgets.QWidget.minimumSizeHint(panel.widget.parent).width() + bar <= NARROW


def test_a_double_click_starts_a_run_and_does_not_cancel_it(small: Driver):
    small.mouse("generateButton", double=True)
    assert small.logic.busy and not small.logic.job.cancelled
    assert small.ui.cancelButton.enabled
    small.press("cancelButton")
    small.wait(lambda: not small.logic.busy, "the run is stopped")


def test_nothing_moves_when_a_run_starts_and_is_cancelled(small: Driver):
    places = [small.place(name) for name in ("generateButton", "cancelButton", "progressBar")]
    small.mouse("generateButton")
    small.wait(lambda: bool(small.told()), "the run is told of")
    small.picture("small-running", whole=False)
    assert [small.place(name) for name in ("generateButton", "cancelButton", "progressBar")] == places
    small.mouse("cancelButton")
    assert small.logic.job.cancelled
    assert [small.place(name) for name in ("generateButton", "cancelButton", "progressBar")] == places
    small.wait(lambda: not small.logic.busy, "the run is stopped")
    assert [small.place(name) for name in ("generateButton", "cancelButton", "progressBar")] == places


def test_the_text_box_gives_no_room_to_what_comes_and_goes_below_it(panel: Driver):
    """A box that stretches takes the button that generates along when a run is told of."""
    box = panel.ui.promptEdit
    assert box.minimumHeight == box.maximumHeight == box.height


def test_a_run_of_the_ct_is_followed_and_cancelled_beside_its_button(small: Driver, small_anatomy: sitk.Image):
    from GuideGenLib.scene.runs.results import file_anatomy

    run = file_anatomy(small.slicer.mrmlScene, small_anatomy, {"settings": {"seed": 1}}, "a case")
    small.ui.segmentationSelector.setCurrentNode(run.segmentation)
    small.slicer.app.processEvents()
    small.scroll("generateCTButton")
    places = [small.place(name) for name in ("generateCTButton", "ctCancelButton")]
    small.mouse("generateCTButton")
    assert small.ui.ctCancelButton.enabled and not small.ui.cancelButton.enabled
    small.wait(lambda: bool(small.ui.ctProgressLabel.text), "the run is told of")
    assert not small.ui.progressLabel.text
    small.picture("small-ct", whole=False)
    small.mouse("ctCancelButton")
    small.wait(lambda: not small.logic.busy, "the run is stopped")
    assert [small.place(name) for name in ("generateCTButton", "ctCancelButton")] == places
    assert "Cancelled" in small.ui.ctProgressLabel.text


def test_what_a_run_said_goes_with_its_scene(panel: Driver, tmp_path: Path):
    panel.type(TEXT)
    panel.ui.exportFolderEdit.currentPath = str(tmp_path)
    panel.press("exportSceneButton")
    panel.begin("generateButton")
    panel.press("cancelButton")
    panel.wait(lambda: not panel.logic.busy, "the run is stopped")
    assert panel.told() and "Saved" in panel.ui.exportLabel.text
    panel.slicer.mrmlScene.Clear(False)
    panel.settle()
    assert panel.told() == "" and panel.ui.exportLabel.text == ""


def test_a_seed_may_be_as_large_as_anywhere_else(panel: Driver):
    from GuideGenLib.core.seeds import LARGEST_SEED

    panel.ui.seedSpinBox.value = 2**40
    assert panel.state.seed == LARGEST_SEED == 2**32 - 1
    assert panel.ui.seedSpinBox.text == "4294967295"
    assert not host.DIALOGS.errors


def test_pictures_of_the_panel_as_small_as_it_gets(small: Driver, small_anatomy: sitk.Image, small_ct: sitk.Image):
    """Looked at by people; here no part may reach out of the panel."""
    from GuideGenLib.scene.runs.results import file_anatomy, file_ct

    scene = small.slicer.mrmlScene
    run = file_anatomy(scene, small_anatomy, {"settings": {"seed": 1}}, "a case")
    ct = file_ct(scene, small_ct, small_anatomy, {"settings": {"seed": 1}}, "a case", run.segmentation)
    small.ui.segmentationSelector.setCurrentNode(run.segmentation)
    small.ui.ctSelector.setCurrentNode(ct)
    for section in ("setupSection", "settingsSection", "exportSection"):
        getattr(small.ui, section).collapsed = False
    small.slicer.app.processEvents()
    assert outside(small) == []
    small.picture("narrow")


def outside(panel: Driver) -> list[str]:
    """The widgets that reach over the right border."""
    width = panel.area.viewport().width()
    widgets: dict[str, Any] = {name: widget for name, widget in vars(panel.ui).items() if hasattr(widget, "mapTo")}
    return [name for name, one in widgets.items() if one.visible and panel.place(name)[0] + one.width > width]
