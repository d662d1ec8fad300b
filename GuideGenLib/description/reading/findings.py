"""The findings of a text: drafts compared with each other, named again, grouped, and written out."""

from collections.abc import Sequence
from dataclasses import replace

from GuideGenLib.description.reading.clauses import PLACE_TYPES, Region, regions
from GuideGenLib.description.reading.compare import agree, combine, names_again, within
from GuideGenLib.description.reading.drafts import FAMILY, STAGE_FIELDS, Draft, add_stage, read_draft
from GuideGenLib.description.reading.groups import Group, contradiction
from GuideGenLib.description.reading.items import Item, liver_segment
from GuideGenLib.description.reading.location import implied_organ, resolve
from GuideGenLib.description.reading.writing import PLURAL_COUNT, ReadFindings, check_denials, write
from GuideGenLib.description.words.lexicon import ORGAN_OF_REGION

_ORDER = {"the former": 0, "the latter": -1}
_OPPOSITE = {"left": "right", "right": "left"}
_LIKE_REGION = ("region", "comma", "and", "or", "contrast", "phase", "filler", "definite", "preposition", "hyphen",
                "present")  # fmt: skip


def read_findings(sentences: Sequence[list[Item]], sections: Sequence[str]) -> ReadFindings:
    """All findings of a text; sections: of its sentences. Raises DescriptionError where the text contradicts itself."""
    reading = ReadFindings()
    found: list[Draft] = []
    for number, sentence in enumerate(sentences):
        here, aside = regions(sentence, number, sections[number])
        reading.aside += aside
        for region in here:
            draft = read_draft(region)
            _region_as_organ(draft, sentence, reading)
            found.append(draft)
    organs = _organs_of_text(found)
    merged: list[Draft] = []
    pending: list[Draft] = []
    for draft in found:
        if draft.region.head is None:
            _attach(draft, merged, pending, organs, reading)
            continue
        if pending and draft.in_family:
            _resolve(draft, _context(draft, merged, organs), _last_side(merged))
            for fragment in pending:
                if agree(draft, fragment) and not _doubtful(fragment):
                    combine(draft, fragment)
                else:
                    reading.unused += _content(fragment)
            pending = []
        _settle(draft, merged, organs, reading)
    _imply(pending, merged, organs, reading)
    _move_stages(merged)
    for draft in merged:
        write(draft, reading)
    check_denials(reading)
    return reading


def _organs_of_text(drafts: list[Draft]) -> list[str]:
    """The organs in which the text says something to be, or that it names as its subject."""
    organs: list[str] = []
    for draft in drafts:
        if not draft.there or (draft.region.head is None and _doubtful(draft)):
            continue
        named = [draft.organ, *(group.get("organ") or implied_organ(group) for group in draft.groups)]
        if draft.region.head is None or draft.kind in FAMILY or draft.pronoun:
            organs += [organ for organ in named if organ is not None and organ not in organs]
    return organs


def _doubtful(fragment: Draft) -> bool:
    return any(item.type in ("unknown", "relation") for item in fragment.region.items)


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


def _resolve(draft: Draft, context: str | None, side: str | None) -> None:
    """Make places of the words of place, once."""
    for group in draft.groups:
        value, item = group.parts.get("side", (None, None))
        if value in ("other", "same") and item is not None:
            known = side if value == "same" else _OPPOSITE.get(side or "")
            group.parts.pop("side")
            if known:
                group.parts["side"] = (known, item)
            else:
                draft.unused.append(item)
        places, unused = resolve(group, draft.organ, context, draft.plural or (draft.count or 1) > 1)
        if not group.get("organ") and not draft.organ and context and all(not p.site and not p.segment for p in places):
            places = [replace(place, organ=None if place.organ == context else place.organ) for place in places]
        draft.places += [place for place in places if place.organ or place.side or place.site]
        draft.unused += unused
    draft.groups = []


def _context(draft: Draft, merged: list[Draft], organs: list[str]) -> str | None:
    """The organ that a draft without one may be in: the text's only one, or that of the finding before."""
    if draft.kind == "metastasis" or draft.negated:
        return "liver" if any(_is_liver_segment(group) for group in draft.groups) else None
    if len(organs) == 1:
        return organs[0]
    if any(_is_liver_segment(group) for group in draft.groups) and draft.kind != "nodule":
        return "liver"
    for before in reversed(merged):
        if before.in_family and len(before.organs) == 1:
            return next(iter(before.organs))
    return None


def _is_liver_segment(group: Group) -> bool:
    """Whether a group has a bare number of a segment: "segment 7" is one of the liver unless a lung is spoken of."""
    names = (group.get("segments") or "").split("/")
    return "segments" in group.parts and not group.get("lobe") and all(liver_segment(name) for name in names)


def _last_side(merged: list[Draft]) -> str | None:
    return next((p.side for d in reversed(merged) for p in reversed(d.places) if p.side and not d.negated), None)


