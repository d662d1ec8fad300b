"""One patient folder, one study for each run, in any scene."""

from typing import Any

import slicer

from GuideGenLib.scene.runs.hierarchy import file_into, file_run, folder_of, hierarchy_of


def node_of(scene: Any, name: str) -> Any:
    return scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)


def test_runs_are_studies_of_one_patient(scene: Any):
    first, second = node_of(scene, "a"), node_of(scene, "b")
    items = [file_run(scene, patient="Anna ü", study="Run", nodes=[node]) for node in (first, second)]
    hierarchy = hierarchy_of(scene)
    assert len(set(items)) == 2
    assert [hierarchy.GetItemName(item) for item in items] == ["Run", "Run (2)"]
    assert {hierarchy.GetItemLevel(item) for item in items} == {"Study"}
    patients = {hierarchy.GetItemParent(item) for item in items}
    assert len(patients) == 1
    assert hierarchy.GetItemName(patients.copy().pop()) == "Anna ü"
    assert hierarchy.GetItemLevel(patients.pop()) == "Patient"
    assert [folder_of(scene, node) for node in (first, second)] == items


def test_a_folder_of_the_patients_name_that_is_no_patient_is_left_alone(scene: Any):
    hierarchy = hierarchy_of(scene)
    folder = hierarchy.CreateFolderItem(hierarchy.GetSceneItemID(), "Anna")
    item = file_run(scene, patient="Anna", study="Run", nodes=[])
    assert hierarchy.GetItemParent(item) != folder
    assert hierarchy.GetNumberOfItemChildren(folder) == 0


def test_a_node_that_lies_elsewhere_is_moved_not_doubled(scene: Any):
    hierarchy = hierarchy_of(scene)
    node = node_of(scene, "a")
    folder = hierarchy.CreateFolderItem(hierarchy.GetSceneItemID(), "mine")
    own = hierarchy.CreateItem(folder, node)
    item = file_run(scene, patient="p", study="s", nodes=[node])
    assert hierarchy.GetItemByDataNode(node) == own
    assert folder_of(scene, node) == item
    file_into(scene, folder, [node])
    assert folder_of(scene, node) == folder


def test_a_scene_without_a_subject_hierarchy_gets_one():
    bare = slicer.vtkMRMLScene()
    assert bare.GetNumberOfNodesByClass("vtkMRMLSubjectHierarchyNode") == 0
    node = bare.AddNewNodeByClass("vtkMRMLTextNode", "text")
    item = file_run(bare, patient="p", study="s", nodes=[node])
    assert bare.GetNumberOfNodesByClass("vtkMRMLSubjectHierarchyNode") == 1
    assert folder_of(bare, node) == item
    file_run(bare, patient="p", study="t", nodes=[])
    assert bare.GetNumberOfNodesByClass("vtkMRMLSubjectHierarchyNode") == 1


def test_a_subject_hierarchy_that_was_removed_comes_back(scene: Any):
    node = node_of(scene, "a")
    scene.RemoveNode(hierarchy_of(scene))
    item = file_run(scene, patient="p", study="s", nodes=[node])
    assert folder_of(scene, node) == item
