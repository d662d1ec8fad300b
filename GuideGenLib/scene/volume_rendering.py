"""Volume rendering of a CT, made only when it is asked for: without a GPU it costs seconds a frame."""

from __future__ import annotations

from typing import Any

DISPLAY_CLASS = "vtkMRMLGPURayCastVolumeRenderingDisplayNode"
OPACITY = ((-1024.0, 0.0), (110.0, 0.0), (200.0, 0.15), (400.0, 0.6), (1000.0, 0.85), (3071.0, 0.85))
"""HU and opacity: bone stands out, enhanced vessels and organs shimmer, all else is clear."""
COLORS = (
    (-1024.0, 0.3, 0.1, 0.1),
    (110.0, 0.72, 0.28, 0.22),
    (250.0, 0.93, 0.68, 0.5),
    (500.0, 1.0, 0.94, 0.84),
    (3071.0, 1.0, 1.0, 1.0),
)
"""HU and red, green, blue of 0..1."""


def show_volume_rendering(scene: Any, node: Any, logic: Any = None) -> Any:
    """Show a CT volume node in 3D and return its display node; a second call shows the same one again.

    `logic` is Slicer's vtkSlicerVolumeRenderingLogic where there is one: it takes the user's rendering method.
    """
    display = find_volume_rendering(node)
    if display is None:
        display = logic.CreateDefaultVolumeRenderingNodes(node) if logic is not None else _add_display(scene, node)
        set_ct_look(display.GetVolumePropertyNode().GetVolumeProperty())
    display.SetVisibility(True)
    return display


def hide_volume_rendering(node: Any) -> None:
    """Take a volume out of the 3D view; what was set stays for the next time."""
    display = find_volume_rendering(node)
    if display is not None:
        display.SetVisibility(False)


def find_volume_rendering(node: Any) -> Any:
    """The volume rendering display node of a volume, or None."""
    displays = (node.GetNthDisplayNode(index) for index in range(node.GetNumberOfDisplayNodes()))
    return next((display for display in displays if display and hasattr(display, "GetVolumePropertyNode")), None)


def set_ct_look(volume_property: Any) -> None:
    """Opacity, colour and shading of a vtkVolumeProperty for HU."""
    opacity, color = volume_property.GetScalarOpacity(), volume_property.GetRGBTransferFunction()
    opacity.RemoveAllPoints()
    for hu, share in OPACITY:
        opacity.AddPoint(hu, share)
    color.RemoveAllPoints()
    for hu, red, green, blue in COLORS:
        color.AddRGBPoint(hu, red, green, blue)
    volume_property.ShadeOn()
    volume_property.SetInterpolationTypeToLinear()
    volume_property.SetAmbient(0.15)
    volume_property.SetDiffuse(0.8)
    volume_property.SetSpecular(0.2)


def _add_display(scene: Any, node: Any) -> Any:
    """By hand, as the logic is a part of the application and not of the scene."""
    look = scene.AddNewNodeByClass("vtkMRMLVolumePropertyNode", f"{node.GetName()} look")
    display = scene.AddNewNodeByClass(DISPLAY_CLASS, f"{node.GetName()} volume rendering")
    display.SetAndObserveVolumePropertyNodeID(look.GetID())
    node.AddAndObserveDisplayNodeID(display.GetID())
    return display
