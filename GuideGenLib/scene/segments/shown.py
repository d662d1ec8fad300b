"""Which segments a user sees."""

from __future__ import annotations

from typing import Any

import numpy as np
import SimpleITK as sitk

from GuideGenLib.anatomy.label_volumes import TISSUE_KEYS
from GuideGenLib.anatomy.table import values
from GuideGenLib.scene.segments.terminology import label_of


def shown_keys(node: Any, anatomy: sitk.Image) -> list[str]:
    """The label keys of the shown segments of a segmentation node that its anatomy (labels) holds, in the table's
    order, but for the tissue that lies between organs (body, fat, muscle), which a user hardly ever hides."""
    segmentation, display = node.GetSegmentation(), node.GetDisplayNode()
    there = set(np.unique(sitk.GetArrayViewFromImage(anatomy)).tolist())
    found = set()
    for segment_id in segmentation.GetSegmentIDs():
        row = label_of(segmentation.GetSegment(segment_id), segment_id)
        shown = display is None or display.GetSegmentVisibility(segment_id)
        if row is not None and shown and row.key not in TISSUE_KEYS and row.value in there:
            found.add(row.key)
    return [key for key in values() if key in found]
