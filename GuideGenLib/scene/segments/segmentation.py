"""Anatomy to segmentation node. The way back is `reading`; both are named here for callers."""

from __future__ import annotations

from typing import Any

import numpy as np
import SimpleITK as sitk

from GuideGenLib.anatomy.label import Label
from GuideGenLib.anatomy.label_volumes import check_anatomy
from GuideGenLib.anatomy.table import labels
from GuideGenLib.core.errors import VolumeError
from GuideGenLib.scene.errors import SceneError
from GuideGenLib.scene.geometry import oriented_from_image
from GuideGenLib.scene.segments.layers import LABELMAP
from GuideGenLib.scene.segments.reading import ReadAnatomy, read_anatomy, read_segmentation
from GuideGenLib.scene.segments.terminology import label_of, set_terminology

__all__ = ["ReadAnatomy", "add_anatomy", "label_of", "read_anatomy", "read_segmentation", "set_terminology"]

IN_THE_WAY = ("body", "subcutaneous_fat", "torso_fat", "muscle")
"""What would hide all else: drawn as outlines in slices and not at all in 3D, until the user asks for it."""


def add_anatomy(scene: Any, anatomy: sitk.Image, name: str = "Anatomy") -> Any:
    """A new vtkMRMLSegmentationNode with one segment for each label that the anatomy holds, in the table's order.

    Segments have id and tag GuideGen.Key (the label key), name, colour, terminology and the label value; they share one
    labelmap of the anatomy's grid, which is the reference geometry, too. Raises SceneError for an image that is no
    anatomy or an empty one; nothing is added then.
    """
    import slicer

    try:
        anatomy = check_anatomy(anatomy)
    except VolumeError as error:
        raise SceneError(error.message, error.remedy) from error
    counts = np.bincount(sitk.GetArrayViewFromImage(anatomy).ravel(), minlength=256)
    present = [row for row in labels()[1:] if counts[row.value]]
    if not present:
        raise SceneError("the anatomy is empty", "generate one, or open a label volume that holds organs")
    labelmap = oriented_from_image(anatomy)
    converter = slicer.vtkSegmentationConverter
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", name)
    modifying = node.StartModify()
    segmentation = node.GetSegmentation()
    segmentation.SetSourceRepresentationName(LABELMAP)
    segmentation.SetConversionParameter(
        converter.GetReferenceImageGeometryParameterName(), converter.SerializeImageGeometry(labelmap)
    )
    for row in present:
        segmentation.AddSegment(_segment(row, labelmap), row.key)
    _show(node, present)
    node.EndModify(modifying)
    return node


def _segment(row: Label, labelmap: Any) -> Any:
    import slicer

    segment = slicer.vtkSegment()
    segment.SetName(row.name)
    segment.SetColor(*(channel / 255 for channel in row.color))
    segment.SetLabelValue(row.value)
    segment.AddRepresentation(LABELMAP, labelmap)
    set_terminology(segment, row.key)
    return segment


def _show(node: Any, present: list[Label]) -> None:
    node.CreateDefaultDisplayNodes()
    display = node.GetDisplayNode()
    for row in present:
        if row.key in IN_THE_WAY:
            display.SetSegmentVisibility2DFill(row.key, False)
            display.SetSegmentVisibility3D(row.key, False)
