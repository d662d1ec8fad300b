"""Findings while they are read: what the words of one region say, before findings are compared with each other."""

from dataclasses import dataclass, field
from typing import Any

from GuideGenLib.description.model import SITES
from GuideGenLib.description.reading.amounts import Amounts
from GuideGenLib.description.reading.clauses import Region
from GuideGenLib.description.reading.groups import Group, contradiction, groups_of
from GuideGenLib.description.reading.items import Item
from GuideGenLib.description.reading.location import SaidPlace
from GuideGenLib.description.reading.looks import LACKED, Looks, is_of_solid_part, looks_of
from GuideGenLib.description.reading.tnm import TnmStage

FAMILY = ("tumor", "mass", "nodule", "lesion")
_FORMERLY = ("was", "previously", "formerly", "initially")
_NOW = ("now", "currently", "today", "presently")
STAGE_FIELDS = ("t", "n", "m", "stage")


@dataclass
class Draft:
    """One finding being read. `fields`: of Finding, with the item behind each; `groups`: its places, unresolved."""

    kind: str | None
    region: Region
    fields: dict[str, tuple[Any, Item]] = field(default_factory=dict)
    sizes: list[tuple[float, Item]] = field(default_factory=list)
    amounts: Amounts = field(default_factory=Amounts)
    groups: list[Group] = field(default_factory=list)
    places: list[SaidPlace] = field(default_factory=list)
    organ: str | None = None
    count: int | None = None
    count_item: Item | None = None
    plural: bool = False
    generic: bool = False
    drawable: bool = False
    current: bool = False
    """Whether the text calls its size the one of today."""
    definite: bool = False
    other: bool = False
    member: bool = False
    pronoun: bool = False
    looks: Looks = field(default_factory=list)
    aside: list[tuple[Item, str]] = field(default_factory=list)
    """What is understood and has no effect, with the reason."""
    unused: list[Item] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def there(self) -> bool:
        """Whether the patient has it, surely or possibly."""
        return self.region.presence in ("present", "possible")

    @property
    def negated(self) -> bool:
        """Whether the text denies it."""
        return self.region.presence == "negated"

    @property
    def located(self) -> bool:
        """Whether it has more of a place than an organ."""
        return any(place.side or place.site or place.segment for place in self.places)

    @property
    def bare(self) -> bool:
        """Whether it has neither a place within its organ nor a size."""
        return not self.located and not self.sizes

    @property
    def in_family(self) -> bool:
        """Whether it is a tumour, mass, nodule or lesion that the text says to be there."""
        return self.kind in FAMILY and self.there

    @property
    def organs(self) -> set[str]:
        """The organs that it is in."""
        found = {place.organ for place in self.places} | {self.organ}
        return {organ for organ in found if organ is not None}


def read_draft(region: Region) -> Draft:
    """What the words of a region say. Raises DescriptionError where they contradict each other."""
    head = region.head
    draft = Draft(None, region)
    if head is not None and head.type == "kind":
        draft.kind, draft.organ = head.value.name, head.value.organ
        draft.plural = head.value.plural and not region.single
        draft.generic, draft.drawable = head.value.generic, head.value.drawable
        if draft.organ is not None:
            draft.fields["organ"] = (draft.organ, head)
    elif head is not None and head.type in ("primary", "preposition"):
        draft.kind, draft.drawable = "tumor" if head.type == "primary" else "metastasis", True
        draft.generic = head.type == "primary"
    elif head is not None:
        draft.pronoun, draft.drawable = True, True
        draft.member = head.type == "member"
        draft.other = head.type == "other"
    for item in region.items:
        _read_item(draft, item, item in region.before)
    draft.looks, lacked = looks_of(region.items, head, region.before)
    draft.aside += [(item, LACKED) for item in lacked]
    current = [(length, item) for length, item in draft.sizes if _is_current(region.items, item)]
    draft.current = bool(current)
    draft.sizes = current or draft.sizes
    draft.groups, unused = groups_of(region.items, head, draft.kind == "metastasis", draft.organ)
    draft.unused += unused
    _organ_of_kind(draft)
    return draft


