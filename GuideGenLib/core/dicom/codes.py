"""Coded concepts in DICOM objects, in the SNOMED CT of today where they are in that of before."""

from __future__ import annotations

from typing import Any, NamedTuple

from GuideGenLib.core.dicom.elements import first, text

OLD_SNOMED = ("SRT", "SNM3", "99SDM")
"""What DICOM called SNOMED before 2019, with codes as T-62000."""


class Coded(NamedTuple):
    """A code, the scheme that defines it, and what it means."""

    value: str
    scheme: str
    meaning: str


class Codes(NamedTuple):
    """What a segment is, as DICOM codes it."""

    category: Coded | None = None
    type: Coded | None = None
    modifier: Coded | None = None
    region: Coded | None = None
    region_modifier: Coded | None = None


def coded(item: Any) -> Coded | None:
    """The code of an item of a code sequence; None where there is none."""
    value = text(item, "CodeValue") or text(item, "LongCodeValue") if item is not None else ""
    if not value:
        return None
    scheme = text(item, "CodingSchemeDesignator")
    if scheme in OLD_SNOMED:
        from pydicom.sr.coding import snomed_mapping

        value, scheme = snomed_mapping["SRT"].get(value, value), "SCT"
    return Coded(value, scheme, text(item, "CodeMeaning"))


def codes_of(segment: Any) -> Codes:
    """The codes of an item of the Segment Sequence."""
    kind, region = first(segment, "SegmentedPropertyTypeCodeSequence"), first(segment, "AnatomicRegionSequence")
    return Codes(
        coded(first(segment, "SegmentedPropertyCategoryCodeSequence")),
        coded(kind),
        coded(first(kind, "SegmentedPropertyTypeModifierCodeSequence")) if kind is not None else None,
        coded(region),
        coded(first(region, "AnatomicRegionModifierSequence")) if region is not None else None,
    )
