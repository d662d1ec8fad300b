"""The findings of a text: drafts compared with each other, named again, grouped, and written out."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from GuideGenLib.description.clauses import PLACE_TYPES, Region, regions
from GuideGenLib.description.drafts import FAMILY, STAGE_FIELDS, Draft, add_stage, read_draft
from GuideGenLib.description.items import Item
from GuideGenLib.description.lexicon import ORGAN_OF_REGION
from GuideGenLib.description.location import Place, contradiction, implied_organ, resolve
from GuideGenLib.description.model import Finding, Span

_PLURAL_COUNT = 2
"""How many "metastases" are where the text gives no number."""
_OPPOSITE = {"left": "right", "right": "left"}
_LIKE_REGION = (
    "region",
    "comma",
    "and",
    "or",
    "contrast",
    "phase",
    "filler",
    "definite",
    "preposition",
    "hyphen",
    "present",
)


@dataclass
class Reading:
    """What was read: findings with the quotation behind each field, and what could not be used."""

    findings: list[Finding] = field(default_factory=list)
    spans: list[dict[str, Span]] = field(default_factory=list)
    unused: list[Item] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    organ_words: list[Item] = field(default_factory=list)
    """Words for a body region that name where a finding is, not what was scanned."""
    past: list[str] = field(default_factory=list)
    topics: list[str] = field(default_factory=list)


def read_findings(sentences: Sequence[list[Item]]) -> Reading:
    """All findings of a text. Raises DescriptionError where the text contradicts itself."""
    reading = Reading()
    found: list[Draft] = []
    for number, sentence in enumerate(sentences):
        for region in regions(sentence, number)[0]:
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
            for fragment in pending:
                _combine(draft, fragment) if _agree(draft, fragment) else reading.unused.extend(_content(fragment))
            pending = []
        _settle(draft, merged, organs, reading)
    _imply(pending, merged, organs, reading)
    _move_stages(merged)
    for draft in merged:
        _write(draft, reading)
    _check_denials(reading)
    return reading


def _organs_of_text(drafts: list[Draft]) -> list[str]:
    """The organs in which the text says something to be, or that it names as its subject."""
    organs: list[str] = []
    for draft in drafts:
        if draft.negated or draft.past or (draft.region.head is None and (draft.region.negated or _doubtful(draft))):
            continue
        named = [draft.organ, *(group.get("organ") or implied_organ(group) for group in draft.groups)]
        if draft.region.head is None or draft.kind in FAMILY or draft.pronoun:
            organs += [organ for organ in named if organ is not None and organ not in organs]
    return organs


def _doubtful(fragment: Draft) -> bool:
    return any(item.type in ("unknown", "relation") for item in fragment.region.items)


def _region_as_organ(draft: Draft, sentence: list[Item], reading: Reading) -> None:
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
        return None
    if len(organs) == 1:
        return organs[0]
    for before in reversed(merged):
        if before.in_family and len(before.organs) == 1:
            return next(iter(before.organs))
    return None


def _last_side(merged: list[Draft]) -> str | None:
    return next((p.side for d in reversed(merged) for p in reversed(d.places) if p.side and not d.negated), None)


def _settle(draft: Draft, merged: list[Draft], organs: list[str], reading: Reading) -> None:
    """Put a draft to the others: named again, one of a group, or new."""
    reading.past += [draft.region.head.span.text] if draft.past and draft.region.head and not draft.negated else []
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
    same = next((before for before in reversed(merged) if _names_again(before, draft)), None)
    if same is not None:
        _combine(same, draft)
        return
    if not draft.organs and (draft.in_family or draft.kind == "cyst") and len(organs) == 1:
        draft.organ = organs[0]
        draft.places = [replace(place, organ=place.organ or organs[0]) for place in draft.places]
        source = next((before for before in merged if organs[0] in before.organs), None)
        item = source.fields.get("organ") if source else None
        if item is not None:
            draft.fields["organ"] = item
    merged.append(draft)


def _parent(draft: Draft, merged: list[Draft]) -> Draft | None:
    present = [
        before for before in merged if not before.negated and not before.past and before.drawable and not before.pronoun
    ]
    groups = [before for before in present if before.plural or (before.count or 1) > 1]
    if groups:
        return groups[-1]
    # "no tumor of the left kidney; the right kidney has one"
    named = present or [before for before in merged if before.drawable and not before.pronoun]
    return named[-1] if named and draft.pronoun and not draft.member else None


def _descend(draft: Draft, parent: Draft, merged: list[Draft]) -> None:
    """A draft that stands for one of a group ("the largest", "one in the left lung") becomes a finding beside the rest."""
    grouped = parent.plural or (parent.count or 1) > 1
    draft.kind, draft.generic = parent.kind, parent.generic
    own = draft.located or bool(draft.organs - parent.organs)
    if not draft.organs:
        draft.organ = parent.organ
        if "organ" in parent.fields:
            draft.fields.setdefault("organ", parent.fields["organ"])
        organ = next(iter(parent.organs)) if len(parent.organs) == 1 else None
        draft.places = [replace(place, organ=place.organ or organ) for place in draft.places]
    if not own:
        draft.places = draft.places if any(p.organ for p in draft.places) else list(parent.places)
        draft.places = list(parent.places) or draft.places
    merged.append(draft)
    if grouped and not parent.negated and (not own or _within(draft, parent)):
        parent.count = (parent.count or _PLURAL_COUNT) - (draft.count or 1)
        parent.plural = parent.plural and parent.count > 0
        if parent.count <= 0:
            merged.remove(parent)


def _within(draft: Draft, parent: Draft) -> bool:
    """Whether the places of a draft lie in those of its group."""
    wider = parent.places or [Place(parent.organ)]
    return all(
        any(
            all(getattr(outer, name) in (None, getattr(inner, name)) for name in ("organ", "side", "site", "segment"))
            for outer in wider
        )
        for inner in draft.places
    )


def _names_again(before: Draft, draft: Draft) -> bool:
    """Whether a draft is the same finding as one before it."""
    if draft.other or draft.negated or draft.past or before.negated or before.past:
        return False
    if (
        draft.region.joint == "link"
        and draft.region.sentence == before.region.sentence
        and before.generic
        and draft.kind not in FAMILY
    ):
        return _agree(before, draft)
    if before.kind not in FAMILY or draft.kind not in FAMILY:
        return before.kind == draft.kind and draft.definite and _agree(before, draft)
    if not _agree(before, draft) or (draft.plural and not before.plural):
        return False
    if draft.region.sentence != before.region.sentence:
        return draft.definite or ((before.bare or draft.bare) and not before.plural and (draft.count or 1) == 1)
    if draft.region.joint == "link" or (draft.definite and draft.generic and draft.bare):
        return True
    return (
        draft.generic
        and before.bare
        and draft.region.joint in ("present", "comma", "apposition", "verb")
        and not before.plural
        and (before.organs == draft.organs or not draft.organs or not before.organs)
    )


def _agree(first: Draft, second: Draft) -> bool:
    """Whether nothing that two drafts say is different."""
    if first.organs and second.organs and first.organs != second.organs:
        return False
    for name in STAGE_FIELDS:
        a, b = first.fields.get(name), second.fields.get(name)
        if (
            a
            and b
            and a[0] != b[0]
            and "X" not in (a[0], b[0])
            and not (a[0].startswith(b[0]) or b[0].startswith(a[0]))
        ):
            return name == "stage" and "stage_word" in (a[1].type, b[1].type)
    if first.sizes and second.sizes and {s for s, _ in first.sizes} != {s for s, _ in second.sizes}:
        return False
    if (first.count or 1) != (second.count or 1) and first.count is not None and second.count is not None:
        return False
    if len(first.places) > 1 or len(second.places) > 1:
        return not first.located or not second.located
    for a_place in first.places:
        for b_place in second.places:
            for name in ("side", "site", "segment"):
                a_value, b_value = getattr(a_place, name), getattr(b_place, name)
                if a_value and b_value and a_value != b_value:
                    return False
    return True


def _combine(first: Draft, second: Draft) -> None:
    """Add to the first draft what the second one says more."""
    if first.generic and not second.generic and second.kind is not None:
        first.kind, first.generic, first.drawable = second.kind, False, second.drawable
        first.region = replace(first.region, head=second.region.head)
    elif first.kind in ("mass", "lesion", "nodule") and second.kind == "tumor":
        first.kind = "tumor"
        first.region = replace(first.region, head=second.region.head)
    elif first.kind is None:
        first.kind = second.kind
    for name, value in second.fields.items():
        old = first.fields.get(name)
        if (
            old is None
            or old[1].type == "stage_word"
            or old[0] == "X"
            or (name in STAGE_FIELDS and value[0].startswith(old[0]))
        ):
            if not (old is not None and value[1].type == "stage_word"):
                first.fields[name] = value
    if not first.sizes:
        first.sizes = second.sizes
    first.organ = first.organ or second.organ
    if first.count is None:
        first.count = second.count
    first.plural = first.plural or (second.plural and first.count is None)
    if len(first.places) == 1 and len(second.places) == 1:
        a, b = first.places[0], second.places[0]
        first.places = [
            Place(
                a.organ or b.organ, a.side or b.side, a.site or b.site, a.segment or b.segment, {**b.spans, **a.spans}
            )
        ]
    elif second.places and not first.located:
        organ = next(iter(first.organs), None)
        first.places = [replace(place, organ=place.organ or organ) for place in second.places]
    first.unused += second.unused
    first.notes += second.notes


def _content(draft: Draft) -> list[Item]:
    carrying = (*PLACE_TYPES, "size", "size_word", "stage", "stage_word", "metastatic")
    return [item for item in draft.region.items if item.type in carrying and item not in draft.unused]


def _attach(fragment: Draft, merged: list[Draft], pending: list[Draft], organs: list[str], reading: Reading) -> None:
    """A sentence without a finding tells more of the one before, or of the one to come."""
    if not _content(fragment):
        reading.unused += fragment.unused
        return
    reading.notes += [note for note in fragment.notes if note not in reading.notes]
    fragment.notes = []
    last = next((before for before in reversed(merged) if before.in_family), None)
    last = last or next(
        (before for before in reversed(merged) if before.drawable and not before.negated and not before.past), None
    )
    if fragment.region.negated:
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
    elif _agree(last, fragment) and not (_doubtful(fragment) and not fragment.fields and not fragment.sizes):
        _combine(last, fragment)
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
    place = draft.places[0]
    return next(place.spans[name].text for name in ("side", "site", "segment") if name in place.spans)


def _imply(pending: list[Draft], merged: list[Draft], organs: list[str], reading: Reading) -> None:
    """ "Left upper lobe, T3N0M0" names no tumour, but a tumour's stage; "5 cm in the liver" a size."""
    if not pending:
        return
    whole = pending[0]
    for fragment in pending[1:]:
        if _agree(whole, fragment):
            _combine(whole, fragment)
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
    reading.topics += sorted(whole.organs)


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


