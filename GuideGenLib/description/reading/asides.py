"""Takes out of a text what is said beside patient and findings: scores, dates, doses, image numbers, symptoms."""

import re
from functools import cache

from GuideGenLib.description.reading.rewriting import Draft
from GuideGenLib.description.words.asides import ASIDES, ORGAN_OF_SCORE, SCORE_OF_ORGAN, SPREAD, SPREAD_WORDS
from GuideGenLib.description.words.vocabulary import phrases


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((reason, re.compile(pattern, re.IGNORECASE)) for reason, pattern in ASIDES)


def take_asides_out(draft: Draft) -> None:
    """Blank them, each with its reason; of a score that names its organ the organ stays."""
    for match in list(SCORE_OF_ORGAN.finditer(draft.text))[::-1]:
        draft.take_out(*match.span(), "a score or category")
        organ = ORGAN_OF_SCORE[match["organ"].lower()]
        draft.text = draft.text[: match.start()] + organ.ljust(len(match[0])) + draft.text[match.end() :]
    for reason, pattern in _patterns():
        out = "out" in pattern.groupindex
        for match in list(pattern.finditer(draft.text)):
            start, end = match.span(match.lastgroup) if out and match.lastgroup else match.span()
            draft.take_out(start, end, reason)
    for match in list(SPREAD.finditer(draft.text)):
        if not any(_is_kind(word) for word in match["between"].lower().split()):
            draft.take_out(*match.span(), SPREAD_WORDS)


def _is_kind(word: str) -> bool:
    return any(phrase.type == "kind" and len(phrase.words) == 1 for phrase in phrases().get(word, ()))
