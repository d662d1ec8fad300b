"""What a cohort is asked for: one row a patient, of a table or drawn; checked whole before the first case is made."""

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from GuideGenLib.cohort.sentence import COLUMNS, text_of_columns
from GuideGenLib.core.errors import GuideGenError
from GuideGenLib.core.seeds import LARGEST_SEED
from GuideGenLib.description import parse
from GuideGenLib.description.model import DescriptionError

OWN_COLUMNS = ("id", "text", "n", "seed")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
MOST_OF_A_ROW = 100_000
MOST_CASES = 1_000_000
LARGEST_TABLE = 256_000_000
"""Bytes. A million rows of text."""


class CohortError(GuideGenError):
    """A cohort cannot be made as it was asked for; the message names the row and the column."""


@dataclass(frozen=True)
class Row:
    """One case that is asked for. `id` names its folder; text and seed alone decide what is drawn."""

    id: str
    text: str
    seed: int

    def to_json(self) -> dict[str, Any]:
        """As a line of rows.jsonl."""
        return {"id": self.id, "text": self.text, "seed": self.seed}


def read_table(path: Path, base_seed: int = 0) -> list[Row]:
    """The rows of a CSV or JSONL file (by its ending), each as often as its column `n` says. Raises CohortError for a
    file that is none, an unknown column, and a row that cannot be drawn."""
    try:
        if path.stat().st_size > LARGEST_TABLE:
            raise CohortError(f"{path} is larger than {LARGEST_TABLE // 1_000_000} MB", "split it into several cohorts")
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise CohortError(f"{path} is no text in UTF-8", "save the table as UTF-8") from error
    except OSError as error:
        raise CohortError(f"{path} cannot be read ({error.strerror})", "name a CSV or JSONL file") from error
    records = _jsonl(text, path) if path.suffix.lower() in (".jsonl", ".ndjson") else _csv(text, path)
    return rows_of(records, base_seed)


def rows_of(records: Iterable[tuple[str, Mapping[str, Any]]], base_seed: int = 0) -> list[Row]:
    """Rows of records with the place where each stands ("line 7"). Raises CohortError as `read_table` does."""
    rows: list[Row] = []
    for number, (place, record) in enumerate(records, start=1):
        rows += _rows(number, place, record, base_seed)
        if len(rows) > MOST_CASES:
            raise CohortError(f"more than {MOST_CASES} cases are asked for", "split the table into several cohorts")
    if not rows:
        raise CohortError("the table has no rows", f"give a column text, or some of {', '.join(COLUMNS)}")
    _check_names(rows)
    return rows


def read_rows(text: str) -> list[Row]:
    """Rows as `Row.to_json` wrote them, a line each. Raises CohortError for anything else."""
    try:
        rows = [Row(**json.loads(line)) for line in text.splitlines()]
        _check_names(rows)
    except (ValueError, TypeError) as error:
        raise CohortError("rows.jsonl is no list of cases", "make the cohort in another folder") from error
    return rows


def _rows(number: int, place: str, record: Mapping[str, Any], base_seed: int) -> list[Row]:
    given = {str(key).strip(): value for key, value in record.items() if value not in (None, "")}
    unknown = [key for key in given if key not in (*OWN_COLUMNS, *COLUMNS)]
    if unknown:
        known = ", ".join((*OWN_COLUMNS, *COLUMNS))
        raise CohortError(f"{place}: no column is named {unknown[0]!r}", f"use some of {known}")
    if not given:
        return []
    text = _text(place, given)
    count = _whole(place, given, "n", 1, MOST_OF_A_ROW) or 1
    name = str(given.get("id", f"case_{number:06d}"))
    seed = _whole(place, given, "seed", 0, LARGEST_SEED)
    names = [name] if count == 1 else [f"{name}-{index}" for index in range(1, count + 1)]
    seeds = [seed_of(one, base_seed) if seed is None else (seed + index) % (LARGEST_SEED + 1)
             for index, one in enumerate(names)]  # fmt: skip
    return [Row(*both) for both in zip(names, [text] * count, seeds, strict=True)]


def seed_of(name: str, base_seed: int) -> int:
    """The seed of a case that names none: of its name, so that rows may be added and taken out of a table."""
    return int.from_bytes(hashlib.sha256(f"{base_seed}/{name}".encode()).digest()[:4], "big")


def _text(place: str, given: Mapping[str, Any]) -> str:
    """The text of a row, its own or that of its columns, which must be understood as the columns say."""
    columns = {key: value for key, value in given.items() if key in COLUMNS}
    try:
        if "text" not in given:
            return text_of_columns(columns)
        if columns:
            msg = f"{place}: a row has a text or columns such as {next(iter(columns))}, not both"
            raise CohortError(msg, "empty one of the two")
        text = str(given["text"])
        parse(text)
    except DescriptionError as error:
        raise CohortError(f"{place}: {error.message}", error.remedy) from error
    return text


def _whole(place: str, given: Mapping[str, Any], column: str, least: int, most: int) -> int | None:
    if column not in given:
        return None
    try:
        value = int(str(given[column]))
    except ValueError:
        value = least - 1
    if not least <= value <= most:
        told = f"{place}: {column} is {given[column]!r:.40}"
        raise CohortError(told, f"give a whole number from {least} to {most}")
    return value


def _check_names(rows: Sequence[Row]) -> None:
    seen: set[str] = set()
    for row in rows:
        if not NAME.fullmatch(row.id):
            raise CohortError(
                f"the id {row.id!r:.60} cannot name a folder", "use letters, digits and . _ - (80 at most)"
            )
        if row.id.lower() in seen:
            raise CohortError(f"the id {row.id!r} stands in the table twice", "give each row an id of its own")
        seen.add(row.id.lower())


def _csv(text: str, path: Path) -> list[tuple[str, dict[str, Any]]]:
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        records = []
        for record in reader:
            if record.pop(None, None):  # type: ignore[call-overload]
                raise CohortError(f"{path}, line {reader.line_num}: more cells than columns", "quote cells with commas")
            records.append((f"{path.name}, line {reader.line_num}", dict(record)))
    except csv.Error as error:
        raise CohortError(f"{path} is no CSV table ({error})", "save it as CSV with a header") from error
    return records


def _jsonl(text: str, path: Path) -> list[tuple[str, dict[str, Any]]]:
    records = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            record = None
        if not isinstance(record, dict):
            raise CohortError(f"{path}, line {number} is no JSON object", 'write {"text": "..."} on each line')
        records.append((f"{path.name}, line {number}", record))
    return records
