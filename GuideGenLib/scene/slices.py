"""The slice views of a scene: what they show, and where they look."""

from __future__ import annotations

from typing import Any

import numpy as np

from GuideGenLib.scene.nodes import nodes_of

VIEWS = {"Red": "Axial", "Yellow": "Sagittal", "Green": "Coronal"}
"""Slicer's names of the three views, and what they look at."""


def slice_composites(scene: Any) -> list[Any]:
    """The vtkMRMLSliceCompositeNode of each slice view."""
    return nodes_of(scene, "vtkMRMLSliceCompositeNode")


def show_nothing(scene: Any) -> bool:
    """Whether no slice view has a volume."""
    return not any(_background(scene, composite) for composite in slice_composites(scene))


def look_elsewhere(scene: Any, volume: Any) -> bool:
    """Whether no slice view shows the place of a volume node: that volume, or another one of the same extent."""
    allowed = max(volume.GetSpacing()) * 1.001
    shown = [_background(scene, composite) for composite in slice_composites(scene)]
    return not any(node is not None and np.abs(_bounds(node) - _bounds(volume)).max() <= allowed for node in shown)


def look_along_axes(scene: Any) -> None:
    """Turn the three views back to what they are called, as after a scene was loaded that had them turned."""
    import slicer
    import vtk

    for view in nodes_of(scene, "vtkMRMLSliceNode"):
        orientation = VIEWS.get(view.GetLayoutName() or view.GetSingletonTag())
        if orientation is None:
            continue
        turned = vtk.vtkMatrix3x3()
        getattr(slicer.vtkMRMLSliceNode, f"Get{orientation}SliceToRASMatrix")(turned)
        matrix = view.GetSliceToRAS()
        for row in range(3):
            for column in range(3):
                matrix.SetElement(row, column, turned.GetElement(row, column))
        view.UpdateMatrices()


def add_slice_views(scene: Any, volume: Any) -> None:
    """Write the three views into a scene that has none, as a headless one: each shows a volume node as a whole, and so
    does Slicer when it opens the scene."""
    import slicer

    slicer.vtkMRMLSliceNode.AddDefaultSliceOrientationPresets(scene)
    for name, orientation in VIEWS.items():
        logic = slicer.vtkMRMLSliceLogic()
        logic.SetMRMLScene(scene)
        view = logic.AddSliceNode(name)
        view.SetOrientation(orientation)
        logic.GetSliceCompositeNode().SetBackgroundVolumeID(volume.GetID())
        logic.FitSliceToBackground(*view.GetDimensions()[:2])
        logic.SetMRMLScene(None)


def _background(scene: Any, composite: Any) -> Any:
    return scene.GetNodeByID(composite.GetBackgroundVolumeID()) if composite.GetBackgroundVolumeID() else None


def _bounds(volume: Any) -> np.ndarray:
    bounds = [0.0] * 6
    volume.GetRASBounds(bounds)
    return np.array(bounds)
