"""The findings of a text: drafts compared with each other, named again, grouped, and written out."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from GuideGenLib.description.model import DescriptionError
from GuideGenLib.description.reading.clauses import Region, regions
from GuideGenLib.description.reading.compare import SAME, agree, combine, names_again, within
from GuideGenLib.description.reading.drafts import FAMILY, STAGE_FIELDS, Draft, add_stage, read_draft
from GuideGenLib.description.reading.fragments import CARRYING, attach, content, doubtful, imply, take_pending
from GuideGenLib.description.reading.items import Item
from GuideGenLib.description.reading.location import implied_organ, in_organ
from GuideGenLib.description.reading.resolving import context_of, last_side, resolve_places
from GuideGenLib.description.reading.writing import PLURAL_COUNT, ReadFindings, check_denials, write
from GuideGenLib.description.words.lexicon import ORGAN_OF_REGION
from GuideGenLib.findings.reading import recipe_of

_ORDER = {"the former": 0, "the latter": -1}
FEW = 3
"""A text of so few sentences is refused where it contradicts itself: its writer can mend it at once."""
_LIKE_REGION = ("region", "comma", "and", "or", "contrast", "phase", "filler", "definite", "preposition", "hyphen",
                "present")  # fmt: skip


def read_findings(sentences: Sequence[list[Item]], sections: Sequence[str]) -> ReadFindings:
    """All findings of a text; sections: of its sentences. Raises DescriptionError where the text contradicts itself."""
    reading = ReadFindings()
    strict = len(sentences) <= FEW
    found: list[Draft] = []
    for number, sentence in enumerate(sentences):
        here, aside = regions(sentence, number, sections[number])
        reading.aside += aside
        for region in here:
            with _kept(region, reading, strict):
                draft = read_draft(region)
                _region_as_organ(draft, sentence, reading)
                found.append(draft)
    organs = _organs_of_text(found)
    merged: list[Draft] = []
    pending: list[Draft] = []
    for draft in found:
        with _kept(draft.region, reading, strict):
            if draft.region.head is None:
                attach(draft, merged, pending, organs, reading)
                continue
            if pending and draft.in_family:
                take_pending(draft, pending, merged, organs, reading)
            _settle(draft, merged, organs, reading)
    imply(pending, merged, organs, reading)
    _move_stages(merged)
    for draft in merged:
        write(draft, reading)
    try:
        check_denials(reading)
    except DescriptionError as error:
        if strict:
            raise
        reading.notes.append(str(error))
    return reading


@contextmanager
def _kept(region: Region, reading: ReadFindings, strict: bool) -> Iterator[None]:
    """A long report is read on where one of its sentences contradicts itself: that one is told, and not drawn."""
    try:
        yield
    except DescriptionError as error:
        if strict:
            raise
        reading.notes.append(str(error))
        reading.unused += [item for item in region.items if item.type in CARRYING]


def _organs_of_text(drafts: list[Draft]) -> list[str]:
    """The organs in which the text says something to be, or that it names as its subject."""
    organs: list[str] = []
    for draft in drafts:
        if not draft.there or (draft.region.head is None and doubtful(draft)):
            continue
        named = [draft.organ, *(group.get("organ") or implied_organ(group) for group in draft.groups)]
        if draft.region.head is None or draft.kind in FAMILY or draft.pronoun:
            organs += [organ for organ in named if organ is not None and organ not in organs]
    return organs


def _region_as_organ(draft: Draft, sentence: list[Item], reading: ReadFindings) -> None:
    """ "a mass in the pelvis": the region is where the finding is. "CT of the pelvis" is not."""
    if draft.region.head is None or draft.organ or any(group.get("organ") for group in draft.groups):
        return
    head = sentence.index(draft.region.head)
    for item in draft.region.items:
        if draft.negated or sum(other.type == "region" for other in draft.region.items) > 1:
            return
        if item.type != "region" or item.value not in ORGAN_OF_REGION or _is_scanned(sentence, sentence.index(item)):
            continue
        index = sentence.index(item)
        lead = [other.type for other in sentence[max(0, index - 2) : index]]
        if (index < head and item in draft.region.before) or (index > head and "preposition" in lead):
            draft.organ = ORGAN_OF_REGION[item.value]
            draft.fields["organ"] = (draft.organ, item)
            reading.organ_words.append(item)
            return


def _is_scanned(sentence: list[Item], index: int) -> bool:
    for step in (-1, 1):
        other = index + step
        while 0 <= other < len(sentence) and sentence[other].type in _LIKE_REGION:
            other += step
        if 0 <= other < len(sentence) and sentence[other].type == "scan":
            return True
    return False


def _settle(draft: Draft, merged: list[Draft], organs: list[str], reading: ReadFindings) -> None:
    """Put a draft to the others: named again, one of a group, or new."""
    resolve_places(draft, context_of(draft, merged, organs), last_side(merged))
    if draft.pronoun:
        parent = _parent(draft, merged)
        if parent is None:
            reading.unused += content(draft)
            return
        _descend(draft, parent, merged)
        return
    if draft.member:
        parent = _parent(draft, merged)
        if parent is not None and (parent.kind == draft.kind or draft.generic):
            _descend(draft, parent, merged)
            return
    same = reading.last if _renames(reading.last, draft) else None
    same = same or next((before for before in reversed(merged) if names_again(before, draft)), None)
    reading.last = draft if same is None else same
    if same is not None:
        combine(same, draft)
        return
    asked = {organ for before in merged if before.region.presence == "hypothetical" for organ in before.organs}
    if draft.negated and draft.kind in FAMILY and not draft.organs and len(asked) == 1:
        draft.organ = next(iter(asked))  # "? lung cancer. No nodule."
    if draft.kind == "effusion" and not draft.organs:
        draft.organ = "pleura"  # that of another space is called by it
    before = merged[-1] if merged else None
    if draft.region.presence == "possible" and not draft.organs and before and before.there and not before.drawable:
        draft.places = list(before.places)  # "wall thickening of the sigmoid, an underlying tumor is not excluded"
    if not draft.organs and (draft.in_family or draft.kind == "cyst") and len(organs) == 1:
        draft.organ = organs[0]
        draft.places = [replace(place, organ=place.organ or organs[0]) for place in draft.places]
        source = next((before for before in merged if organs[0] in before.organs), None)
        item = source.fields.get("organ") if source else None
        if item is not None:
            draft.fields["organ"] = item
    merged.append(draft)


def _renames(last: Draft | None, draft: Draft) -> bool:
    """Whether a draft is another name for the finding right before it: "two lesions, concerning for metastases"."""
    if last is None or draft.region.joint != "link" or last.region.sentence != draft.region.sentence:
        return False
    return draft.there and last.there and draft.kind in SAME and last.kind in SAME and agree(last, draft)


def _parent(draft: Draft, merged: list[Draft]) -> Draft | None:
    present = [before for before in merged if before.there and _may_be_one(before) and not before.pronoun]
    groups = [before for before in present if before.plural or (before.count or 1) > 1]
    if groups:
        return groups[-1]
    # "no tumor of the left kidney; the right kidney has one"
    named = present or [before for before in merged if _may_be_one(before) and not before.pronoun]
    return named[-1] if named and draft.pronoun and not draft.member else None


def _may_be_one(draft: Draft) -> bool:
    """Whether "one in the left lung" may be another of it."""
    organ = next(iter(draft.organs), None)
    return draft.drawable or (draft.kind is not None and recipe_of(draft.kind, organ) is not None)


def _descend(draft: Draft, parent: Draft, merged: list[Draft]) -> None:
    """A draft that stands for one of a group ("the largest", "one in the left lung") becomes a finding of its own."""
    grouped = parent.plural or (parent.count or 1) > 1
    draft.kind, draft.generic = parent.kind, parent.generic
    draft.count_item = draft.count_item or parent.count_item
    own = draft.located or bool(draft.organs - parent.organs)
    if not draft.organs:
        draft.organ = parent.organ
        if "organ" in parent.fields:
            draft.fields.setdefault("organ", parent.fields["organ"])
        organ = next(iter(parent.organs)) if len(parent.organs) == 1 else None
        draft.places = [in_organ(place, organ) for place in draft.places]
    sides = {place.side for place in parent.places}
    if len(sides) == 1 and draft.organs == parent.organs:
        draft.places = [replace(place, side=place.side or next(iter(sides))) for place in draft.places]
    ordinal = _ORDER.get(draft.region.head.span.text.lower() if draft.region.head else "")
    if ordinal is not None and len(parent.places) == 2:
        draft.places, own = [parent.places[ordinal]], True
    if not own:
        draft.places = draft.places if any(p.organ for p in draft.places) else list(parent.places)
        draft.places = list(parent.places) or draft.places
    merged.append(draft)
    if grouped and not parent.negated and (not own or within(draft, parent)):
        parent.count = (parent.count or PLURAL_COUNT) - (draft.count or 1)
        parent.plural = parent.plural and parent.count > 0
        if parent.count <= 0:
            merged.remove(parent)


def _move_stages(drafts: list[Draft]) -> None:
    """A TNM after "with liver metastases" or "no effusion" is that of the tumour."""
    for index, draft in enumerate(drafts):
        items = {
            id(item): item for name, (_, item) in draft.fields.items() if name in STAGE_FIELDS and item.type == "stage"
        }
        of_old = draft.kind in FAMILY and not draft.there and not draft.negated
        if draft.in_family or of_old or not items:
            continue
        near = [*reversed(drafts[:index]), *drafts[index + 1 :]]
        owner = next((other for other in near if other.in_family), None)
        if owner is None and not draft.negated:
            continue
        draft.fields = {name: value for name, value in draft.fields.items() if value[1].type != "stage"}
        for item in items.values():
            if owner is None:
                draft.unused.append(item)
            else:
                add_stage(owner, item)
