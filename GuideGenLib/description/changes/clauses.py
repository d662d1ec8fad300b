"""A sentence as clauses, each of which asks for one thing."""

import re
from dataclasses import dataclass

from GuideGenLib.description.changes.amounts import DOWN, GROW, SHRINK, UP
from GuideGenLib.description.model import Span

REMOVE = (
    r"remov\w*|drain\w*|delet\w*|eras\w*|resect\w*|excis\w*|take (?:out|away|off)|take|took|drop|get rid of|leave out|"
    r"clear|omit|gone|resolv\w*|disappear\w*|vanish\w*|no longer (?:seen|there|visible|present)"
)
ADD = (
    r"add|adds|adding|added|insert\w*|includ\w*|give|draw|put in|introduce|create|now has|"
    r"there (?:is|are)(?: now)?(?: also)?"
)
MOVE = r"mov\w*|shift\w*|plac\w*|put|relocat\w*|transfer\w*|swap|flip|mirror|switch|bring"
SET = (
    r"make|makes|making|chang\w*|set|turn|let|convert\w*|stage|restage\w*|upstage\w*|downstage\w*|age|ageing|aging|show|use|do|"
    r"measur\w*|have"
)
SCALE = r"double|doubled|triple|tripled|halve|halved"
VERB = rf"(?:{REMOVE}|{ADD}|{MOVE}|{SET}|{SCALE}|{GROW}|{SHRINK})"
_POLITE = r"(?:(?:please|now|also|then|next|finally|instead|can you|could you|would you|i want (?:you )?to|i would " \
          r"like (?:you )?to|we|let us|let's|just)\s+)*"  # fmt: skip
LEAVE = r"(?:do not|don't|dont|never|without (?:changing|touching|moving)|leave(?! out)|keep|not change|unchanged)\b"
"""Of what is to stay as it is."""
_TIME = r"(?:after|in|over|for|within)\s+[\w\s]{1,20}?(?:day|week|month|year)s?\b"
_BREAK = re.compile(
    r"(?P<gap>\s*(?:[;\n]|[.!](?=\s|$)|,?\s+\b(?:and|but|then)\b(?:\s+(?:then|also))?|,(?=\s))\s*)"
    rf"(?={_POLITE}(?:{VERB}|{_TIME})\b|{LEAVE}|$)|(?P<leave>,?\s+)(?=without (?:changing|touching|moving)\b)",
    re.IGNORECASE,
)
_NEW_SUBJECT = re.compile(r"(?:,?\s+(?:and|but)|,)\s+(?=(?:the|its|his|her|it|all|both)\b)", re.IGNORECASE)
_WORDS = "to|into|onto|T[0-4]|stage|phase|contrast|tiny|small|huge|large|enlarged|atrophic|normal|older|younger"
_ASKS = re.compile(rf"\b(?:{UP}|{DOWN}|{VERB}|{_WORDS})\b|\d\s*(?:[cm]m|ml|l\b)", re.IGNORECASE)


@dataclass(frozen=True)
class Clause:
    """A part of the sentence, with what came before it blanked so that places agree; verb: that of the clause before
    where it has none of its own ("make the tumour larger and the spleen smaller")."""

    text: str
    start: int
    end: int
    verb: str = ""

    @property
    def words(self) -> Span:
        return Span(self.start, self.end, self.text[self.start : self.end])

    def but(self, *parts: tuple[int, int]) -> str:
        """The text with more of it blanked."""
        text = self.text
        for start, end in parts:
            text = text[:start] + " " * (end - start) + text[end:]
        return text

    def only(self, start: int, end: int) -> str:
        """The text with all but a part of it blanked."""
        return self.but((0, start), (end, len(self.text)))

    def find(self, pattern: str) -> re.Match[str] | None:
        """Where the clause has a pattern."""
        return re.search(pattern, self.text, re.IGNORECASE)


def clauses(sentence: str) -> list[Clause]:
    """The clauses of a sentence, in its order; empty ones are left out."""
    bounds, start = [], 0
    for gap in _BREAK.finditer(sentence):
        bounds.append((start, gap.start()))
        start = gap.end("gap") if gap["gap"] is not None else gap.end("leave")
    bounds.append((start, len(sentence)))
    found: list[Clause] = []
    for first, last in bounds:
        verb = ""
        for low, high in _by_subject(sentence, first, last):
            own = re.search(rf"\b{VERB}\b", sentence[low:high], re.IGNORECASE)
            verb = own[0].lower() if own else verb
            stripped = sentence[low:high].strip(" ,;.!\n\t")
            if stripped:
                at = sentence.index(stripped, low)
                found.append(_clause(sentence, at, at + len(stripped), verb))
    return found


def _by_subject(sentence: str, first: int, last: int) -> list[tuple[int, int]]:
    """ "make the tumour larger and the nodule smaller": two clauses where both ask for something."""
    for gap in _NEW_SUBJECT.finditer(sentence, first, last):
        if _ASKS.search(sentence, first, gap.start()) and _ASKS.search(sentence, gap.end(), last):
            return [(first, gap.start()), *_by_subject(sentence, gap.end(), last)]
    return [(first, last)]


def _clause(sentence: str, start: int, end: int, verb: str) -> Clause:
    text = " " * start + sentence[start:end] + " " * (len(sentence) - end)
    return Clause(text, start, end, verb)
