"""Words of place into places: organ, side, site, segment; with what contradicts itself found out."""

from dataclasses import dataclass, field, replace
from itertools import pairwise

from GuideGenLib.description.model import SITES, Span
from GuideGenLib.description.reading.groups import Group, contradiction
from GuideGenLib.description.reading.items import Item, liver_segment, lung_segment
from GuideGenLib.description.words.lexicon import COLON_SIDES, LIVER_SEGMENTS, LUNG_PARTS, LUNG_SEGMENTS

_OF_LUNG_LEVEL = {"upper": "upper_lobe", "middle": "middle_lobe", "lower": "lower_lobe"}
_OF_KIDNEY_LEVEL = {"upper": "upper_pole", "middle": "middle", "lower": "lower_pole"}
_LIVER_SIDES = {"right_lobe": "right", "left_lobe": "left"}


@dataclass(frozen=True)
class SaidPlace:
    """Where a finding is; `spans` quotes the words behind each field that is set."""

    organ: str | None = None
    side: str | None = None
    site: str | None = None
    segment: str | None = None
    spans: dict[str, Span] = field(default_factory=dict)


def resolve(group: Group, own: str | None, context: str | None, plural: bool) -> tuple[list[SaidPlace], list[Item]]:
    """The places that a group names (both sides are two), and the words that say nothing in this organ.

    own: the organ of the finding's kind; context: one that the text has elsewhere, the weakest hint.
    Raises DescriptionError for places that do not exist.
    """
    parts = dict(group.parts)
    organ = group.get("organ") or own or implied_organ(group) or context
    spans: dict[str, Span] = {}
    if "organ" in parts:
        spans["organ"] = parts["organ"][1].span
    place = SaidPlace(organ, spans=spans)
    used = {"organ", "side"}
    if "site" in parts:
        place, used = replace(place, site=parts["site"][0]), used | {"site"}
        spans["site"] = parts["site"][1].span
        if "segment" in parts:
            place, used = replace(place, segment=parts["segment"][0]), used | {"segment"}
            spans["segment"] = parts["segment"][1].span
    places = [place]
    if organ == "lung":
        places = _in_lung(group, place, used)
    elif organ == "liver":
        places = _in_liver(group, place, used, plural)
    elif organ == "spine" and "segments" in parts:
        span = parts["segments"][1].span
        names = parts["segments"][0].split("/") if plural else [parts["segments"][0]]
        places = [replace(place, segment=name, spans={**spans, "segment": span}) for name in names]
        used.add("segments")
    elif organ == "kidney" and "level" in parts:
        places = [_with_site(place, _OF_KIDNEY_LEVEL[parts["level"][0]], parts["level"][1].span)]
        used.add("level")
    elif organ in ("pancreas", "colon") and "part" in parts and parts["part"][0] in SITES[organ]:
        places = [_with_site(place, parts["part"][0], parts["part"][1].span)]
        used.add("part")
    elif "level" in parts and "lobe" in parts and organ in SITES:
        level = group.text("level") + " " + group.text("lobe")
        raise contradiction(level, organ or "", f"the {organ} has no such part, the lung has")
    if organ == "colon":
        _check_colon(group, places)
    kept = {id(parts[name][1]) for name in used if name in parts}
    unused = {id(item): item for _, item in parts.values() if id(item) not in kept}
    return [sided for place in places for sided in _sided(group, place)], list(unused.values())


def in_organ(place: SaidPlace, organ: str | None) -> SaidPlace:
    """A place whose organ is known only now; a side of the liver is a lobe of it."""
    place = replace(place, organ=place.organ or organ)
    if place.organ != "liver" or place.side is None:
        return place
    spans = {("site" if name == "side" else name): span for name, span in place.spans.items()}
    return replace(place, side=None, site=place.site or f"{place.side}_lobe", spans=spans)


def implied_organ(group: Group) -> str | None:
    """The organ that only can be meant: "upper lobe" is in a lung, "segment VI" in the liver."""
    if "level" in group.parts and "lobe" in group.parts:
        return "lung"
    if group.get("lungpart") in ("hilum", "apical", "base", "basal") and "side" in group.parts:
        return "lung"
    names = (group.get("segments") or "").split("/")
    if "segments" in group.parts and all(liver_segment(name) and not name.rstrip("ab").isdigit() for name in names):
        return "liver"
    return None


def _with_site(place: SaidPlace, site: str, span: Span) -> SaidPlace:
    if place.site not in (None, site):
        raise contradiction(place.spans["site"].text, span.text, "they are different parts of the organ")
    return replace(place, site=site, spans={**place.spans, "site": place.spans.get("site", span)})


