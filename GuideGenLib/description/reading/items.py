"""A text as a row of items: each word or phrase with what it means, where it stands, and how it is joined to others."""

import re
from dataclasses import dataclass, field
from typing import Any

from GuideGenLib.description.model import Span
from GuideGenLib.description.reading.numbers import NUMBER_WORDS, find_numbers
from GuideGenLib.description.reading.tnm import find_stages
from GuideGenLib.description.reading.tokens import CLAIMED, Line, Token, corrected, tokenize
from GuideGenLib.description.words import grammar
from GuideGenLib.description.words.asides import OF_SPINE, SPINE_WITHIN, VERTEBRA
from GuideGenLib.description.words.lexicon import LIVER_SEGMENTS, LUNG_SEGMENTS
from GuideGenLib.description.words.vocabulary import phrases

_ROMAN = "viii|vii|vi|iv|iii|ii|i|v"
_ARABIC = {"1": "I", "2": "II", "3": "III", "4": "IV", "5": "V", "6": "VI", "7": "VII", "8": "VIII"}
_SEGMENT_LIST = rf"(?:(?:{_ROMAN}|10|[1-9])[ab]?\b(?! ?(?:cm|mm|centi|milli|x ?\d|× ?\d|\.\d|,\d)))"
_SEGMENT = re.compile(
    rf"\b(?:(?P<word>segments?|segms?\b\.?|segs?\b\.?|seg\.?|couinaud(?: segments?)?|sg\.?)"
    r"(?: no\.?| number| ?[:=])? ?"
    rf"(?P<list>{_SEGMENT_LIST}(?: ?(?:/|,|and|or|-|–|&|to|\+) ?{_SEGMENT_LIST})*)|"
    r"(?P<short>s(?:10|[1-9])[ab]?\b(?!\w)))"
)
_SEGMENT_AFTER_LIVER = re.compile(rf"\bliver[,:]? (?:s|seg )?(?P<list>(?:{_ROMAN})[ab]?)\b(?! ?[a-z]*stage)")
_LEVELS = re.compile(
    rf"\b(?P<list>{VERTEBRA}(?: ?(?:/|,|and|or|&|-|–|to|through|, and) ?(?:{VERTEBRA}|1[0-2]\b|[1-9]\b))*)(?!\w)"
)
_SPINE_AFTER = re.compile(r" ?(?:vertebra|body|spine|level|sacr|fracture|nerve)")
_ENDS = ".;!?"
_PUNCTUATION = {
    ",": "comma",
    ":": "colon",
    "(": "comma",
    ")": "comma",
    "[": "comma",
    "]": "comma",
    "&": "and",
    "+": "and",
    "/": "or",
    "-": "hyphen",
    "–": "comma",
    "—": "comma",
    "•": "comma",
    "|": "comma",
    "*": "comma",
    "·": "comma",
    "~": "filler",
    "%": "filler",
    "#": "filler",
    "=": "colon",
}


@dataclass(frozen=True)
class Item:
    """Tokens [first, last) of the line, what they say, the quotation, and the whole text that it is from."""

    type: str
    value: Any
    first: int
    last: int
    span: Span
    note: str = ""
    source: str = field(default="", repr=False, compare=False)


def read_items(text: str) -> tuple[Line, list[Item]]:
    """The items of a text in order; every token belongs to exactly one."""
    stages = find_stages(text)
    line = tokenize(text, [(stage.start, stage.end) for stage in stages])
    items: list[Item] = []
    at_stage = {stage.start: stage for stage in stages}
    for index, token in enumerate(line.tokens):
        if token.word == CLAIMED and token.start in at_stage:
            stage = at_stage[token.start]
            note = f"'{token.text}' names a range; its first value is used." if stage.doubt else ""
            items.append(_item(line, "stage", stage, index, index + 1, note))
    items += _segments(line)
    items += _levels(line, items)
    free = _Free(len(line.tokens), items)
    for number in find_numbers(line):
        if free.take(number.first, number.last):
            items.append(_item(line, number.type, number.value, number.first, number.last, number.note))
    index = 0
    while index < len(line.tokens):
        if free.used[index]:
            index += 1
            continue
        item = _phrase(line, index, free) or _single(line, index)
        free.take(item.first, item.last)
        items.append(item)
        index = item.last
    return line, sorted(items, key=lambda item: item.first)


def sentences(line: Line, items: list[Item]) -> list[list[Item]]:
    """Items grouped by sentence."""
    groups: list[list[Item]] = [[]]
    for item in items:
        if item.type == "stop":
            groups.append([])
            continue
        if groups[-1] and _new_line_between(line, groups[-1][-1], item):
            groups.append([])
        groups[-1].append(item)
    return [group for group in groups if group]


class _Free:
    """Which tokens are still free."""

    def __init__(self, count: int, items: list[Item]) -> None:
        self.used = [False] * count
        for item in items:
            self.used[item.first : item.last] = [True] * (item.last - item.first)

    def take(self, first: int, last: int) -> bool:
        if any(self.used[first:last]):
            return False
        self.used[first:last] = [True] * (last - first)
        return True


def _item(line: Line, type_: str, value: Any, first: int, last: int, note: str = "") -> Item:
    start, end = line.tokens[first].start, line.tokens[last - 1].end
    return Item(type_, value, first, last, Span(start, end, line.text[start:end]), note, line.text)


