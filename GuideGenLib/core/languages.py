"""The words of other languages: catalogues in gettext's form (.po), as any translator's tool reads and writes them.

They are read as they are, so that nothing has to be compiled. English is the language of the program itself: what it
writes into scenes and files, and what its parts tell each other, is English. A front end translates what it shows.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from pathlib import Path

from GuideGenLib.core.errors import GuideGenError
from GuideGenLib.core.resources import resource
from GuideGenLib.core.translation import Translation

ENGLISH = "en"
TEMPLATE = "guidegen.pot"
"""All words, without translations: what a new language begins with."""

LINE = re.compile(r'(msgid|msgstr)?\s*(".*")')
HEADER = {"": "Content-Type: text/plain; charset=UTF-8\n"}


class LanguageError(GuideGenError):
    """There is no catalogue of a language, or it cannot be read."""


def languages() -> list[str]:
    """Those that there are words of, by their codes: ["de", "en"]."""
    return sorted([ENGLISH, *(path.stem for path in resource("Languages").glob("*.po"))])


def preferred(accepted: str) -> str:
    """The first of an Accept-Language header ("de-AT,de;q=0.9,en;q=0.8") that there are words of, else English."""
    asked: list[tuple[float, str]] = []
    for part in accepted.split(","):
        tag, _, weight = part.partition(";")
        try:
            asked.append((float(weight.strip().removeprefix("q=") or 1), tag.strip().split("-")[0].lower()))
        except ValueError:
            continue
    there = languages()
    return next((tag for weight, tag in sorted(asked, key=lambda one: -one[0]) if weight > 0 and tag in there), ENGLISH)


@lru_cache
def translation(language: str) -> Callable[[str], str]:
    """From English words to those of a language; what has none yet stays English. Raises LanguageError."""
    if language == ENGLISH:
        return str
    if language not in languages():
        raise LanguageError(f"there are no words of {language!r}", f"choose one of {', '.join(languages())}")
    return Translation(read_catalogue(resource("Languages", f"{language}.po")))


def read_catalogue(path: Path) -> dict[str, str]:
    """English words and their translations ("" where there is none yet). Raises LanguageError."""
    found: dict[str, str] = {}
    english, into = "", ""
    try:
        for line in path.read_text(encoding="utf-8").splitlines():
            match = LINE.fullmatch(line.strip())
            if match is None:
                continue
            piece = ast.literal_eval(match[2])
            into = match[1] or into
            if match[1] == "msgid":
                english = ""
            if into == "msgid":
                english += piece
            else:
                found[english] = found.get(english, "") + piece
    except (OSError, ValueError, SyntaxError) as error:
        raise LanguageError(f"{path.name} cannot be read: {error}", "take the file as it was delivered") from error
    found.pop("", None)
    return found


def write_catalogue(path: Path, words: Iterable[str], known: Mapping[str, str]) -> None:
    """Write words, sorted, with the translations that are known."""
    told = {**HEADER, **{english: known.get(english, "") for english in sorted(set(words))}}
    path.write_text(
        "\n".join(f"msgid {_quoted(one)}\nmsgstr {_quoted(other)}\n" for one, other in told.items()), "utf-8"
    )


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
