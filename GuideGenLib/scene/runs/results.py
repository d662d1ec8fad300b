"""What a run gives, put into the scene whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import SimpleITK as sitk

from GuideGenLib.scene.nodes import nodes_of
from GuideGenLib.scene.runs.hierarchy import folder_of, hierarchy_of
from GuideGenLib.scene.runs.provenance import REFERENCE, provenance_of
from GuideGenLib.scene.runs.run import RUN, SHOWN_REFERENCE, Run, add_ct_to_run, add_run

CHANGED_FROM, CHANGED_FROM_CT = "GuideGen.ChangedFrom", "GuideGen.ChangedFromCT"


@contextmanager
def whole_or_nothing(scene: Any) -> Iterator[None]:
    """When the block fails, the nodes and folders that it added go again; those that were there stay."""
    hierarchy = hierarchy_of(scene)
    nodes, items = _nodes(scene), _items(hierarchy)
    try:
        yield
    except BaseException:
        for identifier in _nodes(scene):
            node = scene.GetNodeByID(identifier) if identifier not in nodes else None
            if node is not None:
                scene.RemoveNode(node)
        for item in reversed(_items(hierarchy)):
            if item not in items:
                hierarchy.RemoveItem(item, False, False)
        raise


def file_anatomy(scene: Any, anatomy: sitk.Image, provenance: dict[str, Any], title: str) -> Run:
    """A drawn anatomy (uint8 labels) as a run of its own in a study `title`."""
    with whole_or_nothing(scene):
        return add_run(scene, anatomy, None, provenance, title)


def file_ct(
    scene: Any, ct: sitk.Image, anatomy: sitk.Image, provenance: dict[str, Any], title: str, segmentation: Any = None
) -> Any:
    """A CT (int16 HU) with the anatomy that it shows, beside the segmentation that it was made from; returns its node.

    A segmentation that the user imported gets the CT in its own folder. Where there is none any more (None), `anatomy`
    comes into the scene with the CT, as a run `title`.
    """
    with whole_or_nothing(scene):
        if segmentation is None:
            return add_run(scene, anatomy, ct, provenance, title).ct
        run = Run(folder_of(scene, segmentation), segmentation, (), provenance_of(segmentation) or {})
        return add_ct_to_run(scene, run, ct, anatomy, provenance).ct


def file_changed(
    scene: Any,
    anatomy: sitk.Image,
    ct: sitk.Image | None,
    provenance: dict[str, Any],
    title: str,
    source: Any,
    source_ct: Any,
) -> Run:
    """A changed case as a run of its own in a study `title`, which knows the segmentation and the CT (None: none any
    more) that it was made of."""
    with whole_or_nothing(scene):
        run = add_run(scene, anatomy, ct, provenance, title)
        for role, node in ((CHANGED_FROM, source), (CHANGED_FROM_CT, source_ct)):
            if node is not None:
                run.segmentation.SetNodeReferenceID(role, node.GetID())
        return run


def changed_from(segmentation: Any) -> tuple[Any, Any] | None:
    """The segmentation and the CT (or None) that a changed case was made of; None where there is no such case."""
    source = segmentation.GetNodeReference(CHANGED_FROM) if segmentation is not None else None
    return None if source is None else (source, segmentation.GetNodeReference(CHANGED_FROM_CT))


def remove_run(scene: Any, run: Run) -> None:
    """Take a run out of the scene with all that is its own: segmentation, CTs, the anatomies that these show, records
    that no other node has, and its folder where nothing else is in it."""
    shown = [ct.GetNodeReference(SHOWN_REFERENCE) for ct in run.cts]
    nodes = [run.segmentation, *run.cts, *filter(None, shown)]
    records = {node.GetNodeReference(REFERENCE) for node in nodes} - {None}
    for node in nodes:
        displays = [node.GetNthDisplayNode(index) for index in range(node.GetNumberOfDisplayNodes())]
        _remove(scene, [*displays, node.GetStorageNode(), node])
    for record in records:
        if not any(node.GetNodeReference(REFERENCE) is record for node in nodes_of(scene, "vtkMRMLNode")):
            _remove(scene, [record.GetStorageNode(), record])
    hierarchy = hierarchy_of(scene)
    if not _children(hierarchy, run.folder_item):
        hierarchy.RemoveItem(run.folder_item)


def _remove(scene: Any, nodes: list[Any]) -> None:
    for node in nodes:
        if node is not None:
            scene.RemoveNode(node)


def is_run(segmentation: Any) -> bool:
    """Whether GuideGen made the segmentation (a clone of one counts)."""
    return bool(segmentation.GetAttribute(RUN))


def _nodes(scene: Any) -> set[str]:
    return {scene.GetNthNode(index).GetID() for index in range(scene.GetNumberOfNodes())}


def _items(hierarchy: Any) -> list[int]:
    """All items, parents before their children."""
    return _children(hierarchy, hierarchy.GetSceneItemID())


def _children(hierarchy: Any, item: int) -> list[int]:
    """All items below one, parents before their children."""
    import vtk

    found = vtk.vtkIdList()
    hierarchy.GetItemChildren(item, found, True)
    return [int(found.GetId(index)) for index in range(found.GetNumberOfIds())]