def _covering(*items: Item) -> Span:
    """The quotation from the first to the last of some items: "upper left lobe"."""
    first = min(items, key=lambda item: item.span.start)
    last = max(items, key=lambda item: item.span.end)
    if first is last:
        return first.span
    apart = sorted(items, key=lambda item: item.span.start)
    between = sum(b.first - a.last for a, b in pairwise(apart))
    if between > 2:
        return first.span
    return Span(first.span.start, last.span.end, first.source[first.span.start : last.span.end])


def _in_lung(group: Group, place: SaidPlace, used: set[str]) -> list[SaidPlace]:
    parts = group.parts
    if "level" in parts:
        words = [parts["level"][1]] + ([parts["lobe"][1]] if "lobe" in parts else [])
        place = _with_site(place, _OF_LUNG_LEVEL[parts["level"][0]], _covering(*words))
        used |= {"level", "lobe"}
    if "lungpart" in parts:
        name = parts["lungpart"][0]
        lobe = LUNG_PARTS[name]
        span = parts["lungpart"][1].span
        if lobe is not None:
            place = _with_site(place, lobe, span)
        place = replace(place, segment=name, spans={**place.spans, "segment": span})
        used |= {"lungpart"}
    if "segments" in parts:
        names = [lung_segment(name) for name in parts["segments"][0].split("/")]
        if all(names):
            span = parts["segments"][1].span
            side = group.get("side")
            for number in names:
                lobe = LUNG_SEGMENTS.get(str(number)) or {"left": "upper_lobe", "right": "middle_lobe"}.get(side or "")
                place = _with_site(place, lobe, span) if lobe else place
            place = replace(place, segment="/".join(map(str, names)), spans={**place.spans, "segment": span})
            used |= {"segments"}
    if place.site == "middle_lobe":
        if group.get("side") == "left":
            raise contradiction(group.text("side"), place.spans["site"].text, "only the right lung has a middle lobe")
        if "side" not in parts:
            place = replace(place, side="right", spans={**place.spans, "side": place.spans["site"]})
    return [place]


def _in_liver(group: Group, place: SaidPlace, used: set[str], plural: bool) -> list[SaidPlace]:
    parts = group.parts
    side = group.get("side")
    if "level" in parts and "lobe" in parts:
        words = f"{group.text('level')} {group.text('lobe')}"
        organ = group.text("organ") if "organ" in parts else "liver"
        raise contradiction(words, organ, "the liver has a right, a left and a caudate lobe, the lung has this one")
    if "lobe" in parts or side in ("left", "right"):
        used |= {"lobe"}
    if side in ("left", "right") and place.site != "caudate":
        site = f"{side}_lobe"
        if place.site not in (None, site):
            raise contradiction(group.text("side"), place.spans["site"].text, "they are different lobes of the liver")
        said = [parts["side"][1]] + ([parts["lobe"][1]] if "lobe" in parts else [])
        place = _with_site(place, site, _covering(*said))
    places = [place]
    if "segments" in parts:
        names = [liver_segment(name) for name in parts["segments"][0].split("/")]
        if all(names):
            used |= {"segments"}
            segments = [str(name) for name in names]
            span = parts["segments"][1].span
            listed = segments if plural else ["/".join(segments)]
            places = [_in_segment(place, name, span) for name in listed]
    return places


def _in_segment(place: SaidPlace, name: str, span: Span) -> SaidPlace:
    site = LIVER_SEGMENTS[name.split("/")[0].rstrip("ab")]
    if place.site not in (None, site) and not (place.site == "left_lobe" and site == "caudate"):
        raise contradiction(
            place.spans["site"].text, span.text, f"segment {name} is in the {site.replace('_', ' ')} of the liver"
        )
    spans = {**place.spans, "segment": span}
    spans.setdefault("site", span)
    return replace(place, site=site, segment=name, spans=spans)


def _check_colon(group: Group, places: list[SaidPlace]) -> None:
    for place in places:
        right = COLON_SIDES.get(place.site or "")
        if right and group.get("side") in ("left", "right") and group.get("side") != right:
            raise contradiction(
                group.text("side"), place.spans["site"].text, f"this part of the colon is on the {right}"
            )


def _sided(group: Group, place: SaidPlace) -> list[SaidPlace]:
    """The place on its side; two places for "both"."""
    side = group.get("side")
    if side is None:
        return [place]
    span = group.parts["side"][1].span
    if place.organ == "liver":
        if side != "both" or place.site is not None:
            return [place]
        return [replace(place, site=site, spans={**place.spans, "site": span}) for site in _LIVER_SIDES]
    if side == "both" and place.site == "middle_lobe":
        raise contradiction(group.text("side"), place.spans["site"].text, "only the right lung has a middle lobe")
    sides = ("left", "right") if side == "both" else (side,)
    return [replace(place, side=one, spans={**place.spans, "side": span}) for one in sides]
