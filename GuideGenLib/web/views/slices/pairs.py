"""Two CTs side by side: each slice view of the right column follows its partner on the left, and leads it, too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

Shift = tuple[float, float, float]

BEFORE_THE_VIEW, AFTER_THE_VIEW = 2.0, -2.0
"""Priorities of observers that are told of a new size before and after the view takes it."""


class Pairs:
    """pairs: (left, right) slice views of trame_slicer that look the same way.

    While `linked`, both show the same place and the same field of view; two cases that lie apart keep the distance
    (RAS, mm) that they had when they were linked.
    """

    def __init__(self, pairs: Sequence[tuple[Any, Any]]) -> None:
        self._pairs = tuple(pairs)
        self._shift: Shift = (0.0, 0.0, 0.0)
        self._linked = self._following = False
        for left, right in self._pairs:
            left.get_view_node().AddObserver("ModifiedEvent", self._follower(left, right, 1.0))
            right.get_view_node().AddObserver("ModifiedEvent", self._follower(right, left, -1.0))
            self._listen_to_size(left, right)

    @property
    def linked(self) -> bool:
        """Whether one follows the other."""
        return self._linked

    def link(self, shift: Shift) -> None:
        """Let the right views follow the left ones, `shift` away, from now on both ways."""
        self._shift, self._linked = shift, True
        for left, right in self._pairs:
            self._follow(left, right, 1.0)

    def unlink(self) -> None:
        """Let each go its own way."""
        self._linked = False

    def link_as_they_stand(self) -> None:
        """Keep the distance that the slices of the first pair have now."""
        left, right = (_place(view.get_view_node()) for view in self._pairs[0])
        self.link(tuple(b - a for a, b in zip(left, right, strict=True)))  # type: ignore[arg-type]

    def _follower(self, leader: Any, follower: Any, sign: float) -> Any:
        def follow(*_: Any) -> None:
            if self._linked and not self._following and not leader.is_render_blocked:
                self._follow(leader, follower, sign)

        return follow

    def _listen_to_size(self, left: Any, right: Any) -> None:
        """A view that is made larger changes its field of view by itself, and leads nobody by that."""

        def before(*_: Any) -> None:
            self._following = True

        def after(*_: Any) -> None:
            self._following = False
            if self._linked:
                self._follow(left, right, 1.0)

        for view in (left, right):
            view.interactor().AddObserver("WindowResizeEvent", before, BEFORE_THE_VIEW)
            view.interactor().AddObserver("WindowResizeEvent", after, AFTER_THE_VIEW)

    def _follow(self, leader: Any, follower: Any, sign: float) -> None:
        import vtk

        with self._once():
            node, other = leader.get_view_node(), follower.get_view_node()
            matrix = vtk.vtkMatrix4x4()
            matrix.DeepCopy(node.GetSliceToRAS())
            for row in range(3):
                matrix.SetElement(row, 3, matrix.GetElement(row, 3) + sign * self._shift[row])
            with follower.trigger_modified_once():
                modifying = other.StartModify()
                other.GetSliceToRAS().DeepCopy(matrix)
                other.UpdateMatrices()
                width, height, depth = node.GetFieldOfView()
                columns, rows = node.GetDimensions()[:2]
                other_columns, other_rows = other.GetDimensions()[:2]
                if columns and rows:  # the same millimetres a pixel, whatever the sizes of the two
                    other.SetFieldOfView(width * other_columns / columns, height * other_rows / rows, depth)
                other.EndModify(modifying)
            follower.schedule_render()

    @contextmanager
    def _once(self) -> Iterator[None]:
        self._following = True
        try:
            yield
        finally:
            self._following = False


def _place(node: Any) -> tuple[float, ...]:
    matrix = node.GetSliceToRAS()
    return tuple(matrix.GetElement(row, 3) for row in range(3))
