"""An organ that a sentence speaks of: its adjectives and sides before the noun, and what is said of it behind."""

import re
from dataclasses import dataclass, field
from typing import Any

from GuideGenLib.description.model import LIMITS_ML, LIMITS_MM, PAIRED, VITAL
from GuideGenLib.description.reading.foreign import fields_of
from GuideGenLib.description.reading.items import Item
from GuideGenLib.description.words.organs import (
    BARE_MM,
    CRANIOCAUDAL,
    HOLLOW,
    HOLLOW_ONLY,
    MEASURES,
    NOT_YET,
    NOUNS,
    OF_LESIONS,
    ONLY_ONE,
    REMOVED,
    TAKEN_OUT,
    WITHOUT,
)

_MODIFIED = (
    "place",
    "segment",
    "hyphen",
    "filler",
    "unknown",
    "look",
    "size",
    "size_word",
    "count",
    "organ_size",
    "volume",
)
"""What may stand between an adjective and the finding that it describes: "small left upper pole mass"."""
JOINTS = ("and", "or", "comma")
NUMBERS = ("size", "volume")
_NOT_YET = re.compile(rf"\b(?:{'|'.join(NOT_YET)})\W+(?:an?\W+|the\W+)?(?:left\W+|right\W+)?$", re.IGNORECASE)


@dataclass
class Subject:
    """An organ in a sentence: positions [first, last) with its adjectives, `sides` in order with their items."""

    organ: str
    at: int
    first: int
    last: int
    sides: list[tuple[str, Item]]
    values: dict[str, tuple[Any, Item]] = field(default_factory=dict)
    numbers: tuple[float, ...] = ()
    craniocaudal: bool = False
    explicit: bool = False
    taken: set[int] = field(default_factory=set)
    only: Item | None = None
    denied: bool = False


def is_side(item: Item) -> bool:
    return item.type == "place" and set(fields_of(item)) == {"side"}


def subject_at(items: list[Item], index: int, organ: str) -> Subject:
    fields = {} if items[index].type == "past" else fields_of(items[index])
    side = fields.get("side")
    sides = [(side, items[index])] if side else []
    return Subject(organ, index, index, index + 1, [(one, item) for one, item in sides if one in ("left", "right")])


def not_yet(operation: Item) -> bool:
    """Whether an operation is only planned: "scheduled for left nephrectomy"."""
    return _NOT_YET.search(operation.source[: operation.span.start]) is not None


def read_before(items: list[Item], subject: Subject) -> None:
    """Adjectives and sides before the noun, and what takes the organ away: "no gallbladder", "absent right kidney"."""
    index = subject.at
    operation = items[index].type == "past"
    while index > 0:
        item = items[index - 1]
        text = item.span.text.lower()
        fields = fields_of(item) if item.type == "place" else {}
        if is_side(item) and fields["side"] in ("left", "right", "both"):
            if subject.organ not in PAIRED:
                break
            both = ("left", "right") if fields["side"] == "both" else (fields["side"],)
            subject.sides[:0] = [(side, item) for side in both]
        elif item.type in ("hyphen", "filler"):
            subject.craniocaudal = subject.craniocaudal or text in CRANIOCAUDAL
        elif item.type in ("and", "or", "comma") and _joins_adjectives(items, index - 1, subject):
            pass
        elif item.type == "organ_size" and _suits(text, subject.organ) and not _modifies_finding(items, subject.last):
            _say(subject, "size_word", item, index - 1)
        elif item.type == "size_word" and item.value in OF_LESIONS and not _modifies_finding(items, subject.last, True):
            _say(subject, "size_word", item, index - 1, OF_LESIONS[item.value])
        elif item.type in NUMBERS and not (operation or _is_of_finding(items, index - 1, subject)):
            if not _take_number(items, subject, index - 1, explicit=True):
                break
        elif item.type == "count" and _only_one(items, index - 1, subject):
            subject.only = item
            subject.taken.add(index - 1)
        else:
            break
        index -= 1
    subject.first = index
    if operation:  # its words stay: what it was done for is past
        subject.values["absent"] = (True, items[subject.at])
        return
    _side_behind(items, subject)
    while index > 0 and items[index - 1].type in ("article", "definite"):
        index -= 1
    _denied_before(items, subject, index)


