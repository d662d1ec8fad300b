"""Which words of a sentence belong to which finding, and which findings it denies.

Each word for a finding (its head) owns the words from the start of its noun phrase up to the next one: in "a 3 cm mass
in the left lung and two small liver nodules" the first phrase ends before "and".
"""

from dataclasses import dataclass, field, replace
from itertools import pairwise

from GuideGenLib.description.reading.foreign import fields_of
from GuideGenLib.description.reading.items import Item
from GuideGenLib.description.reading.presence import PLACE_TYPES, TRANSPARENT, coordinates, presence_of
from GuideGenLib.description.words.headings import PRESENCE_BELOW

_PHRASE_TYPES = (
    *PLACE_TYPES, "size", "size_word", "volume", "stage", "stage_word", "count", "hyphen", "filler", "unknown", "look",
    "other", "member", "metastatic", "primary", "past", "colon", "distance", "normal", "region", "age_word", "scan",
    "contrast", "phase", "race", "more_on",
)  # fmt: skip
_STAY_BEHIND = ("size", "stage")
_MEASURES = ("diameter", "dimension", "diameters", "dimensions", "axis", "size", "extent", "transverse", "axial")


@dataclass
class Region:
    """The words of one finding. `head` is None in a sentence that names none."""

    head: Item | None
    items: list[Item]
    sentence: int
    presence: str = "present"
    cue: Item | None = None
    """What the text says its presence with."""
    joint: str = ""
    """How it is joined to the finding before it in its sentence: "link", "and", "present"; "" for the first."""
    before: list[Item] = field(default_factory=list)
    """The items of the noun phrase before the head."""
    section: str = ""
    single: bool = False
    """Whether it is one of several that a plural head stands for."""


def regions(sentence: list[Item], number: int, section: str = "") -> tuple[list[Region], list[tuple[Item, str]]]:
    """The findings of a sentence in a section, and the items that belong to none of them, with the reason."""
    items, normal = _without_normal([item for item in sentence if not _empty(item)])
    items, denied_places = _without_denied_places(items)
    items, label = _without_label(items)
    aside = [(item, "said to be normal") for item in normal]
    aside += [(item, "where nothing is") for item in denied_places] + [(item, "a label") for item in label]
    heads = _heads(items)
    if not heads:
        denied = any(item.type == "negation" and item.value == "negated" for item in items)
        return [Region(None, items, number, "negated" if denied else "present")], aside
    starts = [0]
    for before, head in pairwise(heads):
        starts.append(_start(items, head, before, starts[-1]))
    ends = [*starts[1:], len(items)]
    found = []
    for index, (head, start, end) in enumerate(zip(heads, starts, ends, strict=True)):
        previous = heads[index - 1] if index else -1
        joint = _joint(items[previous + 1 : head]) if index else ""
        begin = start if index else _start(items, head, -1, 0)
        if not index:
            # "nothing in the lungs except for a mass in the liver": what is before "except" is of no finding.
            start = max((i + 1 for i in range(head) if items[i].type == "but"), default=start)
        found.append(Region(
            items[head], items[start:end], number, *_presence(items, head, heads, section, items[begin:head]),
            joint, items[begin:head], section,
        ))  # fmt: skip
    _give_back_places(found)
    return [part for region in found for part in _split(region)], aside


def _presence(
    items: list[Item], head: int, heads: list[int], section: str, phrase: list[Item]
) -> tuple[str, Item | None]:
    """What the sentence says of a finding, else its section; what is called known is known in any section."""
    said, cue = presence_of(items, head, heads)
    known = any(item.span.text.lower() == "known" for item in phrase) and section != "family"
    if section == "patient" and said == "possible" and not known:
        return "hypothetical", cue  # what a clinician suspects is asked of the radiologist
    if section in PRESENCE_BELOW and said in ("present", "possible") and not known:
        return PRESENCE_BELOW[section], None
    return said, cue


def _give_back_places(found: list[Region]) -> None:
    """ "metastases from lung cancer in the liver": the place behind is that of the metastases."""
    for before, region in pairwise(found):
        if region.joint != "from" or before.head is None or region.head is None or before.head.type != "kind":
            continue
        named = region.head.value.organ if region.head.type == "kind" else None
        placed = named or any(item.type in PLACE_TYPES for item in region.before)
        if before.head.value.name == "metastasis" and placed and not any(i.type in PLACE_TYPES for i in before.items):
            head = region.items.index(region.head)
            start = next((i for i in range(head, len(region.items)) if region.items[i].type == "preposition"), None)
            if start is not None:
                before.items = [item for item in before.items if item.type != "from"] + region.items[start:]
                del region.items[start:]


