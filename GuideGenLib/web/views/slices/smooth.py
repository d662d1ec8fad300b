"""Labels in slices with smooth borders, in place of Slicer's, which are true to the voxel.

At each pixel the label wins that has the most weight among the nine voxels around it in the plane, each with the weight
of a quadratic B-spline: borders become round, and what is a voxel thin stays. Nothing of it is stored: voxels, exports
and what the editor paints are the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from GuideGenLib.scene.geometry import world_matrix
from GuideGenLib.scene.nodes import nodes_of
from GuideGenLib.scene.segments.layers import LABELMAP

Array = NDArray[Any]


class SmoothLabels:
    """Draws over slice views of trame_slicer while it is on; Slicer's own drawing is hidden then, but not in a scene
    that is saved meanwhile (`scene.segments.looks.drawn_in_slices`)."""

    def __init__(self, scene: Any, views: Sequence[Any]) -> None:
        self._scene, self._views = scene, tuple(views)
        self.on = False
        self._overlays = [_Overlay(view, self._nodes_in) for view in self._views]

    def show(self, on: bool, shown: bool) -> None:
        """Smooth or not, and labels or none."""
        self.on = on
        for node in nodes_of(self._scene, "vtkMRMLSegmentationNode"):
            if node.GetDisplayNode() is not None:
                node.GetDisplayNode().SetVisibility2D(shown and not (on and _can_be_drawn(node)))
        for view, overlay in zip(self._views, self._overlays, strict=True):
            overlay.switch(on and shown)
            view.schedule_render()

    def refresh(self) -> None:
        """Something was edited: Slicer's drawing, which is hidden, asks for no frame then."""
        if self.on:
            for view in self._views:
                view.schedule_render()

    def _nodes_in(self, view: Any) -> list[Any]:
        """The segmentations that a view shows."""
        found = []
        for node in nodes_of(self._scene, "vtkMRMLSegmentationNode"):
            display = node.GetDisplayNode()
            seen = display is not None and display.GetVisibility() and _can_be_drawn(node)
            if seen and display.IsDisplayableInView(view.get_view_node_id()):
                found.append(node)
        return found


class _Overlay:
    """One view's picture of labels, made before a frame where something of it has changed."""

    def __init__(self, view: Any, nodes: Any) -> None:
        import vtk

        self._view, self._nodes = view, nodes
        self._on = False
        self._state: tuple[Any, ...] | None = None
        self._image = vtk.vtkImageData()
        mapper = vtk.vtkImageMapper()
        mapper.SetInputData(self._image)
        mapper.SetColorWindow(255)
        mapper.SetColorLevel(127.5)
        self._actor = vtk.vtkActor2D()
        self._actor.SetMapper(mapper)
        self._actor.SetVisibility(False)
        view.renderer().AddViewProp(self._actor)
        view.renderer().AddObserver("StartEvent", self._refresh)

    def switch(self, on: bool) -> None:
        self._on, self._state = on, None
        self._actor.SetVisibility(False)

    def _refresh(self, *_: Any) -> None:
        if not self._on:
            return
        slice_node = self._view.get_view_node()
        nodes = self._nodes(self._view)
        columns, rows = slice_node.GetDimensions()[:2]
        to_ras = _array(slice_node.GetXYToRAS())
        state = (columns, rows, to_ras.tobytes(), *(_stamp(node) for node in nodes))
        if state == self._state:
            return
        self._state = state
        picture = np.zeros((rows, columns, 4), np.uint8)
        for node in nodes:
            draw(picture, node, to_ras)
        self._actor.SetVisibility(bool(picture.any()))
        _put(self._image, picture)


def draw(picture: Array, node: Any, to_ras: Array) -> None:
    """Draw the visible segments of a segmentation node over a picture (uint8 [rows, columns, RGBA], from below), whose
    pixels (x, y, 0, 1) a matrix [4, 4] takes to RAS mm."""
    from vtkmodules.util.numpy_support import vtk_to_numpy

    segmentation, display = node.GetSegmentation(), node.GetDisplayNode()
    world = np.linalg.inv(world_matrix(node))
    for layer in range(segmentation.GetNumberOfLayers(LABELMAP)):
        image = segmentation.GetLayerDataObject(layer, LABELMAP)
        scalars = image.GetPointData().GetScalars()
        if scalars is None or image.GetNumberOfPoints() == 0:
            continue
        labels = vtk_to_numpy(scalars).reshape(image.GetDimensions()[::-1])
        to_index = _to_index(image) @ world @ to_ras
        to_index[:3, 3] -= image.GetExtent()[::2]
        seen = winners(labels, to_index, picture.shape[:2])
        ids = [name for name in segmentation.GetSegmentIDs() if segmentation.GetLayerIndex(name, LABELMAP) == layer]
        fill, line = _colors(segmentation, display, ids, int(seen.max()) + 1)
        over = np.where(_borders(seen)[..., None], line[seen], fill[seen])
        drawn = over[..., 3] > 0
        picture[drawn] = over[drawn]