def _segments(line: Line) -> list[Item]:
    found: list[Item] = []
    for match in [*_SEGMENT.finditer(line.norm), *_SEGMENT_AFTER_LIVER.finditer(line.norm)]:
        short = match.groupdict().get("short")
        if short and _SPINE_AFTER.match(line.norm, match.end()):
            continue
        names = re.findall(r"(?:viii|vii|vi|iv|iii|ii|i|v|10|[1-9])[ab]?", short[1:] if short else match["list"])
        start = match.start("list") if match.re is _SEGMENT_AFTER_LIVER else match.start()
        first, last = line.range_of(start, match.end())
        if line.starts[first] != start or any(token.word == CLAIMED for token in line.tokens[first:last]):
            continue
        if all(last <= item.first or first >= item.last for item in found):
            couinaud = "couinaud" in (match.groupdict().get("word") or "")
            found.append(_item(line, "segment", (tuple(names), couinaud), first, last))
    return found


def _levels(line: Line, taken: list[Item]) -> list[Item]:
    """Vertebrae beside a word for what is wrong with them: "L1 compression fracture", "wedging of T12 and L1"."""
    found: list[Item] = []
    for match in _LEVELS.finditer(line.norm):
        near = line.norm[max(0, match.start() - SPINE_WITHIN) : match.end() + SPINE_WITHIN]
        first, last = line.range_of(match.start(), match.end())
        free = all(last <= item.first or first >= item.last for item in taken)
        if not OF_SPINE.search(near) or not free or line.starts[first] != match.start():
            continue
        found.append(_item(line, "segment", (levels_between(match["list"]), "spine"), first, last))
    return found


def levels_between(words: str) -> tuple[str, ...]:
    """("T12", "L1") of "t12 and l1"; of "l1-l3" all three."""
    order = [*(f"T{number}" for number in range(1, 13)), *(f"L{number}" for number in range(1, 6))]
    found: list[str] = []
    letter = ""
    for match in re.finditer(r"(?P<to>-|–|to|through)?\s*(?P<letter>[tl])?(?P<number>\d+)", words):
        letter = (match["letter"] or letter).upper()
        name = letter + match["number"]
        if name not in order:
            continue
        if match["to"] and found and order.index(name) > order.index(found[-1]):
            found += order[order.index(found[-1]) + 1 : order.index(name)]
        found.append(name)
    return tuple(dict.fromkeys(found))


def liver_segment(name: str) -> str | None:
    """ "IVb" of "iv b", "4b"; None where the liver has no such segment."""
    letter = name[-1] if name[-1] in "ab" else ""
    number = name.rstrip("ab").upper()
    number = _ARABIC.get(number, number)
    return number + letter if number in LIVER_SEGMENTS else None


def lung_segment(name: str) -> str | None:
    """ "6" of "6"; None where the lung has no such segment."""
    number = name.rstrip("ab")
    return number if number in LUNG_SEGMENTS or number in ("4", "5") else None


def _phrase(line: Line, index: int, free: _Free) -> Item | None:
    """The longest phrase that begins at a token; hyphens between its words do not matter."""
    for phrase in phrases().get(line.tokens[index].word, ()):
        position, complete = index, True
        for number, word in enumerate(phrase.words):
            if number:
                position += 1
                if position < len(line.tokens) and line.tokens[position].word in ("-", "/") and word not in "-/":
                    joined = line.tokens[position].word == "-" or phrase.type in ("sex", "ethnicity", "race")
                    position += 1 if joined else 0
            if position >= len(line.tokens) or free.used[position] or line.tokens[position].word != word:
                complete = False
                break
        if complete:
            return _item(
                line, phrase.type, phrase.value, index, position + 1, _slips(line.tokens[index : position + 1])
            )
    return None


def _slips(tokens: tuple[Token, ...]) -> str:
    slips = [f"'{token.text}' is read as '{token.word}'." for token in tokens if corrected(token)]
    return " ".join(slips)


def _single(line: Line, index: int) -> Item:
    token = line.tokens[index]
    if token.word in _ENDS:
        return _item(line, "stop" if _ends_sentence(line, index) else "filler", None, index, index + 1)
    if token.word in _PUNCTUATION:
        return _item(line, _PUNCTUATION[token.word], None, index, index + 1)
    if token.word[0].isdecimal():
        count = float(token.word)
        return (
            _item(line, "count", int(count), index, index + 1)
            if count in range(1, 21)
            else _item(line, "filler", None, index, index + 1)
        )
    if token.text in ("L", "R"):
        return _item(line, "place", {"side": "left" if token.text == "L" else "right"}, index, index + 1)
    if token.word in NUMBER_WORDS or len(token.word) == 1 or not any(c.isalpha() for c in token.word):
        return _item(line, "filler", None, index, index + 1)
    return _item(line, "unknown", None, index, index + 1)


def _ends_sentence(line: Line, index: int) -> bool:
    """A full stop ends a sentence unless it stands in an abbreviation."""
    token = line.tokens[index]
    if token.word != "." or index == 0 or index + 1 == len(line.tokens):
        return True
    following = line.tokens[index + 1]
    if following.start == token.end and following.word.isalpha() and len(line.tokens[index - 1].word) == 1:
        return False
    if line.tokens[index - 1].word in grammar.ABBREVIATIONS:
        return following.start > token.end and following.text[0].isupper() and len(line.tokens[index - 1].word) > 2
    return True


def _new_line_between(line: Line, before: Item, after: Item) -> bool:
    """A line break ends a sentence where the next line begins like a new one, or an empty line lies between."""
    between = line.text[before.span.end : after.span.start]
    return between.count("\n") > 1 or (
        "\n" in between and (after.span.text[0].isupper() or after.span.text[0] in "-*•")
    )
