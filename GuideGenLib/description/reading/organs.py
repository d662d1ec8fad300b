"""How large organs are said to be, and which are gone: read of a sentence before its findings are.

"Enlarged spleen, 15 cm", "the left kidney measures 11.2 cm", "no gallbladder" are told of the organ itself. Their words
are taken out of the sentence, so that no finding takes the organ's size for its own.
"""

from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from GuideGenLib.description.model import ORGANS, PAIRED, SITES, VITAL, Span
from GuideGenLib.description.reading.foreign import fields_of
from GuideGenLib.description.reading.items import Item
from GuideGenLib.description.reading.organ_subjects import (
    JOINTS,
    NUMBERS,
    Subject,
    in_phrase_of_finding,
    is_noun,
    is_side,
    not_yet,
    read_after,
    read_before,
    subject_at,
)
from GuideGenLib.description.words.grammar import FILLERS


@dataclass
class Mention:
    """What one place of a text says of an organ: fields of OrganState with their quotations. `side` is None where none
    is named, `open_side` where one of two organs is gone and the text does not say which."""

    organ: str
    side: str | None = None
    values: dict[str, tuple[Any, Span]] = field(default_factory=dict)
    open_side: bool = False
    noun: Span | None = None
    """The word for the organ."""


@dataclass
class ReadOrgans:
    """items: the sentence without what was taken; used: words that stay in it and are understood."""

    items: list[Item]
    mentions: list[Mention] = field(default_factory=list)
    used: list[Item] = field(default_factory=list)


def read_organs(sentences: list[list[Item]]) -> list[ReadOrgans]:
    """What each sentence says of organs, and the sentence without it.

    "The left kidney measures 11 cm. There is a mass in its lower pole": the organ of a sentence without a finding is
    where the findings of others are, unless those name organs themselves.
    """
    named = [any(_names_organ(item) for item in sentence) for sentence in sentences]
    return [_read(sentence, sum(named) == 1 and named[index]) for index, sentence in enumerate(sentences)]


def _names_organ(item: Item) -> bool:
    if item.type == "kind":
        return item.value.organ is not None
    return item.type in ("place", "segment") and "organ" in fields_of(item)


def _read(sentence: list[Item], sets_the_scene: bool) -> ReadOrgans:
    subjects: list[Subject] = []
    for index, item in enumerate(sentence):
        organ = _organ_at(sentence, index, subjects)
        if organ is not None:
            subject = subject_at(sentence, index, organ)
            read_before(sentence, subject)
            read_after(sentence, subject)
            if subject.denied:
                subject.values.clear()
            before = subjects[-1] if subjects else subject
            if subject.values and is_side(item) and before.organ == organ and not before.values:
                before.taken.add(before.at)  # "kidneys: right 11 cm, left 10 cm"
            subjects.append(subject)
    _share(sentence, subjects)
    told = [subject for subject in subjects if subject.values or subject.taken]
    dropped: set[int] = set()
    read = ReadOrgans([])
    for subject in told:
        read.mentions += _mentions(subject, sentence[subject.at].span)
        dropped |= subject.taken
        places = {subject.at, *(sentence.index(item) for _, item in subject.sides)}
        if _finding_needs(sentence, subject, sets_the_scene):
            read.used += [sentence[index] for index in places]
        else:
            dropped |= places
    read.items = [_as_before(item) for index, item in enumerate(sentence) if index not in dropped]
    return read


def _as_before(item: Item) -> Item:
    """A word of size that no organ took means what it means elsewhere."""
    if item.type == "past" and item.value is not None and not_yet(item):
        return replace(item, type="filler", value=None)
    if item.type not in ("organ_size", "removed"):
        return item
    return replace(item, type="filler" if item.span.text.lower() in FILLERS else "unknown", value=None)


