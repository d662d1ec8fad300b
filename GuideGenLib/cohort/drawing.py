"""Rows drawn from a registry: shares of sexes, ages, organs, stages and scans, one of them depending on others.

A registry is a JSON file: {"name", "source", "variables": [{"column", "given", "shares", "source"}, ...]}. `column` is
one of a table's; `shares` gives each value its weight, "" means that the column stays empty, and for age, size_mm and
count "50-59" is any number from 50 to 59. With `given`, the columns above it that decide, `shares` has such a table for
each of their values joined by "/", and "*" for all others.
"""

import json
import random
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from GuideGenLib.cohort.rows import CohortError
from GuideGenLib.cohort.sentence import COLUMNS
from GuideGenLib.core.resources import resource

SAMPLE = "registry.json"
"""In Resources: the five organs whose tumours are learned, by published shares where its entries name a source."""
RANGE = re.compile(r"(\d+)-(\d+)")
NUMBERS = ("age", "size_mm", "count")
OTHERS = "*"


def read_registry(path: Path | None = None) -> dict[str, Any]:
    """A registry, checked whole (None: the sample). Raises CohortError naming what is wrong in it."""
    path = path or resource(SAMPLE)
    try:
        registry = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise CohortError(f"{path} cannot be read ({error})", "name a registry in JSON") from error
    variables = registry.get("variables") if isinstance(registry, dict) else None
    if not isinstance(variables, list) or not variables:
        raise CohortError(f"{path} has no list of variables", f"write it as {SAMPLE} is")
    above: list[str] = []
    for variable in variables:
        column = variable.get("column") if isinstance(variable, dict) else None
        if column not in COLUMNS or column in above:
            raise CohortError(f"{path}: {column!r} is no column, or stands twice", f"use some of {', '.join(COLUMNS)}")
        _check(variable, above, f"{path}, {column}")
        above.append(column)
    return registry


def draw_records(registry: Mapping[str, Any], count: int, seed: int) -> list[tuple[str, dict[str, Any]]]:
    """That many records for `rows.rows_of`; the first ones of a larger draw are the same."""
    return [(f"drawn row {index + 1}", _one(registry, random.Random(f"{seed}/{index}"))) for index in range(count)]


def _one(registry: Mapping[str, Any], chance: random.Random) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for variable in registry["variables"]:
        column, shares = variable["column"], variable["shares"]
        if variable.get("given"):
            key = "/".join(str(record.get(name, "")) for name in variable["given"])
            shares = shares.get(key, shares.get(OTHERS, {"": 1}))
        value = chance.choices(list(shares), list(shares.values()))[0]
        span = RANGE.fullmatch(value) if column in NUMBERS else None
        if span:
            record[column] = chance.randint(int(span[1]), int(span[2]))
        elif value:
            record[column] = value
    return record


def _check(variable: Mapping[str, Any], above: list[str], place: str) -> None:
    given, shares = variable.get("given", []), variable.get("shares")
    if not isinstance(given, list) or any(name not in above for name in given):
        raise CohortError(f"{place}: it is given by columns that do not stand above it", "move them up")
    tables = list(shares.values()) if given and isinstance(shares, dict) else [shares]
    for table in tables:
        weights = list(table.values()) if isinstance(table, dict) else []
        if not all(_weight(weight) for weight in weights) or sum(weights) <= 0:
            raise CohortError(f"{place}: its shares are no numbers from 0 that add up to more than 0", "correct them")
        for value in table or ():
            span = RANGE.fullmatch(value)
            if variable["column"] in NUMBERS and span and int(span[1]) > int(span[2]):
                raise CohortError(f"{place}: {value} ends before it begins", "swap the two numbers")


def _weight(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < float("inf")
