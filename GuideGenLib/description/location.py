"""Words of place into places: organ, side, site, segment; with what contradicts itself found out."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from GuideGenLib.description.clauses import PLACE_TYPES
from GuideGenLib.description.items import Item, liver_segment, lung_segment
from GuideGenLib.description.lexicon import COLON_SIDES, LIVER_SEGMENTS, LUNG_PARTS, LUNG_SEGMENTS
from GuideGenLib.description.model import SITES, DescriptionError, Span

_OF_LUNG_LEVEL = {"upper": "upper_lobe", "middle": "middle_lobe", "lower": "lower_lobe"}
_OF_KIDNEY_LEVEL = {"upper": "upper_pole", "middle": "middle", "lower": "lower_pole"}
_LIVER_SIDES = {"right_lobe": "right", "left_lobe": "left"}
_JOINING = ("preposition", "article", "definite", "hyphen", "filler", "kind", "comma", "verb", "colon", "size", "stage", "size_word",
            "stage_word", "from", "past", "person", "count", "metastatic", "other", "and", "or")  # fmt: skip


@dataclass(frozen=True)
class Place:
    """Where a finding is; `spans` quotes the words behind each field that is set."""

    organ: str | None = None
    side: str | None = None
    site: str | None = None
    segment: str | None = None
    spans: dict[str, Span] = field(default_factory=dict)


@dataclass
class Group:
    """Words of one place before they are made sense of: field -> (value, item). `strict`: nothing odd in between."""

    parts: dict[str, tuple[str, Item]] = field(default_factory=dict)
    joint: str = ""

    def text(self, name: str) -> str:
        """What the text says for a field."""
        return self.parts[name][1].span.text

    def get(self, name: str) -> str | None:
        """The value of a field, if it is there."""
        return self.parts[name][0] if name in self.parts else None


def contradiction(first: str, second: str, reason: str) -> DescriptionError:
    """An error that names both words and the remedy."""
    return DescriptionError(f"'{first}' and '{second}' contradict each other: {reason}. Keep one of the two.")


def groups_of(
    items: Sequence[Item], head: Item | None, is_metastasis: bool, organ: str | None = None
) -> tuple[list[Group], list[Item]]:
    """The places of a finding's words, unresolved, and the words that tell of other places ("invading the diaphragm").

    organ: what the kind of the finding implies.
    Raises DescriptionError where one place is said to be two ("the left upper lobe of the right lung").
    """
    groups: list[Group] = []
    unused: list[Item] = []
    last = -1
    relation: Item | None = None
    among = False  # "between the left kidney and the spleen": the first place is taken
    aside = ""  # among words of place that are not the finding's: "2 cm from the hilum", "and a hip prosthesis"
    for index, item in enumerate(items):
        if item.type == "relation":
            among = item.span.text.lower() == "between"
            if groups or organ or not _places_follow(items, index):
                relation = item
                unused += [item] if item.value else []
        elif item.type in ("but", "present"):
            relation = None
        if item.type == "distance":
            aside = "distance"
        elif item.type in ("comma", "and", "or", "but") or (aside == "distance" and item.type == "preposition" and item.value and items[index - 1].type != "distance"):
            aside = ""
        if item.type not in PLACE_TYPES or _joins_two(items, index):
            continue
        if aside or _of_something_else(items, index, bool(groups)):
            aside = aside or "thing"
            unused.append(item)
            continue
        between = items[last + 1 : index] if groups else []
        origin = is_metastasis and any(other.type == "from" for other in items[:index])
        joined = any(other.type == "and" for other in items[last + 1 : index])
        if relation is not None or origin or (among and groups and joined):
            unused.append(item)
            continue
        joint = next((other.type for other in between if other.type in ("and", "or", "comma")), "")
        if groups and any(other.type in ("and", "or") for other in between):
            joint = "and"
        # "X is in the liver (segment VI)": punctuation joins; unknown words in between make it doubtful.
        strict = all(other.type in _JOINING and other.value is not False for other in between)
        if not groups or joint:
            groups.append(Group(joint=joint))
        if not _add(groups[-1], item, strict, _premodifies(items, index, head), is_metastasis):
            unused.append(item)
            if not groups[-1].parts:
                groups.pop()
            continue
        last = index
    merged = _share(_merge(groups))
    return merged, unused


def _joins_two(items: Sequence[Item], index: int) -> bool:
    """The "both" of "both a liver tumor and a colon tumor"."""
    word = items[index].span.text.lower()
    return word in ("both", "either") and index + 1 < len(items) and items[index + 1].type == "article"


def _places_follow(items: Sequence[Item], index: int) -> bool:
    return any(item.type in PLACE_TYPES for item in items[index + 1 :])


def _of_something_else(items: Sequence[Item], index: int, placed: bool) -> bool:
    """ "left nephrectomy", "and a hip prosthesis": the place of a thing that is not understood."""
    after = items[index + 1 : index + 3]
    if (
        not after
        or after[0].type != "unknown"
        or (len(after) > 1 and after[1].type in ("kind", "unknown", *PLACE_TYPES))
    ):
        return False
    side_only = set(_fields(items[index])) == {"side"}
    article = (
        placed and index > 1 and items[index - 1].type == "article" and items[index - 2].type in ("and", "comma", "or")
    )
    return side_only or article


def _premodifies(items: Sequence[Item], index: int, head: Item | None) -> bool:
    return head is not None and head in items and index < items.index(head)


def _fields(item: Item) -> dict[str, str]:
    if item.type == "segment":
        return {"segments": "/".join(item.value[0])} | ({"organ": "liver"} if item.value[1] else {})
    return dict(item.value)


def _add(group: Group, item: Item, strict: bool, premodifies: bool, is_metastasis: bool) -> bool:
    """Put a word into a group. False where it does not fit and the connection is too loose to call it a contradiction."""
    fields = _fields(item)
    for name, value in fields.items():
        if group.get(name) in (None, value):
            continue
        if name == "organ" and is_metastasis and premodifies:
            group.parts.pop(name)  # "colorectal liver metastases" are in the liver
        elif name == "segment" or (name == "organ" and _contains(value, group.get(name) or "")):
            group.parts.pop(name)
        elif strict:
            raise contradiction(group.text(name), item.span.text, _reason(name))
        else:
            return False
    for name, value in fields.items():
        group.parts.setdefault(name, (value, item))
    return True


def _contains(part: str, whole: str) -> bool:
    """ "bowel" or "chest" before the organ itself is no contradiction."""
    return {"bowel": ("colon", "small_bowel", "duodenum"), "lymph_node": (*SITES, "mediastinum")}.get(whole, ()).count(
        part
    ) > 0


def _reason(name: str) -> str:
    return {
        "side": "one finding cannot be on both sides unless they are joined by 'and'",
        "organ": "one finding cannot be in two organs unless they are joined by 'and'",
    }.get(name, "they name two places; join them by 'and' if both are meant")


def _merge(groups: list[Group]) -> list[Group]:
    """ "left lung, upper lobe" is one place: a comma joins what does not conflict; "and" only what adds a detail."""
    merged: list[Group] = []
    if (
        len(groups) > 1
        and groups[0].get("side") == "both"
        and all(group.get("side") in ("left", "right") for group in groups[1:])
    ):
        # "masses on both sides, left 5 cm, right 3 cm"
        for group in groups[1:]:
            group.parts = {**{name: part for name, part in groups[0].parts.items() if name != "side"}, **group.parts}
        return groups[1:]
    for group in groups:
        before = merged[-1] if merged else None
        fits = before is not None and all(before.get(name) in (None, value) for name, (value, _) in group.parts.items())
        detail = "organ" not in group.parts and "side" not in group.parts
        known = before is not None and any(
            name in before.parts for name in ("level", "part", "site", "segments", "lungpart")
        )
        more = any(name in group.parts for name in ("level", "part", "site", "segments", "lungpart"))
        if before is not None and fits and (group.joint == "comma" or (detail and not (known and more))):
            before.parts.update({name: part for name, part in group.parts.items() if name not in before.parts})
        else:
            merged.append(group)
    return merged


def _share(groups: list[Group]) -> list[Group]:
    """Fill what joined places have in common: "left and right kidney", "upper and lower lobes of the right lung"."""
    for this, following in reversed(list(zip(groups, groups[1:], strict=False))):
        if "organ" not in this.parts and "site" not in this.parts:
            for name in ("organ", "lobe", "side"):
                if name in following.parts and name not in this.parts:
                    this.parts[name] = following.parts[name]
    for before, this in zip(groups, groups[1:], strict=False):
        if "organ" not in this.parts or this.get("organ") == before.get("organ"):
            own_side = any(item is not before.parts.get("side", (None, None))[1] for _, item in this.parts.values())
            for name in ("organ", "lobe", "side"):
                already = name in this.parts or (name == "side" and "organ" in this.parts and not _detail(this))
                if name in before.parts and not already and own_side:
                    this.parts[name] = before.parts[name]
    return groups


def _detail(group: Group) -> bool:
    return any(name in group.parts for name in ("level", "part", "segments", "lungpart", "lobe"))


def resolve(group: Group, own: str | None, context: str | None, plural: bool) -> tuple[list[Place], list[Item]]:
    """The places that a group names (both sides are two), and the words that say nothing in this organ.

    own: the organ of the finding's kind; context: one that the text has elsewhere, the weakest hint. Raises DescriptionError for places that do not exist.
    """
    parts = dict(group.parts)
    organ = group.get("organ") or own or implied_organ(group) or context
    spans: dict[str, Span] = {}
    if "organ" in parts:
        spans["organ"] = parts["organ"][1].span
    place = Place(organ, spans=spans)
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
    unused = [item for name, (_, item) in parts.items() if name not in used and name != "lobe"]
    if "lobe" in parts and "lobe" not in used and parts["lobe"][1] not in unused:
        unused.append(parts["lobe"][1])
    kept = {id(parts[name][1]) for name in used if name in parts}
    return [sided for place in places for sided in _sided(group, place)], [i for i in unused if id(i) not in kept]


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


def _with_site(place: Place, site: str, span: Span) -> Place:
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
    between = sum(b.first - a.last for a, b in zip(apart, apart[1:], strict=False))
    if between > 2:
        return first.span
    return Span(first.span.start, last.span.end, first.source[first.span.start : last.span.end])


def _in_lung(group: Group, place: Place, used: set[str]) -> list[Place]:
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
            for name in names:
                lobe = LUNG_SEGMENTS.get(str(name)) or {"left": "upper_lobe", "right": "middle_lobe"}.get(side or "")
                place = _with_site(place, lobe, span) if lobe else place
            place = replace(place, segment="/".join(map(str, names)), spans={**place.spans, "segment": span})
            used |= {"segments"}
    if place.site == "middle_lobe":
        if group.get("side") == "left":
            raise contradiction(group.text("side"), place.spans["site"].text, "only the right lung has a middle lobe")
        if "side" not in parts:
            place = replace(place, side="right", spans={**place.spans, "side": place.spans["site"]})
    return [place]


def _in_liver(group: Group, place: Place, used: set[str], plural: bool) -> list[Place]:
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
        words = [parts["side"][1]] + ([parts["lobe"][1]] if "lobe" in parts else [])
        place = _with_site(place, site, _covering(*words))
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


def _in_segment(place: Place, name: str, span: Span) -> Place:
    site = LIVER_SEGMENTS[name.split("/")[0].rstrip("ab")]
    if place.site not in (None, site) and not (place.site == "left_lobe" and site == "caudate"):
        raise contradiction(
            place.spans["site"].text, span.text, f"segment {name} is in the {site.replace('_', ' ')} of the liver"
        )
    spans = {**place.spans, "segment": span}
    spans.setdefault("site", span)
    return replace(place, site=site, segment=name, spans=spans)


def _check_colon(group: Group, places: list[Place]) -> None:
    for place in places:
        right = COLON_SIDES.get(place.site or "")
        if right and group.get("side") in ("left", "right") and group.get("side") != right:
            raise contradiction(
                group.text("side"), place.spans["site"].text, f"this part of the colon is on the {right}"
            )


def _sided(group: Group, place: Place) -> list[Place]:
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
