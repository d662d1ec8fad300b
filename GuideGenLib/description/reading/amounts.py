"""How much there is of what a recipe draws: volumes, thicknesses, words of degree, and which of two sides has more."""

from dataclasses import dataclass, field, replace
from typing import Any

from GuideGenLib.description.model import SIDES, Finding
from GuideGenLib.description.reading.foreign import fields_of
from GuideGenLib.description.reading.items import Item
from GuideGenLib.description.words.degrees import DEGREES, LESS, MORE
from GuideGenLib.findings.recipe import SIZE_WORDS, Recipe, Sizes

MORE_ON = "more_on"
"""Type of an item whose value is the side that has more."""
_THICK = ("thick", "wide", "deep")
_MEASURED = "depth"
_OPPOSITE = {"left": "right", "right": "left"}


@dataclass
class Amounts:
    """volumes in ml, thicknesses in mm and size words, each with its item; more: which side has more."""

    volumes: list[tuple[float, Item]] = field(default_factory=list)
    thicknesses: list[tuple[float, Item]] = field(default_factory=list)
    words: list[tuple[str, Item]] = field(default_factory=list)
    more: Item | None = None
    beside: list[Item] = field(default_factory=list)
    """Words that only say what a number measures: the "thick" of "15 mm thick"."""

    def read(self, item: Item) -> None:
        """What one word of a finding says."""
        word = item.span.text.lower()
        if item.type == "volume":
            self.volumes.append((item.value, item))
        elif item.type == "distance" and item.value is not None:
            self.thicknesses.append((item.value, item))
        elif item.type == "size_word" and item.value is not None:
            self.words.append((item.value, item))
        elif item.type in ("filler", "unknown") and word in DEGREES:
            self.words.append((DEGREES[word], item))
        elif item.type == MORE_ON:
            self.more = item
        elif word in (*_THICK, _MEASURED):
            self.beside.append(item)

    def add(self, other: "Amounts") -> None:
        """What another mention of the same finding says more."""
        for name in ("volumes", "thicknesses", "words"):
            if not getattr(self, name):
                setattr(self, name, getattr(other, name))
        self.more = self.more or other.more
        self.beside += other.beside


@dataclass(frozen=True)
class Told:
    """The fields that amounts give a finding, with the item behind each, and the words that only help."""

    fields: dict[str, tuple[Any, Item]]
    used: list[Item]


def told_of(finding: Finding, recipe: Recipe | None, amounts: Amounts, index: int, places: int) -> Told:
    """What is told of one of the places that a finding has; index: which of them."""
    told: dict[str, tuple[Any, Item]] = {}
    if recipe is None or recipe.sizes is None:
        return Told(told, [])
    used = [item for _, item in amounts.words if item.type != "size_word"]
    if recipe.sizes.unit == "ml" and amounts.volumes:
        told["volume_ml"] = _of_place(amounts.volumes, index, places)
    if recipe.sizes.unit == "mm" and finding.size_mm is None and amounts.thicknesses:
        told["size_mm"] = _of_place(amounts.thicknesses, index, places)
        used += amounts.beside
    if amounts.words and (finding.size_word is None or len(amounts.words) == places):
        told["size_word"] = _of_place(amounts.words, index, places)
    if amounts.more is not None and finding.side in SIDES and "volume_ml" not in told:
        word = str(told["size_word"][0] if "size_word" in told else finding.size_word or recipe.sizes.usual)
        less = finding.side != amounts.more.value
        told["size_word"] = (_next_smaller(word, recipe.sizes) if less else word, amounts.more)
    return Told(told, used)


def _of_place(values: list[tuple[Any, Item]], index: int, places: int) -> tuple[Any, Item]:
    """Of several for as many places that in its place, else the first."""
    return values[index] if len(values) == places else values[0]


def _next_smaller(word: str, sizes: Sizes) -> str:
    smaller = [one for one in SIZE_WORDS[: SIZE_WORDS.index(word)] if one in sizes.words]
    return smaller[-1] if smaller else word


def with_compared_sides(items: list[Item]) -> list[Item]:
    """A sentence with its comparisons of two sides as one item each: "right greater than left", "larger on the right".

    Only where it tells of no tumour, and "the larger on the right" is a finding, not a comparison.
    """
    kinds = [item.value for item in items if item.type == "kind"]
    if not kinds or any(kind.drawable for kind in kinds):
        return items
    found: list[Item] = []
    index = 0
    while index < len(items):
        end, side = _comparison(items, index)
        if side is None:
            found.append(items[index])
            index += 1
            continue
        first, last = items[index], items[end - 1]
        span = replace(first.span, end=last.span.end, text=first.source[first.span.start : last.span.end])
        found.append(replace(first, type=MORE_ON, value=side, last=last.last, span=span))
        index = end
    return found


def _comparison(items: list[Item], start: int) -> tuple[int, str | None]:
    """Where a comparison that begins here ends, and the side that has more; None where none begins."""
    side = _side(items[start])
    at = start + 1 if side else start
    if at >= len(items) or (word := items[at].span.text.lower()) not in (*MORE, *LESS):
        return start, None
    if side is None and start and items[start - 1].type in ("definite", "article", "count"):
        return start, None
    behind = at + 1
    joining = ("than",) if side else ("on", "in", "at")
    while behind < len(items) and items[behind].span.text.lower() in (*joining, "the", "pronounced", "extensive"):
        behind += 1
    if behind >= len(items) or (behind == at + 1 and word not in "><"):
        return start, None
    other = _side(items[behind])
    if other is None or other == side:
        return start, None
    more = (side or other) if word in MORE else _OPPOSITE[side or other]
    return behind + 1, more


def _side(item: Item) -> str | None:
    fields = fields_of(item) if item.type == "place" else {}
    return fields["side"] if set(fields) == {"side"} and fields["side"] in SIDES else None
