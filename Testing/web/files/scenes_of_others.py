"""Scenes as a desktop Slicer and other programs leave them, written by slicer-core: views, tables of colours,
transforms, markups, and volumes of several kinds that lie aslant.

`python -m Testing.web.files.scenes_of_others PATH.mrb` writes one and prints what must not change (`fingerprints`);
with --read before the path it reads one. A process of its own, for the registries of MRML are the process's.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk

LEAN = (0.2, -0.3, 0.4)
"""Radians about x, y and z."""


def oblique(array: np.ndarray, spacing: tuple[float, float, float], origin: tuple[float, float, float]) -> sitk.Image:
    """An array [z, y, x] in a place that leans."""
    turn = sitk.Euler3DTransform()
    turn.SetRotation(*LEAN)
    image = sitk.GetImageFromArray(array)
    image.SetSpacing(spacing)
    image.SetOrigin(origin)
    image.SetDirection(turn.GetMatrix())
    return image


def fill(scene: Any) -> None:
    """What a radiologist's scene may hold beside volumes."""
    import slicer
    import vtk

    from GuideGenLib.scene.geometry import fill_volume, oriented_from_image

    def node(kind: str, name: str) -> Any:
        return scene.AddNewNodeByClass(kind, name)

    random = np.random.default_rng(5)
    for name in ("Red", "Green", "Yellow"):
        slice_node = slicer.vtkMRMLSliceNode()
        slice_node.SetName(name)
        slice_node.SetLayoutName(name)
        slice_node.SetSingletonTag(name)
        scene.AddNode(slice_node)
        composite = slicer.vtkMRMLSliceCompositeNode()
        composite.SetLayoutName(name)
        composite.SetSingletonTag(name)
        scene.AddNode(composite)
    view = slicer.vtkMRMLViewNode()
    view.SetLayoutName("1")
    view.SetSingletonTag("1")
    scene.AddNode(view)
    scene.AddNewNodeByClass("vtkMRMLCameraNode", "Camera")

    shape = (10, 12, 14)
    ct = node("vtkMRMLScalarVolumeNode", "2: CT Thorax 1,0 B31f / ü")
    hu = np.clip(random.normal(0, 400, shape), -1024, 2000).astype(np.int16)
    fill_volume(ct, oblique(hu, (0.75, 0.8, 2.5), (12.3, -45.6, 78.9)))
    ct.CreateDefaultDisplayNodes()
    ct.GetDisplayNode().SetAutoWindowLevel(False)
    ct.GetDisplayNode().SetWindowLevel(1500, -600)
    table = node("vtkMRMLColorTableNode", "My colours")
    table.SetTypeToUser()
    table.SetNumberOfColors(4)
    for number in range(4):
        table.SetColor(number, f"tissue {number}", number / 4, 0.5, 1 - number / 4, 1.0)
    ct.GetDisplayNode().SetAndObserveColorNodeID(table.GetID())
    dose = node("vtkMRMLScalarVolumeNode", "Dose")
    fill_volume(dose, oblique(random.random(shape).astype(np.float32), (3.0, 3.0, 3.0), (-5.0, 4.0, 3.0)))
    mask = node("vtkMRMLLabelMapVolumeNode", "Mask-label")
    fill_volume(mask, oblique((hu > 300).astype(np.uint8), (0.75, 0.8, 2.5), (12.3, -45.6, 78.9)))
    mask.CreateDefaultDisplayNodes()
    mask.GetDisplayNode().SetAndObserveColorNodeID(table.GetID())

    moved = node("vtkMRMLLinearTransformNode", "Registration")
    matrix = vtk.vtkMatrix4x4()
    for index, value in enumerate((0.0, -1, 0, 5, 1, 0, 0, -7, 0, 0, 1, 9)):
        matrix.SetElement(index // 4, index % 4, value)
    moved.SetMatrixTransformToParent(matrix)
    dose.SetAndObserveTransformNodeID(moved.GetID())

    segments = node("vtkMRMLSegmentationNode", "Organs")
    first, second = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)
    first[2:8, 2:9, 2:9], second[4:6, 4:8, 4:12] = 1, 1  # they overlap: two layers
    for identifier, name, mask_of in ("Segment_1", "liver", first), ("Segment_2", "Läsion", second):
        segment = slicer.vtkSegment()
        segment.SetName(name)
        segment.SetColor(0.1, 0.6, len(name) / 10)
        place = oblique(mask_of, (0.75, 0.8, 2.5), (12.3, -45.6, 78.9))
        segment.AddRepresentation("Binary labelmap", oriented_from_image(place))
        segments.GetSegmentation().AddSegment(segment, identifier)
    segments.CreateDefaultDisplayNodes()
    segments.GetDisplayNode().SetSegmentOpacity3D("Segment_2", 0.25)

    points = node("vtkMRMLMarkupsFiducialNode", "Landmarks")
    for number in range(3):
        points.AddControlPoint(vtk.vtkVector3d(number * 10.0, -3.5, 2.25 * number), f"P{number}")
    line = node("vtkMRMLMarkupsLineNode", "Diameter")
    line.AddControlPoint(vtk.vtkVector3d(0, 0, 0))
    line.AddControlPoint(vtk.vtkVector3d(0, 30.5, 0))
    region = node("vtkMRMLMarkupsROINode", "Crop")
    region.SetXYZ(1, 2, 3)
    region.SetRadiusXYZ(10, 20, 30)
    sphere = vtk.vtkSphereSource()
    sphere.Update()
    model = node("vtkMRMLModelNode", "Implant")
    model.SetAndObservePolyData(sphere.GetOutput())
    model.CreateDefaultDisplayNodes()
    words = node("vtkMRMLTextNode", "Report")
    words.SetText("Keine Auffälligkeiten.\n<b>&</b>")
    numbers = vtk.vtkTable()
    column = vtk.vtkDoubleArray()
    column.SetName("mm")
    for value in (1.5, 2.25):
        column.InsertNextValue(value)
    numbers.AddColumn(column)
    node("vtkMRMLTableNode", "Measured").SetAndObserveTable(numbers)


