"""A scene outside Slicer, from the package slicer-core. Within Slicer take `slicer.mrmlScene` instead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from GuideGenLib.scene.errors import SceneError

INSTALL = 'scenes outside 3D Slicer need its libraries: pip install "guidegen[scene]"'
VERSION = "Slicer 5.10.0 0"
"""What scene files say they were written by: Slicer warns of other applications and of versions newer than itself, and
the format is that of the oldest Slicer which we serve."""

LOGICS = (
    "vtkSlicerVolumesLogic",
    "vtkSlicerMarkupsLogic",
    "vtkSlicerSegmentationsModuleLogic",
    "vtkSlicerSubjectHierarchyModuleLogic",
    "vtkSlicerVolumeRenderingLogic",
)


@dataclass(frozen=True)
class Headless:
    """A vtkMRMLScene and the logics that know its nodes, which have to live as long as it does."""

    scene: Any
    logics: tuple[Any, ...]


def new_scene() -> Headless:
    """An empty scene that can hold, save and load what this package makes. Raises SceneError without slicer-core."""
    slicer = import_slicer()
    scene = slicer.vtkMRMLScene()
    scene.SetVersion(VERSION)
    application = slicer.vtkSlicerApplicationLogic()
    application.SetMRMLScene(scene)
    application.GetColorLogic().SetMRMLScene(scene)
    application.GetColorLogic().AddDefaultColorNodes()
    logics = [getattr(slicer, name)() for name in LOGICS]
    for logic in logics:
        logic.SetMRMLScene(scene)
        logic.SetMRMLApplicationLogic(application)
    return Headless(scene, (application, *logics))


def import_slicer() -> Any:
    """The module `slicer`. Raises SceneError that names what to install."""
    try:
        import slicer
    except ImportError as error:
        raise SceneError(f"{INSTALL} ({error})") from error
    if not hasattr(slicer, "vtkMRMLScene"):
        raise SceneError(f"{INSTALL} (the package `slicer` that was found is another one)")
    return slicer
