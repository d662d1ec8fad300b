"""The panel says where the CT does not show the anatomy any more."""

import json
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from GuideGenLib.anatomy import table
from Testing.desktop.conftest import PROVENANCE
from Testing.desktop.driver import Driver


@pytest.fixture(autouse=True)
def soon(case: Driver) -> None:
    case.widget.datedPanel._timer.setInterval(10)


def labels(case: Driver) -> np.ndarray:
    from GuideGenLib.scene.segments.segmentation import read_anatomy

    return sitk.GetArrayFromImage(read_anatomy(case.state.segmentation))


def test_an_edit_is_told_and_marked_and_the_way_back_takes_both_away(case: Driver, tmp_path: Path):
    from GuideGenLib.scene.runs.dated import ATTRIBUTE

    said = case.ui.outOfDateLabel
    assert not said.text
    before = labels(case)
    liver = before == table.values()["liver"]
    case.write("spleen", liver)
    case.wait(lambda: "liver -" in said.text, "the edit is told")
    assert "liver -" in case.state.ct.GetAttribute(ATTRIBUTE)
    case.ui.exportFolderEdit.currentPath = str(tmp_path)
    case.press("exportFolderButton")
    assert "liver -" in json.loads((tmp_path / "provenance.json").read_text())["ct_out_of_date"]
    case.write("liver", liver)
    case.write("spleen", before == table.values()["spleen"])
    case.wait(lambda: not said.text, "nothing differs any more")
    assert case.state.ct.GetAttribute(ATTRIBUTE) is None


def test_a_ct_of_another_anatomy_is_told_when_it_is_chosen(case: Driver, small_anatomy: sitk.Image):
    from GuideGenLib.scene.runs.results import file_anatomy

    other = sitk.GetArrayFromImage(small_anatomy)
    other[other == table.values()["liver"]] = table.values()["spleen"]
    image = sitk.GetImageFromArray(other)
    image.CopyInformation(small_anatomy)
    run = file_anatomy(case.slicer.mrmlScene, image, PROVENANCE, "another")
    case.ui.segmentationSelector.setCurrentNode(run.segmentation)
    case.wait(lambda: "does not show this anatomy" in case.ui.outOfDateLabel.text, "it is told")
    case.ui.ctSelector.setCurrentNode(None)
    case.wait(lambda: not case.ui.outOfDateLabel.text, "without a CT there is nothing to tell")
