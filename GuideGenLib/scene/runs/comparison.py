"""Two runs side by side: the CTs' difference in HU, the region where anatomies differ, old and new CT blended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import SimpleITK as sitk

from GuideGenLib.core.grids import matched, on_grid_of, same_grid
from GuideGenLib.scene.ct import AIR_HU, read_ct
from GuideGenLib.scene.errors import SceneError
from GuideGenLib.scene.geometry import fill_volume, oriented_from_image
from GuideGenLib.scene.nodes import nodes_of
from GuideGenLib.scene.slices import add_slice_views, slice_composites

DIFFERENCE_WINDOW = (200.0, 0.0)
"""HU; no change is middle grey."""

CHANGED_COLOR = (1.0, 0.6, 0.0)
BEFORE, AFTER = "GuideGen.Before", "GuideGen.After"


def compare(scene: Any, before: Any, after: Any) -> Any:
    """A new vtkMRMLScalarVolumeNode "after minus before" of two CT volume nodes, int16 HU on the grid of `after`.

    Another grid is interpolated; where `before` does not reach the difference is 0. The node refers to both CTs. Raises
    SceneError when they have no place in common.
    """
    return add_difference(scene, before, after, difference_later(before, after)())


def difference_later(before: Any, after: Any) -> Callable[[], sitk.Image]:
    """`difference` of two CT volume nodes, which are read now; the call may be made in any thread."""
    old, new = read_ct(before), read_ct(after)
    names = f"{before.GetName()} and {after.GetName()}"

    def compute() -> sitk.Image:
        try:
            return difference(old, new)
        except SceneError as error:
            raise SceneError(f"{names} {error}") from error

    return compute


def add_difference(scene: Any, before: Any, after: Any, image: sitk.Image) -> Any:
    """The node of a `difference` that was computed already; see `compare`."""
    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", scene.GenerateUniqueName("CT difference"))
    fill_volume(node, image)
    node.CreateDefaultDisplayNodes()
    node.GetDisplayNode().AutoWindowLevelOff()
    node.GetDisplayNode().SetWindowLevel(*DIFFERENCE_WINDOW)
    node.SetNodeReferenceID(BEFORE, before.GetID())
    node.SetNodeReferenceID(AFTER, after.GetID())
    return node


def find_difference(scene: Any, before: Any, after: Any) -> Any:
    """The node that `add_difference` made of two CT volume nodes, None where there is none."""
    for node in nodes_of(scene, "vtkMRMLScalarVolumeNode"):
        if (node.GetNodeReference(BEFORE), node.GetNodeReference(AFTER)) == (before, after):
            return node
    return None


def difference(before: sitk.Image, after: sitk.Image) -> sitk.Image:
    """`after` minus `before` in HU, int16 on the grid of `after`; see `compare`."""
    new = sitk.GetArrayFromImage(after).astype(np.int32)
    if same_grid(before, after):
        old = sitk.GetArrayViewFromImage(before)
    else:
        reached = _reached(before, after)
        if not reached.any():
            raise SceneError("have no place in common: compare CTs of one patient, in one place")
        moved = sitk.Resample(before, after, sitk.Transform(), sitk.sitkLinear, AIR_HU)
        old = np.where(reached, sitk.GetArrayViewFromImage(moved), new)
    return on_grid_of(after, np.clip(new - old, -32768, 32767).astype(np.int16))


def show_changes(scene: Any, before: sitk.Image, after: sitk.Image, name: str = "Changed region") -> Any:
    """A new vtkMRMLSegmentationNode with one segment, the voxels where two anatomies of one grid differ; None if none.

    It is no anatomy: it has no key and no anatomical code. Raises SceneError for two grids.
    """
    import slicer

    edited = matched(after, before)
    if edited is None:
        raise SceneError("the anatomies lie on two grids", "read the edited one with the other as its reference")
    changed = before != edited
    if not sitk.GetArrayViewFromImage(changed).any():
        return None
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", scene.GenerateUniqueName(name))
    node.CreateDefaultDisplayNodes()
    segment = slicer.vtkSegment()
    segment.SetName(name)
    segment.SetColor(*CHANGED_COLOR)
    kind = slicer.vtkSegmentationConverter.GetSegmentationBinaryLabelmapRepresentationName()
    segment.AddRepresentation(kind, oriented_from_image(changed))
    node.GetSegmentation().AddSegment(segment, "changed")
    display = node.GetDisplayNode()
    display.SetVisibility2DFill(False)
    display.SetVisibility3D(False)
    return node


def blend(scene: Any, background: Any, foreground: Any = None, opacity: float = 0.5) -> None:
    """Show a CT in the three slice views, and over it another with an opacity of 0..1.

    Where the scene has no views, as outside Slicer, they are added, so that Slicer shows the CT when it opens it.
    """
    if not 0 <= opacity <= 1:
        raise SceneError(f"the opacity is {opacity:g}", "give 0 (old CT) to 1 (new CT)")
    if not slice_composites(scene):
        add_slice_views(scene, background)
    for composite in slice_composites(scene):
        composite.SetBackgroundVolumeID(background.GetID())
        composite.SetForegroundVolumeID(foreground.GetID() if foreground is not None else None)
        composite.SetForegroundOpacity(opacity if foreground is not None else 0.0)


def _reached(before: sitk.Image, after: sitk.Image) -> np.ndarray:
    """The voxels [z, y, x] of `after` where `before` has a value."""
    inside = sitk.Image(before.GetSize(), sitk.sitkUInt8) + 1
    inside.CopyInformation(before)
    return sitk.GetArrayFromImage(sitk.Resample(inside, after, sitk.Transform(), sitk.sitkNearestNeighbor, 0)) > 0
