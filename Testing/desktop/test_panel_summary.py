"""What the panel tells of an anatomy, and where it looks after a run."""

import pytest
import SimpleITK as sitk

from GuideGenLib.scene.runs.results import file_anatomy
from GuideGenLib.scene.segments.centre import place_within
from GuideGenLib.workflow.job import ANATOMY, Job
from Testing.desktop.driver import Driver

LESION = {
    "label": "lung_tumor", "finding": 0, "organ": "lung", "side": "left", "site": None, "size_mm": 30.0,
    "measured_mm": 31.6, "volume_ml": 14.2, "center_voxel": [1.0, 1.0, 1.0], "center_mm": [1.0, 1.0, 1.0], "note": "",
}  # fmt: skip


def test_what_of_the_text_will_not_be_drawn_stands_below_the_button(panel: Driver):
    assert panel.ui.missingLabel.text == ""
    panel.type("60 year old man with a 30 mm tumor in the liver. Aortic dissection. No pleural effusion.")
    assert "dissection" in panel.ui.missingLabel.text and "effusion" not in panel.ui.missingLabel.text
    panel.type("60 year old man with a 30 mm tumor in the liver.")
    assert panel.ui.missingLabel.text == ""


def test_the_summary_is_copied_and_the_slices_go_to_the_finding(panel: Driver, small_anatomy: sitk.Image):
    import qt

    assert not panel.ui.summaryCopyButton.enabled
    run = file_anatomy(panel.slicer.mrmlScene, small_anatomy, {"lesions": [LESION], "settings": {"seed": 3}}, "a case")
    panel.ui.segmentationSelector.setCurrentNode(run.segmentation)
    panel.widget.sceneChanged()
    panel.settle()
    panel.widget.onRunEnded(Job(ANATOMY, "1", "a case"))
    panel.press("summaryCopyButton")
    copied = qt.QApplication.clipboard().text()
    assert copied.splitlines() == ["lung tumor, left: 32 mm, 14.2 ml", "Synthetic, seed 3"]
    place = place_within(run.segmentation, "lung_tumor")
    view = panel.slicer.app.layoutManager().sliceWidget("Red").mrmlSliceNode().GetSliceToRAS()
    assert [view.GetElement(row, 3) for row in range(3)] == pytest.approx(place, abs=1e-3)
