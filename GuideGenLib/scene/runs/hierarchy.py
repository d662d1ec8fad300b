"""The subject hierarchy: one patient folder, and in it one study for each run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

PATIENT, STUDY = "Patient", "Study"


def file_run(scene: Any, *, patient: str, study: str, nodes: Sequence[Any]) -> int:
    """Put nodes into a new study of a patient and return the study's item.

    The patient's folder of that name is used again, else made; a study of the same name gets a number. Works in a scene
    that had no subject hierarchy.
    """
    hierarchy = hierarchy_of(scene)
    folder = _child(hierarchy, hierarchy.GetSceneItemID(), patient, PATIENT)
    if folder is None:
        folder = hierarchy.CreateSubjectItem(hierarchy.GetSceneItemID(), patient)
    name, number = study, 1
    while _child(hierarchy, folder, name, STUDY) is not None:
        number += 1
        name = f"{study} ({number})"
    item = hierarchy.CreateStudyItem(folder, name)
    file_into(scene, item, nodes)
    return int(item)


def file_into(scene: Any, item: int, nodes: Sequence[Any]) -> None:
    """Put nodes under an item, wherever they were before."""
    hierarchy = hierarchy_of(scene)
    for node in nodes:
        own = hierarchy.GetItemByDataNode(node)
        if own:
            hierarchy.SetItemParent(own, item)
        else:
            hierarchy.CreateItem(item, node)


def folder_of(scene: Any, node: Any) -> int:
    """The item that a node lies in; the scene's own item where it lies in none."""
    hierarchy = hierarchy_of(scene)
    own = hierarchy.GetItemByDataNode(node)
    return int(hierarchy.GetItemParent(own) if own else hierarchy.GetSceneItemID())


def remove_item(scene: Any, node: Any) -> None:
    """Take a node out of the hierarchy; it stays in the scene. The item of a node that is not saved would be saved, and
    stand for nothing."""
    hierarchy = hierarchy_of(scene)
    item = hierarchy.GetItemByDataNode(node)
    if item:
        hierarchy.RemoveItem(item, False, True)


def hierarchy_of(scene: Any) -> Any:
    """The scene's subject hierarchy node, made where there is none."""
    import slicer

    return slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)


def _child(hierarchy: Any, parent: int, name: str, level: str) -> int | None:
    import vtk

    found = vtk.vtkIdList()
    hierarchy.GetItemChildren(parent, found, False)
    for index in range(found.GetNumberOfIds()):
        item = found.GetId(index)
        if hierarchy.GetItemName(item) == name and hierarchy.IsItemLevel(item, level):
            return int(item)
    return None
