"""The anatomy table: what each label value means."""

import csv
from dataclasses import dataclass
from functools import cache

from GuideGenLib.resources import resource


@dataclass(frozen=True)
class Label:
    """One row of Resources/anatomy.csv."""

    value: int
    key: str


@cache
def labels() -> tuple[Label, ...]:
    """All rows in order of value; value i stands at index i."""
    with resource("anatomy.csv").open(newline="", encoding="utf-8") as file:
        return tuple(Label(int(row["value"]), row["key"]) for row in csv.DictReader(file))


@cache
def values() -> dict[str, int]:
    """Label value by key."""
    return {label.key: label.value for label in labels()}
