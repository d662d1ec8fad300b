"""One sentence more in the module's panel: shown while one types, changed by the button, undone by the other."""

from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from GuideGenLib.description import parse
from GuideGenLib.description.report import to_json
from GuideGenLib.scene.ct import read_ct
from GuideGenLib.scene.runs.run import add_run
from GuideGenLib.scene.segments.segmentation import read_segmentation
from Testing.desktop import host
from Testing.desktop.driver import Driver

TEXT = "A 60 year old woman with a 48 mm tumor in the left upper lobe of the lung, portal venous phase."
RECORD = {"text": TEXT, "description": to_json(parse(TEXT)), "settings": {"seed": 3, "ct_steps": 1}, "lesions": []}


@pytest.fixture
def case(panel: Driver, small_anatomy: sitk.Image, small_ct: sitk.Image) -> Any:
    """A generated case, chosen."""
    run = add_run(panel.slicer.mrmlScene, small_anatomy, small_ct, RECORD, "case")
    panel.state.segmentation, panel.state.ct = run.segmentation, run.ct
    panel.type(TEXT)
    return run


def write(panel: Driver, sentence: str) -> None:
    panel.ui.changeEdit.setPlainText(sentence)
    panel.slicer.app.processEvents()


def test_what_would_change_is_shown_while_one_types(panel: Driver, case: Any) -> None:
    assert not panel.ui.changeButton.enabled and "what is to change" in panel.ui.changeButton.toolTip
    write(panel, "make the tumour 1 cm larger and show it without contrast")
    assert "58 mm" in panel.ui.changeLabel.text and "everywhere" in panel.ui.changeLabel.text
    assert panel.ui.changeButton.enabled and not panel.ui.undoChangeButton.enabled
    panel.picture("change")
    write(panel, "make the liver tumour larger")
    assert not panel.ui.changeButton.enabled
    assert panel.ui.changeButton.toolTip == panel.ui.changeLabel.text
    assert "no tumor of the liver" in panel.ui.changeLabel.text


def test_without_a_case_the_buttons_say_why(panel: Driver) -> None:
    write(panel, "make the tumour larger")
    assert not panel.ui.changeButton.enabled and "no anatomy" in panel.ui.changeButton.toolTip
    panel.slicer.mrmlScene.Clear(False)
    panel.slicer.app.processEvents()
    assert panel.ui.changeEdit.toPlainText() == ""


def test_the_button_changes_the_case_and_undo_goes_back(panel: Driver, case: Any, small_ct: sitk.Image) -> None:
    before = sitk.GetArrayFromImage(read_segmentation(case.segmentation).anatomy)
    write(panel, "remove the tumour and add a 30 mm tumour in the liver")
    panel.run_well("changeButton")
    assert panel.state.segmentation is not case.segmentation
    assert panel.state.comparedCT is case.ct and panel.state.ct is not case.ct
    after = sitk.GetArrayFromImage(read_segmentation(panel.state.segmentation).anatomy)
    assert (before != after).any()
    understood = panel.widget.understoodPanel.understanding.description
    panel.settle()
    assert understood is not None
    assert [finding.organ for finding in panel.widget.understoodPanel.understanding.description.findings] == ["liver"]
    assert panel.ui.changeEdit.toPlainText() == ""
    panel.press("undoChangeButton")
    panel.settle()
    assert panel.state.segmentation is case.segmentation and panel.state.ct is case.ct
    assert np.array_equal(sitk.GetArrayFromImage(read_ct(panel.state.ct)), sitk.GetArrayFromImage(small_ct))
    assert panel.widget.understoodPanel.understanding.description.findings[0].organ == "lung"
    assert not panel.ui.undoChangeButton.enabled
    assert not host.DIALOGS.errors
