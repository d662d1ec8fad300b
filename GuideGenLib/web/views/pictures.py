"""A picture of a view as it is now, larger than on screen, with everything that is drawn on it."""

from __future__ import annotations

import ctypes
import sys
from typing import Any

from trame_slicer.views import SliceView

SHORTER_SIDE_PX = 800
WIDEST = 2.0
"""A view that is longer than this is filled up to it, so that a narrow strip gives a picture of use."""


def png_of(view: Any) -> bytes:
    """PNG of a trame_slicer view, its shorter side SHORTER_SIDE_PX, with the field of view that it has on screen."""
    window, interactor = view.render_window(), view.interactor()
    before = window.GetSize()
    shape = max(1 / WIDEST, min(WIDEST, before[0] / before[1])) if min(before) > 0 else 1.0
    size = (round(SHORTER_SIDE_PX * max(1.0, shape)), round(SHORTER_SIDE_PX * max(1.0, 1 / shape)))
    fields = _field_of_view(view)
    _resize(view, interactor, size)
    try:
        window.Render()
        return _encoded(window)
    finally:
        _resize(view, interactor, before)
        if fields is not None:
            view.get_view_node().SetFieldOfView(*fields)
        view.schedule_render()
        _give_back()


def _resize(view: Any, interactor: Any, size: tuple[int, int]) -> None:
    view.render_window().SetSize(*size)
    interactor.SetSize(*size)
    if isinstance(view, SliceView):
        view._logic.ResizeSliceNode(*size)


def _field_of_view(view: Any) -> tuple[float, ...] | None:
    node = view.get_view_node()
    return (
        tuple(node.GetFieldOfView()) if hasattr(node, "GetFieldOfView") and hasattr(view, "set_slice_value") else None
    )


def _give_back() -> None:
    """Software OpenGL frees the buffers of a large picture, 200 MB, but the C library would keep them."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)


def _encoded(window: Any) -> bytes:
    import vtk

    grabber = vtk.vtkWindowToImageFilter()
    grabber.SetInput(window)
    grabber.SetInputBufferTypeToRGB()
    grabber.ReadFrontBufferOff()
    grabber.ShouldRerenderOff()
    writer = vtk.vtkPNGWriter()
    writer.WriteToMemoryOn()
    writer.SetInputConnection(grabber.GetOutputPort())
    writer.Write()
    return bytes(memoryview(writer.GetResult()))