def _side_behind(items: list[Item], subject: Subject) -> None:
    """ "A single kidney on the left"."""
    if subject.only is None or subject.sides:
        return
    for item in items[subject.last :]:
        if item.type == "place" and fields_of(item).get("side") in ("left", "right") and len(fields_of(item)) == 1:
            subject.sides = [(fields_of(item)["side"], item)]
        if item.type not in ("preposition", "definite") or item.span.text.lower() not in ("on", "the"):
            return


def _denied_before(items: list[Item], subject: Subject, start: int) -> None:
    """ "No spleen" takes the organ away; "no enlarged spleen" says nothing of it."""
    if start == 0:
        return
    cue = items[start - 1]
    if cue.type == "negation":
        alone = is_noun(items[subject.at]) and subject.organ not in VITAL and _ends_alone(items, subject.last)
        if cue.span.text.lower() in WITHOUT and not subject.values and alone:
            _say(subject, "absent", cue, start - 1, True)
        subject.denied = "absent" not in subject.values
    elif (
        cue.span.text.lower() in TAKEN_OUT
        and subject.organ not in VITAL
        and not _modifies_finding(items, subject.last, True)
        and not any(item.type == "kind" for item in items[:start])
    ):
        _say(subject, "absent", cue, start - 1, True)


def read_after(items: list[Item], subject: Subject) -> None:
    """What is said behind the noun: "is enlarged, 15 cm", "measures 11.2 cm", "has been removed"."""
    if "absent" in subject.values:
        return
    of_finding = in_phrase_of_finding(items, subject)
    subject.explicit = subject.explicit or _measured_before(items, subject)
    index = subject.last
    verb = False
    while index < len(items):
        item = items[index]
        text = item.span.text.lower()
        following = items[index + 1] if index + 1 < len(items) else None
        if text in MEASURES:
            subject.explicit = True
            subject.taken |= {index} if item.type == "unknown" else set()
            subject.craniocaudal = subject.craniocaudal or text in CRANIOCAUDAL
        elif item.type in ("negation_after", "past", "removed") and text in REMOVED:
            if is_noun(items[subject.at]) and subject.organ not in VITAL and not subject.values and not of_finding:
                _say(subject, "absent", item, index, True)
            return
        elif item.type in ("verb", "filler", "hyphen", "colon") or (item.type == "article" and verb):
            verb = verb or item.type == "verb"
        elif item.type == "organ_size":
            if not _suits(text, subject.organ):
                return
            _say(subject, "size_word", item, index)
        elif item.type == "size_word":
            if not verb or item.value not in OF_LESIONS or _modifies_finding(items, index + 1) or of_finding:
                return
            _say(subject, "size_word", item, index, OF_LESIONS[item.value])
        elif item.type in NUMBERS:
            explicit = subject.explicit or "size_word" in subject.values
            if of_finding or _modifies_finding(items, index + 1):
                return
            if not _take_number(items, subject, index, explicit):
                return
        elif item.type == "preposition" and text in ("of", "to", "at", "about", "in", "by", "as"):
            pass
        elif item.type == "negation" and following is not None and following.type == "organ_size":
            subject.taken |= {index, index + 1}
            return
        elif item.type in ("comma", "and", "unknown", "look") and following is not None:
            if following.type not in (*NUMBERS, "organ_size") and following.span.text.lower() not in MEASURES:
                return
        else:
            return
        index += 1