def fingerprints(scene: Any) -> dict[str, str]:
    """What each node that a user made holds, by class and name: a hash of voxels, their place, words and points.

    Not the window of a CT, which the page sets.
    """
    from GuideGenLib.scene.nodes import nodes_of

    found: dict[str, str] = {}
    for one in nodes_of(scene, "vtkMRMLStorableNode"):
        users = not one.GetHideFromEditors() or (one.IsA("vtkMRMLColorTableNode") and one.GetType() == one.User)
        if one.GetSaveWithScene() and users:
            found[f"{one.GetClassName()} {one.GetName()}"] = _held(one)
    return found


def _held(node: Any) -> str:
    """A hash, or a text, of what a node holds and under which transform."""
    import vtk

    from GuideGenLib.scene.geometry import image_from_oriented

    kind = node.GetClassName()
    above = node.GetParentTransformNode() if node.IsA("vtkMRMLTransformableNode") else None
    parts: list[Any] = [above.GetName() if above is not None else ""]
    if node.IsA("vtkMRMLVolumeNode"):
        matrix = vtk.vtkMatrix4x4()
        node.GetIJKToRASMatrix(matrix)
        parts += [_scalars(node.GetImageData()), _rounded(matrix)]
        display = node.GetDisplayNode()
        if display is not None:
            colours = display.GetColorNode()
            parts.append(colours.GetName() if colours is not None else "")
    elif kind == "vtkMRMLSegmentationNode":
        segmentation = node.GetSegmentation()
        for identifier in segmentation.GetSegmentIDs():
            segment = segmentation.GetSegment(identifier)
            image = _mask_of(node, identifier)
            parts += [identifier, segment.GetName(), np.round(segment.GetColor(), 4).tolist()]
            oriented = image_from_oriented(image)
            points = np.argwhere(sitk.GetArrayViewFromImage(oriented) > 0)[:, ::-1]
            ends = [oriented.TransformIndexToPhysicalPoint(points[at].tolist()) for at in (0, -1)]
            parts += [len(points), np.round(ends, 3).tolist(), np.round(oriented.GetDirection(), 5).tolist()]
    elif node.IsA("vtkMRMLMarkupsNode"):
        for number in range(node.GetNumberOfControlPoints()):
            at = node.GetNthControlPointPosition(number)
            parts += [node.GetNthControlPointLabel(number), np.round(at, 4).tolist()]
        if node.IsA("vtkMRMLMarkupsROINode"):
            parts.append(np.round(node.GetSize(), 4).tolist())
    elif node.IsA("vtkMRMLTransformNode"):
        matrix = vtk.vtkMatrix4x4()
        node.GetMatrixTransformToParent(matrix)
        parts.append(_rounded(matrix))
    elif kind == "vtkMRMLColorTableNode":
        for number in range(node.GetNumberOfColors()):
            colour = [0.0] * 4
            node.GetColor(number, colour)
            parts += [node.GetColorName(number), np.round(colour, 2).tolist()]
    elif kind == "vtkMRMLModelNode":
        parts.append(node.GetPolyData().GetNumberOfPoints())
    elif kind == "vtkMRMLTextNode":
        parts.append(node.GetText())
    elif kind == "vtkMRMLTableNode":
        parts += [node.GetCellText(row, 0) for row in range(node.GetNumberOfRows())]
    return repr(parts)


def _mask_of(node: Any, identifier: str) -> Any:
    import slicer

    mask = slicer.vtkOrientedImageData()
    node.GetBinaryLabelmapRepresentation(identifier, mask)
    return mask


def _scalars(data: Any) -> str:
    from vtkmodules.util.numpy_support import vtk_to_numpy

    array = vtk_to_numpy(data.GetPointData().GetScalars())
    return f"{data.GetDimensions()} {array.dtype} {hashlib.sha256(array.tobytes()).hexdigest()}"


def _rounded(matrix: Any) -> list[float]:
    return [round(matrix.GetElement(row, column), 4) + 0.0 for row in range(4) for column in range(4)]


def main() -> None:
    """Write the scene that the argument names, or read it (--read), and print its fingerprints as JSON."""
    from GuideGenLib.scene.files import load_mrb, save_mrb
    from GuideGenLib.scene.headless import new_scene

    alone, path = new_scene(), Path(sys.argv[-1])
    if sys.argv[1] == "--read":
        load_mrb(alone.scene, path)
    else:
        fill(alone.scene)
        save_mrb(alone.scene, path)
    print(json.dumps(fingerprints(alone.scene)))


if __name__ == "__main__":
    main()
