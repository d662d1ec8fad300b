"""Reading the anatomy table from its file, every field checked."""

import csv
import math
import re
from collections.abc import Hashable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from GuideGenLib.anatomy.label import GROUPS, PHASES, Code, Hounsfield, Label
from GuideGenLib.core.errors import GuideGenError

COLUMNS = (
    "value", "key", "name", "color_r", "color_g", "color_b", "group", "part_of",
    *(f"{code}_{part}" for code in ("category", "type", "modifier", "region") for part in ("code", "meaning")),
    *(f"hu_{phase}{statistic}" for phase in PHASES for statistic in ("", "_sd")),
    "hu_texture_sd", "hu_source", "synonyms", "totalsegmentator", "guidegen21", "maisi132",
)  # fmt: skip

# Slicer gives category and type Tissue to every new segment: a row that carried them would swallow those.
UNTYPED_SEGMENT = ("85756007", "85756007", "", "")


class AnatomyTableError(GuideGenError):
    """The anatomy table cannot be used; the message names the file, the row and the column."""

    kind = "bundle"


def load_table(path: Path, more: Sequence[Mapping[str, str]] = ()) -> tuple[Label, ...]:
    """The rows of a table file in order of value; value i stands at index i.

    more: rows that come after those of the file, by its columns and "drawn_as". Raises AnatomyTableError, OSError.
    """
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file, strict=True)
        try:
            missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
            if missing:
                raise AnatomyTableError(f"{path.name} has no column {', '.join(missing)}.")
            rows = [_Row(path.name, reader.line_num, record) for record in reader]
        except (UnicodeDecodeError, csv.Error) as error:
            raise AnatomyTableError(f"{path.name} is not a UTF-8 CSV file: {error}.") from error
    if not rows:
        raise AnatomyTableError(f"{path.name} has no rows.")
    known = {row.text("key") for row in rows}
    for record in sorted(more, key=lambda one: int(one["value"])):
        rows.append(_Row("a finding", int(record["value"]), dict(record)))
        if record["drawn_as"] not in known:
            raise rows[-1].error("drawn_as", f"{record['drawn_as']!r} is no key of {path.name}")
    table = tuple(_label(row) for row in rows)
    _check_values(rows, table)
    _check_unique(rows, "key", ((label.key,) for label in table))
    _check_references(rows, table)
    _check_unique(rows, "name", ((label.name.lower(),) for label in table))
    _check_unique(rows, "color_r", ((label.color,) for label in table))
    _check_unique(rows, "type_code", ((label.coding,) for label in table))
    _check_unique(rows, "totalsegmentator", (label.totalsegmentator for label in table))
    _check_unique(rows, "maisi132", (label.maisi132 for label in table))
    return table


class _Row:
    """One record of the file: it reads typed fields and says where a bad one stands."""

    def __init__(self, file: str, line: int, record: dict[str, str]) -> None:
        self.where = f"row {line} ({record['key'] or 'without key'})"
        self.file = file
        self.record = record
        if None in record or None in record.values():
            raise self.error("value", "the row has more or fewer fields than the header")

    def error(self, column: str, message: str) -> AnatomyTableError:
        return AnatomyTableError(f"{self.file}, {self.where}, column {column}: {message}.")

    def text(self, column: str) -> str:
        text = self.record[column].strip()
        if not text:
            raise self.error(column, "it is empty")
        return text

    def integer(self, column: str, low: int, high: int) -> int:
        return self._integer(column, self.text(column), low, high)

    def integers(self, column: str, low: int, high: int) -> tuple[int, ...]:
        return tuple(self._integer(column, item, low, high) for item in self.items(column))

    def number(self, column: str, low: float, high: float) -> float:
        text = self.text(column)
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not low <= number <= high:  # this refuses NaN, too
            raise self.error(column, f"{text!r} is not a number from {low:g} to {high:g}")
        return number

    def items(self, column: str) -> tuple[str, ...]:
        text = self.record[column].strip()
        items = tuple(item.strip() for item in text.split(";")) if text else ()
        if not all(items) or len(set(items)) < len(items):
            raise self.error(column, f"{text!r} has an empty or a repeated item")
        return items

    def code(self, name: str) -> Code | None:
        number, meaning = self.record[f"{name}_code"].strip(), self.record[f"{name}_meaning"].strip()
        if bool(number) != bool(meaning):
            raise self.error(f"{name}_code", "a code and its meaning go together, and one of them is empty")
        if number and not re.fullmatch(r"[1-9][0-9]{5,17}", number):
            raise self.error(f"{name}_code", f"{number!r} is not a SNOMED CT number")
        return Code(number, meaning) if number else None

    def _integer(self, column: str, text: str, low: int, high: int) -> int:
        if not re.fullmatch(r"-?[0-9]{1,9}", text) or not low <= int(text) <= high:
            raise self.error(column, f"{text!r} is not a whole number from {low} to {high}")
        return int(text)


