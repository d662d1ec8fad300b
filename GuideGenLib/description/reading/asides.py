"""Takes out of a text what is said beside patient and findings: scores, dates, doses, image numbers, symptoms."""

import re
from functools import cache

from GuideGenLib.description.reading.rewriting import Draft, Piece
from GuideGenLib.description.words.asides import (
    ASIDES,
    DIAMETERS,
    LENGTH,
    LOBECTOMY_FOR,
    OF_SPINE,
    ORGAN_OF_SCORE,
    OTHER_DIAMETER,
    SCORE_OF_ORGAN,
    SPINE_LEVEL,
    SPINE_WITHIN,
    SPREAD,
    SPREAD_WORDS,
    VERTEBRA,
)
from GuideGenLib.description.words.vocabulary import phrases

_WORD = re.compile(r"[a-z]+")


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((reason, re.compile(pattern)) for reason, pattern in ASIDES)


def take_asides_out(draft: Draft) -> None:
    """Blank them, each with its reason; of a score that names its organ the organ stays."""
    for match in list(SCORE_OF_ORGAN.finditer(draft.text))[::-1]:
        draft.take_out(*match.span(), "a score or category")
        organ = ORGAN_OF_SCORE[match["organ"].lower()]
        draft.text = draft.text[: match.start()] + organ.ljust(len(match[0])) + draft.text[match.end() :]
    for match in list(DIAMETERS.finditer(draft.text)):
        _keep_the_longest(draft, match)
    for reason, pattern in _patterns():
        out = "out" in pattern.groupindex
        for match in list(pattern.finditer(draft.lowered)):
            if reason == SPINE_LEVEL and _is_read(match, draft.lowered):
                continue
            start, end = match.span(match.lastgroup) if out and match.lastgroup else match.span()
            draft.take_out(start, end, reason)
    draft.rewrite(LOBECTOMY_FOR, _with_what_was_resected)
    for match in list(SPREAD.finditer(draft.text)):
        findings = [one.start() for one in _WORD.finditer(match[0].lower()) if _is_kind(one[0])]
        if not any(start + match.start() < match.end("between") for start in findings):
            draft.take_out(match.start(), match.start() + min(findings, default=len(match[0])), SPREAD_WORDS)


def _is_read(level: re.Match[str], text: str) -> bool:
    """Whether the level of a vertebra is the place of a finding that is near."""
    near = text[max(0, level.start() - SPINE_WITHIN) : level.end() + SPINE_WITHIN]
    return re.search(rf"\b{VERTEBRA}(?!\w)", level[0]) is not None and OF_SPINE.search(near) is not None


def _with_what_was_resected(match: re.Match[str]) -> list[Piece]:
    """Of a "lobectomy for cancer" the operation has left its mark, and the cancer is past."""
    start, end = match.span("for")
    return [(match["operation"], *match.span("operation")), (", previously resected ", start, end)]


def _keep_the_longest(draft: Draft, diameters: re.Match[str]) -> None:
    """Of diameters along several axes the longest is the size."""
    lengths = list(LENGTH.finditer(draft.text, *diameters.span()))
    longest = max(lengths, key=lambda one: float(one["number"].replace(",", ".")) * (10 if one["unit"] == "cm" else 1))
    start = diameters.start()
    for stretch in ((start, longest.start()), (longest.end(), diameters.end())):
        if stretch[0] < stretch[1]:
            draft.take_out(*stretch, OTHER_DIAMETER)


def _is_kind(word: str) -> bool:
    return any(phrase.type == "kind" and len(phrase.words) == 1 for phrase in phrases().get(word, ()))
