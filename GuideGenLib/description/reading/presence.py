"""Whether the patient has what a sentence names: the triggers of ConText and how far each of them reaches.

After Harkema et al., J Biomed Inform 42:839 (2009). The scopes are not a number of words, as there, but end where a
sentence says a new thing: at joints that list no places, and at words like "shows".

No library does this here. medspaCy and negspaCy need spaCy, a wheel of 35 MB with compiled dependencies that Slicer's
Python would have to take; pyConTextNLP had its last release in 2019. All of them give a category to targets that are
found already, and which size, side and organ a target has would still be read by this grammar.
"""

from GuideGenLib.description.reading.items import Item
from GuideGenLib.description.words.context import STRENGTH, WIDE

PLACE_TYPES = ("place", "segment")
_PAST_BEHIND = ("resected", "removed", "treated", "in remission", "surgically removed")
FOR = ("for", "because", "due to", "secondary to")
TRANSPARENT = ("article", "definite", "hyphen", "filler", "person", "scan")


def presence_of(items: list[Item], head: int, heads: list[int]) -> tuple[str, Item | None]:
    """What the sentence says of the finding at position `head`, one of model.PRESENCES, and the trigger that says it.

    heads: of all findings in the sentence. The strongest of the triggers that reach it counts.
    """
    found = {}
    for cue in (_before(items, head), _after(items, head, heads), _past(items, head)):
        if cue is not None:
            found[str(cue.value) if cue.value in STRENGTH else "historical"] = cue
    category = next((category for category in STRENGTH if category in found), "present")
    return category, found.get(category)


def _before(items: list[Item], head: int) -> Item | None:
    """The nearest trigger in front of a head, if it reaches the head; wide ones reach from afar."""
    nearest = True
    for cue in range(head - 1, -1, -1):
        item = items[cue]
        bare = cue == 0 or items[cue - 1].type != "hyphen"
        denied_first = item.type == "negation_after" and item.value in ("negated", "resolved") and bare
        if item.type != "negation" and not (denied_first and all(other.type != "kind" for other in items[:cue])):
            continue
        if item.value in WIDE:
            if _reaches_wide(items, cue, head):
                return item
        elif nearest:
            if _reaches(items, cue, head):
                before = items[cue - 1] if cue else item
                return before if before.type == "negation" and before.value == "negated" else item  # "no suspected"
            nearest = False
    return None


def _reaches_wide(items: list[Item], cue: int, head: int) -> bool:
    """Whether "mother" or "rule out" reaches a head: not over "but", a word for the patient, or to what is measured."""
    passed = False
    for index in range(cue + 1, head):
        item = items[index]
        passed = passed or item.type == "kind"
        if item.type in ("but", "sex") or (item.type == "person" and item.span.text.lower() in ("patient", "pt")):
            return False
        if item.type == "present" and passed:
            return False
        if item.type in ("comma", "and") and any(other.type == "size" for other in items[index:head]):
            return False
    return True


def _reaches(items: list[Item], cue: int, head: int) -> bool:
    """Whether a negation reaches a head behind it."""
    passed = False
    for index in range(cue + 1, head):
        item = items[index]
        if item.type == "kind":
            passed = True
        elif item.type in ("but", "link"):
            return False
        elif item.type == "present":
            # "neither kidney shows a mass": the subject is what is denied.
            if passed or any(other.type not in (*PLACE_TYPES, *TRANSPARENT) for other in items[cue + 1 : index]):
                return False
        elif item.type == "colon" and index == cue + 1:
            continue  # "Family history: lung cancer"
        elif item.type in ("comma", "and", "colon"):
            rest = items[index + 1 : head]
            if not passed:
                if not coordinates(items, index, -1):
                    return False
            elif not _list_goes_on(items, index, rest):
                return False
    return True


def _list_goes_on(items: list[Item], joint: int, rest: list[Item]) -> bool:
    """After "no effusion," the denial goes on to bare words ("pneumothorax") and wherever "or" closes the list."""
    for item in items[joint:]:
        if item.type in ("but", "present", "negation", "verb"):
            break
        if item.type == "or":
            return True
    bare = ("unknown", "look", "filler", "hyphen", "kind", "or", "and", "comma", "region", "negation")
    return all(item.type in bare for item in rest)


def _after(items: list[Item], head: int, heads: list[int]) -> Item | None:
    """The first trigger behind a head, if it reaches back to the head."""
    for cue in range(head + 1, len(items)):
        item = items[cue]
        if item.type == "negation_after" and items[cue - 1].type != "hyphen":  # "PET-negative" denies nothing
            break
        alone = item.type == "negation" and item.value in ("possible", "resolved")
        if alone and all(other.type != "kind" for other in items[cue:]):
            break  # "lung cancer suspected", "nodules resolved"
        if item.type in ("but", "present", "link", "negation"):
            return None
    else:
        return None
    nearest = max(index for index in heads if index < cue)
    if any(item.type == "comma" for item in items[nearest:cue]) and items[cue - 1].type != "comma":
        return None
    if head == nearest:
        return items[cue]
    between = items[head + 1 : nearest]
    listed = ("and", "or", "definite", "article", "hyphen", "unknown", "look", "filler", "kind", *PLACE_TYPES)
    return items[cue] if all(item.type in listed for item in between) else None


def _past(items: list[Item], head: int) -> Item | None:
    """ "history of colon cancer", "resected lung cancer", "lung cancer in remission"."""
    after = items[head + 1] if head + 1 < len(items) else None
    if after is not None and after.span.text.lower() in _PAST_BEHIND:
        return after
    for index in range(head + 1, len(items)):
        if items[index].type == "kind":
            break
        if items[index].span.text.lower() in _PAST_BEHIND and items[index - 1].type == "comma":
            return items[index]  # "Wilms tumor in childhood, resected"
    if after is not None and after.type == "past" and " " not in after.span.text.rstrip():
        return None
    for cue in range(head - 1, -1, -1):
        item = items[cue]
        if item.type == "past":
            return item
        if item.type == "kind" and item.value.name in ("absence", "resection"):
            if any(other.span.text.lower() in FOR for other in items[cue + 1 : head]):
                return item  # "nephrectomy because of RCC"
            continue
        if item.type in ("comma", "and"):
            if not coordinates(items, cue, -1):
                return None
        elif item.type in ("but", "present", "link", "verb", "negation", "kind"):
            return None
    return None


def coordinates(items: list[Item], joint: int, before: int) -> bool:
    """Whether "and" joins two places of one noun phrase: "liver and adrenal metastases"."""
    left, right = joint - 1, joint + 1
    while right < len(items) and items[right].type in ("article", "definite", "hyphen", "and", "or"):
        right += 1
    if (
        left <= before
        or right >= len(items)
        or items[right].type not in PLACE_TYPES
        or items[left].type not in PLACE_TYPES
    ):
        return False
    while left > before and items[left].type in (*PLACE_TYPES, "hyphen", "comma", "and", "or", "definite"):
        left -= 1
    if before < 0:
        return True
    if left == before:
        return items[before + 1].type in ("comma", "and", "or")
    return items[left].type != "preposition"
