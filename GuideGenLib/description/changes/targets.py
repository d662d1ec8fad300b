"""Which of the case's findings a clause speaks of."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from GuideGenLib.description.changes.model import name_of
from GuideGenLib.description.changes.sizes import size_told
from GuideGenLib.description.model import DRAWN_KINDS, Description, DescriptionError, Finding, Span
from GuideGenLib.description.parse import parse

ALIKE = ("tumor", "mass", "nodule", "lesion")
"""Words that may mean one another, where nothing in the case has the very word."""
ALL = r"\b(?:all|both|every|each|everything)\b"
SECOND = {"first": 0, "1st": 0, "second": 1, "2nd": 1, "third": 2, "3rd": 2, "last": -1}
EXTREME = r"\b(?P<most>larg|bigg|small)(?:est|er|ger|gest)\s+(?:of the (?:two|three)\s+)?(?=(?:\w+\s+)?(?:one|tumou?rs?|lesions?|mass(?:es)?|nodules?|metastas[ei]s|cancers?|finding)\b)"  # fmt: skip  # noqa: E501
_PLURAL = r"\b(?:tumou?rs|lesions|masses|nodules|metastases|mets|cancers|findings|cysts|effusions)\b"
IT = r"\b(?:it|its|this|that|them|they|these|those)\b"


@dataclass(frozen=True)
class Targets:
    """Places in the findings of the case; used: the words that chose them."""

    indices: tuple[int, ...]
    used: tuple[Span, ...] = ()


def is_there(finding: Finding) -> bool:
    """Whether a sentence may speak of it: drawn, or told of a thing that is not drawn."""
    return finding.drawn or (finding.label_key is None and finding.there)


def told_findings(read: Description | None) -> list[Finding]:
    """The findings that a phrase tells of, without those that it denies."""
    return [] if read is None else [finding for finding in read.findings if finding.there]


def understood(text: str) -> Description | None:
    """A phrase as the reader reads it; None where it understands nothing."""
    try:
        return parse(text)
    except DescriptionError:
        return None


def find_targets(
    phrase: str, findings: Sequence[Finding | None], last: tuple[int, ...], sizes: Sequence[float | None]
) -> Targets:
    """The findings that a phrase names, among those of the case (None: removed before); last: those that the clause
    before spoke of, for "it". A phrase that names none means the only drawn one.

    Raises DescriptionError for a finding that is not there, or where several may be meant.
    """
    there = [index for index, finding in enumerate(findings) if finding is not None and is_there(finding)]
    extreme = re.search(EXTREME, phrase, re.IGNORECASE)
    plain = phrase if extreme is None else _blanked(phrase, extreme.span())
    order = re.search(rf"\b(?:{'|'.join(SECOND)})\b", plain, re.IGNORECASE)
    plain = plain if order is None else _blanked(plain, order.span())
    read = understood(plain)
    named = told_findings(read)
    if not named:
        return _unnamed(phrase, plain, findings, there, last, extreme, order, sizes)
    found: list[int] = []
    for wanted in named:
        matches = _matching(wanted, there, findings, sizes)
        if not matches:
            raise _missing(wanted, findings, there)
        every = re.search(ALL, phrase, re.IGNORECASE) or re.search(_PLURAL, phrase, re.IGNORECASE)
        found += _chosen(wanted, matches, findings, bool(every), extreme, order, sizes)
    used = tuple(span for path, span in (read.spans.items() if read else ()) if path.startswith("findings["))
    return Targets(tuple(dict.fromkeys(found)), used + _extra(phrase, extreme, order))


def _unnamed(
    phrase: str, plain: str, findings: Sequence[Finding | None], there: list[int], last: tuple[int, ...],
    extreme: re.Match[str] | None, order: re.Match[str] | None, sizes: Sequence[float | None],
) -> Targets:  # fmt: skip
    """ "it", "the left one", or nothing at all."""
    drawn = [index for index in there if getattr(findings[index], "drawn", False)]
    drawn = drawn or [index for index in there if getattr(findings[index], "shown", False)]
    used = _extra(phrase, extreme, order)
    side = re.search(r"\b(left|right)\b[\s-]*(?:sided\s+)?(?=one\b)", plain, re.IGNORECASE)
    if side is not None:
        of_side = [i for i in drawn if getattr(findings[i], "side", None) == side[1].lower()]
        if not of_side:
            raise DescriptionError(f"There is none on the {side[1].lower()}", _has(findings, there))
        drawn, used = of_side, (*used, Span(*side.span(), side[0]))
    elif last and re.search(IT, phrase, re.IGNORECASE):
        if all(findings[index] is None for index in last):
            raise DescriptionError("What 'it' means was removed just before", "name another finding.")
        return Targets(last, used)
    if not drawn:
        raise DescriptionError("There is nothing drawn in this case that could change", "add something first.")
    if re.search(ALL, phrase, re.IGNORECASE):
        return Targets(tuple(drawn), used)
    last = tuple(index for index in last if findings[index] is not None)
    if last and len(drawn) > 1 and extreme is None and order is None and side is None:
        return Targets(last, used)
    return Targets(tuple(_chosen(None, drawn, findings, False, extreme, order, sizes)), used)


def _matching(
    wanted: Finding, there: list[int], findings: Sequence[Finding | None], sizes: Sequence[float | None]
) -> list[int]:
    """Those that nothing said of the wanted one contradicts; of the same word where there are some."""
    places = [index for index in there if _agrees(wanted, findings[index], sizes[index])]
    kinds: list[tuple[str, ...]] = [(wanted.kind,)]
    if wanted.kind in ALIKE:
        kinds += [ALIKE, DRAWN_KINDS] if wanted.kind in ("tumor", "lesion") else [ALIKE]
    for accepted in kinds:
        if found := [index for index in places if getattr(findings[index], "kind", "") in accepted]:
            return found
    return []


def _agrees(wanted: Finding, finding: Finding | None, size: float | None) -> bool:
    if finding is None:
        return False
    for name in ("organ", "site", "segment", "side"):
        asked, has = getattr(wanted, name), getattr(finding, name)
        if asked is not None and has is not None and asked != has:
            return False
        if asked is not None and has is None and name == "organ":
            return False
    asked_size = size_told(wanted)
    if asked_size is None:
        return True
    known = size_told(finding) or size
    return known is not None and abs(known - asked_size) <= 0.15 * known


def _chosen(
    wanted: Finding | None, matches: list[int], findings: Sequence[Finding | None], every: bool,
    extreme: re.Match[str] | None, order: re.Match[str] | None, sizes: Sequence[float | None],
) -> list[int]:  # fmt: skip
    if extreme is not None:
        known = {i: (size_told(one) or sizes[i] or 0.0) for i in matches if (one := findings[i]) is not None}
        best = min if extreme["most"].lower() == "small" else max
        return [best(matches, key=lambda index: known[index])]
    if order is not None:
        place = SECOND[order[0].lower()]
        if place >= len(matches):
            raise DescriptionError(f"There is no {order[0].lower()} of them", _has(findings, matches))
        return [matches[place]]
    if len(matches) == 1 or every:
        return matches
    word = wanted.kind if wanted is not None else "it"
    told = " or ".join(f"the {name_of(one)}" for index in matches if (one := findings[index]) is not None)
    raise DescriptionError(f"'{word}' may be {told}", "say which, by its organ, side or size.")


def _missing(wanted: Finding, findings: Sequence[Finding | None], there: list[int]) -> DescriptionError:
    return DescriptionError(f"There is no {name_of(wanted)} in this case", _has(findings, there))


def _has(findings: Sequence[Finding | None], there: list[int]) -> str:
    names = [name_of(one) for index in there if (one := findings[index]) is not None]
    return f"it has the {', the '.join(names)}." if names else "it has none."


def _extra(phrase: str, *matches: re.Match[str] | None) -> tuple[Span, ...]:
    return tuple(Span(*match.span(), match[0]) for match in matches if match is not None)


def _blanked(text: str, part: tuple[int, int]) -> str:
    return text[: part[0]] + " " * (part[1] - part[0]) + text[part[1] :]
