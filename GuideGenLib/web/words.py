"""The words that the page shows, found in what is written for the browser: one place for all panels.

A widget's words are plain English where it is written, those of a list of choices, too (`options`). `translated` puts
those of another language into the finished template, `words_in` tells which there are; so no panel can forget to have
its words translated. What the session says later (messages, tables) goes through `workflow.words`.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Mapping

Translate = Callable[[str], str]

TAG = re.compile(r'<(?:[^"<>]|"[^"]*")*>')
SEEN = re.compile(r'( :?(?:title|label|placeholder|aria-label|alt|subtitle|items|messages)=")([^"]*)(")')
"""Attributes that are seen or read out; with a colon they hold an expression."""

EXPRESSION = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
LITERAL = re.compile(
    r"(?P<before>===?\s*|!==?\s*|\[\s*|\w\(\s*|\bvalue:\s*)?"
    r"(?P<mark>['`])(?P<words>(?:(?!(?P=mark))[^\\]|\\.)*)(?P=mark)"
)
"""Of an expression; what is compared, looked up, handed to a function or a choice's value is no word for people."""

EXPRESSED = re.compile(r"\$\{.*?\}")
"""What is put into a literal by the browser."""

LETTERS = re.compile(r"^(?!.*mdi-)(?!\W*\d*\W*(?:mm|ml|HU)\W*$).*[A-Za-z]{2}", re.DOTALL)
"""Words; the names of icons are none, nor are units."""


def words_in(template: str) -> set[str]:
    """All English words that a template shows."""
    found: set[str] = set()

    def note(words: str) -> str:
        found.add(words)
        return words

    translated(template, note)
    return found


def translated(template: str, translate: Translate) -> str:
    """The template with other words in it."""
    return "".join(_parts(template, translate))


def _parts(template: str, translate: Translate) -> Iterator[str]:
    at = 0
    for tag in TAG.finditer(template):
        yield _text(template[at : tag.start()], translate)
        yield SEEN.sub(lambda found: _attribute(found, translate), tag[0])
        at = tag.end()
    yield _text(template[at:], translate)


def _text(text: str, translate: Translate) -> str:
    """Between two tags: words with expressions in them are translated as a whole, as their order may change."""
    core = text.strip()
    if not core:
        return text
    if LETTERS.search(EXPRESSION.sub("", core)):
        spoken = html.escape(translate(html.unescape(core)), quote=False) if "{{" not in core else translate(core)
    else:
        spoken = EXPRESSION.sub(lambda found: "{{" + _literals(found[1], translate) + "}}", core)
    return text.replace(core, spoken)


def _attribute(found: re.Match[str], translate: Translate) -> str:
    name, value, end = found.groups()
    if name.startswith(" :"):
        return name + html.escape(_literals(html.unescape(value), translate), quote=True).replace("&#x27;", "'") + end
    if not LETTERS.search(value):
        return found[0]
    return name + html.escape(translate(html.unescape(value)), quote=True).replace("&#x27;", "'") + end


def _literals(expression: str, translate: Translate) -> str:
    """An expression of the page with its words translated."""

    def one(found: re.Match[str]) -> str:
        mark = found["mark"]
        words = found["words"].replace("\\" + mark, mark)
        if found["before"] or not LETTERS.search(EXPRESSED.sub("", words)):
            return found[0]
        return mark + translate(words).replace(mark, "\\" + mark) + mark

    return LITERAL.sub(one, expression)


def options(titles: Mapping[str, str]) -> str:
    """The choices of a list, by their values, as an expression of the page: the titles are translated, the values are
    what is kept and sent."""
    pairs = (f"{{value: {_quoted(value)}, title: {_quoted(title)}}}" for value, title in titles.items())
    return "[" + ", ".join(pairs) + "]"


def chosen_words(words: Mapping[str, str]) -> str:
    """Words by their keys, as an expression of the page that is looked up in."""
    return "({" + ", ".join(f"{key}: {_quoted(told)}" for key, told in words.items()) + "})"


def _quoted(words: str) -> str:
    return "'" + words.replace("\\", "\\\\").replace("'", "\\'") + "'"
