"""The places of a finding made of its words, with what the text around it tells: its organ, the side spoken of."""

from dataclasses import replace

from GuideGenLib.description.reading.drafts import Draft
from GuideGenLib.description.reading.groups import Group
from GuideGenLib.description.reading.items import liver_segment
from GuideGenLib.description.reading.location import resolve

_OPPOSITE = {"left": "right", "right": "left"}


def resolve_places(draft: Draft, context: str | None, side: str | None) -> None:
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


def context_of(draft: Draft, merged: list[Draft], organs: list[str]) -> str | None:
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


def last_side(merged: list[Draft]) -> str | None:
    return next((p.side for d in reversed(merged) for p in reversed(d.places) if p.side and not d.negated), None)
