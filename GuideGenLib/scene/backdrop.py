"""A volume to edit on before there is a CT: the Segment Editor paints only where it has a source volume."""

from __future__ import annotations

from typing import Any

from GuideGenLib.scene.nodes import nodes_of
from GuideGenLib.scene.runs.hierarchy import file_into, folder_of

SEGMENTATION = "GuideGen.BackdropOf"
"""Reference of the volume to its segmentation."""


def backdrop_of(scene: Any, segmentation: Any) -> Any:
    """The hidden empty volume (vtkMRMLScalarVolumeNode) on the reference grid of a segmentation, where that is now; the
    same at each call.

    It lies in the segmentation's own folder: at each stroke Slicer's editor files a segmentation where its source
    volume lies. It is saved with the scene, some kilobytes of zeros: without it a scene of an anatomy alone would open
    with empty views and an item of nothing in its hierarchy. None for a segmentation without a grid.
    """
    import slicer
    import vtk

    kind = "vtkMRMLScalarVolumeNode"
    for node in nodes_of(scene, kind):
        if node.GetNodeReferenceID(SEGMENTATION) == segmentation.GetID():
            _place(scene, node, segmentation)
            return node
    converter = slicer.vtkSegmentationConverter
    text = segmentation.GetSegmentation().GetConversionParameter(converter.GetReferenceImageGeometryParameterName())
    grid = slicer.vtkOrientedImageData()
    if not text or not converter.DeserializeImageGeometry(text, grid, False):
        return None
    matrix = vtk.vtkMatrix4x4()
    grid.GetImageToWorldMatrix(matrix)
    # The voxels of a volume node are counted from 0, those of the grid need not be.
    first = matrix.MultiplyPoint([float(low) for low in grid.GetExtent()[::2]] + [1.0])
    voxels = vtk.vtkImageData()
    voxels.SetDimensions(grid.GetDimensions())
    voxels.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
    voxels.GetPointData().GetScalars().Fill(0)
    node = scene.AddNewNodeByClass(kind, f"{segmentation.GetName()} (no CT yet)")
    node.SetNodeReferenceID(SEGMENTATION, segmentation.GetID())
    node.SetHideFromEditors(True)
    node.CreateDefaultDisplayNodes()
    node.GetDisplayNode().AutoWindowLevelOff()
    node.SetAndObserveImageData(voxels)
    node.SetIJKToRASMatrix(matrix)
    node.SetOrigin(first[:3])
    _place(scene, node, segmentation)
    return node


def _place(scene: Any, backdrop: Any, segmentation: Any) -> None:
    """Where the segmentation is, in space and in the hierarchy."""
    backdrop.SetAndObserveTransformNodeID(segmentation.GetTransformNodeID())
    folder = folder_of(scene, segmentation)
    if folder_of(scene, backdrop) != folder:
        file_into(scene, folder, [backdrop])
