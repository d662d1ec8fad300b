"""Other languages than English are named and refused: half read, they would say something else.

A library would weigh more than all the rest of the reader (lingua's wheel has 170 MB); here a text must only be known
as English or not, and common words do that.
"""

import re
from functools import cache

from GuideGenLib.description.model import DescriptionError
from GuideGenLib.description.words.languages import ENGLISH, LANGUAGES, SCRIPTS, SURELY_ENGLISH
from GuideGenLib.description.words.vocabulary import known_words

_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_FOREIGN_LETTERS = 0.3
"""Share of the letters from which on a text is of another script; below it a name or a symbol is."""
_MOST_WORDS = 400
"""As many tell a language."""


def refuse_other_languages(text: str) -> None:
    """Raise DescriptionError that names the language of a text that is not English."""
    letters = sum(character.isalpha() for character in text)
    for language, script in SCRIPTS:
        if len(re.findall(f"[{script}]", text)) > _FOREIGN_LETTERS * letters:
            raise _refused(language)
    words = [word.lower() for word in _WORD.findall(text)[:_MOST_WORDS]]
    if 6 * sum(word in SURELY_ENGLISH for word in words) >= len(words):
        return
    tables = _tables()
    english = sum(word in ENGLISH for word in words)
    hits = {language: sum(word in table for word in words) for language, table in tables.items()}
    language = max(hits, key=lambda name: hits[name])
    distinct = len({word for word in words if word in tables[language]})
    if distinct >= 2 and hits[language] > english and 4 * hits[language] >= len(words):
        raise _refused(language)


def _refused(language: str) -> DescriptionError:
    return DescriptionError(f"The text seems to be in {language}", "write it in English: no other language is read.")


@cache
def _tables() -> dict[str, frozenset[str]]:
    """The words of each language that mean nothing in an English report."""
    ours = known_words() | ENGLISH
    return {language: frozenset(words.split()) - ours for language, words in LANGUAGES.items()}