def _label(row: _Row) -> Label:
    key, group = row.text("key"), row.text("group")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", key):
        raise row.error("key", f"{key!r} is not made of lower case letters, digits and underscores")
    if group not in GROUPS:
        raise row.error("group", f"{group!r} is not one of {', '.join(GROUPS)}")
    guidegen21 = row.integers("guidegen21", 0, 20)
    if len(guidegen21) > 1:
        raise row.error("guidegen21", "more than one class")
    hu = {
        phase: Hounsfield(row.number(f"hu_{phase}", -1024, 3071), row.number(f"hu_{phase}_sd", 0, 1000))
        for phase in PHASES
    }
    return Label(
        value=row.integer("value", 0, 254),
        key=key,
        name=row.text("name"),
        color=(row.integer("color_r", 0, 255), row.integer("color_g", 0, 255), row.integer("color_b", 0, 255)),
        group=group,
        part_of=row.items("part_of"),
        category=row.code("category"),
        type=row.code("type"),
        modifier=row.code("modifier"),
        region=row.code("region"),
        hu=MappingProxyType(hu),
        texture_sd=row.number("hu_texture_sd", 0, 1000),
        hu_source=row.items("hu_source"),
        synonyms=row.items("synonyms"),
        totalsegmentator=row.items("totalsegmentator"),
        guidegen21=guidegen21[0] if guidegen21 else None,
        maisi132=row.integers("maisi132", 0, 200),
        drawn_as=row.record.get("drawn_as", ""),
    )


def _check_values(rows: Sequence[_Row], table: Sequence[Label]) -> None:
    for expected, (row, label) in enumerate(zip(rows, table, strict=True)):
        if label.value < expected:
            raise row.error("value", f"{label.value} stands in an earlier row, {expected} comes here")
        if label.value > expected:
            raise row.error("value", f"{expected} is missing, {label.value} stands in its place")


def _check_references(rows: Sequence[_Row], table: Sequence[Label]) -> None:
    plain = {label.key for label in table if not label.part_of}
    for row, label in zip(rows, table, strict=True):
        unknown = [part for part in label.part_of if part not in plain]
        if unknown:
            raise row.error("part_of", f"{', '.join(unknown)} is not a key whose own part_of is empty")
        if label.value and (label.category is None or label.type is None):
            raise row.error("type_code", "only the background goes without category and type")
        if label.coding == UNTYPED_SEGMENT:
            raise row.error("type_code", "Tissue, Tissue is what Slicer gives to each new segment: use another code")


def _check_unique(rows: Sequence[_Row], column: str, items: Iterable[Iterable[Hashable]]) -> None:
    seen: dict[Hashable, _Row] = {}
    for row, found in zip(rows, items, strict=True):
        for item in found:
            if item in seen:
                raise row.error(column, f"{item!r} is that of {seen[item].where} already")
            seen[item] = row
