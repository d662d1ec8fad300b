"""The volume that the editor paints on: on the grid of the anatomy, so that a stroke never resamples it."""

from __future__ import annotations

from typing import Any

import numpy as np
import SimpleITK as sitk

from GuideGenLib.core.grids import same_grid
from GuideGenLib.scene.backdrop import backdrop_of
from GuideGenLib.scene.ct import AIR_HU, read_ct
from GuideGenLib.scene.errors import SceneError
from GuideGenLib.scene.geometry import (
    fill_volume,
    image_from_oriented,
    image_from_volume,
    moved,
    world_matrix,
)
from GuideGenLib.scene.nodes import present
from GuideGenLib.scene.segments.layers import LABELMAP, grid_of
from GuideGenLib.web.editor.snapshot import images_of

NAME = "GuideGen editor"


class SourceVolume:
    """One hidden vtkMRMLScalarVolumeNode, not saved: zeros, or the CT brought onto the anatomy's grid.

    It stays the same node as long as the segmentation does, whatever CT comes and goes.
    """

    def __init__(self, scene: Any) -> None:
        self.scene = scene
        self._node: Any = None

    @property
    def node(self) -> Any:
        """The volume node, None before `show` and after the scene was cleared."""
        return present(self._node)

    def show(self, segmentation: Any, ct: Any) -> Any:
        """The node, with the voxels of a CT node (None: zeros) on the grid of a segmentation.

        Raises SceneError for a segmentation without a grid, and what `scene.ct.read_ct` refuses.
        """
        grid = editing_grid(segmentation, ct)
        image = sitk.Image(grid.GetSize(), sitk.sitkInt16)
        image.CopyInformation(grid)
        if ct is not None:
            there = moved(grid, world_matrix(segmentation))
            image = sitk.Resample(read_ct(ct), there, sitk.Transform(), sitk.sitkLinear, AIR_HU, sitk.sitkInt16)
            image.CopyInformation(grid)
        node = self.node
        if node is None:
            node = self._node = self.scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", NAME)
            node.SetHideFromEditors(True)
            node.SetSaveWithScene(False)
        _fill(node, image)
        node.SetAndObserveTransformNodeID(segmentation.GetTransformNodeID())
        return node


def editing_grid(segmentation: Any, ct: Any = None) -> sitk.Image:
    """An empty image of the voxels that a segmentation is made of, over all of it and its reference geometry, in its
    own frame; one without any takes the CT's. Raises SceneError where there is neither."""
    layers = [image_from_oriented(image) for image in images_of(segmentation.GetSegmentation()) if _has_voxels(image)]
    if layers:
        return grid_of(segmentation, layers)
    backdrop = backdrop_of(segmentation.GetScene(), segmentation)
    world = np.linalg.inv(world_matrix(segmentation))
    if backdrop is not None:
        return moved(image_from_volume(backdrop), world)
    if ct is None:
        raise SceneError(f"{segmentation.GetName()} is empty and has no grid: choose a CT, or generate an anatomy")
    return moved(read_ct(ct), world)


def hindrance(segmentation: Any) -> str:
    """Why a segmentation cannot be painted on, empty where it can."""
    parent = segmentation.GetParentTransformNode()
    if parent is not None and not parent.IsTransformToWorldLinear():
        return (
            f"{segmentation.GetName()} lies under a warping transform: harden it in 3D Slicer (module Data, right "
            "click on its transform), and upload it again."
        )
    source = segmentation.GetSegmentation().GetSourceRepresentationName()
    if segmentation.GetSegmentation().GetNumberOfSegments() and source != LABELMAP:
        return (
            f"{segmentation.GetName()} is made of surfaces, which cannot be painted on: in 3D Slicer, module "
            "Segmentations, create its binary labelmap, make it the source, and upload it again."
        )
    return ""


def harden(segmentation: Any) -> bool:
    """Give a segmentation under a linear transform that place as its own (no voxel is interpolated), for trame_slicer
    paints where the voxels would be without the transform. True where there was one to harden."""
    if segmentation.GetParentTransformNode() is None:
        return False
    moves = not np.array_equal(world_matrix(segmentation), np.eye(4))
    segmentation.HardenTransform()
    return moves


def _has_voxels(image: Any) -> bool:
    return image is not None and image.GetPointData().GetScalars() is not None and image.GetNumberOfPoints() > 0


def _fill(node: Any, image: sitk.Image) -> None:
    """In place where the grid stays, so that nobody who looks at the node has to start again."""
    from vtkmodules.util.numpy_support import vtk_to_numpy

    if node.GetImageData() is None or not same_grid(_geometry(node), image):
        fill_volume(node, image)
        return
    scalars = node.GetImageData().GetPointData().GetScalars()
    vtk_to_numpy(scalars)[:] = sitk.GetArrayViewFromImage(image).ravel()
    scalars.Modified()
    node.GetImageData().Modified()


def _geometry(node: Any) -> sitk.Image:
    return moved(image_from_volume(node), np.linalg.inv(world_matrix(node)))
