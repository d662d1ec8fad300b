"""What a coding means: SNOMED CT codes of a segment, as Slicer writes its terminology, and the label that they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from GuideGenLib.anatomy.codes.codings import CYST, KIDNEY, MASSES, key_by_type
from GuideGenLib.anatomy.label import Code, Label
from GuideGenLib.anatomy.reader import UNTYPED_SEGMENT
from GuideGenLib.anatomy.table import label, labels

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


def entry_of(row: Label) -> str:
    """The terminology of a label as Slicer writes it: seven fields between tildes, codes between carets."""
    fields = [TYPES_CONTEXT, *map(_written, (row.category, row.type, row.modifier))]
    return "~".join([*fields, REGIONS_CONTEXT, _written(row.region), _written(None)])


def coding_in(entry: str) -> Coding | None:
    """The coding that a terminology entry tells; None for none, or Slicer's own for a new segment (Tissue, Tissue)."""
    fields = entry.split("~")
    if len(fields) < 4:
        return None
    region, region_modifier = (*fields[5:7], "", "")[:2]
    codes = [_read(field) for field in (*fields[1:4], region, region_modifier)]
    coding = Coding(*codes)
    return None if coding.type is None or _numbers(coding) == UNTYPED_SEGMENT else coding


@lru_cache(maxsize=1024)  # asked of all segments at each look at an anatomy
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
        return label("kidney_cyst") if _number(coding.region) == KIDNEY else None
    fitting = [row for row in labels()[1:] if _fits(row, coding)]
    if fitting:
        most = max(map(_details, fitting))
        best = [row for row in fitting if _details(row) == most]
        return best[0] if len(best) == 1 else None
    key = key_by_type(kind, modifier)
    return label(key) if key else None


def choices_of(coding: Coding) -> tuple[Label, ...]:
    """The labels of the same type: what a terminology that lacks a side or a region could mean."""
    return tuple(row for row in labels()[1:] if row.type and coding.type and row.type.value == coding.type.value)


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


def _numbers(coding: Coding) -> tuple[str, str, str, str]:
    return _number(coding.category), _number(coding.type), _number(coding.modifier), _number(coding.region)


def _number(code: Code | None) -> str:
    return code.value if code else ""


def _written(code: Code | None) -> str:
    return f"{code.scheme}^{code.value}^{code.meaning}" if code else "^^"


def _read(field: str) -> Code | None:
    scheme, value, meaning = (*field.split("^", 2), "", "", "")[:3]
    return Code(value, meaning, scheme) if value else None
