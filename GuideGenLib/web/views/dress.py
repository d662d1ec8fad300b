"""The looks of views that a loaded scene would bring its own of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def dress(threed: Any, others: Sequence[Any]) -> None:
    """Give the 3D view its ground and its marker; keep the views of another CT, which a desktop Slicer does not have,
    out of saved scenes."""
    threed.set_background_color_from_string("#000000")
    threed.set_box_visible(False)
    node = threed.get_view_node()
    threed.set_orientation_marker(node.OrientationMarkerTypeCube, node.OrientationMarkerSizeSmall)
    for view in others:
        view.get_view_node().SetSaveWithScene(False)
        view._logic.GetSliceCompositeNode().SetSaveWithScene(False)
