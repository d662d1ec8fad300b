"""The cross-hair: a click in a slice, or Shift and a move of the mouse, brings the other slices to that point."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Point = tuple[float, float, float]

BEFORE_THE_STYLE = 10.0
"""Priority of our observers: a drawing effect takes events and tells nobody."""


class CrossHair:
    """Slice views of trame_slicer linked by the scene's cross-hair node.

    free: whether a click without Shift is ours (no editing effect and no windowing wants it). moved: told after each
    move.
    """

    def __init__(self, scene: Any, views: Sequence[Any], free: Callable[[], bool], moved: Callable[[], None]) -> None:
        self._scene, self._views, self._free, self._moved = scene, tuple(views), free, moved
        self._dragging = False
        self._shown = True
        self._point: Point | None = None
        for view in self._views:
            self._listen(view)
        self.forget()

    @property
    def point(self) -> Point | None:
        """Where it stands (RAS, mm); None before anything was pointed at."""
        return self._point

    def move_to(self, ras: Sequence[float], source: Any = None, centre: bool = False) -> None:
        """Stand at a point (RAS, mm) and bring the slices there, that of `source` excepted; centre: pan to it, too."""
        self._point = (float(ras[0]), float(ras[1]), float(ras[2]))
        node = self._node()
        if node is not None:
            node.SetCrosshairRAS(*self._point)
        for view in self._views:
            if view is source:
                continue
            slice_node = view.get_view_node()
            with view.trigger_modified_once():
                if centre:
                    slice_node.JumpSliceByCentering(*self._point)
                else:
                    slice_node.JumpSliceByOffsetting(*self._point)
        self._draw()
        self._moved()

    def forget(self) -> None:
        """Nothing is pointed at any more."""
        self._point = None
        self._draw()

    def show(self, visible: bool) -> None:
        """Draw its lines or not; it links the slices all the same."""
        self._shown = visible
        self._draw()

    def _draw(self) -> None:
        node = self._node()
        if node is None:
            return
        visible = self._shown and self._point is not None
        node.SetCrosshairMode(node.ShowIntersection if visible else node.NoCrosshair)
        node.SetCrosshairToFine()

    def _node(self) -> Any:
        return self._scene.GetFirstNodeByClass("vtkMRMLCrosshairNode")

    def _listen(self, view: Any) -> None:
        interactor = view.interactor()

        def press(*_: Any) -> None:
            plain = not (interactor.GetControlKey() or interactor.GetAltKey())
            if plain and (interactor.GetShiftKey() or self._free()):
                self._dragging = True
                self.move_to(position_of(view), view)

        def move(*_: Any) -> None:
            if self._dragging or interactor.GetShiftKey():
                self.move_to(position_of(view), view)

        def release(*_: Any) -> None:
            self._dragging = False

        interactor.AddObserver("LeftButtonPressEvent", press, BEFORE_THE_STYLE)
        interactor.AddObserver("MouseMoveEvent", move, BEFORE_THE_STYLE)
        interactor.AddObserver("LeftButtonReleaseEvent", release, BEFORE_THE_STYLE)


def position_of(view: Any) -> Point:
    """Where the mouse is in a slice view, RAS mm."""
    x, y = view.interactor().GetEventPosition()
    matrix = view.get_view_node().GetXYToRAS()
    point = np.array(matrix.MultiplyPoint((float(x), float(y), 0.0, 1.0)))
    return (float(point[0]), float(point[1]), float(point[2]))
