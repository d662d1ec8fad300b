"""What a segment is: SNOMED CT codes in its terminology tag, our key in a tag of its own."""

from __future__ import annotations

from typing import Any

from GuideGenLib.anatomy.codes.terminology import Coding, choices_of, coding_in, entry_of, label_of_coding
from GuideGenLib.anatomy.label import Label
from GuideGenLib.anatomy.maps import keys_by_class
from GuideGenLib.anatomy.table import label, values
from GuideGenLib.scene.errors import SceneError
from GuideGenLib.scene.segments.centre import place_within

KEY_TAG = "GuideGen.Key"


def set_terminology(segment: Any, label_key: str) -> None:
    """Code a vtkSegment as a label: category, type, modifier, region, and the tag GuideGen.Key.

    Its name and colour stay. Raises SceneError for a key that no segment can have.
    """
    row = _segment_label(label_key)
    segment.SetTag(segment.GetTerminologyEntryTagName(), entry_of(row))
    segment.SetTag(KEY_TAG, row.key)


def coding_of(segment: Any) -> Coding | None:
    """The terminology of a segment, None where it has none or Slicer's own for a new segment (Tissue, Tissue)."""
    return coding_in(_tag(segment, segment.GetTerminologyEntryTagName()))


def label_of(segment: Any, segment_id: str = "") -> Label | None:
    """What a segment is: by its terminology; where it has none by its GuideGen.Key or its id; never by its name.

    Terminology is that of the anatomy table, of TotalSegmentator, or of Slicer's list where that means one label. An id
    counts when it is a label key or a class of TotalSegmentator. None for a segment that is none of them.
    """
    coding = coding_of(segment)
    if coding is not None:
        return label_of_coding(coding)
    key = _tag(segment, KEY_TAG)
    if key not in values():
        key = segment_id if segment_id in values() else keys_by_class("totalsegmentator").get(segment_id, "")
    return label(key) if key in values() and values()[key] else None


def forget_copied_code(node: Any, segment_id: str) -> bool:
    """Take the code from a new segment of a segmentation node that is the one of another segment; was there such a one?

    Slicer's editor copies it from the last segment, so that what a user adds after a tumor would be one silently. A
    segment with voxels, or with a GuideGen.Key, is none that was just added.
    """
    import slicer

    segments = node.GetSegmentation()
    segment = segments.GetSegment(segment_id)
    if segment is None or _tag(segment, KEY_TAG) or place_within(node, segment_id) is not None:
        return False
    name = segment.GetTerminologyEntryTagName()
    others = [other for other in segments.GetSegmentIDs() if other != segment_id]
    if coding_of(segment) not in [coding_of(segments.GetSegment(other)) for other in others] or not coding_of(segment):
        return False
    segment.SetTag(name, _tag(slicer.vtkSegment(), name))
    return True


def advice_for(name: str, coding: Coding | None) -> str:
    """What to tell the user about a segment that is no label."""
    remedy = "double-click its colour in the Segment Editor and choose what it is (for instance Liver), or remove it"
    if coding is None:
        return f'segment "{name}" has no terminology: {remedy}'
    choices = choices_of(coding)
    if choices:
        known = ", ".join(row.name for row in choices)
        return (
            f'segment "{name}" ({coding}) does not say which one it is ({known}): {remedy}; give side and region, too'
        )
    return f'segment "{name}" ({coding}) is none of the structures that GuideGen knows: {remedy}'


def _segment_label(key: str) -> Label:
    if not values().get(key, 0):
        raise SceneError(f'no segment can be "{key}"', 'use a key of Resources/anatomy.csv, for instance "liver"')
    return label(key)


def _tag(segment: Any, name: str) -> str:
    import vtk

    text = vtk.reference("")
    return str(text) if segment.GetTag(name, text) else ""