def _settle(draft: Draft, merged: list[Draft], organs: list[str], reading: ReadFindings) -> None:
    """Put a draft to the others: named again, one of a group, or new."""
    _resolve(draft, _context(draft, merged, organs), _last_side(merged))
    if draft.pronoun:
        parent = _parent(draft, merged)
        if parent is None:
            reading.unused += _content(draft)
            return
        _descend(draft, parent, merged)
        return
    if draft.member:
        parent = _parent(draft, merged)
        if parent is not None and (parent.kind == draft.kind or draft.generic):
            _descend(draft, parent, merged)
            return
    same = next((before for before in reversed(merged) if names_again(before, draft)), None)
    if same is not None:
        combine(same, draft)
        return
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


def _parent(draft: Draft, merged: list[Draft]) -> Draft | None:
    present = [before for before in merged if before.there and before.drawable and not before.pronoun]
    groups = [before for before in present if before.plural or (before.count or 1) > 1]
    if groups:
        return groups[-1]
    # "no tumor of the left kidney; the right kidney has one"
    named = present or [before for before in merged if before.drawable and not before.pronoun]
    return named[-1] if named and draft.pronoun and not draft.member else None


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
        draft.places = [replace(place, organ=place.organ or organ) for place in draft.places]
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


def _content(draft: Draft) -> list[Item]:
    carrying = (*PLACE_TYPES, "size", "size_word", "stage", "stage_word", "metastatic")
    return [item for item in draft.region.items if item.type in carrying and item not in draft.unused]


def _attach(
    fragment: Draft, merged: list[Draft], pending: list[Draft], organs: list[str], reading: ReadFindings
) -> None:
    """A sentence without a finding tells more of the one before, or of the one to come."""
    if not _content(fragment):
        reading.unused += fragment.unused
        return
    reading.notes += [note for note in fragment.notes if note not in reading.notes]
    fragment.notes = []
    last = next((before for before in reversed(merged) if before.in_family), None)
    last = last or next((before for before in reversed(merged) if before.drawable and before.there), None)
    if fragment.negated:
        reading.unused += _content(fragment) + fragment.unused
        return
    context = _context(fragment, merged, organs) if last is None else next(iter(last.organs), None)
    _resolve(fragment, context, _last_side(merged))
    tells = bool(fragment.fields or fragment.sizes or fragment.located)
    if last is None:
        pending.append(fragment)
    elif not tells and last.organs:
        if not fragment.organs <= set(organs) or _doubtful(fragment):
            reading.unused += _content(fragment)
        reading.unused += fragment.unused
    elif agree(last, fragment) and not (_doubtful(fragment) and not fragment.fields and not fragment.sizes):
        combine(last, fragment)
    elif (
        not _doubtful(fragment)
        and fragment.located
        and last.located
        and last.organs == fragment.organs
        and not fragment.fields
    ):
        raise contradiction(_located_words(last), _located_words(fragment), "one finding has one place")
    else:
        _check_stage(last, fragment, merged)
        reading.unused += _content(fragment) + fragment.unused


def _check_stage(last: Draft, fragment: Draft, merged: list[Draft]) -> None:
    """Raise DescriptionError where a text with one tumour gives it two stages."""
    if sum(draft.in_family for draft in merged) == 1:
        for name in STAGE_FIELDS:
            if name in fragment.fields and fragment.fields[name][1].type == "stage":
                add_stage(last, fragment.fields[name][1])


def _located_words(draft: Draft) -> str:
    place = next(place for place in draft.places if place.side or place.site or place.segment)
    return next(place.spans[name].text for name in ("side", "site", "segment") if name in place.spans)


def _imply(pending: list[Draft], merged: list[Draft], organs: list[str], reading: ReadFindings) -> None:
    """ "Left upper lobe, T3N0M0" names no tumour, but a tumour's stage; "5 cm in the liver" a size."""
    if not pending:
        return
    whole = pending[0]
    for fragment in pending[1:]:
        if agree(whole, fragment):
            combine(whole, fragment)
        else:
            reading.unused += _content(fragment)
    told = [item for item in _content_of(pending) if item.type in ("stage", "size")]
    if told and whole.organs and not merged:
        whole.kind, whole.drawable = "tumor", True
        whole.region = Region(told[0], whole.region.items, whole.region.sentence)
        merged.append(whole)
        return
    if not (whole.organs and not whole.located and not whole.fields and not whole.sizes):
        reading.unused += [item for fragment in pending for item in _content(fragment)]


def _content_of(drafts: list[Draft]) -> list[Item]:
    return [item for draft in drafts for item in _content(draft)]


def _move_stages(drafts: list[Draft]) -> None:
    """A TNM after "with liver metastases" or "no effusion" is that of the tumour."""
    for index, draft in enumerate(drafts):
        items = {
            id(item): item for name, (_, item) in draft.fields.items() if name in STAGE_FIELDS and item.type == "stage"
        }
        if draft.in_family or not items:
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
