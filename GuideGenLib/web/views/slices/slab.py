"""Thick slices: the mean, the brightest or the darkest of what lies within some millimetres."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import vtk

OFF = "off"
KINDS = {
    OFF: "Thin slices", "mean": "Mean", "max": "Maximum (vessels, nodules)", "min": "Minimum (airways)",
}  # fmt: skip
TYPES = {"mean": vtk.VTK_IMAGE_SLAB_MEAN, "max": vtk.VTK_IMAGE_SLAB_MAX, "min": vtk.VTK_IMAGE_SLAB_MIN}
SHORT = {"mean": "Mean", "max": "MIP", "min": "MinIP"}
THICKNESSES = (3, 5, 8, 10, 15, 20, 30, 50)
"""mm."""


def thicker(thickness: float, steps: int) -> int:
    """The thickness so many steps of THICKNESSES on; it stops at the ends."""
    nearest = min(range(len(THICKNESSES)), key=lambda index: abs(THICKNESSES[index] - thickness))
    return THICKNESSES[min(max(nearest + steps, 0), len(THICKNESSES) - 1)]


def next_kind(kind: str) -> str:
    """The one after it in KINDS; after the last it is off again."""
    names = list(KINDS)
    return names[(names.index(kind) + 1) % len(names)]


def show_slab(views: Sequence[Any], kind: str, thickness: float) -> None:
    """Show slice views as slabs of a kind of KINDS, so many mm thick."""
    for view in views:
        view.set_slab_enabled(kind != OFF)
        if kind != OFF:
            view.set_slab_type(TYPES[kind])
            view.set_slab_thickness(float(thickness))
        view.schedule_render()


def slab_text(kind: str, thickness: float) -> str:
    """ "MIP 10 mm", "" for thin slices."""
    return "" if kind == OFF else f"{SHORT[kind]} {thickness:.0f} mm"