def _write(draft: Draft, reading: Reading) -> None:
    """Make Finding objects of a draft: one a place, a size, or a side."""
    reading.unused += draft.unused
    reading.notes += [note for note in draft.notes if note not in reading.notes]
    if draft.negated and draft.other:
        return
    places = draft.places or [Place(draft.organ)]
    places = [replace(place, organ=place.organ or draft.organ) for place in places]
    plural = draft.plural or (draft.count or 1) > 1
    if len(places) > 1 and not plural and len({(place.organ, place.side) for place in places}) == 1:
        words = [next((p.spans[n].text for n in ("site", "segment") if n in p.spans), "") for p in places]
        reading.notes.append(f"One finding in '{words[0]}' and '{words[1]}': it is drawn in '{words[0]}'.")
        places = places[:1]
    denied = draft.negated or draft.past
    counts = [1] * len(places) if denied else _counts(draft, places)
    sizes = [size for size, _ in draft.sizes]
    if len(places) == 1 and len(sizes) > 1 and not denied and (plural or draft.count == len(sizes)):
        rest = (draft.count or len(sizes)) - len(sizes)
        for size, item in draft.sizes:
            _add(draft, places[0], 1, (size, item), reading)
        if rest > 0:
            _add(draft, places[0], rest, None, reading)
        return
    if len(places) == 1 and len(sizes) > 1 and len(set(sizes)) > 1:
        reading.notes.append(f"Two sizes for one finding: '{draft.sizes[0][1].span.text}' is used.")
    for index, (place, count) in enumerate(zip(places, counts, strict=True)):
        paired = len(sizes) == len(places) and len(places) > 1
        size = draft.sizes[index if paired else 0] if sizes else None
        _add(draft, place, count, size, reading)


