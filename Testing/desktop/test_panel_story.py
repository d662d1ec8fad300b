"""The whole story through the panel's own buttons, with the real worker and an untrained tiny model."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from GuideGenLib.anatomy import table
from GuideGenLib.workflow.choices import ANATOMY_MM
from Testing.desktop.driver import Driver

TEXT = "A 60 year old woman with a 30 mm tumor in the sigmoid colon."
MARGIN_MM = 20.0


@pytest.mark.large
def test_from_a_text_to_an_edited_ct_and_on_after_a_reload(panel: Driver, tmp_path: Path):
    panel.type(TEXT)
    correct_age(panel, "71")

    panel.run_well("generateButton")
    first = labels(panel)
    assert panel.state.segmentation.GetSegmentation().GetNumberOfSegments() == len(np.unique(first)) - 1
    assert panel.ui.runsList.count == 1
    panel.picture("anatomy")

    panel.run_well("generateCTButton")
    old, old_node = panel.ct(), panel.state.ct
    assert provenance(old_node)["description"]["age"] == 71
    panel.run_well("findChangesButton")
    assert panel.ui.changesTable.rowCount == 0

    edited = edit(panel, first)
    panel.run_well("findChangesButton")
    assert panel.ui.changesTable.rowCount >= 3
    panel.picture("edited")

    panel.run_well("regenerateButton")
    new = panel.ct()
    assert panel.ui.outOfDateLabel.text == ""  # not even until it has been compared
    assert panel.state.ct is not old_node and panel.state.comparedCT is old_node
    changed_only_there(old, new, edited)
    panel.ui.blendSlider.value = 40.0
    panel.run_well("differenceButton")
    panel.choose("presetComboBox", "Bone")
    assert panel.state.ct.GetDisplayNode().GetWindow() > 1000
    panel.picture("regenerated")

    folder = tmp_path / "ü export 名"
    folder.mkdir()
    panel.ui.exportFolderEdit.currentPath = str(folder)
    panel.press("exportFolderButton")
    panel.press("exportSceneButton")
    names = {"GuideGen.mrb", "anatomy.nii.gz", "ct.nii.gz", "labels.csv", "provenance.json"}
    assert {path.name for path in folder.iterdir()} == names
    assert np.array_equal(array(sitk.ReadImage(folder / "ct.nii.gz")), array(new))
    after_edit = labels(panel)
    panel.picture("exported")

    panel.slicer.mrmlScene.Clear(False)
    assert panel.ui.runsList.count == 0
    assert panel.slicer.app.ioManager().loadScene(str(folder / "GuideGen.mrb"))
    panel.settle()
    assert panel.ui.promptEdit.toPlainText() == TEXT
    assert panel.widget.understoodPanel.understanding.description.age == 71
    assert np.array_equal(labels(panel), after_edit)
    assert np.array_equal(array(panel.ct()), array(new))
    assert panel.ui.runsList.count == 1

    panel.run_well("findChangesButton")
    assert panel.ui.changesTable.rowCount == 0
    edit(panel, after_edit)
    panel.run_well("findChangesButton")
    panel.picture("reopened")
    panel.run_well("regenerateButton")
    assert not np.array_equal(array(panel.ct()), array(new))


def correct_age(panel: Driver, age: str) -> None:
    cells = panel.ui.understoodTable
    row = next(row for row in range(cells.rowCount) if cells.item(row, 0).text() == "Age")
    cells.item(row, 1).setText(age)
    panel.settle()


def edit(panel: Driver, before: np.ndarray) -> np.ndarray:
    """Paint one segment, erase part of one and add one, close together; where the anatomy is another one now."""
    sizes = {label.key: np.count_nonzero(before == label.value) for label in table.labels()[1:]}
    organs = [key for key in sorted(sizes, key=sizes.__getitem__, reverse=True) if key not in ("body", "muscle")]
    grown, cut = organs[:2]
    value = table.values()
    inside = np.argwhere(before == value[cut])
    middle = inside[len(inside) // 2]
    cube = np.zeros(before.shape, bool)
    cube[tuple(slice(max(0, m - 2), m + 3) for m in middle)] = True
    panel.write(cut, (before == value[cut]) & ~cube)
    panel.write(grown, (before == value[grown]) | (cube & (np.indices(before.shape)[0] < middle[0])))
    added = next(key for key in ("liver_tumor", "kidney_tumor", "pancreas_tumor") if not sizes[key])
    add_segment(panel, added)
    panel.write(added, cube & (np.indices(before.shape)[0] > middle[0]))
    after = labels(panel)
    assert np.count_nonzero(after == value[added]) and np.count_nonzero(after == value[cut]) < sizes[cut]
    assert np.count_nonzero(after == value[grown]) > sizes[grown]
    assert not (after != before)[~cube].any()
    return after != before


def add_segment(panel: Driver, key: str) -> None:
    """An empty segment of a known kind, as the Add button and the terminology window make it."""
    from GuideGenLib.scene.segments.terminology import set_terminology

    segmentation = panel.state.segmentation.GetSegmentation()
    segmentation.AddEmptySegment(key, key)
    set_terminology(segmentation.GetSegment(key), key)


def changed_only_there(old: sitk.Image, new: sitk.Image, edited: np.ndarray) -> None:
    """The CT changed near the edit and is bit-identical farther away than the margin."""
    assert old.GetSize() == new.GetSize() and old.GetSpacing() == new.GetSpacing()
    changed = np.argwhere(array(old) != array(new))
    assert len(changed)
    # The anatomy's voxels are smaller than the CT's: compare places in mm from the common corner.
    where = np.argwhere(edited) * ANATOMY_MM
    places = changed * np.array(old.GetSpacing())[::-1]
    far = np.maximum(where.min(0) - places, places - where.max(0)).clip(0)
    assert np.linalg.norm(far, axis=1).max() <= MARGIN_MM + np.linalg.norm(old.GetSpacing())


def labels(panel: Driver) -> np.ndarray:
    return array(panel.anatomy())


def array(image: sitk.Image) -> np.ndarray:
    return sitk.GetArrayFromImage(image)


def provenance(node: Any) -> dict[str, Any]:
    from GuideGenLib.scene.runs.provenance import provenance_of

    found = provenance_of(node)
    assert found is not None
    return found
