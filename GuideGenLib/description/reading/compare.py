"""Whether two mentions in a text are the same finding, and one finding made of both."""

from dataclasses import replace
from typing import Any

from GuideGenLib.description.reading.drafts import FAMILY, STAGE_FIELDS, Draft
from GuideGenLib.description.reading.items import Item
from GuideGenLib.description.reading.location import SaidPlace

SAME = (*FAMILY, "metastasis")
"""What an impression may call a finding that was described before."""


def within(draft: Draft, parent: Draft) -> bool:
    """Whether the places of a draft lie in those of its group."""
    wider = parent.places or [SaidPlace(parent.organ)]
    return all(
        any(
            all(getattr(outer, name) in (None, getattr(inner, name)) for name in ("organ", "side", "site", "segment"))
            for outer in wider
        )
        for inner in draft.places
    )


def names_again(before: Draft, draft: Draft) -> bool:
    """Whether a draft is the same finding as one before it."""
    if not draft.there or not before.there:
        return False
    if draft.region.section == "impression" != before.region.section and draft.organs:
        return draft.kind in SAME and before.kind in SAME and draft.organs == before.organs and agree(before, draft)
    if draft.other:
        return False
    if (
        draft.region.joint == "link"
        and draft.region.sentence == before.region.sentence
        and before.generic
        and draft.kind not in FAMILY
    ):
        return agree(before, draft)
    if before.kind not in FAMILY or draft.kind not in FAMILY:
        return before.kind == draft.kind and draft.definite and agree(before, draft)
    if draft.current and draft.definite and draft.generic and not draft.located:
        return agree(replace(before, sizes=[]), draft)  # "Today the nodule measures 9 mm."
    if not agree(before, draft):
        return False
    same_sentence = draft.region.sentence == before.region.sentence
    if draft.region.joint == "colon" and draft.generic and before.bare and same_sentence:
        return True  # "HCC: two lesions, in segments II and VIII"
    if draft.plural and not before.plural:
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


def agree(first: Draft, second: Draft) -> bool:
    """Whether nothing that two drafts say is different."""
    if first.organs and second.organs and first.organs != second.organs:
        return False
    for name in STAGE_FIELDS:
        a, b = first.fields.get(name), second.fields.get(name)
        if a and b and "X" not in (a[0], b[0]) and not (a[0].startswith(b[0]) or b[0].startswith(a[0])):
            return name == "stage" and "stage_word" in (a[1].type, b[1].type)
    ours, theirs = {size for size, _ in first.sizes}, {size for size, _ in second.sizes}
    if ours and theirs and not (ours <= theirs or theirs <= ours):
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


def _says_less(name: str, old: tuple[Any, Item], new: tuple[Any, Item]) -> bool:
    """Whether "advanced", TX or T2 give way to a number, T3 or T2a."""
    return old[1].type == "stage_word" or old[0] == "X" or (name in STAGE_FIELDS and new[0].startswith(old[0]))


def combine(first: Draft, second: Draft) -> None:
    """Add to the first draft what the second one says more."""
    if first.generic and not second.generic and second.kind is not None:
        first.kind, first.generic, first.drawable = second.kind, False, second.drawable
        first.region = replace(first.region, head=second.region.head)
    elif first.kind in ("mass", "lesion", "nodule") and second.kind == "tumor":
        first.kind = "tumor"
        first.region = replace(first.region, head=second.region.head)
    elif first.kind is None:
        first.kind = second.kind
    if second.region.presence == "possible" and second.region.sentence == first.region.sentence:
        first.region = replace(first.region, presence="possible")
    first.region = replace(first.region, sentence=second.region.sentence)
    for name, value in second.fields.items():
        old = first.fields.get(name)
        if old is None or (value[1].type != "stage_word" and _says_less(name, old, value)):
            first.fields[name] = value
    if not first.sizes or (second.current and second.sizes):
        first.sizes = second.sizes
    first.amounts.add(second.amounts)
    first.organ = first.organ or second.organ
    if first.count is None:
        first.count, first.count_item = second.count, second.count_item
    first.plural = first.plural or (second.plural and first.count is None and second.region.joint != "link")
    if len(first.places) == 1 and len(second.places) == 1:
        a, b = first.places[0], second.places[0]
        spans = {**b.spans, **a.spans}
        first.places = [
            SaidPlace(a.organ or b.organ, a.side or b.side, a.site or b.site, a.segment or b.segment, spans)
        ]
    elif second.places and not first.located:
        organ = next(iter(first.organs), None)
        first.places = [replace(place, organ=place.organ or organ) for place in second.places]
    first.looks += second.looks
    first.aside += second.aside
    first.unused += second.unused
    first.notes += second.notes