def _only_one(items: list[Item], index: int, subject: Subject) -> bool:
    """The "single" of "a single kidney", the "one" of "only one kidney"."""
    text = items[index].span.text.lower()
    alone = text in ONLY_ONE or (text == "one" and index > 0 and items[index - 1].span.text.lower() == "only")
    return alone and subject.organ in PAIRED and not _modifies_finding(items, subject.last)


def _say(subject: Subject, name: str, item: Item, index: int, value: Any = None) -> None:
    value = item.value if value is None else value
    subject.taken.add(index)
    if value is not None:
        subject.values.setdefault(name, (value, item))


def _take_number(items: list[Item], subject: Subject, index: int, explicit: bool) -> bool:
    """Take a length or volume for the organ's own, if it can be."""
    item = items[index]
    if item.type == "volume":
        low, high = LIMITS_ML[subject.organ]
        if "volume_ml" in subject.values or not low <= item.value <= high:
            return False
        _say(subject, "volume_ml", item, index)
        return True
    low, high = LIMITS_MM[subject.organ]
    low = low if explicit else BARE_MM[subject.organ]
    behind = next((other.type for other in items[index + 1 :] if other.type not in ("comma", "hyphen", "filler")), "")
    staged = behind == "stage" and not explicit
    if "length_mm" in subject.values or staged or not all(low <= value <= high for value in item.value):
        return False
    subject.numbers = tuple(item.value)
    _say(subject, "length_mm", item, index, item.value[0])
    return True


def _suits(text: str, organ: str) -> bool:
    return organ in HOLLOW or text not in HOLLOW_ONLY or (organ == "heart" and text == "dilated")


def is_noun(item: Item) -> bool:
    text = item.span.text.lower()
    return any(text in nouns for nouns in NOUNS.values())


def _modifies_finding(items: list[Item], start: int, joined: bool = False) -> bool:
    """Whether what stands before `start` describes a finding: the "small" of "small liver lesion". `joined`: also over
    an "and" between places."""
    for index in range(start, len(items)):
        item = items[index]
        if item.type == "kind":
            return item.value.name not in ("absence", "resection")
        joint = joined and item.type in JOINTS and index + 1 < len(items) and items[index + 1].type == "place"
        if item.type not in _MODIFIED and not joint:
            return False
    return False


def _ends_alone(items: list[Item], start: int) -> bool:
    """Whether a denied noun stands for itself: nothing of it is denied, and no list of places before a finding."""
    if start < len(items) and items[start].type in _MODIFIED:
        return False
    return not _modifies_finding(items, start, True)


def _is_of_finding(items: list[Item], number: int, subject: Subject) -> bool:
    """ "9 cm kidney tumor", "tumor 9 cm left kidney"."""
    before = next((item.type for item in reversed(items[:number]) if item.type not in ("hyphen", "filler")), "")
    return before == "kind" or _modifies_finding(items, subject.last)


def _joins_adjectives(items: list[Item], index: int, subject: Subject) -> bool:
    """The comma of "small, atrophic kidneys", the "and" of "left and right kidney"."""
    before = items[index - 1] if index else None
    if before is None:
        return False
    if items[index].type == "comma":
        return before.type in ("organ_size", "size_word") and bool(subject.values)
    return is_side(before) and bool(subject.sides)


def in_phrase_of_finding(items: list[Item], subject: Subject) -> bool:
    """Whether the organ is only where a finding is: "a mass in the left kidney measuring 8 cm"."""
    index = subject.first
    while index > 0 and items[index - 1].type in ("article", "definite"):
        index -= 1
    within = index > 0 and items[index - 1].type in ("preposition", "relation", "from")
    return within and not _measured_before(items, subject)


def _measured_before(items: list[Item], subject: Subject) -> bool:
    """ "The length of the left kidney is 11 cm"."""
    near = items[max(0, subject.first - 4) : subject.first]
    words = [item.span.text.lower() for item in near]
    subject.craniocaudal = subject.craniocaudal or any(word in CRANIOCAUDAL for word in words)
    return any(word in MEASURES for word in words)
