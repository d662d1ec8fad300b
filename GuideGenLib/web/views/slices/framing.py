"""The part of a slice view that is seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

ROOM = 2.2
"""How much wider than what is looked for a view shows: its surroundings matter."""

LEAST_MM = 60.0
ZOOM = 1.25
SAME_PLACE_MM = 10.0


AFTER_THE_VIEW = -1.0
"""Priority of an observer that is told of a new size after the view has taken it."""


class KeptFrame:
    """Keeps what a slice view shows in sight when its size changes, and gives it back when the size does.

    The view itself would keep its height alone: in a tall narrow one the sides were cut off.
    """

    def __init__(self, view: Any) -> None:
        self._node = view.get_view_node()
        self.take()
        self._node.AddObserver("ModifiedEvent", self._on_changed)
        view.interactor().AddObserver("WindowResizeEvent", self._on_resized, AFTER_THE_VIEW)

    def take(self) -> None:
        """Keep what is shown now."""
        self._size = tuple(self._node.GetDimensions()[:2])
        self._wanted = tuple(self._node.GetFieldOfView()[:2])

    def _on_changed(self, *_: Any) -> None:
        if self._size == tuple(self._node.GetDimensions()[:2]):  # a zoom of the user, and not a new size
            self.take()

    def _on_resized(self, *_: Any) -> None:
        size = tuple(self._node.GetDimensions()[:2])
        if size == self._size or min(size) <= 0:
            return
        wanted = self._wanted
        millimetres = max(side / pixels for side, pixels in zip(wanted, size, strict=True))
        self._node.SetFieldOfView(millimetres * size[0], millimetres * size[1], self._node.GetFieldOfView()[2])
        self._size, self._wanted = size, wanted


def frame(view: Any, centre: Sequence[float], size: Sequence[float]) -> None:
    """Centre a slice view on a point and zoom so that a box of so many mm (both RAS) fills a good part of it."""
    node = view.get_view_node()
    matrix = node.GetSliceToRAS()
    across, up = (np.array([matrix.GetElement(row, column) for row in range(3)]) for column in range(2))
    width, height = (max(LEAST_MM, ROOM * float(np.abs(axis) @ np.array(size))) for axis in (across, up))
    columns, rows = view.render_window().GetSize()
    millimetres = max(width / max(columns, 1), height / max(rows, 1))
    with view.trigger_modified_once():
        node.SetFieldOfView(millimetres * columns, millimetres * rows, node.GetFieldOfView()[2])
        node.JumpSliceByCentering(*centre)
    view.schedule_render()


def zoom(view: Any, closer: bool) -> None:
    """One step of the keys."""
    node = view.get_view_node()
    factor = 1 / ZOOM if closer else ZOOM
    width, height, depth = node.GetFieldOfView()
    node.SetFieldOfView(width * factor, height * factor, depth)
    view.schedule_render()


def bounds_of(volume: Any) -> tuple[float, ...]:
    """The box of a volume node, RAS mm: low and high along R, A and S."""
    bounds = [0.0] * 6
    volume.GetRASBounds(bounds)
    return tuple(bounds)


def near(place: tuple[float, ...], other: tuple[float, ...] | None) -> bool:
    """Whether two boxes are the same to SAME_PLACE_MM; None is nowhere."""
    return other is not None and all(abs(a - b) <= SAME_PLACE_MM for a, b in zip(place, other, strict=True))
