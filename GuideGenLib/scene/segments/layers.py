"""The voxels of a segmentation node: its layers, the grid that holds them all, and their way onto a grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from GuideGenLib.anatomy.label import Label
from GuideGenLib.core.grids import on_grid_of
from GuideGenLib.core.right_angles import right_angled
from GuideGenLib.scene.errors import SceneError
from GuideGenLib.scene.geometry import (
    image_from_oriented,
    index_to_ras,
    moved,
    oriented_from_image,
    world_matrix,
)
from GuideGenLib.scene.segments.terminology import advice_for, coding_of, label_of

LABELMAP = "Binary labelmap"
ON_THE_GRID = 0.01
"""Voxels that are this close to those of another grid, in voxels, are taken to be the same."""


@dataclass(frozen=True)
class Claim:
    """A segment that holds voxels: its id and name, and the label that it is."""

    segment_id: str
    name: str
    label: Label
    segment: Any


def layers_of(node: Any, reference: sitk.Image | None) -> tuple[list[sitk.Image], list[Claim]]:
    """The voxels of all segments, hidden ones too, empty ones not: images in the node's own frame, and their claims.

    A voxel of a layer is 1 + the index of the claim that holds it, or 0. The node stays as it is.
    A segmentation of surfaces is turned into labelmaps on a copy, on the grid of `reference` where one is given. Raises
    SceneError where there is no segmentation, nothing in it, or a segment of which nobody knows what it is.
    """
    if node is None:
        raise SceneError("no segmentation is chosen", "generate an anatomy, or choose one in the selector")
    if not node.IsA("vtkMRMLSegmentationNode"):
        raise SceneError(
            f"{node.GetName()} is no segmentation", "choose one (the Segmentations module imports label volumes)"
        )
    segmentation = node.GetSegmentation()
    if segmentation.GetNumberOfSegments() == 0:
        raise SceneError(f"{node.GetName()} holds no segments", "generate an anatomy, or add segments to it")
    if not segmentation.ContainsRepresentation(LABELMAP):
        segmentation = _as_labelmaps(node, reference)
    layers: list[sitk.Image] = []
    claims: list[Claim] = []
    unknown: list[str] = []
    for shared, ids in _by_labelmap(segmentation):
        image = image_from_oriented(shared)
        array = sitk.GetArrayViewFromImage(image)
        present = _values_in(array)
        if present <= {0}:
            continue
        numbers: dict[int, int] = {}
        for segment_id in ids:
            segment = segmentation.GetSegment(segment_id)
            if segment.GetLabelValue() not in present or segment.GetLabelValue() in numbers:
                continue
            row = label_of(segment, segment_id)
            if row is None:
                unknown.append(advice_for(segment.GetName(), coding_of(segment)))
                continue
            claims.append(Claim(segment_id, segment.GetName(), row, segment))
            numbers[segment.GetLabelValue()] = len(claims)
        layers.append(_numbered(image, numbers))
    if unknown:
        more = f" ({len(unknown) - 1} more segments are unknown, too)" if len(unknown) > 1 else ""
        raise SceneError(unknown[0] + more)
    if not claims:
        raise SceneError(f"all segments of {node.GetName()} are empty", "paint organs, or generate an anatomy")
    return layers, claims


def grid_of(node: Any, layers: Sequence[sitk.Image]) -> sitk.Image:
    """An empty grid in the node's own frame over all layers and its reference geometry.

    Its voxels are those of the reference geometry if a layer has them, too, else those of the layer that is largest.
    """
    geometry = _reference_geometry(node)
    if geometry is not None and any(_shift(layer, geometry) is not None for layer in layers):
        base = geometry
    else:
        base = max(layers, key=lambda layer: float(np.prod(layer.GetSize()) * np.prod(layer.GetSpacing())))
    boxes = [*layers, *([geometry] if geometry is not None else [])]
    corners = [_corners(box) @ np.linalg.inv(index_to_ras(base)).T for box in boxes]
    return _cut(base, np.vstack(corners)[:, :3])


def onto(layer: sitk.Image, grid: sitk.Image) -> NDArray[np.uint16]:
    """The layer's numbers on a grid of the same frame, [z, y, x]: shifted where the voxels agree, else the nearest."""
    shift = _shift(layer, grid)
    if shift is None:
        return sitk.GetArrayFromImage(sitk.Resample(layer, grid, sitk.Transform(), sitk.sitkNearestNeighbor, 0))
    if layer.GetSize() == grid.GetSize() and not shift.any():
        return sitk.GetArrayFromImage(layer)
    result = np.zeros(grid.GetSize()[::-1], np.uint16)
    low = np.maximum(shift, 0)
    high = np.minimum(shift + layer.GetSize(), grid.GetSize())
    if (high > low).all():
        there = tuple(slice(a, b) for a, b in zip(low[::-1], high[::-1], strict=True))
        here = tuple(slice(a - s, b - s) for a, b, s in zip(low[::-1], high[::-1], shift[::-1], strict=True))
        result[there] = sitk.GetArrayViewFromImage(layer)[here]
    return result


