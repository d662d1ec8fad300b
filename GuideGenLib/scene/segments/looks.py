"""How segments look over a CT."""

from __future__ import annotations

from math import isclose
from typing import Any

FILL, FILL_OVER_CT = 0.5, 0.25
"""Opacity of the segments in slices: Slicer's own, and one through which a CT is seen."""


def let_ct_through(segmentation: Any, there: bool) -> None:
    """Thin the fill of a segmentation node when a CT is shown below it, or take it back; a fill that the user has set
    stays."""
    display = segmentation.GetDisplayNode() if segmentation is not None else None
    before, after = (FILL, FILL_OVER_CT) if there else (FILL_OVER_CT, FILL)
    if display is not None and isclose(display.GetOpacity2DFill(), before):
        display.SetOpacity2DFill(after)
