"""Which findings a sentence denies, and which it puts into the past."""

from GuideGenLib.description.reading.items import Item

PLACE_TYPES = ("place", "segment")
FOR = ("for", "because", "due to", "secondary to")
TRANSPARENT = ("article", "definite", "hyphen", "filler", "person", "scan")


def denied(items: list[Item], head: int, heads: list[int]) -> bool:
    """Whether the sentence denies the finding at position `head`; `heads` are the positions of all findings in it."""
    return _denied_before(items, head) or _denied_after(items, head, heads)


def _denied_before(items: list[Item], head: int) -> bool:
    for cue in range(head - 1, -1, -1):
        before_all = items[cue].type == "negation_after" and not any(item.type == "kind" for item in items[:cue])
        if items[cue].type == "negation" or before_all:
            return _reaches(items, cue, head)
    return False


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
    bare = ("unknown", "filler", "hyphen", "kind", "or", "and", "comma", "region", "negation")
    return all(item.type in bare for item in rest)


def _denied_after(items: list[Item], head: int, heads: list[int]) -> bool:
    for cue in range(head + 1, len(items)):
        item = items[cue]
        if item.type == "negation_after":
            break
        if item.type in ("but", "present", "link", "negation"):
            return False
    else:
        return False
    nearest = max(index for index in heads if index < cue)
    if any(item.type == "comma" for item in items[nearest:cue]) and items[cue - 1].type != "comma":
        return False
    if head == nearest:
        return True
    between = items[head + 1 : nearest]
    listed = ("and", "or", "definite", "article", "hyphen", "unknown", "filler", "kind", *PLACE_TYPES)
    return all(item.type in listed for item in between)


def past(items: list[Item], head: int) -> bool:
    """ "history of colon cancer", "resected lung cancer", "lung cancer in remission"."""
    if head + 1 < len(items) and items[head + 1].type == "past" and " " not in items[head + 1].span.text.rstrip():
        return items[head + 1].span.text.lower() in ("resected", "removed", "treated")
    if head + 1 < len(items) and items[head + 1].span.text.lower() in ("in remission", "surgically removed"):
        return True
    for cue in range(head - 1, -1, -1):
        item = items[cue]
        if item.type == "past":
            return True
        if item.type == "kind" and item.value.name in ("absence", "resection"):
            if any(other.span.text.lower() in FOR for other in items[cue + 1 : head]):
                return True  # "nephrectomy because of RCC"
            continue
        if item.type in ("comma", "and"):
            if not coordinates(items, cue, -1):
                return False
        elif item.type in ("but", "present", "link", "verb", "negation", "kind"):
            return False
    return False


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
