"""Sentences without a finding of their own: they tell more of the one before, or of the one to come."""

from GuideGenLib.description.reading.clauses import PLACE_TYPES, Region
from GuideGenLib.description.reading.compare import agree, combine
from GuideGenLib.description.reading.drafts import STAGE_FIELDS, Draft, add_stage
from GuideGenLib.description.reading.groups import contradiction
from GuideGenLib.description.reading.items import Item
from GuideGenLib.description.reading.resolving import context_of, last_side, resolve_places
from GuideGenLib.description.reading.writing import ReadFindings

CARRYING = (*PLACE_TYPES, "kind", "size", "size_word", "stage", "stage_word", "metastatic")
"""Types of items that tell something of a finding."""


def attach(
    fragment: Draft, merged: list[Draft], pending: list[Draft], organs: list[str], reading: ReadFindings
) -> None:
    """A sentence without a finding tells more of the one before, or of the one to come."""
    if fragment.looks and not fragment.negated:
        last = next((before for before in reversed(merged) if before.drawable and before.there), None)
        if last is not None:  # "It is spiculated.", "Margins are smooth."
            last.looks += fragment.looks
            fragment.looks = []
    reading.aside += fragment.aside
    fragment.aside = []
    if not content(fragment):
        reading.unused += fragment.unused
        return
    reading.notes += [note for note in fragment.notes if note not in reading.notes]
    fragment.notes = []
    last = next((before for before in reversed(merged) if before.in_family), None)
    last = last or next((before for before in reversed(merged) if before.drawable and before.there), None)
    if fragment.negated:
        reading.unused += content(fragment) + fragment.unused
        return
    context = context_of(fragment, merged, organs) if last is None else next(iter(last.organs), None)
    resolve_places(fragment, context, last_side(merged))
    tells = bool(fragment.fields or fragment.sizes or fragment.located)
    if last is None:
        pending.append(fragment)
    elif not tells and last.organs:
        if not fragment.organs <= set(organs) or doubtful(fragment):
            reading.unused += content(fragment)
        reading.unused += fragment.unused
    elif agree(last, fragment) and not (doubtful(fragment) and not fragment.fields and not fragment.sizes):
        combine(last, fragment)
    elif (
        not doubtful(fragment)
        and fragment.located
        and last.located
        and last.organs == fragment.organs
        and not fragment.fields
    ):
        raise contradiction(_located_words(last), _located_words(fragment), "one finding has one place")
    else:
        _check_stage(last, fragment, merged)
        reading.unused += content(fragment) + fragment.unused


def take_pending(
    draft: Draft, pending: list[Draft], merged: list[Draft], organs: list[str], reading: ReadFindings
) -> None:
    """What stood before a finding without one of its own is told of this one."""
    resolve_places(draft, context_of(draft, merged, organs), last_side(merged))
    for fragment in pending:
        if agree(draft, fragment) and not doubtful(fragment):
            combine(draft, fragment)
        else:
            reading.unused += content(fragment)
    pending.clear()


def imply(pending: list[Draft], merged: list[Draft], organs: list[str], reading: ReadFindings) -> None:
    """ "Left upper lobe, T3N0M0" names no tumour, but a tumour's stage; "5 cm in the liver" a size."""
    if not pending:
        return
    whole = pending[0]
    for fragment in pending[1:]:
        if agree(whole, fragment):
            combine(whole, fragment)
        else:
            reading.unused += content(fragment)
    told = [item for item in _content_of(pending) if item.type in ("stage", "size")]
    if told and whole.organs and not merged:
        whole.kind, whole.drawable = "tumor", True
        whole.region = Region(told[0], whole.region.items, whole.region.sentence)
        merged.append(whole)
        return
    if not (whole.organs and not whole.located and not whole.fields and not whole.sizes):
        reading.unused += [item for fragment in pending for item in content(fragment)]


def _check_stage(last: Draft, fragment: Draft, merged: list[Draft]) -> None:
    """Raise DescriptionError where a text with one tumour gives it two stages."""
    if sum(draft.in_family for draft in merged) == 1:
        for name in STAGE_FIELDS:
            if name in fragment.fields and fragment.fields[name][1].type == "stage":
                add_stage(last, fragment.fields[name][1])


def doubtful(fragment: Draft) -> bool:
    return any(item.type in ("unknown", "relation") for item in fragment.region.items)


def content(draft: Draft) -> list[Item]:
    carrying = [item for item in draft.region.items if item.type in CARRYING and item.type != "kind"]
    return [item for item in carrying if item not in draft.unused]


def _content_of(drafts: list[Draft]) -> list[Item]:
    return [item for draft in drafts for item in content(draft)]


def _located_words(draft: Draft) -> str:
    place = next(place for place in draft.places if place.side or place.site or place.segment)
    return next(place.spans[name].text for name in ("side", "site", "segment") if name in place.spans)