def winners(labels: Array, to_index: Array, shape: tuple[int, int]) -> Array:
    """The label at each pixel of a picture of such a shape (rows, columns); to_index: the matrix [4, 4] from pixels
    (x, y, 0, 1) to indices (i, j, k) of the labels [z, y, x]. Outside of them it is 0."""
    rows, columns = shape
    normal = int(np.abs(np.cross(to_index[:3, 0], to_index[:3, 1])).argmax())  # there the nearest voxel counts alone
    x, y = np.arange(columns, dtype=np.float32), np.arange(rows, dtype=np.float32)[:, None]
    places = [to_index[axis, 0] * x + to_index[axis, 1] * y + np.float32(to_index[axis, 3]) for axis in range(3)]
    nearest = [np.rint(place).astype(np.int32) for place in places]
    strides = (1, labels.shape[2], labels.shape[1] * labels.shape[2])
    sizes = labels.shape[::-1]
    inside = np.logical_and.reduce([(at >= 0) & (at < size) for at, size in zip(nearest, sizes, strict=True)])
    here = [np.clip(at, 0, size - 1) for at, size in zip(nearest, sizes, strict=True)]
    base = sum(at * stride for at, stride in zip(here, strides, strict=True))
    flat = labels.ravel()
    result = np.where(inside, flat[base], 0)
    across, up = (axis for axis in range(3) if axis != normal)
    steps = [
        [np.clip(here[axis] + step, 0, sizes[axis] - 1) * strides[axis] - here[axis] * strides[axis]
         for step in (-1, 0, 1)] for axis in (across, up)
    ]  # fmt: skip
    around = [flat[base + one + other] for one in steps[0] for other in steps[1]]
    mixed = np.flatnonzero(inside & np.logical_or.reduce([near != around[4] for near in around]))
    if len(mixed) == 0:
        return result
    few = [near.ravel()[mixed] for near in around]
    parts = [_weights((places[axis] - nearest[axis]).ravel()[mixed]) for axis in (across, up)]
    shares = [one * other for one in parts[0] for other in parts[1]]
    most, best = np.zeros(len(mixed), np.float32), few[4].copy()
    for near in few:
        weight = sum(share * (other == near) for share, other in zip(shares, few, strict=True))
        wins = weight > most
        most[wins], best[wins] = weight[wins], near[wins]
    result.ravel()[mixed] = best
    return result


def _weights(offset: Array) -> tuple[Array, Array, Array]:
    """Of the voxel before, of the nearest and of the one after, for a place so far (-0.5 to 0.5) from the nearest."""
    return 0.5 * (0.5 - offset) ** 2, 0.75 - offset**2, 0.5 * (0.5 + offset) ** 2


def _borders(seen: Array) -> Array:
    """The pixels beside which another label begins."""
    result = np.zeros(seen.shape, bool)
    for axis in range(2):
        changes = np.diff(seen, axis=axis) != 0
        low, high = (slice(None, -1), slice(None)), (slice(1, None), slice(None))
        result[low if axis == 0 else low[::-1]] |= changes
        result[high if axis == 0 else high[::-1]] |= changes
    return result


def _colors(segmentation: Any, display: Any, ids: Sequence[str], count: int) -> tuple[Array, Array]:
    """RGBA of fill and of border by label value; what is hidden or off is transparent."""
    fill, line = np.zeros((count, 4), np.uint8), np.zeros((count, 4), np.uint8)
    for segment_id in ids:
        segment = segmentation.GetSegment(segment_id)
        value = segment.GetLabelValue()
        if not 0 < value < count or not display.GetSegmentVisibility(segment_id):
            continue
        color = [round(255 * channel) for channel in segment.GetColor()]
        filled = display.GetVisibility2DFill() and display.GetSegmentVisibility2DFill(segment_id)
        lined = display.GetVisibility2DOutline() and display.GetSegmentVisibility2DOutline(segment_id)
        inner = display.GetOpacity2DFill() * display.GetSegmentOpacity2DFill(segment_id) if filled else 0.0
        outer = display.GetOpacity2DOutline() * display.GetSegmentOpacity2DOutline(segment_id) if lined else inner
        fill[value], line[value] = (*color, round(255 * inner)), (*color, round(255 * outer))
    return fill, line


def _stamp(node: Any) -> tuple[Any, ...]:
    """Changes when what is drawn of a segmentation may change."""
    segmentation, parent = node.GetSegmentation(), node.GetParentTransformNode()
    layers = range(segmentation.GetNumberOfLayers(LABELMAP))
    images = tuple(segmentation.GetLayerDataObject(layer, LABELMAP).GetMTime() for layer in layers)
    moved = 0 if parent is None else parent.GetTransformToWorldMTime()
    return (node.GetID(), segmentation.GetMTime(), node.GetDisplayNode().GetMTime(), moved, *images)


def _can_be_drawn(node: Any) -> bool:
    """A segmentation of voxels under no warping transform; others are left to Slicer."""
    parent = node.GetParentTransformNode()
    straight = parent is None or parent.IsTransformToWorldLinear()
    return bool(straight and node.GetSegmentation().ContainsRepresentation(LABELMAP))


def _to_index(image: Any) -> Array:
    import vtk

    matrix = vtk.vtkMatrix4x4()
    image.GetWorldToImageMatrix(matrix)
    return _array(matrix)


def _array(matrix: Any) -> Array:
    return np.array([[matrix.GetElement(row, column) for column in range(4)] for row in range(4)])


def _put(image: Any, picture: Array) -> None:
    from vtkmodules.util.numpy_support import numpy_to_vtk

    rows, columns = picture.shape[:2]
    image.SetDimensions(columns, rows, 1)
    image.GetPointData().SetScalars(numpy_to_vtk(picture.reshape(-1, 4), deep=True))
    image.Modified()