def _split(region: Region) -> list[Region]:
    """ "tumors: lung (3 cm, T1) and kidney (5 cm, T2)": one region a place, where each has its size or stage."""
    if region.head is None:
        return [region]
    head = region.items.index(region.head)
    tail = region.items[head + 1 :]
    parts: list[list[Item]] = [[]]
    for item in tail:
        if item.type == "and":
            parts.append([])
        else:
            parts[-1].append(item)
    whole = all(
        any(item.type in PLACE_TYPES for item in part) and any(item.type in ("size", "stage") for item in part)
        for part in parts
    )
    if len(parts) < 2 or not whole or any(item.type in PLACE_TYPES for item in region.before):
        return [region]
    shared = [item for item in region.items[: head + 1] if item.type != "count"]
    return [replace(region, items=[*shared, *part], single=True, joint=region.joint if not i else "and")
            for i, part in enumerate(parts)]  # fmt: skip


def _empty(item: Item) -> bool:
    return item.type == "filler" and item.span.text in "'’\"“”s"


def _heads(items: list[Item]) -> list[int]:
    """Positions of the words for findings; of adjacent ones ("mass lesion", "cancer tumor") the last."""
    heads: list[int] = []
    for index, item in enumerate(items):
        if item.type == "kind" and not _no_finding(items, index):
            joined = heads and all(other.type in ("hyphen", "or") for other in items[heads[-1] + 1 : index])
            if joined and _same_thing(items[heads[-1]], item):
                heads.pop()
            heads.append(index)
        elif (
            _is_spread(items, index)
            or (item.type == "primary" and _stands_for_finding(items, index))
            or (item.type in ("count", "other", "member") and _stands_for_finding(items, index))
        ):
            heads.append(index)
    return heads


def _is_spread(items: list[Item], index: int) -> bool:
    """The "to" of "metastatic colon cancer to the liver"."""
    if items[index].span.text.lower() != "to" or not any(item.type == "metastatic" for item in items[:index]):
        return False
    after = [item for item in items[index + 1 : index + 4] if item.type not in ("definite", "hyphen")]
    return bool(after) and after[0].type in PLACE_TYPES and any(item.type == "kind" for item in items[:index])


def _same_thing(first: Item, second: Item) -> bool:
    both_drawn = first.value is not None and second.type == "kind" and first.type == "kind"
    return (
        both_drawn
        and first.value.drawable
        and second.value.drawable
        and "metastasis" not in (first.value.name, second.value.name)
        and first.value.organ in (None, second.value.organ)
    )


def _no_finding(items: list[Item], index: int) -> bool:
    after = [item for item in items[index + 1 : index + 3] if item.type != "hyphen"]
    return bool(after) and after[0].type == "not_a_finding"


def _stands_for_finding(items: list[Item], index: int) -> bool:
    """ "one in the left lung", "the largest measures 4 cm": stands for a finding named before, not before a noun."""
    item = items[index]
    if item.type == "count" and (item.value != 1 or item.span.text.lower() != "one"):
        return False
    if item.type == "other" and item.span.text.lower() not in ("another", "other", "second", "third", "others"):
        return False
    if item.span.text.lower() in ("smaller", "larger", "bigger") and (not index or items[index - 1].type != "definite"):
        return False  # "the metastases are smaller, 8 mm"
    if index + 1 == len(items) and item.type == "count":  # "in the right lung there is one"
        return any(other.type in PLACE_TYPES for other in items) and all(other.type != "kind" for other in items)
    if index + 1 < len(items) and items[index + 1].span.text.lower() in _MEASURES:
        return False
    described = False
    for after in items[index + 1 :]:
        if after.type == "kind":
            return False
        if after.type in (*PLACE_TYPES, "size"):
            described = True
            break
        if after.type not in (
            "preposition",
            "verb",
            "definite",
            "article",
            "filler",
            "hyphen",
            "colon",
            "comma",
            "size_word",
        ):
            return False
    if not described:
        return False
    for after in items[index + 1 :]:
        if after.type == "kind":
            return False
        if after.type not in _PHRASE_TYPES:
            return True
    return True


def _start(items: list[Item], head: int, before: int, lowest: int) -> int:
    """Where the noun phrase of a head begins; `before` is the head before it, or -1."""
    start = head
    while start - 1 > before:
        item = items[start - 1]
        if item.type in ("comma", "and", "or"):
            if not coordinates(items, start - 1, before):
                break
        elif item.type in ("negation", "article", "definite"):
            start -= 1
            break
        elif item.type not in _PHRASE_TYPES:
            break
        start -= 1
    if before >= 0 and start == before + 1:
        # "lung mass 5 cm liver metastases": a size right after a head is of that head.
        while start < head and items[start].type in _STAY_BEHIND:
            start += 1
    if start < head and items[start].type in ("comma", "and", "or"):
        start += 1
    if before >= 0:  # "not in the left lung, but in the right one there is one of 11 mm"
        start = min(start, max((i + 1 for i in range(before + 1, head) if items[i].type == "but"), default=start))
    return _with_fronted_place(items, _with_place_of_size(items, start, before), before, lowest)


