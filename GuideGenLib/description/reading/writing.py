"""Finding objects from drafts that have been compared with each other."""

from dataclasses import dataclass, field, replace
from typing import Any

from GuideGenLib.description.model import SIDES, Finding, Span
from GuideGenLib.description.reading.account import JOINING
from GuideGenLib.description.reading.amounts import told_of
from GuideGenLib.description.reading.drafts import Draft
from GuideGenLib.description.reading.groups import contradiction
from GuideGenLib.description.reading.items import Item
from GuideGenLib.description.reading.location import SaidPlace
from GuideGenLib.description.reading.looks import OTHERWISE, UNDRAWN, kept
from GuideGenLib.description.reading.organ_states import mentions_of
from GuideGenLib.description.reading.organ_subjects import not_yet
from GuideGenLib.description.reading.organs import Mention

OPERATIONS = ("lobectomy", "prosthesis")
"""Kinds that are the state after an operation."""
PLURAL_COUNT = 2
"""How many "metastases" are where the text gives no number."""


@dataclass
class ReadFindings:
    """What was read: findings with the quotation behind each field, and what could not be used."""

    findings: list[Finding] = field(default_factory=list)
    spans: list[dict[str, Span]] = field(default_factory=list)
    unused: list[Item] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    organ_words: list[Item] = field(default_factory=list)
    """Words for a body region that name where a finding is, not what was scanned."""
    helping: list[Item] = field(default_factory=list)
    """Words that are understood beside the one that is quoted: "trace", "thick"."""
    aside: list[tuple[Item, str]] = field(default_factory=list)
    """What is understood and belongs to no finding, with the reason."""
    last: Draft | None = None
    """The finding that was read last, as it now is."""
    organs: list[Mention] = field(default_factory=list)


def write(draft: Draft, reading: ReadFindings) -> None:
    """Make Finding objects of a draft: one a place, a size, or a side."""
    reading.unused += draft.unused
    reading.aside += draft.aside
    reading.notes += [note for note in draft.notes if note not in reading.notes]
    if draft.negated and draft.other:
        reading.aside += [(item, "nothing else") for item in draft.region.items if item.type not in JOINING]
        reading.aside += [] if draft.region.cue is None else [(draft.region.cue, "nothing else")]
        return
    mentions = mentions_of(draft)
    if mentions is not None:
        reading.organs += mentions
        return
    places = draft.places or [SaidPlace(draft.organ)]
    places = [replace(place, organ=place.organ or draft.organ) for place in places]
    if draft.amounts.more is not None and len(places) == 1 and places[0].side is None:
        places = [replace(places[0], side=side) for side in SIDES]
    plural = draft.plural or (draft.count or 1) > 1
    apart = {(place.organ, place.side, place.segment if place.organ == "spine" else None) for place in places}
    if len(places) > 1 and not plural and len(apart) == 1:
        words = [next((p.spans[n].text for n in ("site", "segment") if n in p.spans), "") for p in places]
        reading.notes.append(f"One finding in '{words[0]}' and '{words[1]}': it is drawn in '{words[0]}'.")
        places = places[:1]
    denied = not draft.there
    counts = [1] * len(places) if denied else _counts(draft, places)
    sizes = [size for size, _ in draft.sizes]
    if len(places) == 1 and len(sizes) > 1 and not denied and (plural or draft.count == len(sizes)):
        rest = (draft.count or len(sizes)) - len(sizes)
        for one in draft.sizes:
            _add(draft, places[0], 1, one, reading)
        if rest > 0:
            _add(draft, places[0], rest, None, reading)
        return
    if len(places) == 1 and len(sizes) > 1 and len(set(sizes)) > 1:
        reading.notes.append(f"Two sizes for one finding: '{draft.sizes[0][1].span.text}' is used.")
    for index, (place, count) in enumerate(zip(places, counts, strict=True)):
        paired = len(sizes) == len(places) and len(places) > 1
        size = draft.sizes[index if paired else 0] if sizes else None
        _add(draft, place, count, size, reading, (index, len(places)))


def _counts(draft: Draft, places: list[SaidPlace]) -> list[int]:
    if draft.count is None and not draft.plural:
        return [1] * len(places)
    if draft.count is None:
        organs = {place.organ for place in places}
        # "metastases in liver and lungs" are several in each; "tumors in the lung and the kidney" one in each.
        each = len(places) == 1 or (draft.kind == "metastasis" and len(organs) == len(places) != len(draft.sizes))
        return [PLURAL_COUNT if each else 1] * len(places)
    share, rest = divmod(draft.count, len(places))
    return [max(1, share + (1 if index < rest else 0)) for index in range(len(places))]


def _add(
    draft: Draft, place: SaidPlace, count: int, size: tuple[float, Item] | None, reading: ReadFindings,
    which: tuple[int, int] = (0, 1),
) -> None:  # fmt: skip
    """which: the number of the place, and of how many."""
    values: dict[str, Any] = {name: value for name, (value, _) in draft.fields.items() if name != "organ"}
    spans = {name: item.span for name, (_, item) in draft.fields.items()}
    spans |= place.spans
    if draft.region.head is not None:
        spans["kind"] = draft.region.head.span
    if draft.count_item is not None:
        spans["count"] = draft.count_item.span
    if draft.region.cue is not None:
        spans["presence"] = draft.region.cue.span
    if size is not None:
        values["size_mm"], spans["size_mm"] = size[0], size[1].span
    looks, other = kept(draft.looks if draft.drawable else [], place.organ)
    reading.aside += [(item, OTHERWISE) for item in other]
    if not draft.drawable:
        reading.aside += [(item, UNDRAWN) for _, item in draft.looks]
    spans |= {f"looks[{number}]" if number else "looks": item.span for number, (_, item) in enumerate(looks)
              if item not in [before for _, before in looks[:number]]}  # fmt: skip
    finding = Finding(
        kind=draft.kind or "tumor", organ=place.organ, site=place.site, segment=place.segment, side=place.side,
        count=min(count, 99), **values,
        presence=_presence(draft), looks=tuple(look for look, _ in looks),
    )  # fmt: skip
    told = told_of(finding, finding.recipe, draft.amounts, *which)
    finding = replace(finding, **{name: value for name, (value, _) in told.fields.items()})
    spans |= {name: item.span for name, (_, item) in told.fields.items()}
    reading.helping += told.used
    reading.findings.append(finding)
    reading.spans.append(
        {name: span for name, span in spans.items() if getattr(finding, name.split("[")[0]) is not None}
    )


def _presence(draft: Draft) -> str:
    """What an operation has left is there, though the operation is past."""
    presence = draft.region.presence
    if draft.kind not in OPERATIONS or draft.region.head is None:
        return presence
    if not_yet(draft.region.head) and draft.there:
        return "hypothetical"
    return "present" if presence == "historical" else presence


def check_denials(reading: ReadFindings) -> None:
    """Raise DescriptionError where the same finding is said to be there and not to be there."""
    for i, denied in enumerate(reading.findings):
        if denied.presence != "negated":
            continue
        for j, said in enumerate(reading.findings):
            same = (said.kind, said.organ) == (denied.kind, denied.organ) and said.there and said.organ is not None
            if same and all(getattr(denied, n) in (None, getattr(said, n)) for n in ("side", "site", "segment")):
                first, second = sorted(
                    (reading.spans[i]["kind"], reading.spans[j]["kind"]), key=lambda span: span.start
                )
                raise contradiction(first.text, second.text, "one is said to be there, the other not to be there")
