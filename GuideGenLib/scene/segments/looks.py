"""How segments look over a CT."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import isclose
from typing import Any

from GuideGenLib.scene.nodes import nodes_of

FILL, FILL_OVER_CT = 0.5, 0.25
"""Opacity of the segments in slices: Slicer's own, and one through which a CT is seen."""


def let_ct_through(segmentation: Any, there: bool) -> None:
    """Thin the fill of a segmentation node when a CT is shown below it, or take it back; a fill that the user has set
    stays."""
    display = segmentation.GetDisplayNode() if segmentation is not None else None
    before, after = (FILL, FILL_OVER_CT) if there else (FILL_OVER_CT, FILL)
    if display is not None and isclose(display.GetOpacity2DFill(), before):
        display.SetOpacity2DFill(after)


@contextmanager
def drawn_in_slices(scene: Any) -> Iterator[None]:
    """Within it all segmentations of a scene are drawn in slices. A page hides them to draw them itself, or for a look
    at the CT; a scene that is saved then is to show its labels elsewhere."""
    displays = [node.GetDisplayNode() for node in nodes_of(scene, "vtkMRMLSegmentationNode")]
    hidden = [display for display in displays if display is not None and not display.GetVisibility2D()]
    for display in hidden:
        display.SetVisibility2D(True)
    try:
        yield
    finally:
        for display in hidden:
            display.SetVisibility2D(False)