def _with_place_of_size(items: list[Item], start: int, before: int) -> int:
    """ "... and segment 6, 3 cm metastasis": the place between "and" and the size is the new finding's."""
    if start >= len(items) or items[start].type != "size" or items[start - 1].type != "comma":
        return start
    index = start - 1
    while index - 1 > before and items[index - 1].type in (*PLACE_TYPES, "definite", "hyphen"):
        index -= 1
    return index if before < index < start - 1 and items[index - 1].type == "and" else start


def _with_fronted_place(items: list[Item], start: int, before: int, lowest: int) -> int:
    """ "... and in the liver a 4 cm mass": the place before the article is the new finding's."""
    index = start
    if index - 1 > before and items[index - 1].type == "comma":
        index -= 1
    moved = False
    while index - 1 > before and items[index - 1].type in (*PLACE_TYPES, "definite", "hyphen"):
        moved = moved or items[index - 1].type in PLACE_TYPES
        index -= 1
    if not moved or index - 2 <= before or items[index - 1].type != "preposition":
        return start
    joined = items[index - 2].type in ("and", "comma", "but")
    placed = any(item.type in PLACE_TYPES for item in items[lowest : index - 2])
    return index - 1 if joined and placed else start


def _joint(between: list[Item]) -> str:
    """What joins a finding to the one before it, by its last joining word."""
    for index in range(len(between) - 1, -1, -1):
        item = between[index]
        if item.value == "possible" and (index == 0 or between[index - 1].type in ("comma", "verb")):
            return "link"
        if item.type in ("link", "and", "or", "present", "but", "from", "relation", "negation", "comma", "colon"):
            return item.type
        if item.type == "verb":
            return "verb"
    return "apposition"


def _without_normal(items: list[Item]) -> tuple[list[Item], list[Item]]:
    """Take away the organs that are said to be normal: "the liver and spleen are unremarkable", "clear lungs"."""
    dropped: set[int] = set()
    for index, item in enumerate(items):
        if item.type != "normal":
            continue
        behind = _place_run(items, index + 1, 1)
        if behind and not (behind[-1] + 1 < len(items) and items[behind[-1] + 1].type == "kind"):
            dropped.update(behind)
            continue
        start = index - 1
        while start >= 0 and items[start].type in ("verb", "filler", "definite", "unknown", "look", "colon", "present"):
            start -= 1
        dropped.update(_place_run(items, start, -1))
    return [item for i, item in enumerate(items) if i not in dropped], [items[i] for i in sorted(dropped)]


def _without_denied_places(items: list[Item]) -> tuple[list[Item], list[Item]]:
    """Take away where a finding is said not to be: "in the left kidney, not the right", "nothing in the pancreas"."""
    dropped: set[int] = set()
    for cue, item in enumerate(items):
        alone = item.type == "negation_after" and item.span.text.lower() == "none"
        if not (alone or (item.type == "negation" and item.value == "negated")):
            continue
        end = cue + 1
        while end < len(items) and items[end].type in (*PLACE_TYPES, *TRANSPARENT, "preposition"):
            if items[end].type == "preposition" and items[end].value is False:
                break
            end += 1
        ends = end == len(items) or items[end].type in ("comma", "and", "but", "colon", "preposition")
        placed = any(other.type in PLACE_TYPES for other in items[cue + 1 : end])
        if ends and placed and any(other.type == "kind" for other in items[:cue]):
            named = any("organ" in fields_of(other) for other in items[:cue] if other.type in PLACE_TYPES)
            of_both = (
                [] if named else [i for i in range(cue, end) if items[i].type == "place" and "organ" in items[i].value]
            )
            dropped.update(set(range(cue, end)) - set(of_both))
    return [item for i, item in enumerate(items) if i not in dropped], [items[i] for i in sorted(dropped)]


def _without_label(items: list[Item]) -> tuple[list[Item], list[Item]]:
    """ "Lungs and pleura: nodule in the left lower lobe": of a label of several organs only the finding chooses."""
    colon = next((index for index, item in enumerate(items) if item.type == "colon"), 0)
    label = items[:colon]
    organs = [item for item in label if item.type == "place" and "organ" in fields_of(item)]
    listed = all(item.type in ("place", "and", "comma", "definite", "filler") for item in label)
    own = {name for item in items[colon:] if item.type in PLACE_TYPES for name in fields_of(item)}
    if len(organs) > 1 and listed and own & {"organ", "lobe", "segments"}:
        return items[colon + 1 :], organs
    return items, []


def _place_run(items: list[Item], start: int, step: int) -> list[int]:
    """Positions of the places in a list of places that begins at `start`; a finding in the sentence keeps it short."""
    alone = not any(item.type == "kind" for item in items)
    found: list[int] = []
    index = start
    while 0 <= index < len(items):
        item = items[index]
        if item.type in PLACE_TYPES:
            found.append(index)
        elif item.type in ("comma", "and", "or"):
            if not alone:
                break
        elif item.type not in TRANSPARENT or (item.type == "definite" and found and not alone):
            break
        index += step
    return found
