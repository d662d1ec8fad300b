"""The fixed prompts of the evaluation, each with what a reader expects of the volume.

Resources/evaluation_prompts.json; the expectations are written by hand and not by our parser, so that a misread text
counts as a fault.
"""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from GuideGenLib.core.resources import resource


@dataclass(frozen=True)
class ExpectedLesion:
    """A tumour that must be there. None: the text leaves it open. mm: range of its longest diameter with both ends.

    The range is that of the T stage in the text (AJCC 8 where it stages by size, see description.stage), or the size
    that the text gives.
    """

    organ: str
    side: str | None = None
    site: str | None = None
    mm: tuple[float, float] | None = None

    @property
    def label(self) -> str:
        """Key of its label in the anatomy table."""
        return f"{self.organ}_tumor"


@dataclass(frozen=True)
class Prompt:
    """number: from 1, also what the seed is made of. kind: the group of prompts. sex None: not said."""

    number: int
    kind: str
    text: str
    region: str
    sex: str | None
    lesions: tuple[ExpectedLesion, ...]


@cache
def prompts() -> tuple[Prompt, ...]:
    """All prompts in their fixed order."""
    rows = json.loads(resource("evaluation_prompts.json").read_text(encoding="utf-8"))
    return tuple(_prompt(number, row) for number, row in enumerate(rows, start=1))


def _prompt(number: int, row: dict[str, Any]) -> Prompt:
    lesions = []
    for asked in row.get("lesions", []):
        fields = {key: value for key, value in asked.items() if key != "count"}
        if "mm" in fields:
            fields["mm"] = tuple(fields["mm"])
        lesions += [ExpectedLesion(**fields)] * asked.get("count", 1)
    return Prompt(number, row["kind"], row["text"], row.get("region", "torso"), row.get("sex"), tuple(lesions))
