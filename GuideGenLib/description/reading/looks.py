"""How lesions look: which words of a region say it, which deny it, and what of it goes together."""

from collections.abc import Sequence

from GuideGenLib.description.looks import LUNG_LOOKS, opposite
from GuideGenLib.description.reading.groups import contradiction
from GuideGenLib.description.reading.items import Item
from GuideGenLib.description.words.looks import IMPLIED, LACKS, SOLID_PART

Looks = list[tuple[str, Item]]
LACKED, UNDRAWN, OTHERWISE = "a look that it lacks", "the look of what is not drawn", "said otherwise before"
_BETWEEN = ("look", "filler", "hyphen", "or", "and", "comma", "unknown", "article", "definite", "verb")
_LISTED = ("look", "comma", "and", "hyphen")
_ENDING = ("comma", "and")


def looks_of(items: Sequence[Item], head: Item | None, before: Sequence[Item]) -> tuple[Looks, list[Item]]:
    """The looks that the items of a region say of its head, and the words of those that they deny.

    before: those of the noun phrase before the head; what stands farther in front is of something else. Raises
    DescriptionError where two looks do not go together.
    """
    said: Looks = []
    denied: list[Item] = []
    at = -1 if head is None else items.index(head)
    start = next((place for place, item in enumerate(items) if item in before), at)
    while start > 0 and items[start - 1].type in _LISTED:  # "ill-defined, infiltrative mass"
        start -= 1
    for index, item in enumerate(items):
        if item.type != "look" or index < start:
            continue
        if item.value.startswith(LACKS) or _is_denied(items, index):
            denied.append(item)
        else:
            said.append((item.value, item))
    if head is not None:
        said += [(look, head) for look in IMPLIED.get(_plain(head.span.text), ())]
    said = _with_solid_part(said)
    for index, (look, item) in enumerate(said):
        other = opposite(look, [one for one, _ in said[:index]])
        if other is not None and item is not head:
            first = next(one for name, one in said if name == other)
            raise contradiction(first.span.text, item.span.text, "no lesion looks like both")
    return said, denied


def is_of_solid_part(items: Sequence[Item], size: Item) -> bool:
    """Whether a size is that of the solid part alone: "with a 6 mm solid component"."""
    after = items[items.index(size) + 1 :]
    return bool(after) and after[0].type == "look" and after[0].value == SOLID_PART


def kept(said: Looks, organ: str | None) -> tuple[Looks, list[Item]]:
    """The looks of a lesion of an organ, without those that contradict an earlier one, and the words without
    effect. What a name implies comes after what is said."""
    ordered = [one for one in said if one[1].type == "look"] + [one for one in said if one[1].type != "look"]
    found: Looks = []
    dropped: list[Item] = []
    for look, item in ordered:
        names = [one for one, _ in found]
        elsewhere = (look in LUNG_LOOKS and organ not in (None, "lung")) or (
            item.type != "look" and look not in LUNG_LOOKS and organ != "liver"
        )
        if elsewhere or opposite(look, names) is not None:
            dropped += [item] if item.type == "look" else []
        elif item.type == "look" or look not in names:
            found.append((look, item))
    return found, dropped


def _with_solid_part(said: Looks) -> Looks:
    """ "ground glass with a solid component" is part-solid."""
    names = [look for look, _ in said]
    part = SOLID_PART in names or "part_solid" in names
    looks = [("part_solid" if look == "ground_glass" and part else look, item) for look, item in said]
    return [one for one in looks if one[0] != SOLID_PART]


def _is_denied(items: Sequence[Item], index: int) -> bool:
    """Whether a denial reaches a word: "no cavitation or necrosis", "not calcified"."""
    for place in range(index - 1, -1, -1):
        item = items[place]
        if item.type == "negation":
            return bool(item.value == "negated")
        if item.type not in _BETWEEN:
            return False
        if item.type in _ENDING and (place == 0 or items[place - 1].type not in ("look", "comma")):
            return False
    return False


def _plain(words: str) -> str:
    """As the tables have them: singular and without hyphens."""
    return " ".join(words.lower().replace("-", " ").split()).removesuffix("s")