def placed(node: Any, layers: Sequence[sitk.Image], reference: sitk.Image | None) -> tuple[list[NDArray], sitk.Image]:
    """The layers where the node's parent transforms put them, and the grid (LPS) that they are on.

    The grid is that of `reference`, else the node's own. A linear transform moves the grid and interpolates nothing
    (a sheared one excepted); a warping one takes the nearest voxels.
    """
    parent = node.GetParentTransformNode()
    if parent is not None and not parent.IsTransformToWorldLinear():
        return _warped(parent, layers, grid_of(node, layers) if reference is None else reference, reference is None)
    world = world_matrix(node)
    if reference is not None:
        local = moved(reference, np.linalg.inv(world))
        return [onto(layer, local) for layer in layers], reference
    local = grid_of(node, layers)
    grid = moved(local, world)
    square = right_angled(grid, labels=True)
    if square is not grid:
        local = moved(square, np.linalg.inv(world))
    return [onto(layer, local) for layer in layers], square


def _shift(layer: sitk.Image, grid: sitk.Image) -> NDArray[np.int64] | None:
    """How many voxels of the grid the layer's first one is away (x, y, z); None if their voxels do not agree."""
    matrix = np.linalg.inv(index_to_ras(grid)) @ index_to_ras(layer)
    exact = np.eye(4)
    exact[:3, 3] = matrix[:3, 3].round()
    drift = np.abs(matrix - exact) @ np.array([*layer.GetSize(), 1.0])
    return exact[:3, 3].astype(np.int64) if drift[:3].max() <= ON_THE_GRID else None


def _by_labelmap(segmentation: Any) -> list[tuple[Any, list[str]]]:
    shared: dict[int, list[str]] = {}
    for index in range(segmentation.GetNumberOfSegments()):
        segment_id = segmentation.GetNthSegmentID(index)
        layer = segmentation.GetLayerIndex(segment_id, LABELMAP)
        if layer >= 0:
            shared.setdefault(layer, []).append(segment_id)
    found = [(segmentation.GetLayerDataObject(layer, LABELMAP), ids) for layer, ids in sorted(shared.items())]
    return [(labelmap, ids) for labelmap, ids in found if labelmap is not None and labelmap.GetNumberOfPoints() > 0]


def _numbered(image: sitk.Image, numbers: dict[int, int]) -> sitk.Image:
    array = sitk.GetArrayViewFromImage(image)
    result = np.zeros(array.shape, np.uint16)
    if _can_be_looked_up(array):
        table = np.zeros(int(array.max()) + 1, np.uint16)
        for value, number in numbers.items():
            table[value] = number
        result = table[array]
    else:
        for value, number in numbers.items():
            result[array == value] = number
    return on_grid_of(image, result)


def _values_in(array: NDArray[Any]) -> set[int | float]:
    """The values that occur; ticked off where they are few, which is ten times as quick as to sort them."""
    if _can_be_looked_up(array):
        found = np.zeros(int(array.max()) + 1, bool)
        found[array.ravel()] = True
        return set(np.flatnonzero(found).tolist())
    return set(np.unique(array).tolist())


