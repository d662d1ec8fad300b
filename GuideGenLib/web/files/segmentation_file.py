"""A .seg.nrrd file as a segmentation node, with the names, colours and terminology that it holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from GuideGenLib.scene.errors import SceneError
from GuideGenLib.scene.segments.segmentation import IN_THE_WAY
from GuideGenLib.scene.segments.terminology import label_of


def load_segmentation(scene: Any, path: Path, name: str) -> Any:
    """A new vtkMRMLSegmentationNode of a file; body and the like are drawn as outlines. Raises SceneError."""
    import slicer

    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", name)
    storage = slicer.vtkMRMLSegmentationStorageNode()
    storage.SetFileName(str(path))
    if not storage.ReadData(node) or node.GetSegmentation().GetNumberOfSegments() == 0:
        scene.RemoveNode(node)
        raise SceneError(f"{name} cannot be read as a segmentation: save it again in Slicer, as .seg.nrrd")
    if node.GetDisplayNode() is None:
        node.CreateDefaultDisplayNodes()
    display, segmentation = node.GetDisplayNode(), node.GetSegmentation()
    for index in range(segmentation.GetNumberOfSegments()):
        identifier = segmentation.GetNthSegmentID(index)
        row = label_of(segmentation.GetSegment(identifier), identifier)
        if row is not None and row.key in IN_THE_WAY:
            display.SetSegmentVisibility2DFill(identifier, False)
            display.SetSegmentVisibility3D(identifier, False)
    return node
