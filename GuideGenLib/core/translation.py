"""A finished English sentence in another language, by the words of a catalogue that it was made of.

The library writes English: errors, notes, records in scenes and files. Whoever shows them translates them, and no other
part has to know of languages.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

HOLE = re.compile(r"(?<!\{)\{([a-z]\w*)\}(?!\})")
"""What is put into words: {name}, but not the {{ expression }} of a page."""

SURE = 12
"""Letters beside the holes of words that are no chance: with fewer, as in "{finding} of the {organ}", all that is put
into them must be known, too."""

NUMBERS = {
    "size", "amounts", "count", "number", "low", "high", "least", "most", "value", "value2", "years", "age", "files",
    "mm", "ml", "pieces", "changes", "more", "t", "n",
}  # fmt: skip
"""Holes that in such words take a number, as the others take none."""

NUMBER = re.compile(r"[-+\d.,:x/ ]*\d[-+\d.,:x/ ]*%?")
UNITS = ("mm", "ml", "cm", "HU", "%")
BETWEEN = (": ", "; ", ". ")
"""What is wrong and what to do about it, or sentences: one after the other."""

QUOTES = "'\"“„"
"""What stands behind one of them is quoted as it was written."""

LONGEST = 1000
"""Characters; no sentence has more."""


class Translation:
    """Finds words as they stand in a catalogue, or, of a finished sentence, those that it was made of: "3 mm asked" by
    "{mm} mm asked". So an error, or what an older file has, is translated where it is shown, whoever wrote it."""

    def __init__(self, words: Mapping[str, str]) -> None:
        self._words = {english: other for english, other in words.items() if other}
        made = sorted((one for one in self._words if HOLE.search(one)), key=lambda one: -len(HOLE.sub("", one)))
        self._patterns = [(_pattern(one), one, _letters(one) >= SURE) for one in made]
        self._found = lru_cache(maxsize=4096)(self._find)

    def __call__(self, english: str) -> str:
        if english in self._words:
            return self._words[english]
        if "\n" in english:
            return "\n".join(self(line) for line in english.split("\n"))
        return self._found(english) or english

    def _find(self, english: str) -> str:
        """A translation, or "" where there is none."""
        if len(english) > LONGEST:
            return ""
        whole = self._sentence(english, loose=False) or self._parts(english) or self._list(english)
        return whole or self._sentence(english, loose=True)

    def _sentence(self, english: str, loose: bool) -> str:
        """Also where it was begun with a capital letter, or ended with a full stop, after it was written. loose:
        whatever stands in its holes, also where that may be another sentence."""
        for stop in ("", "."):
            if not english.endswith(stop):
                continue
            bare = english.removesuffix(stop)
            for one in dict.fromkeys((bare, bare[:1].lower() + bare[1:])):
                if found := self._words.get(one) or self._filled(one, loose):
                    return (found if one == bare else found[:1].upper() + found[1:]) + stop
        return ""

    def _parts(self, english: str) -> str:
        for between in BETWEEN:
            first, found, rest = english.partition(between)
            while found:
                if known := self._sentence(first, loose=False):
                    return known + between + self(rest)
                more, found, rest = rest.partition(between)
                first += between + more
        return ""

    def _list(self, english: str) -> str:
        """Names, each of which is known."""
        parts = english.split(", ")
        known = [part if NUMBER.fullmatch(part) else self._sentence(part, loose=False) for part in parts]
        return ", ".join(known) if len(parts) > 1 and all(known) else ""

    def _filled(self, english: str, loose: bool) -> str:
        for pattern, words, sure in self._patterns:
            if sure or not loose:
                match = pattern.fullmatch(english)
                put = self._put(words, match.groupdict(), sure, loose) if match else None
                if put is not None:
                    return HOLE.sub(lambda hole: put.get(hole[1], hole[0]), self._words[words])  # noqa: B023
        return ""

    def _put(self, words: str, values: Mapping[str, str], sure: bool, loose: bool) -> dict[str, str] | None:
        """What stands in the holes, translated but for quotations; None where that is unknown and must not be."""
        if not sure and not all(_may_stand(value, name) for name, value in values.items()):
            return None
        put = {}
        for name, value in values.items():
            same = NUMBER.fullmatch(value) or value in UNITS or _is_quoted(words, name)
            known = value if same else self._found(value)
            if not known and not (sure and (loose or _is_one(value))):
                return None
            put[name] = known or value
        return put


def _may_stand(value: str, name: str) -> bool:
    """Whether a value may stand in a hole of words that are no more than a few letters: a number, or one thing."""
    return (NUMBER.fullmatch(value) is not None) == (name in NUMBERS) and _is_one(value)


def _is_one(words: str) -> bool:
    return not any(between in words for between in BETWEEN)


def _pattern(words: str) -> re.Pattern[str]:
    """What was made of words by putting something into each hole."""
    seen: set[str] = set()
    sure = _letters(words) >= SURE
    pattern, at = "", 0
    for hole in HOLE.finditer(words):
        name = hole[1]
        inside = NUMBER.pattern if name in NUMBERS and not sure else ".+?"
        pattern += re.escape(words[at : hole.start()]) + (f"(?P={name})" if name in seen else f"(?P<{name}>{inside})")
        seen.add(name)
        at = hole.end()
    return re.compile(pattern + re.escape(words[at:]))


def _letters(words: str) -> int:
    return sum(letter.isalpha() for letter in HOLE.sub("", words))


def _is_quoted(words: str, name: str) -> bool:
    at = words.index(f"{{{name}}}")
    return at > 0 and words[at - 1] in QUOTES
