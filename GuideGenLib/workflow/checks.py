"""The rules that an anatomy breaks, in words: a record names them by keys ("lesion:0:size")."""

from collections.abc import Mapping, Sequence
from typing import Any

from GuideGenLib.anatomy.table import label, values
from GuideGenLib.description.fields import shown
from GuideGenLib.workflow.words import say, told

OF_FINDINGS = ("lesion", "finding")


def broken_rules(checks: Sequence[Mapping[str, Any]]) -> list[str]:
    """Of the checks in an anatomy's record those that are not kept: "liver: 800 ml, expected 1100 to 2000 ml"."""
    return [_broken(str(one.get("name", "")), str(one.get("detail", ""))) for one in checks if not one.get("passed")]


def _broken(name: str, detail: str) -> str:
    rule, _, rest = name.partition(":")
    key = rest.split(":")[0]
    words = told(_named(detail))
    if rule in OF_FINDINGS and key.isdigit():
        return say("Finding {number}", number=int(key) + 1) + f": {words}"
    return f"{told(_named(key))}: {words}" if key else words


def _named(words: str) -> str:
    """Keys of labels by their names."""
    keys = [word for word in words.replace(",", " ").split() if word in values()]
    for key in keys:
        words = words.replace(key, label(key).name)
    return shown(words)
