"""Label maps of other programs in the panel: taken where they tell what they are, asked for where nothing does."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from GuideGenLib.anatomy.label_maps.candidates import meanings
from GuideGenLib.anatomy.structures import select
from GuideGenLib.anatomy.table import values
from GuideGenLib.core.volumes import image_from_array
from Testing.desktop import host
from Testing.desktop.driver import Driver
from Testing.phantom import SPACING, phantom

__all__ = ["phantom"]

SOME = ("liver", "spleen", "kidney_left", "kidney_right")


def subset(labels: np.ndarray, vocabulary: str, path: Path, structures: tuple[str, ...] = SOME) -> Path:
    """Organs of the phantom in the numbers of a vocabulary, in a file that says nothing of them."""
    array = np.zeros(labels.shape, np.uint8)
    for value, keys in meanings(vocabulary).items():
        if len(keys) == 1 and keys[0] in structures:
            array[select(labels, keys)] = value
    sitk.WriteImage(image_from_array(array, SPACING, labels=True), str(path))
    return path


def load(panel: Driver, path: Path | str) -> None:
    """Press the button, choose the file, and wait until it is loaded, refused or asked about."""
    host.DIALOGS.paths.append(str(path))
    panel.press("anatomyFileButton")
    wait(panel)


def wait(panel: Driver) -> None:
    panel.wait(lambda: not panel.widget.anatomyFilePanel._reader.busy, "the file is read")


def asked(panel: Driver) -> Any:
    """The window of the question, which has to be there."""
    dialog = panel.widget.anatomyFilePanel.dialog
    assert dialog is not None and dialog.window.visible, (panel.ui.anatomyFileLabel.text, host.DIALOGS.errors)
    return dialog.window


def answer(panel: Driver, name: str) -> None:
    """Press a button of the question."""
    import qt

    asked(panel).findChild(qt.QPushButton, name).click()
    wait(panel)


def voxels(panel: Driver, key: str) -> np.ndarray:
    return sitk.GetArrayFromImage(panel.anatomy()) == values()[key]


def test_a_file_that_says_nothing_is_asked_for_with_names_fit_and_picture(
    panel: Driver, phantom: np.ndarray, tmp_path: Path
):
    import qt

    load(panel, subset(phantom, "totalsegmentator", tmp_path / "organs.nii.gz"))
    window = asked(panel)
    assert not panel.state.segmentation and not panel.ui.anatomyFileButton.enabled
    labels = window.findChildren(qt.QLabel)
    told = "\n".join(label.text for label in labels)
    assert "<b>TotalSegmentator</b>" in told and "4 of 4 structures lie and measure as in people" in told
    assert "left kidney" in told and "(not its place or size)" in told and "“organs.nii.gz”" in told
    assert sum(label.pixmap is not None and label.pixmap.height() > 20 for label in labels) > 1
    assert window.findChild(qt.QPushButton, "take_structure") is None, "it is no mask"
    answer(panel, "take_totalsegmentator")
    assert panel.widget.anatomyFilePanel.dialog is None and panel.ui.anatomyFileButton.enabled
    for key in SOME:
        assert np.array_equal(voxels(panel, key), select(phantom, (key,))), key
    assert panel.state.segmentation.GetName() == "organs" and "organs.nii.gz names no fat" in (
        panel.ui.anatomyFileLabel.text
    )
    composite = panel.slicer.app.layoutManager().sliceWidget("Red").mrmlSliceCompositeNode()
    assert composite.GetBackgroundVolumeID(), "it is in the views"
    assert not host.DIALOGS.errors, host.DIALOGS.details


@pytest.mark.parametrize("vocabulary", ["maisi132", "amos"])
def test_another_answer_gives_the_organs_of_that_program(
    panel: Driver, phantom: np.ndarray, tmp_path: Path, vocabulary: str
):
    load(panel, subset(phantom, vocabulary, tmp_path / "organs.nii.gz"))
    answer(panel, f"take_{vocabulary}")
    for key in SOME:
        assert np.array_equal(voxels(panel, key), select(phantom, (key,))), key


def test_none_of_these_leaves_the_scene_as_it_was(drawn: Driver, phantom: np.ndarray, tmp_path: Path):
    chosen, nodes = drawn.state.segmentation, drawn.nodes()
    load(drawn, subset(phantom, "totalsegmentator", tmp_path / "organs.nii.gz"))
    answer(drawn, "noneButton")
    assert drawn.ui.anatomyFileLabel.text == "organs.nii.gz was not loaded; the scene is as it was."
    assert drawn.state.segmentation == chosen and drawn.nodes() == nodes and drawn.ui.anatomyFileButton.enabled


def test_a_mask_becomes_the_structure_that_is_named(panel: Driver, phantom: np.ndarray, tmp_path: Path):
    import qt

    path = subset(phantom, "totalsegmentator", tmp_path / "mask.nii.gz", ("spleen",))
    load(panel, path)
    combo = asked(panel).findChild(qt.QComboBox, "structureComboBox")
    combo.currentIndex = combo.findData("pancreas")
    answer(panel, "take_structure")
    assert np.array_equal(voxels(panel, "pancreas"), select(phantom, ("spleen",))) and not voxels(panel, "spleen").any()


def test_what_is_known_is_not_asked_for(panel: Driver, phantom: np.ndarray, tmp_path: Path):
    path = subset(phantom, "amos", tmp_path / "organs.nii.gz")
    panel.choose("anatomyLabelsComboBox", "Labels: AMOS")
    load(panel, path)
    assert panel.widget.anatomyFilePanel.dialog is None and voxels(panel, "liver").any()


def test_what_is_no_label_map_is_refused_with_the_reason(
    panel: Driver, small_ct: sitk.Image, phantom: np.ndarray, tmp_path: Path
):
    sitk.WriteImage(small_ct, str(tmp_path / "ct.nii.gz"))
    load(panel, tmp_path / "ct.nii.gz")
    assert "negative value" in str(host.DIALOGS.shown[-1]) and panel.state.segmentation is None
    panel.choose("anatomyLabelsComboBox", "Labels: BTCV")
    load(panel, subset(phantom, "maisi132", tmp_path / "organs.nii.gz", ("femur_left", "liver")))
    assert "choose beside the button whose labels" in str(host.DIALOGS.shown[-1]) and panel.state.segmentation is None
    panel.press("anatomyFileButton")  # and cancelled
    assert not panel.widget.anatomyFilePanel._reader.busy and panel.ui.anatomyFileLabel.text == ""


def test_a_question_goes_with_its_scene(panel: Driver, phantom: np.ndarray, tmp_path: Path):
    load(panel, subset(phantom, "totalsegmentator", tmp_path / "organs.nii.gz"))
    window = asked(panel)
    panel.slicer.mrmlScene.Clear(False)
    panel.slicer.app.processEvents()
    assert panel.widget.anatomyFilePanel.dialog is None
    assert panel.ui.anatomyFileButton.enabled and panel.ui.anatomyFileLabel.text == ""
    assert not window.visible
