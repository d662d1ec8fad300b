"""Takes out of a text how the scan was taken, before the grammar reads of the patient."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from GuideGenLib.description.acquisition import Acquisition
from GuideGenLib.description.model import LeftOut, Span
from GuideGenLib.description.reading.account import SAID_AGAIN
from GuideGenLib.description.reading.rewriting import Draft
from GuideGenLib.description.words.acquisition import (
    HIGH_MGY,
    LOW_MGY,
    NO_PLACE,
    PATTERNS,
    PHASES_BY_SECONDS,
    SPOKEN_OF,
    TIMING,
)

_SPOKEN_OF = re.compile(SPOKEN_OF)
_TIMING = re.compile(TIMING, re.IGNORECASE)
_ENDS = re.compile(r"[.;!?](?:\s|$)|\n")
_LEFT_OVER = re.compile(r"^[\s.,;:]+|\(\s*\)|(?<=[.;:!?])(?:\s*[.,;])+|(?:\s*[,;])+(?=\s*(?:[.,;:]|$))")
"""Marks between which nothing is left."""
OTHER_SCAN = "another value of the scan"


@cache
def _patterns() -> tuple[tuple[str, Any, re.Pattern[str]], ...]:
    return tuple((name, value, re.compile(one)) for name, value, several in PATTERNS for one in several)


class ReadAcquisition(NamedTuple):
    """acquisition: what is said; spans: the words behind each of its fields."""

    acquisition: Acquisition
    spans: dict[str, Span]


class _Told(NamedTuple):
    """That characters [start, end) of a draft say that a field has a value."""

    name: str
    value: Any
    start: int
    end: int


def read_acquisition(draft: Draft) -> ReadAcquisition:
    """What a text says of how the scan was taken; its words are blanked. Raises DescriptionError for what cannot be."""
    draft.replace(_TIMING, _phase_at)
    values: dict[str, Any] = {}
    spans: dict[str, Span] = {}
    told = list(_told(draft.lowered))
    quotes = [draft.span(one.start, one.end) for one in told]
    for one, span in sorted(zip(told, quotes, strict=True), key=lambda pair: pair[0].start):
        value = one.value
        if value is None:
            draft.left_out.append(LeftOut(span, NO_PLACE))
        elif one.name not in values:
            values[one.name], spans[one.name] = value, span
        else:
            draft.left_out.append(LeftOut(span, SAID_AGAIN if value == values[one.name] else OTHER_SCAN))
        draft.blank(one.start, one.end)
    return ReadAcquisition(Acquisition(**values), spans)


def without_acquisition(text: str) -> str:
    """A text of the patient alone: two that differ in the scan only are one, so that the patient is the same."""
    cut = list(_told(text.lower())) if len(text.lower()) == len(text) else []
    if not cut:
        return text
    for one in sorted(cut, key=lambda one: -one.start):
        text = text[: one.start].rstrip() + " " + text[one.end :].lstrip()
    return _LEFT_OVER.sub("", re.sub(r"\s+(?=[.,;:])", "", text)).strip()


def _told(lowered: str) -> Iterator[_Told]:
    """All that a text in lower case says of a scan, apart from one another."""
    left = lowered
    for name, value, pattern in _patterns():
        for match in pattern.finditer(left):
            start, end = match.span("out") if "out" in pattern.groupindex else match.span()
            while left[start].isspace():
                start += 1
            end = start + len(left[start:end].rstrip())
            if not _SPOKEN_OF.search(left, _sentence_start(left, start), start):
                yield _Told(name, _value(match, name, value), start, end)
                left = left[:start] + "§" * (end - start) + left[end:]


def _sentence_start(text: str, place: int) -> int:
    return max((end.end() for end in _ENDS.finditer(text, 0, place)), default=0)


def _value(match: re.Match[str], name: str, value: Any) -> Any:
    told = match.groupdict()
    if told.get("value") is None:
        negated = told.get("no") is not None
        return value if not negated else "none" if name == "metal" else False
    number = float(told["value"].replace(",", "."))
    if name == "dose":
        return "low" if number <= LOW_MGY else "high" if number >= HIGH_MGY else "standard"
    return number * (10 if told.get("unit") == "cm" else 1)


def _phase_at(match: re.Match[str]) -> str:
    """The contrast phase in words, by when it was scanned."""
    seconds = float(match["time"] or match["later"]) * (60 if (match["unit"] or match["of"]).startswith("m") else 1)
    return next(phase for until, phase in PHASES_BY_SECONDS if seconds < until)