def _can_be_looked_up(array: NDArray[Any]) -> bool:
    return array.dtype.kind in "iu" and int(array.min()) >= 0 and int(array.max()) < 65536


def _as_labelmaps(node: Any, reference: sitk.Image | None) -> Any:
    """A copy of a segmentation of surfaces or contours, with labelmaps."""
    import slicer

    converter = slicer.vtkSegmentationConverter
    copy = slicer.vtkSegmentation()
    copy.DeepCopy(node.GetSegmentation())
    parent = node.GetParentTransformNode()
    if reference is not None and (parent is None or parent.IsTransformToWorldLinear()):
        local = moved(reference, np.linalg.inv(world_matrix(node)))
        copy.SetConversionParameter(
            converter.GetReferenceImageGeometryParameterName(),
            converter.SerializeImageGeometry(oriented_from_image(local)),
        )
    if not copy.CreateRepresentation(LABELMAP):
        raise SceneError(
            f"{node.GetName()} cannot be turned into voxels",
            "make its binary labelmap in the Segmentations module (Representations, Create)",
        )
    return copy


def _reference_geometry(node: Any) -> sitk.Image | None:
    """The grid that the node names as its reference geometry, None where it names none."""
    import slicer
    import vtk

    converter = slicer.vtkSegmentationConverter
    text = node.GetSegmentation().GetConversionParameter(converter.GetReferenceImageGeometryParameterName())
    geometry = slicer.vtkOrientedImageData()
    if not text or not converter.DeserializeImageGeometry(text, geometry, False):
        return None
    if min(geometry.GetDimensions()) < 1:
        return None
    geometry.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
    return image_from_oriented(geometry)


def _corners(image: sitk.Image) -> NDArray[np.float64]:
    """The centres of the eight corner voxels and of what lies between them on the faces, RAS mm, [26, 4]."""
    ends = [(0.0, (n - 1) / 2, n - 1.0) for n in image.GetSize()]
    points = np.stack(np.meshgrid(*ends, indexing="ij"), -1).reshape(-1, 3)
    return np.hstack([points, np.ones((len(points), 1))]) @ index_to_ras(image).T


def _cut(base: sitk.Image, indices: NDArray[np.float64]) -> sitk.Image:
    """An empty grid with the voxels of `base` that reaches over all the given positions (in its voxels)."""
    low = np.floor(indices.min(axis=0) + ON_THE_GRID).astype(int)
    high = np.ceil(indices.max(axis=0) - ON_THE_GRID).astype(int)
    grid = sitk.Image((high - low + 1).tolist(), sitk.sitkUInt8)
    grid.SetSpacing(base.GetSpacing())
    grid.SetDirection(base.GetDirection())
    grid.SetOrigin(base.TransformIndexToPhysicalPoint(low.tolist()) if low.any() else base.GetOrigin())
    return grid


def _warped(
    parent: Any, layers: Sequence[sitk.Image], grid: sitk.Image, widen: bool
) -> tuple[list[NDArray], sitk.Image]:  # fmt: skip
    import slicer
    import vtk

    transform = vtk.vtkGeneralTransform()
    parent.GetTransformToWorld(transform)
    if widen:
        there = np.array([(*transform.TransformPoint(point[:3]), 1.0) for point in _corners(grid)])
        indices = there @ np.linalg.inv(index_to_ras(grid)).T
        grid = _cut(grid, np.vstack([indices[:, :3], np.zeros((1, 3)), np.array([grid.GetSize()]) - 1]))
    target = oriented_from_image(grid)
    found = []
    for layer in layers:
        result = slicer.vtkOrientedImageData()
        slicer.vtkOrientedImageDataResample.ResampleOrientedImageToReferenceOrientedImage(
            oriented_from_image(layer), target, result, False, False, transform
        )
        found.append(sitk.GetArrayFromImage(image_from_oriented(result)).astype(np.uint16))
    return found, grid
