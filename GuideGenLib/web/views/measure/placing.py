"""Placing a measurement with the mouse: a drag, or one click a point. What is placed is moved by the library's handles.

The library's own placing wants two clicks for a ruler; a drag leaves it with half a line and in its placing mode.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from GuideGenLib.web.views.crosshair import BEFORE_THE_STYLE
from GuideGenLib.web.views.measure.kinds import REGION, Kind, ellipse

DRAGGED_PX = 4
"""A release so far from its press ends a drag; nearer, it was a click."""

XY = tuple[int, int]


class Placing:
    """views: slice views of trame_slicer. add(kind, view): a new node; done(node): it has all its points."""

    def __init__(
        self, scene: Any, views: Sequence[Any], add: Callable[[Kind, Any], Any], done: Callable[[Any], None]
    ) -> None:
        self._scene, self._add, self._done = scene, add, done
        self._kind: Kind | None = None
        self._node: Any = None
        self._view: Any = None
        self._points: list[XY] = []
        self._pressed: XY | None = None
        self._placed: Any = None
        for view in views:
            self._listen(view)

    @property
    def kind(self) -> Kind | None:
        """What the next press places; None: nothing."""
        return self._kind

    def begin(self, kind: Kind) -> None:
        """Let the next press begin one of a kind."""
        self.cancel()
        self._kind = kind

    def cancel(self) -> None:
        """Place nothing; what is begun goes."""
        if self._node is not None:
            self._scene.RemoveNode(self._node)
        self._kind = self._node = self._pressed = None
        self._points = []

    def forget(self) -> None:
        """The scene was cleared, and what was begun with it."""
        self._node = self._placed = None
        self.cancel()

    # ------------------------------------------------------------ the mouse

    def _listen(self, view: Any) -> None:
        interactor = view.interactor()

        def press(*_: Any) -> None:
            if self._kind is not None and (self._node is None or self._view is view):
                self._pressed = interactor.GetEventPosition()
                self._press(view, self._pressed)

        def move(*_: Any) -> None:
            if self._node is not None and self._view is view:
                self._points[-1] = interactor.GetEventPosition()
                self._draw()

        def release(*_: Any) -> None:
            at, pressed, self._pressed = interactor.GetEventPosition(), self._pressed, None
            if self._placed is not None:
                self._placed.SetLocked(False)
                self._placed = None
            if self._node is None or self._view is not view or pressed is None:
                return
            if max(abs(a - b) for a, b in zip(at, pressed, strict=True)) >= DRAGGED_PX:
                self._fix(at)

        interactor.AddObserver("LeftButtonPressEvent", press, BEFORE_THE_STYLE)
        interactor.AddObserver("MouseMoveEvent", move, BEFORE_THE_STYLE)
        interactor.AddObserver("LeftButtonReleaseEvent", release, BEFORE_THE_STYLE)

    def _press(self, view: Any, at: XY) -> None:
        assert self._kind is not None
        if self._node is None:
            self._view, self._node, self._points = view, self._add(self._kind, view), [at, at]
            self._node.SetLocked(True)
            self._draw()
        else:
            self._fix(at)

    def _fix(self, at: XY) -> None:
        """The last point stays where it is; the next one follows the mouse, or it was the last one of all."""
        assert self._kind is not None
        self._points[-1] = at
        if len(self._points) < self._kind.points:
            self._points.append(at)
            self._draw()
            return
        self._draw()
        node, self._node, self._kind = self._node, None, None
        if self._pressed is None:
            node.SetLocked(False)
        else:  # until the button is released: the library takes a click at a point as a wish to go there
            self._placed, self._pressed = node, None
        self._done(node)

    def _draw(self) -> None:
        import vtk

        points = ellipse(self._points[0], self._points[-1]) if self._kind is REGION else self._points
        to_ras = self._view.get_view_node().GetXYToRAS()
        node, modifying = self._node, self._node.StartModify()
        for index, (x, y) in enumerate(points):
            place = vtk.vtkVector3d(to_ras.MultiplyPoint((float(x), float(y), 0.0, 1.0))[:3])
            if index < node.GetNumberOfControlPoints():
                node.SetNthControlPointPositionWorld(index, *place)
            else:
                node.AddControlPointWorld(place, "")
        node.EndModify(modifying)
