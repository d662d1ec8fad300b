"""From mentions of organs to their states: nouns of growth and loss, one state an organ, what contradicts itself."""

import re
from collections.abc import Sequence
from typing import Any

from GuideGenLib.description.model import LIMITS_ML, LIMITS_MM, ORGANS, PAIRED, VITAL, Finding, OrganState, Span
from GuideGenLib.description.reading.drafts import Draft
from GuideGenLib.description.reading.groups import contradiction
from GuideGenLib.description.reading.location import SaidPlace
from GuideGenLib.description.reading.organ_subjects import not_yet
from GuideGenLib.description.reading.organs import Mention
from GuideGenLib.description.words.organs import GROWTH, SIZE_OF_KIND

_BESIDE = re.compile(r"\W*(?:of|on|at|in)?\W*(?:the)?\W*")
_VAGUER = {"small": "atrophic", "enlarged": "massively_enlarged"}
"""A word of size that agrees with a stronger one."""
_OPPOSITE = {"left": "right", "right": "left"}
_Spans = dict[str, Span]


def mentions_of(draft: Draft) -> list[Mention] | None:
    """What a draft of a finding says of an organ: "splenomegaly", "left nephrectomy"; None where it is a finding."""
    head = draft.region.head
    if head is None or not (draft.kind in SIZE_OF_KIND or draft.kind == "absence"):
        return None
    text = head.span.text.lower().replace("-", " ")
    word = max((word for word in GROWTH if text.endswith(word)), key=len, default="")
    organs = GROWTH[word][1] if word else ()
    places = [SaidPlace(organ) for organ in organs] or draft.places or [SaidPlace(draft.organ)]
    if draft.kind in SIZE_OF_KIND and not draft.there:
        return None
    if any((place.organ or draft.organ) not in ORGANS for place in places):
        return None
    if draft.kind == "absence" and (draft.negated or not_yet(head)):
        return []
    found = []
    for place in places:
        organ = str(place.organ or draft.organ)
        mention = Mention(organ, values=_values(draft, organ))
        if organ in PAIRED and place.side and _said_beside(draft, place):
            mention.side = place.side
            mention.values["side"] = (place.side, place.spans["side"])
        mention.open_side = draft.kind == "absence" and organ in PAIRED and mention.side is None and not draft.plural
        if not (draft.kind == "absence" and organ in VITAL):
            found.append(mention)
    return found


def _values(draft: Draft, organ: str) -> dict[str, tuple[Any, Span]]:
    head = draft.region.head
    assert head is not None
    if draft.kind == "absence":
        return {"absent": (True, head.span)}
    values: dict[str, tuple[Any, Span]] = {"size_word": (SIZE_OF_KIND[draft.kind or ""], head.span)}
    if draft.fields.get("size_word", ("", None))[0] == "huge" and draft.kind == "enlargement":
        values["size_word"] = ("massively_enlarged", draft.fields["size_word"][1].span)
    for length, item in draft.sizes[:1]:
        if LIMITS_MM[organ][0] <= length <= LIMITS_MM[organ][1]:
            values["length_mm"] = (length, item.span)
    for item in draft.region.items:
        if item.type == "volume" and LIMITS_ML[organ][0] <= item.value <= LIMITS_ML[organ][1]:
            values.setdefault("volume_ml", (item.value, item.span))
    return values


def _said_beside(draft: Draft, place: SaidPlace) -> bool:
    """Whether a side is the operation's own: "left nephrectomy", not "nephrectomy with a scar in the left lung"."""
    head, side = draft.region.head, place.spans.get("side")
    if head is None or side is None:
        return False
    if side.end <= head.span.start or side.start < head.span.end or draft.kind != "absence":
        return True
    return _BESIDE.fullmatch(head.source[head.span.end : side.start]) is not None


def states_of(
    mentions: Sequence[Mention], findings: Sequence[Finding]
) -> tuple[tuple[OrganState, ...], list[_Spans], list[str]]:
    """One state an organ, the quotations of its fields, and notes for the user.

    Raises DescriptionError where one mention contradicts another one.
    """
    notes: list[str] = []
    merged: dict[tuple[str, str | None], Mention] = {}
    for mention in sorted(mentions, key=lambda one: one.open_side):
        if mention.open_side and not _close(mention, merged, findings, notes):
            continue
        key = (mention.organ, mention.side)
        if key in merged:
            _combine(merged[key], mention)
        else:
            merged[key] = mention
    states, spans = [], []
    for mention in merged.values():
        values = {name: value for name, (value, _) in mention.values.items() if name != "side"}
        if mention.organ == "liver" and "length_mm" in values:
            values["craniocaudal"] = True  # the length of a liver is told from top to bottom
        _agree(mention, merged)
        states.append(OrganState(mention.organ, mention.side, **values))
        noun = {} if mention.noun is None else {"organ": mention.noun}
        spans.append({**noun, **{name: span for name, (_, span) in mention.values.items()}})
    return tuple(states), spans, notes


def _close(
    mention: Mention, merged: dict[tuple[str, str | None], Mention], findings: Sequence[Finding], notes: list[str]
) -> bool:
    """Choose the side of an organ that is gone where the text names none. False where it is gone already."""
    said = [(side, other) for (organ, side), other in merged.items() if organ == mention.organ and side]
    if any("absent" in other.values for _, other in said):
        return False
    there = [side for side, _ in said] + [f.side for f in findings if f.organ == mention.organ and f.there]
    mention.side = next((_OPPOSITE[side] for side in there if side), "left")
    word = mention.values["absent"][1].text
    notes.append(f"'{word}' names no side: the {mention.side} {mention.organ} is left out.")
    return True


def _combine(first: Mention, second: Mention) -> None:
    for name, (value, span) in second.values.items():
        old = first.values.get(name)
        if old is None or (name == "size_word" and _VAGUER.get(old[0]) == value):
            first.values[name] = (value, span)
        elif old[0] != value and not (name == "size_word" and _VAGUER.get(value) == old[0]):
            raise contradiction(old[1].text, span.text, f"one {first.organ} has one size")


def _agree(mention: Mention, merged: dict[tuple[str, str | None], Mention]) -> None:
    """Raise DescriptionError where an organ is gone and has a size."""
    gone = [other for (organ, side), other in merged.items()
            if organ == mention.organ and side in (None, mention.side) and "absent" in other.values]  # fmt: skip
    for name in ("size_word", "length_mm", "volume_ml"):
        if name in mention.values and gone:
            words = gone[0].values["absent"][1].text
            raise contradiction(
                words, mention.values[name][1].text, f"the {mention.organ} cannot be gone and have a size"
            )
