"""A volume to edit on before there is a CT: the Segment Editor paints only where it has a source volume."""

from __future__ import annotations

from typing import Any

from GuideGenLib.scene.nodes import nodes_of

SEGMENTATION = "GuideGen.BackdropOf"
"""Attribute with the segmentation's ID. A node reference would outlive the volume, which is not saved, and might meet
another node of that ID in a scene that is loaded again."""


def backdrop_of(scene: Any, segmentation: Any) -> Any:
    """The hidden empty volume (vtkMRMLScalarVolumeNode) on the reference grid of a segmentation, where that is now; the
    same at each call.

    It is not saved with the scene, and made again when it is asked for. None for a segmentation without a grid.
    """
    import slicer
    import vtk

    kind = "vtkMRMLScalarVolumeNode"
    for node in nodes_of(scene, kind):
        if node.GetAttribute(SEGMENTATION) == segmentation.GetID():
            node.SetAndObserveTransformNodeID(segmentation.GetTransformNodeID())
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
    voxels.AllocateScalars(vtk.VTK_SHORT, 1)
    voxels.GetPointData().GetScalars().Fill(0)
    node = scene.AddNewNodeByClass(kind, f"{segmentation.GetName()} (no CT yet)")
    node.SetAttribute(SEGMENTATION, segmentation.GetID())
    node.SetHideFromEditors(True)
    node.SetSaveWithScene(False)
    node.CreateDefaultDisplayNodes()
    node.GetDisplayNode().AutoWindowLevelOff()
    node.GetDisplayNode().SetSaveWithScene(False)
    node.SetAndObserveImageData(voxels)
    node.SetIJKToRASMatrix(matrix)
    node.SetOrigin(first[:3])
    node.SetAndObserveTransformNodeID(segmentation.GetTransformNodeID())
    return node
