"""What a segment is: SNOMED CT codes in its terminology tag, our key in a tag of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from GuideGenLib.anatomy.label import Code, Label
from GuideGenLib.anatomy.maps import keys_by_class
from GuideGenLib.anatomy.reader import UNTYPED_SEGMENT
from GuideGenLib.anatomy.table import label, labels, values
from GuideGenLib.scene.errors import SceneError
from GuideGenLib.scene.segments.centre import place_within
from GuideGenLib.scene.segments.codings import CYST, KIDNEY, MASSES, SIDES, key_by_type

KEY_TAG = "GuideGen.Key"
TYPES_CONTEXT = "Segmentation category and type - 3D Slicer General Anatomy list"
REGIONS_CONTEXT = "Anatomic codes - DICOM master list"


@dataclass(frozen=True)
class Coding:
    """The terminology of a segment; None where it names nothing."""

    category: Code | None = None
    type: Code | None = None
    modifier: Code | None = None
    region: Code | None = None
    region_modifier: Code | None = None

    def __str__(self) -> str:
        parts = [self.type or self.category, self.modifier, self.region, self.region_modifier]
        return ", ".join(part.meaning or part.value for part in parts if part)


def set_terminology(segment: Any, label_key: str) -> None:
    """Code a vtkSegment as a label: category, type, modifier, region, and the tag GuideGen.Key.

    Its name and colour stay. Raises SceneError for a key that no segment can have.
    """
    row = _segment_label(label_key)
    segment.SetTag(segment.GetTerminologyEntryTagName(), entry_of(row))
    segment.SetTag(KEY_TAG, row.key)


def entry_of(row: Label) -> str:
    """The terminology of a label as Slicer writes it: seven fields between tildes, codes between carets."""
    fields = [TYPES_CONTEXT, *map(_written, (row.category, row.type, row.modifier))]
    return "~".join([*fields, REGIONS_CONTEXT, _written(row.region), _written(None)])


def coding_of(segment: Any) -> Coding | None:
    """The terminology of a segment, None where it has none or Slicer's own for a new segment (Tissue, Tissue)."""
    fields = _tag(segment, segment.GetTerminologyEntryTagName()).split("~")
    if len(fields) < 4:
        return None
    region, region_modifier = (*fields[5:7], "", "")[:2]
    codes = [_read(field) for field in (*fields[1:4], region, region_modifier)]
    coding = Coding(*codes)
    return None if coding.type is None or _numbers(coding) == UNTYPED_SEGMENT else coding


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


def label_of_coding(coding: Coding) -> Label | None:
    """The label of a terminology; None where it means none, or does not say which of several (a kidney, no side)."""
    if coding.type is None or coding.type.scheme != "SCT":
        return None
    exactly = [row for row in labels()[1:] if row.coding == _numbers(coding)]
    if exactly:
        return exactly[0]
    kind, modifier = coding.type.value, _number(coding.modifier)
    if kind in MASSES:
        return _lesion_in(_number(coding.region))
    if kind == CYST:
        return _kidney_with_cyst(coding)
    fitting = [row for row in labels()[1:] if _fits(row, coding)]
    if fitting:
        most = max(map(_details, fitting))
        best = [row for row in fitting if _details(row) == most]
        return best[0] if len(best) == 1 else None
    key = key_by_type(kind, modifier)
    return label(key) if key else None


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


def choices_of(coding: Coding) -> tuple[Label, ...]:
    """The labels of the same type: what a terminology that lacks a side or a region could mean."""
    return tuple(row for row in labels()[1:] if row.type and coding.type and row.type.value == coding.type.value)


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


def _fits(row: Label, coding: Coding) -> bool:
    """Whatever a label says must be in the coding; a coding may say more (the left thyroid is thyroid)."""
    wanted = (row.type, row.modifier, row.region)
    found = (coding.type, coding.modifier, coding.region)
    return all(code is None or code.value == _number(other) for code, other in zip(wanted, found, strict=True))


def _details(row: Label) -> int:
    return sum(code is not None for code in (row.modifier, row.region))


@cache
def _lesion_in(region: str) -> Label | None:
    """The lesion whose organ, or part of it, a region code names: upper lobe of lung, lung."""
    for lesion in labels():
        if lesion.group == "lesions":
            organs: Sequence[Code | None] = [lesion.region, *(label(key).type for key in lesion.part_of)]
            if region in {code.value for code in organs if code}:
                return lesion
    return None


def _kidney_with_cyst(coding: Coding) -> Label | None:
    sides = {_number(coding.modifier), _number(coding.region_modifier)}
    if _number(coding.region) != KIDNEY:
        return None
    found = [label(f"kidney_{side}") for side, code in SIDES.items() if code in sides]
    return found[0] if len(found) == 1 else None


def _numbers(coding: Coding) -> tuple[str, str, str, str]:
    return _number(coding.category), _number(coding.type), _number(coding.modifier), _number(coding.region)


def _number(code: Code | None) -> str:
    return code.value if code else ""


def _written(code: Code | None) -> str:
    return f"{code.scheme}^{code.value}^{code.meaning}" if code else "^^"


def _read(field: str) -> Code | None:
    scheme, value, meaning = (*field.split("^", 2), "", "", "")[:3]
    return Code(value, meaning, scheme) if value else None


def _tag(segment: Any, name: str) -> str:
    import vtk

    text = vtk.reference("")
    return str(text) if segment.GetTag(name, text) else ""
