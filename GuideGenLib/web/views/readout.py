"""What lies under the mouse: position, HU and the names of the segments, asked of the nodes and not of a picture."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

from GuideGenLib.scene.segments.layers import LABELMAP
from GuideGenLib.web.views.crosshair import BEFORE_THE_STYLE, Point, position_of
from GuideGenLib.web.views.slices.side import compared_anatomy
from GuideGenLib.web.workspace import Workspace
from GuideGenLib.workflow.words import say, told

PERIOD_S = 0.05
MOST_NAMES = 4

COMPARED = "compared with {hu} HU"


class Readout:
    """Tells `say` a line for each place of the mouse over slice views, at most 20 a second, and "" when it leaves; anew
    when what lies there has changed: by the wheel, a jump, paint, another volume. others: of the compared CT."""

    def __init__(
        self, workspace: Workspace, views: Sequence[Any], others: Sequence[Any], say: Callable[[str], None]
    ) -> None:
        self._workspace, self._others, self._say = workspace, tuple(others), say
        self._view: Any = None
        self._last = 0.0
        self._waiting = False
        for view in (*views, *others):
            self._listen(view)
        for signal in (workspace.chosen, workspace.edited):
            signal.connect(self._again)

    def _listen(self, view: Any) -> None:
        def move(*_: Any) -> None:
            self._view = view
            self._soon()

        def leave(*_: Any) -> None:
            self._view = None
            self._soon()

        view.interactor().AddObserver("MouseMoveEvent", move, BEFORE_THE_STYLE)
        view.interactor().AddObserver("LeaveEvent", leave, BEFORE_THE_STYLE)
        view.get_view_node().AddObserver("ModifiedEvent", self._again)

    def _again(self, *_: Any) -> None:
        if self._view is not None:
            self._soon()

    def _soon(self) -> None:
        if self._waiting:
            return
        left = self._last + PERIOD_S - time.monotonic()
        if left <= 0:
            self._tell()
            return
        self._waiting = True
        asyncio.get_event_loop().call_later(left, self._tell)

    def _tell(self) -> None:
        self._waiting = False
        self._last = time.monotonic()
        tell = describe_other if self._view in self._others else describe
        self._say("" if self._view is None else tell(self._workspace, position_of(self._view)))


def describe(workspace: Workspace, ras: Point) -> str:
    """The line for a point (RAS, mm): position, HU where there is a CT, visible segments."""
    volumes = (("", workspace.ct), (COMPARED, workspace.compared))
    return _described(ras, volumes, workspace.segmentation)


def describe_other(workspace: Workspace, ras: Point) -> str:
    """The line for a point (RAS, mm) of a view that shows the compared CT beside the chosen one."""
    return _described(ras, (("", workspace.compared),), compared_anatomy(workspace))


def _described(ras: Point, volumes: Sequence[tuple[str, Any]], segmentation: Any) -> str:
    parts = [position_text(ras)]
    for words, volume in volumes:
        hu = value_at(volume, ras) if volume is not None else None
        if hu is not None:
            parts.append(say(words, hu=f"{hu:.0f}") if words else f"{hu:.0f} HU")
    names = names_at(segmentation, ras) if segmentation is not None else []
    if len(names) > MOST_NAMES:
        names = [*names[:MOST_NAMES], "…"]
    return "  ·  ".join([*parts, *([", ".join(map(told, names))] if names else [])])


def position_text(ras: Point) -> str:
    """ "R 12.0  A 3.5  S 100.0 mm": each number with the letter of its side."""
    sides = (("R", "L"), ("A", "P"), ("S", "I"))
    return "  ".join(f"{pair[value < 0]} {abs(value):.1f}" for value, pair in zip(ras, sides, strict=True)) + " mm"


def value_at(volume: Any, ras: Point) -> float | None:
    """The nearest voxel of a scalar volume node where its parent transforms put it; None outside of it."""
    import vtk

    image = volume.GetImageData()
    if image is None:
        return None
    to_ijk = vtk.vtkMatrix4x4()
    volume.GetRASToIJKMatrix(to_ijk)
    return _voxel(image, to_ijk.MultiplyPoint((*_local(volume, ras), 1.0)))


def names_at(node: Any, ras: Point) -> list[str]:
    """Names of the visible segments at a point (RAS, mm), in the segmentation's order and of all its layers."""
    import vtk

    display = node.GetDisplayNode()
    segmentation = node.GetSegmentation()
    if display is None or not display.GetVisibility() or not segmentation.ContainsRepresentation(LABELMAP):
        return []
    local = (*_local(node, ras), 1.0)
    values: dict[str, float | None] = {}
    names = []
    for index in range(segmentation.GetNumberOfSegments()):
        segment = segmentation.GetNthSegment(index)
        if not display.GetSegmentVisibility(segmentation.GetNthSegmentID(index)):
            continue
        labelmap = segment.GetRepresentation(LABELMAP)
        if labelmap is None:
            continue
        key = labelmap.GetAddressAsString("")
        if key not in values:
            to_image = vtk.vtkMatrix4x4()
            labelmap.GetWorldToImageMatrix(to_image)
            values[key] = _voxel(labelmap, to_image.MultiplyPoint(local))
        if values[key] is not None and values[key] == segment.GetLabelValue():
            names.append(segment.GetName())
    return names


def _local(node: Any, ras: Point) -> Point:
    """The point in the node's own frame, before its parent transforms (warping ones, too)."""
    import slicer
    import vtk

    parent = node.GetParentTransformNode()
    if parent is None:
        return ras
    from_world = vtk.vtkGeneralTransform()
    slicer.vtkMRMLTransformNode.GetTransformBetweenNodes(None, parent, from_world)
    x, y, z = from_world.TransformPoint(ras)
    return (x, y, z)


def _voxel(image: Any, ijk: Sequence[float]) -> float | None:
    i, j, k = (int(value // 1) for value in (ijk[0] + 0.5, ijk[1] + 0.5, ijk[2] + 0.5))
    low_i, high_i, low_j, high_j, low_k, high_k = image.GetExtent()
    if not (low_i <= i <= high_i and low_j <= j <= high_j and low_k <= k <= high_k):
        return None
    return float(image.GetScalarComponentAsDouble(i, j, k, 0))
