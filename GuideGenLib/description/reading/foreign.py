"""Words of place beside a finding that tell of something else: what it invades, lies near, or is 2 cm away from."""

from collections.abc import Sequence

from GuideGenLib.description.reading.items import Item
from GuideGenLib.description.reading.presence import PLACE_TYPES
from GuideGenLib.description.words.grammar import NEARNESS


def foreign_items(items: Sequence[Item], head: Item | None, is_metastasis: bool, organ: str | None) -> list[Item]:
    """The words that are not of the finding's own place, with the words that say how they are related to it.

    organ: what the kind of the finding implies.
    """
    found: list[Item] = []
    own: set[str] = {organ} if organ else set()
    placed = False
    relation: Item | None = None
    aside = ""  # "distance" after "2 cm from", "thing" after "and a hip prosthesis"
    among = described = origin = joined = False
    for index, item in enumerate(items):
        if item.type == "relation":
            among = item.span.text.lower() == "between"
            if placed or organ or _place_comes_later(items, index):
                relation = item
                found += [item] if item.value else []
        elif item.type in ("but", "present"):
            relation, joined = None, False
            described = item.type == "present" and head in items[:index]
        elif item.type == "from":
            origin = True
        elif item.type == "comma" and index + 1 < len(items) and items[index + 1].type == "preposition":
            relation = relation if not items[index + 1].value else None
        aside = _aside_after(aside, items, index)
        joined = joined or item.type == "and"
        if item.type not in PLACE_TYPES or joins_two(items, index):
            continue
        named = _organ_of_run(items, index)
        near = relation is not None and relation.span.text.lower() in NEARNESS and named in own
        if aside or _of_something_else(items, index, placed):
            aside = aside or "thing"
            found.append(item)
        elif (
            (relation is not None and not near)
            or (is_metastasis and origin)
            or (among and placed and joined)
            or (described and own and named is not None and named not in own)
        ):
            found.append(item)
        else:
            if near and relation in found:
                found.remove(relation)
            placed, joined = True, False
            own |= {named} if named else set()
    return found


def joins_two(items: Sequence[Item], index: int) -> bool:
    """The "both" of "both a liver tumor and a colon tumor"."""
    word = items[index].span.text.lower()
    return word in ("both", "either") and index + 1 < len(items) and items[index + 1].type == "article"


def fields_of(item: Item) -> dict[str, str]:
    """What a word of place says: side, organ, level, lobe, part, site, segment, segments, lungpart."""
    if item.type == "segment":
        organ = {True: "liver", "spine": "spine"}.get(item.value[1])
        return {"segments": "/".join(item.value[0])} | ({"organ": organ} if organ else {})
    return dict(item.value)


def _place_comes_later(items: Sequence[Item], relation: int) -> bool:
    """Whether no place follows a relation at once, or another one does behind a comma."""
    places = [index for index in range(relation + 1, len(items)) if items[index].type in PLACE_TYPES]
    comma = next((index for index in range(relation + 1, len(items)) if items[index].type == "comma"), len(items))
    return not places or (places[0] < comma < places[-1])


def _aside_after(aside: str, items: Sequence[Item], index: int) -> str:
    item = items[index]
    if item.type == "distance":
        return "distance"
    if item.type in ("comma", "and", "or", "but"):
        return ""
    if item.type == "preposition":
        near = index > 0 and items[index - 1].type == "distance"
        ends = item.value and not near if aside == "distance" else not item.value
        return "" if ends else aside
    return aside


def _organ_of_run(items: Sequence[Item], index: int) -> str | None:
    """The organ that a run of words of place names: of "left upper lobe of the lung" at "left"."""
    for item in items[index:]:
        if item.type in PLACE_TYPES:
            organ = fields_of(item).get("organ")
            if organ:
                return organ
        elif item.type != "hyphen":
            break
    return None


def _of_something_else(items: Sequence[Item], index: int, placed: bool) -> bool:
    """Whether the place is that of a thing that is not understood: "left nephrectomy", "and a hip prosthesis"."""
    after = index + 1
    while after < len(items) and items[after].type in ("unknown", "look", "hyphen", "filler"):
        after += 1
    things = [item for item in items[index + 1 : after] if item.type != "hyphen"]
    named = after < len(items) and items[after].type in ("kind", *PLACE_TYPES)
    if not things or things[0].type != "unknown" or named:
        return False
    side_only = set(fields_of(items[index])) == {"side"}
    article = index > 1 and items[index - 1].type == "article" and items[index - 2].type in ("and", "comma", "or")
    return side_only or (placed and article)