def _organ_at(items: list[Item], index: int, before: list[Subject]) -> str | None:
    """The organ that a word names, or stands for: "right kidney 11 cm, left 10 cm"."""
    item = items[index]
    if item.type == "past" and item.value is not None and not not_yet(item):
        return str(item.value)
    if item.type != "place":
        return None
    fields = fields_of(item)
    if fields.get("organ") in ORGANS and set(fields) <= {"organ", "side"}:
        return fields["organ"]
    paired = next((subject.organ for subject in reversed(before) if subject.organ in PAIRED), None)
    if paired is None or set(fields) != {"side"} or fields["side"] not in ("left", "right"):
        return None
    rest = [other for other in items[index + 1 :] if other.type not in ("verb", "filler", "colon", "hyphen", "count")]
    return paired if rest and rest[0].type in (*NUMBERS, "organ_size") else None


def _share(items: list[Item], subjects: list[Subject]) -> None:
    """ "Enlarged liver and spleen", "spleen and liver are enlarged": one word for both; a number is of one alone."""
    for this, following in pairwise(subjects):
        between = items[this.last : following.first]
        joined = bool(between) and all(item.type in (*JOINTS, "definite") for item in between)
        if not joined:
            continue
        listed = any(item.type in ("and", "or") for item in between)
        for one, other, shared in ((this, following, listed), (following, this, True)):
            for name in ("size_word", "absent"):
                operation = items[one.at].type == "past"
                free = shared and not (other.values or other.only or operation)
                can = name != "absent" or (is_noun(items[other.at]) and other.organ not in VITAL)
                if free and can and name in one.values:
                    other.values[name] = one.values[name]


_SKIPPED = ("comma", "definite", "filler", "and")
"""Between what is said of an organ and what it contains."""


def _finding_needs(items: list[Item], subject: Subject, sets_the_scene: bool) -> bool:
    """Whether the noun is also where a finding is: "the liver is enlarged with multiple metastases"."""
    said = subject.values.get("size_word", ("", None))[0]
    if items[subject.at].type == "past":
        return True
    if "absent" in subject.values:
        return False
    kinds = [index for index, item in enumerate(items) if item.type == "kind"]
    if not kinds:
        return (
            sets_the_scene
            and subject.organ in SITES
            and (said not in ("normal", "") or bool(subject.numbers or subject.only))
        )
    if in_phrase_of_finding(items, subject):
        return True
    behind = max({subject.last, *(index + 1 for index in subject.taken)})
    present = next((i for i in range(behind, len(items)) if items[i].type not in _SKIPPED), None)
    if present is None or items[present].type not in ("present", "preposition"):
        return False
    for item in items[present + 1 :]:
        named = fields_of(item).get("organ") if item.type in ("place", "segment") else None
        if item.type == "kind":
            named = item.value.organ
        if named not in (None, subject.organ):
            return False
        if item.type in ("but", "link", "stop"):
            break
    return True


def _mentions(subject: Subject, noun: Span) -> list[Mention]:
    """One mention a side. Of two numbers the first is that of the first side."""
    values = {name: (value, item.span) for name, (value, item) in subject.values.items()}
    if subject.craniocaudal and "length_mm" in values:
        values["craniocaudal"] = (True, values["length_mm"][1])
    if subject.only is not None:
        return _gone_beside(subject, values, noun)
    if not values:
        return []
    sides: list[tuple[str | None, Span | None]] = [(side, item.span) for side, item in subject.sides]
    sides = sides or [(None, None)]
    if sides[0][0] is None and len(subject.numbers) == 2 and subject.organ in PAIRED:
        sides = [("right", None), ("left", None)]
    open_side = "absent" in values and sides[0][0] is None and subject.organ in PAIRED
    found = []
    for index, (side, span) in enumerate(sides):
        own = dict(values)
        if len(subject.numbers) == len(sides) > 1:
            own["length_mm"] = (subject.numbers[index], values["length_mm"][1])
        if side is not None and span is not None:
            own["side"] = (side, span)
        found.append(Mention(subject.organ, side, own, open_side, noun))
    return found


def _gone_beside(subject: Subject, values: dict[str, tuple[Any, Span]], noun: Span) -> list[Mention]:
    """ "Single left kidney": the other one is gone; what is said of it is of the one that is there."""
    assert subject.only is not None
    side = subject.sides[0][0] if subject.sides else None
    there = [Mention(subject.organ, side, values, noun=noun)] if values else []
    gone = {"left": "right", "right": "left"}.get(side or "")
    return [*there, Mention(subject.organ, gone, {"absent": (True, subject.only.span)}, gone is None, noun)]
