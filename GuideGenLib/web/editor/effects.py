"""The tools of the editor: trame_slicer's effects, and ours where the anatomy's grid asks for something else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from trame_slicer.segmentation import (
    ModificationMode,
    ScissorsEffectRangeMode,
    SegmentationEffect,
    SegmentationEffectDraw,
    SegmentationEffectErase,
    SegmentationEffectIslands,
    SegmentationEffectLogicalOperators,
    SegmentationEffectNoTool,
    SegmentationEffectPaint,
    SegmentationEffectScissors,
    SegmentationEffectSmoothing,
    SegmentationEffectThreshold,
)
from trame_slicer.utils import vtk_image_to_np

MARGIN = 1.001
"""A slab that is as thick as a voxel may miss the voxels by a rounding error."""


class _Outline(SegmentationEffectScissors):
    """What an outline in a slice means on the anatomy's grid. trame_slicer's slab is as thick as a voxel of the
    displayed volume, which may be a finer CT and lie between two voxels of the anatomy."""

    _last: Any = None

    def apply_points_display_coordinates(self, points_display: Any, view: Any) -> None:
        # A pipeline connects itself at each activation anew, and so tells one outline several times.
        if points_display is self._last or points_display.GetNumberOfPoints() < 3:
            return
        self._last = points_display
        if self._is_slice_view(view.get_view_node()):
            self.set_symmetric_distance(slab_mm(self.modifier.volume_node, view.get_view_node()))
        super().apply_points_display_coordinates(points_display, view)


class Draw(_Outline, SegmentationEffectDraw):
    """Fills an outline in the slice that is shown."""


class Scissors(_Outline):
    """Cuts off or fills what lies within an outline, or outside of it, in the slice that is shown or in all."""


class Threshold(SegmentationEffectThreshold):
    """Its preview stands still: a blinking one draws three views five times a second."""

    def set_active(self, is_active: bool) -> None:
        param = self.get_param_proxy()
        SegmentationEffect.set_active(self, is_active)
        param.is_visible = is_active


@dataclass(frozen=True)
class Tool:
    """One button of the editor."""

    name: str
    title: str
    icon: str
    key: str
    effect: type[SegmentationEffect]


TOOLS = (
    Tool("none", "No tool", "mdi-cursor-default-outline", "Escape", SegmentationEffectNoTool),
    Tool("paint", "Paint", "mdi-brush", "1", SegmentationEffectPaint),
    Tool("erase", "Erase", "mdi-eraser", "2", SegmentationEffectErase),
    Tool("draw", "Draw an outline", "mdi-lasso", "3", Draw),
    Tool("scissors", "Scissors", "mdi-content-cut", "4", Scissors),
    Tool("threshold", "Threshold", "mdi-chart-histogram", "5", Threshold),
    Tool("islands", "Islands", "mdi-chart-bubble", "6", SegmentationEffectIslands),
    Tool("smoothing", "Smoothing", "mdi-blur", "7", SegmentationEffectSmoothing),
    Tool("logical", "Logical operators", "mdi-set-center", "8", SegmentationEffectLogicalOperators),
)
BRUSHES = ("paint", "erase", "smoothing")
"""Tools with a brush."""
RANGES = {"all": ScissorsEffectRangeMode.UNLIMITED, "slice": ScissorsEffectRangeMode.SYMMETRIC}

Mask = NDArray[np.bool_]
OPERATIONS: dict[str, tuple[str, Callable[[Mask, Mask], Mask], bool]] = {
    "add": ("Add the other", lambda own, other: own | other, True),
    "subtract": ("Subtract the other", lambda own, other: own & ~other, True),
    "intersect": ("Keep what both have", lambda own, other: own & other, True),
    "copy": ("Become a copy of the other", lambda own, other: other, True),
    "invert": ("Invert", lambda own, other: ~own, False),
    "clear": ("Clear", lambda own, other: np.zeros_like(own), False),
    "fill": ("Fill everything", lambda own, other: np.ones_like(own), False),
}
"""Logical operators: title, own and other mask to the new one, and whether there is another one."""


def combine(modifier: Any, name: str, other_id: str) -> None:
    """Apply one of OPERATIONS to the modifier's segment. Where it grows, overwriting is as the editor has it."""
    operation = OPERATIONS[name][1]
    own = mask_of(modifier, modifier.active_segment_id)
    other = mask_of(modifier, other_id) if OPERATIONS[name][2] else own
    labelmap = modifier.create_modifier_labelmap()
    vtk_image_to_np(labelmap)[:] = operation(own, other)
    modifier.apply_labelmap(labelmap, modification_mode=ModificationMode.Set)


def mask_of(modifier: Any, segment_id: str) -> Mask:
    """The voxels of a segment on the grid of the source volume, [z, y, x]."""
    return np.array(modifier.get_segment_labelmap(segment_id, as_numpy_array=True) != 0)


def slab_mm(volume: Any, slice_node: Any) -> float:
    """How thick a slab about a slice must be to hold the nearest voxels of a volume node."""
    import vtk

    matrix = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(matrix)
    axes = np.array([[matrix.GetElement(row, column) for column in range(3)] for row in range(3)])
    to_ras = slice_node.GetSliceToRAS()
    normal = np.array([to_ras.GetElement(row, 2) for row in range(3)])
    return float(np.abs(normal @ axes).sum()) * MARGIN