def _counts(draft: Draft, places: list[Place]) -> list[int]:
    if draft.count is None and not draft.plural:
        return [1] * len(places)
    if draft.count is None:
        organs = {place.organ for place in places}
        # "metastases in liver and lungs" are several in each; "tumors in the lung and the kidney" one in each.
        each = len(places) == 1 or (draft.kind == "metastasis" and len(organs) == len(places) != len(draft.sizes))
        return [_PLURAL_COUNT if each else 1] * len(places)
    share, rest = divmod(draft.count, len(places))
    return [max(1, share + (1 if index < rest else 0)) for index in range(len(places))]


def _add(draft: Draft, place: Place, count: int, size: tuple[float, Item] | None, reading: Reading) -> None:
    values: dict[str, Any] = {name: value for name, (value, _) in draft.fields.items() if name != "organ"}
    spans = {name: item.span for name, (_, item) in draft.fields.items()}
    spans |= place.spans
    if draft.region.head is not None:
        spans["kind"] = draft.region.head.span
    if size is not None:
        values["size_mm"], spans["size_mm"] = size[0], size[1].span
    finding = Finding(
        kind=draft.kind or "tumor", organ=place.organ, site=place.site, segment=place.segment, side=place.side,
        count=min(count, 99), negated=draft.negated or draft.past, **values,
    )  # fmt: skip
    reading.findings.append(finding)
    reading.spans.append({name: span for name, span in spans.items() if getattr(finding, name) is not None})


def _check_denials(reading: Reading) -> None:
    """Raise DescriptionError where the same finding is said to be there and not to be there."""
    past = set(reading.past)
    for i, denied in enumerate(reading.findings):
        if not denied.negated or reading.spans[i]["kind"].text in past:
            continue
        for j, said in enumerate(reading.findings):
            same = (
                (said.kind, said.organ) == (denied.kind, denied.organ) and not said.negated and said.organ is not None
            )
            if same and all(getattr(denied, n) in (None, getattr(said, n)) for n in ("side", "site", "segment")):
                first, second = sorted(
                    (reading.spans[i]["kind"], reading.spans[j]["kind"]), key=lambda span: span.start
                )
                raise contradiction(first.text, second.text, "one is said to be there, the other not to be there")
