"""Where a segment is, and how large the box around it: asked at each jump, and so without a list of all its voxels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from GuideGenLib.scene.geometry import world_matrix

FIRST_REACH = 4
"""Voxels about the centre that are looked at first; twice as many each time that none of them is the segment's."""


@dataclass(frozen=True)
class Cut:
    """The voxels [z, y, x] of a segment in the box around them, and the matrix from its indices (i, j, k) to RAS mm."""

    mask: NDArray[np.bool_]
    to_world: NDArray[np.float64]


def cut_of(node: Any, segment_id: str) -> Cut | None:
    """A segment of a segmentation node without what is empty around it; None for one without voxels."""
    import slicer
    import vtk
    from vtkmodules.util.numpy_support import vtk_to_numpy

    segment = node.GetSegmentation().GetSegment(segment_id)
    labelmap = slicer.vtkSegmentationConverter.GetBinaryLabelmapRepresentationName()
    image = segment.GetRepresentation(labelmap) if segment is not None else None
    value = segment.GetLabelValue() if segment is not None else 0
    if segment is not None and image is None:  # of surfaces
        image, value = slicer.vtkOrientedImageData(), 1
        node.GetBinaryLabelmapRepresentation(segment_id, image)
    if image is None or image.GetPointData().GetScalars() is None or image.GetNumberOfPoints() == 0:
        return None
    mask = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(image.GetDimensions()[::-1]) == value
    first = list(image.GetExtent()[::2])
    for axis in range(3):
        filled = np.flatnonzero(mask.any(axis=tuple({0, 1, 2} - {axis})))
        if len(filled) == 0:
            return None
        first[2 - axis] += int(filled[0])
        mask = mask[(slice(None),) * axis + (slice(filled[0], filled[-1] + 1),)]
    matrix = vtk.vtkMatrix4x4()
    image.GetImageToWorldMatrix(matrix)
    to_world = world_matrix(node) @ [[matrix.GetElement(row, column) for column in range(4)] for row in range(4)]
    to_world[:, 3] = to_world @ [*first, 1.0]
    return Cut(mask, to_world)


def place_within(node: Any, segment_id: str) -> tuple[float, float, float] | None:
    """The place of a segment that is nearest to its centre (RAS mm, world): unlike the centre itself it is within it,
    also in a bent bowel. None for a segment without voxels."""
    cut = cut_of(node, segment_id)
    if cut is None:
        return None
    centre = _centre(cut.mask)
    spacing = np.linalg.norm(cut.to_world[:3, :3], axis=0)[::-1]
    reach = FIRST_REACH * float(spacing.min())
    while True:
        low = [max(0, int(np.ceil(at - reach / step))) for at, step in zip(centre, spacing, strict=True)]
        high = [int(at + reach / step) + 1 for at, step in zip(centre, spacing, strict=True)]
        near = np.argwhere(cut.mask[tuple(map(slice, low, high))]) + low
        away = (((near - centre) * spacing) ** 2).sum(axis=1)
        if len(near) and away.min() <= reach**2:
            z, y, x = near[int(away.argmin())]
            world = cut.to_world @ [x, y, z, 1.0]
            return float(world[0]), float(world[1]), float(world[2])
        reach *= 2


def box_of(node: Any, segment_id: str) -> tuple[float, float, float] | None:
    """The size of the box around a segment along R, A and S (mm, world); None for a segment without voxels."""
    cut = cut_of(node, segment_id)
    if cut is None:
        return None
    width, depth, height = np.abs(cut.to_world[:3, :3] * cut.mask.shape[::-1]).sum(axis=1)
    return float(width), float(depth), float(height)


def _centre(mask: NDArray[np.bool_]) -> list[float]:
    """The mean indices (z, y, x) of the set voxels: from what lies above each other and behind each other, added up in
    uint16, which takes a sixth of the time of counting along each axis."""
    above, behind = (np.add.reduce(mask.view(np.uint8), axis=axis, dtype=np.uint16) for axis in (0, 1))
    counts = (behind.sum(axis=1), above.sum(axis=1), above.sum(axis=0))
    return [float(count @ np.arange(len(count)) / count.sum()) for count in counts]
