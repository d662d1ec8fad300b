"""A .seg.nrrd file as a segmentation node, with the names, colours and terminology that it holds.

A segment without terminology is what its name says, as wherever else a label map is opened.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from GuideGenLib.anatomy.label_maps.names import structure_of
from GuideGenLib.anatomy.maps import VocabularyError
from GuideGenLib.anatomy.table import values
from GuideGenLib.scene.errors import SceneError
from GuideGenLib.scene.segments.segmentation import IN_THE_WAY
from GuideGenLib.scene.segments.terminology import coding_of, label_of, set_terminology


def load_segmentation(scene: Any, path: Path, name: str) -> tuple[Any, tuple[str, ...]]:
    """A new vtkMRMLSegmentationNode of a file, and notes for the user; body and the like are drawn as outlines.

    Raises SceneError.
    """
    import slicer

    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", name)
    storage = slicer.vtkMRMLSegmentationStorageNode()
    storage.SetFileName(str(path))
    if not storage.ReadData(node) or node.GetSegmentation().GetNumberOfSegments() == 0:
        scene.RemoveNode(node)
        raise SceneError(f"{name} cannot be read as a segmentation: save it again in Slicer, as .seg.nrrd")
    if node.GetDisplayNode() is None:
        node.CreateDefaultDisplayNodes()
    named = code_by_names(node.GetSegmentation())
    display, segmentation = node.GetDisplayNode(), node.GetSegmentation()
    for index in range(segmentation.GetNumberOfSegments()):
        identifier = segmentation.GetNthSegmentID(index)
        row = label_of(segmentation.GetSegment(identifier), identifier)
        if row is not None and row.key in IN_THE_WAY:
            display.SetSegmentVisibility2DFill(identifier, False)
            display.SetSegmentVisibility3D(identifier, False)
    if not named:
        return node, ()
    say = "its name says" if len(named) == 1 else "their names say"
    return node, (f"{name} has no terminology: {', '.join(named)} became what {say}",)


def code_by_names(segmentation: Any) -> list[str]:
    """Give terminology to the segments of a vtkSegmentation that have none and are called as one of our labels; their
    names."""
    found = []
    for identifier in segmentation.GetSegmentIDs():
        segment = segmentation.GetSegment(identifier)
        if coding_of(segment) is not None or label_of(segment, identifier) is not None:
            continue
        try:
            keys = structure_of(segment.GetName(), Path(segment.GetName())).keys
        except VocabularyError:
            continue
        if len(keys) == 1 and values().get(keys[0]):
            set_terminology(segment, keys[0])
            found.append(segment.GetName())
    return found
