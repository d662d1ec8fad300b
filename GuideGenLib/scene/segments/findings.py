"""The findings of a segmentation: its segments that are lesions."""

from __future__ import annotations

from typing import Any

from GuideGenLib.anatomy.label import SWITCHES
from GuideGenLib.scene.segments.centre import box_of
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
