"""Where a segment is."""

from __future__ import annotations

from typing import Any

import numpy as np
import SimpleITK as sitk

from GuideGenLib.scene.geometry import image_from_oriented, ras_of, world_matrix


def place_within(node: Any, segment_id: str) -> tuple[float, float, float] | None:
    """The place of a segment that is nearest to its centre (RAS mm, world): unlike the centre itself it is within it,
    also in a bent bowel. None for a segment without voxels."""
    import slicer

    labelmap = slicer.vtkOrientedImageData()
    if not node.GetBinaryLabelmapRepresentation(segment_id, labelmap) or labelmap.IsEmpty():
        return None
    image = image_from_oriented(labelmap)
    voxels = np.argwhere(sitk.GetArrayViewFromImage(image))
    if len(voxels) == 0:
        return None
    spacing = np.array(image.GetSpacing())[::-1]
    away = ((voxels - voxels.mean(axis=0)) * spacing) ** 2
    nearest = voxels[int(away.sum(axis=1).argmin())]
    local = ras_of(image.TransformIndexToPhysicalPoint([int(index) for index in reversed(nearest)]))
    world = world_matrix(node) @ [*local, 1.0]
    return float(world[0]), float(world[1]), float(world[2])
