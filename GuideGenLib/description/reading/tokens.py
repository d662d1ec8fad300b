"""Text into words: positions kept, lower case, American spelling, typing errors corrected against the lexicon."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from GuideGenLib.description.words.vocabulary import clinical_words, known_words, protected_words

CLAIMED = "§"
"""Stands in the normal form for a piece of text that was read before the words (TNM)."""
_TOKEN = re.compile(
    r"\b(?:w/o|c/w|h/o|s/p|r/o|y/o|w/)(?![a-z])|(?:cm|mm)(?=x\s?\d)|[^\W\d_]+|\d+(?:\.\d+)?|[^\w\s]|_", re.IGNORECASE
)
_BRITISH = (
    ("tumour", "tumor"), ("oesoph", "esoph"), ("oedem", "edem"), ("caec", "cec"), ("coec", "cec"), ("haem", "hem"),
    ("paediatr", "pediatr"), ("litre", "liter"), ("metre", "meter"), ("centre", "center"), ("anaem", "anem"),
    ("leukaem", "leukem"), ("grey", "gray"), ("colour", "color"), ("orrhoea", "orrhea"), ("fibre", "fiber"),
    ("coeliac", "celiac"), ("goitre", "goiter"), ("ischaem", "ischem"),
)  # fmt: skip


@dataclass(frozen=True)
class Token:
    """Characters [start, end) of the text and their normal form."""

    start: int
    end: int
    text: str
    word: str


@dataclass(frozen=True)
class Line:
    """A whole text as tokens, and its normal form: words with single blanks where the text has any."""

    text: str
    tokens: tuple[Token, ...]
    norm: str
    starts: tuple[int, ...]

    def range_of(self, start: int, end: int) -> tuple[int, int]:
        """Tokens [first, last) that characters [start, end) of the normal form touch."""
        return bisect_right(self.starts, start) - 1, bisect_right(self.starts, end - 1)


def tokenize(text: str, claimed: Sequence[tuple[int, int]] = ()) -> Line:
    """Cut a text into tokens; each claimed stretch (in order, apart) is one token whose word is CLAIMED."""
    tokens: list[Token] = []
    position = 0
    for start, end in [*claimed, (len(text), len(text))]:
        for match in _TOKEN.finditer(text, position, start):
            tokens.append(Token(match.start(), match.end(), match[0], _word(match[0])))
        if start < end:
            tokens.append(Token(start, end, text[start:end], CLAIMED))
        position = end
    norm, starts = "", []
    for index, token in enumerate(tokens):
        if index and token.start > tokens[index - 1].end:
            norm += " "
        starts.append(len(norm))
        norm += token.word
    return Line(text, tuple(tokens), norm, tuple(starts))


def corrected(token: Token) -> bool:
    """Whether the token was taken for a typing error."""
    return token.word != CLAIMED and token.word != _american(token.text.lower())


def _word(text: str) -> str:
    word = _american(text.lower())
    return correct(word) if word.isalpha() and word.isascii() else word


@lru_cache(1 << 16)
def _american(word: str) -> str:
    for british, american in _BRITISH:
        word = word.replace(british, american)
    if word not in known_words() and re.search(r"is(e|ed|es|ing|ation)$", word):
        spelled = re.sub(r"is(e|ed|es|ing|ation)$", r"iz\1", word)
        return spelled if spelled in known_words() else word
    return word


@lru_cache(1 << 16)
def correct(word: str) -> str:
    """The known word that an unknown one is a slip of, else the word itself.

    Clinical words: one edit (a letter added, lost, changed, or two swapped) in words of 4 letters or more, two from 9
    on. Other words: two swapped letters only. The first letter must be right. Ordinary English words in
    ORDINARY_WORDS stay what they are.
    """
    if len(word) < 4 or word in known_words() or word in protected_words():
        return word
    limit = 1 if len(word) < 9 else 2
    best: tuple[int, int, str] | None = None
    for candidate in known_words():
        if candidate[0] != word[0] or abs(len(candidate) - len(word)) > limit or len(candidate) < 4:
            continue
        swapped = sorted(word) == sorted(candidate)
        if not swapped and (candidate not in clinical_words() or len(word) == len(candidate) == 4):
            continue
        distance = edits(word, candidate, limit)
        if distance <= limit and (not swapped or distance == 1):
            # Of equally near words the longer one: a lost letter is the commonest slip.
            rank = (distance, -len(candidate), candidate)
            best = rank if best is None or rank < best else best
    return word if best is None else best[2]


def edits(a: str, b: str, limit: int) -> int:
    """Edit distance with swaps of neighbours (optimal string alignment); limit + 1 where it is larger than limit."""
    before_last: list[int] = []
    last = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        row = [i]
        for j, y in enumerate(b, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, before_last[j - 2] + 1)
            row.append(cost)
        if min(row) > limit:
            return limit + 1
        before_last, last = last, row
    return last[-1]
