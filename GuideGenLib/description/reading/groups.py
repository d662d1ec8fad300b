"""Words of place gathered into groups, one a place, before sense is made of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from GuideGenLib.description.model import SITES, DescriptionError
from GuideGenLib.description.reading.foreign import fields_of, foreign_items, joins_two
from GuideGenLib.description.reading.items import Item
from GuideGenLib.description.reading.presence import PLACE_TYPES

_JOINING = ("preposition", "article", "definite", "hyphen", "filler", "kind", "comma", "verb", "colon", "size", "stage",
            "size_word", "stage_word", "from", "past", "person", "count", "metastatic", "other", "and",
            "or")  # fmt: skip


WITH_NECKS = ("pancreas", "bladder", "gallbladder", "uterus")
"""Organs that have a neck: beside one of them the word means no region of the body."""


@dataclass
class Group:
    """Words of one place before they are made sense of: field -> (value, item). `strict`: nothing odd in between."""

    parts: dict[str, tuple[str, Item]] = field(default_factory=dict)
    joint: str = ""

    def text(self, name: str) -> str:
        """What the text says for a field."""
        return self.parts[name][1].span.text

    def get(self, name: str) -> str | None:
        """The value of a field, if it is there."""
        return self.parts[name][0] if name in self.parts else None


def contradiction(first: str, second: str, reason: str) -> DescriptionError:
    """An error that names both words and the remedy."""
    return DescriptionError(f"'{first}' and '{second}' contradict each other", f"{reason}. Keep one of the two.")


def groups_of(
    items: Sequence[Item], head: Item | None, is_metastasis: bool, organ: str | None = None
) -> tuple[list[Group], list[Item]]:
    """The places of a finding's words, unresolved, and the words that tell of other places ("invading the diaphragm").

    organ: what the kind of the finding implies.
    Raises DescriptionError where one place is said to be two ("the left upper lobe of the right lung").
    """
    elsewhere = foreign_items(items, head, is_metastasis, organ)
    unused = list(elsewhere)
    groups: list[Group] = []
    last = -1
    for index, item in enumerate(items):
        if item.type not in PLACE_TYPES or item in elsewhere or joins_two(items, index):
            continue
        between = items[last + 1 : index] if groups else []
        joint = next((other.type for other in between if other.type in ("and", "or", "comma")), "")
        if groups and any(other.type in ("and", "or") for other in between):
            joint = "and"
        # "X is in the liver (segment VI)": punctuation joins; unknown words in between make it doubtful.
        strict = all(other.type in _JOINING and other.value is not False for other in between)
        if not groups or joint:
            groups.append(Group(joint=joint))
        if not _add(groups[-1], item, strict, _premodifies(items, index, head), is_metastasis):
            unused.append(item)
            if not groups[-1].parts:
                groups.pop()
            continue
        last = index
    return _share(_merge(groups)), unused


def _premodifies(items: Sequence[Item], index: int, head: Item | None) -> bool:
    return head is not None and head in items and index < items.index(head)


def _add(group: Group, item: Item, strict: bool, premodifies: bool, is_metastasis: bool) -> bool:
    """Put a word into a group. False where it does not fit, and the joint is too loose to call it a contradiction."""
    fields = fields_of(item)
    if fields == {"organ": "neck"} and group.get("organ") in WITH_NECKS:
        fields = {"site": "head", "segment": "neck"} if group.get("organ") == "pancreas" else {}
    for name, value in fields.items():
        if group.get(name) in (None, value):
            continue
        if name == "organ" and is_metastasis and premodifies:
            group.parts.clear()  # "rectal liver metastases" are in the liver
            break
        elif name == "segment" or (name == "organ" and _contains(value, group.get(name) or "")):
            group.parts.pop(name)
        elif strict:
            raise contradiction(group.text(name), item.span.text, _reason(name))
        else:
            return False
    for name, value in fields.items():
        group.parts.setdefault(name, (value, item))
    return True


def _contains(part: str, whole: str) -> bool:
    """Whether the second word says the same more roughly: "bowel" beside "colon" contradicts nothing."""
    return part in {"bowel": ("colon", "small_bowel", "duodenum"), "lymph_node": (*SITES, "mediastinum")}.get(whole, ())


def _reason(name: str) -> str:
    return {
        "side": "one finding cannot be on both sides unless they are joined by 'and'",
        "organ": "one finding cannot be in two organs unless they are joined by 'and'",
    }.get(name, "they name two places; join them by 'and' if both are meant")


def _merge(groups: list[Group]) -> list[Group]:
    """ "left lung, upper lobe" is one place: a comma joins what does not conflict; "and" only what adds a detail."""
    merged: list[Group] = []
    if (
        len(groups) > 1
        and groups[0].get("side") == "both"
        and all(group.get("side") in ("left", "right") for group in groups[1:])
    ):
        # "masses on both sides, left 5 cm, right 3 cm"
        for group in groups[1:]:
            group.parts = {**{name: part for name, part in groups[0].parts.items() if name != "side"}, **group.parts}
        return groups[1:]
    for group in groups:
        before = merged[-1] if merged else None
        fits = before is not None and all(before.get(name) in (None, value) for name, (value, _) in group.parts.items())
        detail = "organ" not in group.parts and "side" not in group.parts
        known = before is not None and any(
            name in before.parts for name in ("level", "part", "site", "segments", "lungpart")
        )
        more = any(name in group.parts for name in ("level", "part", "site", "segments", "lungpart"))
        if before is not None and fits and (group.joint == "comma" or (detail and not (known and more))):
            before.parts.update({name: part for name, part in group.parts.items() if name not in before.parts})
        else:
            merged.append(group)
    return merged


def _share(groups: list[Group]) -> list[Group]:
    """Fill what joined places have in common: "left and right kidney", "upper and lower lobes of the right lung"."""
    for this, following in reversed(list(pairwise(groups))):
        if "organ" not in this.parts and "site" not in this.parts:
            for name in ("organ", "lobe", "side"):
                if name in following.parts and name not in this.parts:
                    this.parts[name] = following.parts[name]
    for before, this in pairwise(groups):
        if "organ" not in this.parts or this.get("organ") == before.get("organ"):
            own_side = any(item is not before.parts.get("side", (None, None))[1] for _, item in this.parts.values())
            for name in ("organ", "lobe", "side"):
                already = name in this.parts or (name == "side" and "organ" in this.parts and not _detail(this))
                if name in before.parts and not already and own_side:
                    this.parts[name] = before.parts[name]
    return groups


def _detail(group: Group) -> bool:
    return any(name in group.parts for name in ("level", "part", "segments", "lungpart", "lobe"))
