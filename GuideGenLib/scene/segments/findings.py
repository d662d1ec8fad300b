"""The findings of a segmentation: its segments that are lesions, and how large a segment is."""

from __future__ import annotations

from typing import Any

import numpy as np
import SimpleITK as sitk

from GuideGenLib.anatomy.label import SWITCHES
from GuideGenLib.scene.geometry import image_from_oriented, world_matrix
from GuideGenLib.scene.segments.terminology import label_of


def finding_segments(node: Any) -> list[str]:
    """IDs of the segments of a segmentation node that are findings and have voxels, in its order."""
    segmentation = node.GetSegmentation()
    found = []
    for segment_id in segmentation.GetSegmentIDs():
        row = label_of(segmentation.GetSegment(segment_id), segment_id)
        if row is not None and row.group in SWITCHES["lesions"] and box_of(node, segment_id) is not None:
            found.append(segment_id)
    return found


def box_of(node: Any, segment_id: str) -> tuple[float, float, float] | None:
    """The size of the box around a segment along R, A and S (mm, world); None for a segment without voxels."""
    import slicer

    labelmap = slicer.vtkOrientedImageData()
    if not node.GetBinaryLabelmapRepresentation(segment_id, labelmap) or labelmap.IsEmpty():
        return None
    image = image_from_oriented(labelmap)
    voxels = np.argwhere(sitk.GetArrayViewFromImage(image))
    if len(voxels) == 0:
        return None
    size = (np.ptp(voxels, axis=0)[::-1] + 1) * np.array(image.GetSpacing())
    axes = np.array(image.GetDirection()).reshape(3, 3) * size
    axes[:2] *= -1  # LPS to RAS
    width, depth, height = np.abs(world_matrix(node)[:3, :3] @ axes).sum(axis=1)
    return float(width), float(depth), float(height)