def _read_item(draft: Draft, item: Item, before: bool) -> None:
    draft.amounts.read(item)
    match item.type:
        case "size":
            if not _is_old(draft.region.items, item) and not is_of_solid_part(draft.region.items, item):
                draft.sizes += [(length, item) for length in item.value]
        case "size_word" | "stage_word":
            name = "size_word" if item.type == "size_word" else "stage"
            if item.value is not None and not _measures(draft.region.items, item):
                draft.fields.setdefault(name, (item.value, item))
        case "stage":
            if not _is_old(draft.region.items, item):
                add_stage(draft, item)
        case "metastatic":
            if draft.kind in FAMILY:
                draft.fields.setdefault("m", ("1", item))
        case "count":
            times = draft.region.items[max(0, draft.region.items.index(item) - 1)].span.text.lower() == "x"
            after = draft.plural and item.value > 1 and _closes(draft.region.items, item)
            counts = (before and _may_count(draft, item)) or times or after
            if counts and draft.region.head is not item and draft.count is None:
                draft.count, draft.count_item = item.value, item
        case "definite":
            draft.definite = draft.definite or before
        case "other":
            draft.other = draft.other or before
        case "member":
            draft.member = draft.member or before
    if item.note:
        draft.notes.append(item.note)


def _may_count(draft: Draft, count: Item) -> bool:
    """Whether a number before a noun tells how many: "3 masses", "three mass", but not "stage 3 mass"."""
    return draft.plural or draft.kind is None or count.value == 1 or not count.span.text.isdigit()


def _closes(items: list[Item], count: Item) -> bool:
    """ "liver mets, multiple": a number word after its noun, with nothing behind."""
    index = items.index(count)
    behind = items[index + 1 :]
    return not count.span.text.isdigit() and (not behind or behind[0].type in ("comma", "and", "stop"))


def _measures(items: list[Item], word: Item) -> bool:
    """The "large" of "5 cm large"."""
    before = [item for item in items[: items.index(word)] if item.type != "hyphen"]
    return bool(before) and before[-1].type == "size" and word.span.text.lower() in ("large", "big")


def _is_old(items: list[Item], item: Item) -> bool:
    """ "previously T1", "was 4 cm": no longer so."""
    index = items.index(item)
    return index > 0 and (items[index - 1].type == "past" or items[index - 1].span.text.lower() in _FORMERLY)


def _is_current(items: list[Item], size: Item) -> bool:
    """ "is now 1.8 cm", "today the nodule measures 9 mm"."""
    index = items.index(size)
    for item in reversed(items[max(0, index - 4) : index]):
        if item.type in ("comma", "size"):
            return False
        if item.span.text.lower() in _NOW:
            return True
    return False


def add_stage(draft: Draft, item: Item) -> None:
    """Take over what a mention of a stage says. Raises DescriptionError for a second T, N, M or stage that differs."""
    stage: TnmStage = item.value
    for name, value in (("t", stage.t), ("n", stage.n), ("m", stage.m), ("stage", stage.group)):
        if value is None:
            continue
        old = draft.fields.get(name)
        if old is None or old[1].type in ("stage_word", "metastatic") or old[0] == "X" or value.startswith(old[0]):
            draft.fields[name] = (value, item)
        elif not old[0].startswith(value) and value != "X":
            raise contradiction(old[1].span.text, item.span.text, "one tumour has one stage")
    if item.note and item.note not in draft.notes:
        draft.notes.append(item.note)


def _organ_of_kind(draft: Draft) -> None:
    """Let the organ that the kind implies ("HCC") and the organ of the place agree."""
    if draft.organ is None:
        return
    for group in list(draft.groups):
        named = group.get("organ")
        if named is None or named == draft.organ:
            continue
        item = group.parts["organ"][1]
        if not draft.drawable:
            # Of the place of a "right lower lobe effusion" only the side is kept: it is not in the lung.
            group.parts = {name: part for name, part in group.parts.items() if name == "side"}
            if not group.parts:
                draft.groups.remove(group)
        elif draft.organ in SITES and named in SITES and item in draft.region.items and draft.region.head is not None:
            raise contradiction(draft.region.head.span.text, item.span.text, f"the first is in the {draft.organ}")
        elif draft.organ in SITES:
            draft.groups.remove(group)
            draft.unused.append(item)
        else:
            draft.organ = None
            draft.fields.pop("organ", None)
            return
