"""Runs are found again by references and attributes alone, whatever the user renames or moves."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
import vtk

from GuideGenLib.anatomy import table
from GuideGenLib.scene import files
from GuideGenLib.scene.ct import read_ct
from GuideGenLib.scene.errors import SceneError
from GuideGenLib.scene.runs.hierarchy import folder_of, hierarchy_of
from GuideGenLib.scene.runs.provenance import REFERENCE, provenance_of
from GuideGenLib.scene.runs.run import Run, add_ct_to_run, add_run, runs, shown_anatomy
from GuideGenLib.scene.segments.segmentation import add_anatomy, read_anatomy

FIRST = {"text": "A man.", "settings": {"seed": 1}}
SECOND = {"text": "A woman.", "settings": {"seed": 2}}


def equal(a: sitk.Image, b: sitk.Image) -> bool:
    return np.array_equal(sitk.GetArrayViewFromImage(a), sitk.GetArrayViewFromImage(b))


def with_tumor(anatomy: sitk.Image) -> sitk.Image:
    array = sitk.GetArrayFromImage(anatomy)
    array[22:25, 10:13, 8:11] = table.values()["liver_tumor"]
    result = sitk.GetImageFromArray(array)
    result.CopyInformation(anatomy)
    return result


def test_a_run_is_one_study_with_everything_linked(scene: Any, small_anatomy: sitk.Image, small_ct: sitk.Image):
    run = add_run(scene, small_anatomy, small_ct, FIRST, "A man.")
    hierarchy = hierarchy_of(scene)
    record = run.segmentation.GetNodeReference(REFERENCE)
    assert {folder_of(scene, node) for node in (run.segmentation, run.ct, record)} == {run.folder_item}
    assert hierarchy.GetItemName(run.folder_item) == "A man."
    assert hierarchy.GetItemName(hierarchy.GetItemParent(run.folder_item)) == "GuideGen (synthetic)"
    assert run.ct.GetNodeReference(REFERENCE) is record
    assert run.provenance == provenance_of(run.ct) == FIRST
    assert equal(read_anatomy(run.segmentation), small_anatomy)
    assert equal(read_ct(run.ct), small_ct)
    assert equal(shown_anatomy(run.ct), small_anatomy)
    assert run.segmentation.GetAttribute("GuideGen.Synthetic") == run.ct.GetAttribute("GuideGen.Synthetic") == "YES"


def test_a_new_run_leaves_the_old_one_alone(scene: Any, small_anatomy: sitk.Image, small_ct: sitk.Image):
    first = add_run(scene, small_anatomy, None, FIRST, "Run")
    second = add_run(scene, with_tumor(small_anatomy), small_ct, SECOND, "Run")
    assert runs(scene) == [first, second]
    assert first.ct is None
    assert equal(read_anatomy(first.segmentation), small_anatomy)
    assert first.folder_item != second.folder_item
    assert first.segmentation.GetName() != second.segmentation.GetName()


def test_later_cts_join_their_run_and_keep_what_they_show(scene: Any, small_anatomy: sitk.Image, small_ct: sitk.Image):
    run = add_run(scene, small_anatomy, None, FIRST, "Run")
    edited = with_tumor(small_anatomy)
    once = add_ct_to_run(scene, run, small_ct, small_anatomy, FIRST)
    twice = add_ct_to_run(scene, once, small_ct + 1, edited, FIRST | {"edited": True}, "CT after edit")
    assert [len(each.cts) for each in (run, once, twice)] == [0, 1, 2]
    assert runs(scene) == [twice]
    assert twice.ct.GetName() == "CT after edit"
    assert equal(shown_anatomy(twice.cts[0]), small_anatomy)
    assert equal(shown_anatomy(twice.ct), edited)
    assert provenance_of(twice.ct)["edited"] is True
    assert {folder_of(scene, node) for node in twice.cts} == {run.folder_item}


def test_what_was_moved_together_still_fits(scene: Any, small_anatomy: sitk.Image, small_ct: sitk.Image):
    run = add_run(scene, small_anatomy, small_ct, FIRST, "Run")
    matrix = vtk.vtkMatrix4x4()
    matrix.SetElement(2, 3, 30.0)
    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    transform.SetMatrixTransformToParent(matrix)
    for node in (run.segmentation, run.ct):
        node.SetAndObserveTransformNodeID(transform.GetID())
    shown = shown_anatomy(run.ct)
    assert shown.GetOrigin()[2] == pytest.approx(small_anatomy.GetOrigin()[2] + 30)
    assert equal(read_anatomy(run.segmentation, reference=shown), shown)
    read_ct(run.ct, shown)


def test_a_ct_of_another_place_is_refused_and_nothing_is_added(
    scene: Any, small_anatomy: sitk.Image, small_ct: sitk.Image
):
    small_ct.SetOrigin((0.0, 0.0, 500.0))
    count = scene.GetNumberOfNodes()
    with pytest.raises(SceneError, match="does not cover the place of the anatomy"):
        add_run(scene, small_anatomy, small_ct, FIRST, "Run")
    assert scene.GetNumberOfNodes() == count
    run = add_run(scene, small_anatomy, None, FIRST, "Run")
    count = scene.GetNumberOfNodes()
    with pytest.raises(SceneError, match="does not cover the place of the anatomy"):
        add_ct_to_run(scene, run, small_ct, small_anatomy, FIRST)
    assert scene.GetNumberOfNodes() == count


def test_renamed_moved_and_deleted_nodes(scene: Any, small_anatomy: sitk.Image, small_ct: sitk.Image):
    run = add_run(scene, small_anatomy, small_ct, FIRST, "Run")
    hierarchy = hierarchy_of(scene)
    run.segmentation.SetName("Mine")
    run.ct.SetName("Other")
    folder = hierarchy.CreateFolderItem(hierarchy.GetSceneItemID(), "my folder")
    hierarchy.SetItemParent(hierarchy.GetItemByDataNode(run.segmentation), folder)
    (found,) = runs(scene)
    assert found.ct is run.ct
    assert found.folder_item == folder
    scene.RemoveNode(run.ct)
    (found,) = runs(scene)
    assert found.cts == ()
    assert found.provenance == FIRST
    scene.RemoveNode(run.segmentation)
    assert runs(scene) == []


def test_a_clone_is_no_run_and_an_imported_segmentation_becomes_one_with_its_ct(
    scene: Any, small_anatomy: sitk.Image, small_ct: sitk.Image
):
    run = add_run(scene, small_anatomy, small_ct, FIRST, "Run")
    clone = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "clone")
    clone.Copy(run.segmentation)
    mine = add_anatomy(scene, small_anatomy, "mine")
    assert [each.segmentation for each in runs(scene)] == [run.segmentation]
    add_ct_to_run(scene, Run(folder_of(scene, mine), mine, (), {}), small_ct, small_anatomy, SECOND)
    assert [each.segmentation for each in runs(scene)] == [run.segmentation, mine]
    assert runs(scene)[1].provenance == {}


def test_runs_are_found_in_a_fresh_process(
    scene: Any, small_anatomy: sitk.Image, small_ct: sitk.Image, fresh_process: Callable[..., str], tmp_path: Path
):
    first = add_run(scene, small_anatomy, small_ct, FIRST, "Run ü")
    add_ct_to_run(scene, first, small_ct + 5, with_tumor(small_anatomy), FIRST | {"n": 2})
    add_run(scene, with_tumor(small_anatomy), None, SECOND, "Run 名")
    files.save_mrb(scene, tmp_path / "case.mrb")
    code = """
import sys
import SimpleITK as sitk
from GuideGenLib.scene import files, headless
from GuideGenLib.scene.runs import hierarchy, provenance, run
scene = headless.new_scene().scene
files.load_mrb(scene, sys.argv[1])
tree = hierarchy.hierarchy_of(scene)
for each in run.runs(scene):
    hashes = [sitk.Hash(run.shown_anatomy(ct)) for ct in each.cts]
    records = [provenance.provenance_of(ct).get("n") for ct in each.cts]
    print(ascii((tree.GetItemName(each.folder_item), each.provenance["settings"]["seed"], records, hashes)))
assert "torch" not in sys.modules
"""
    hashes = [sitk.Hash(image) for image in (small_anatomy, with_tumor(small_anatomy))]
    expected = [ascii(("Run ü", 1, [None, 2], hashes)), ascii(("Run 名", 2, [], []))]
    assert fresh_process(code, tmp_path / "case.mrb").splitlines() == expected
