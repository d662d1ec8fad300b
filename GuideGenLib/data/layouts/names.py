"""What structures are called: names of many data sets as values of our anatomy table.

A name is read without regard to case, hyphens, blanks, and to where `left` and `right` stand in it. Known are the keys
and names of our own table, the classes of TotalSegmentator v2 and of MAISI, and those of Resources/structure_names.csv:
its key is our label, `?` for what may be any of ours, two keys for what hangs on the sex, empty for a structure that we
do not have. Its column `with` tells names that are a part of our label: the label is known where all names of that word
are there, and not by them where it is `-`.
"""

import csv
import difflib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from GuideGenLib.anatomy.maps import NOT_IN_THE_TORSO, keys_by_class
from GuideGenLib.anatomy.table import labels as anatomy_rows
from GuideGenLib.anatomy.table import values
from GuideGenLib.anatomy.unknown import OUTSIDE
from GuideGenLib.anatomy.vocabularies import VOCABULARIES
from GuideGenLib.core.resources import resource
from GuideGenLib.data.cases import DataError

TABLE = "structure_names.csv"
ANY, ALONE_NEVER = "?", "-"
SEXES = ("male", "female")
"""In this order stand two keys of one name."""


@dataclass(frozen=True)
class Structure:
    """What a name stands for: keys of our table (none, one, or one for each of SEXES), and `with` of the table."""

    keys: tuple[str, ...]
    part: str = ""

    def value(self, sex: str | None) -> int:
        """Our label value; 0 where we have none, OUTSIDE where it may be any."""
        if self.keys == (ANY,):
            return OUTSIDE
        if len(self.keys) < 2:
            return values()[self.keys[0]] if self.keys else 0
        return values()[self.keys[SEXES.index(sex)]] if sex in SEXES else 0


@dataclass(frozen=True)
class Meaning:
    """Our label value of each structure that a source names, and the values that it labels (CaseFiles.known)."""

    values: tuple[int, ...]
    known: frozenset[int]


def meaning_of(names: Iterable[str], where: Path, sex: str | None = None) -> Meaning:
    """What the structures of a source are in our table, in their order.

    where: the file or folder that names them. Raises DataError for names that nobody knows.
    """
    written = list(names)
    found = [structure_of(name, where) for name in written]
    ours = tuple(one.value(sex) for one in found)
    own = [None if value == OUTSIDE else value for value in ours]
    known = {value for value, one in zip(own, found, strict=True) if value and not one.part}
    there = {_plain(name) for name in written}
    known |= {values()[key] for (key, _), parts in _sets().items() if parts <= there}
    return Meaning(ours, frozenset(known))


def structure_value(name: str, where: Path) -> int:
    """Our label value of a structure, 0 for one that our table lacks. Raises DataError for a name nobody knows."""
    return structure_of(name, where).value(None)


def structure_of(name: str, where: Path) -> Structure:
    """What a name stands for. Raises DataError for one that nobody knows, with the closest one that is."""
    plain = _plain(name)
    if not plain or plain.isdecimal():
        return Structure(())  # a number names nothing
    if plain in _known():
        return _known()[plain]
    close = difflib.get_close_matches(plain, _known(), n=1)
    raise DataError(
        f"{where} names {name!r}, a structure unknown here: "
        + (f"is it {_spoken()[close[0]]}? " if close else "")
        + "Rename it, or leave its name empty where it is none of ours (Resources/structure_names.csv lists the names)"
    )


def names_in(path: Path) -> dict[int, str]:
    """{value: name} of a labels.json or of a dataset.json as nnU-Net has it, whichever way round it is written.

    {"vocabulary": "amos"} stands for the names of a known one. Raises DataError.
    """
    return named(read_json(path), path)


def named(content: object, path: Path) -> dict[int, str]:
    """The same of what the file holds."""
    remedy = 'write {"1": "liver", ...}, or {"vocabulary": NAME} with one of ' + ", ".join(VOCABULARY_NAMES)
    if isinstance(content, Mapping) and set(content) == {"vocabulary"}:
        if content["vocabulary"] not in VOCABULARY_NAMES:
            raise DataError(f"{path} names the vocabulary {content['vocabulary']!r}, unknown here", remedy)
        return vocabulary(content["vocabulary"])
    pairs = content.get("labels", content) if isinstance(content, Mapping) else None
    if not isinstance(pairs, Mapping) or not pairs:
        raise DataError(f"{path} has no labels", remedy)
    if any(isinstance(value, list) for value in pairs.values()):
        raise DataError(f"{path} has regions of several labels", "give one value for each structure")
    try:
        if all(str(key).isdecimal() for key in pairs):
            return {int(key): str(name or "") for key, name in pairs.items()}
        return {_whole(value): str(name) for name, value in pairs.items()}
    except (TypeError, ValueError) as error:
        raise DataError(f"{path} does not give a name to each value", remedy) from error


def read_json(path: Path) -> object:
    """What a JSON file holds, a byte order mark before it or not. Raises DataError."""
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path} is damaged or no JSON file ({error})", "write it anew") from error


# ---------------------------------------------------------------- the vocabularies of data sets


VOCABULARY_NAMES = ("totalsegmentator", "totalsegmentator_v1", "amos", "btcv", "flare", "maisi132", "guidegen")


def vocabulary(name: str) -> dict[int, str]:
    """{value: name of the structure} of a known vocabulary; `guidegen` is our own table."""
    if name == "guidegen":
        return {row.value: row.key for row in anatomy_rows()}
    if name in ("totalsegmentator", "maisi132"):
        return dict(VOCABULARIES[name])  # type: ignore[index]
    return {int(value): structure for value, structure in _table(name)["labels"].items()}


def vocabulary_by_file(file: str) -> str | None:
    """The vocabulary whose data set names its label maps so; None where no name is told."""
    from fnmatch import fnmatchcase

    patterns = {name: _table(name)["files"] for name in ("amos", "btcv", "flare")}
    return next((name for name, pattern in patterns.items() if fnmatchcase(file, pattern)), None)


@cache
def _table(name: str) -> dict:  # type: ignore[type-arg]
    content: dict = json.loads(resource("vocabularies", f"{name}.json").read_text("utf-8"))  # type: ignore[type-arg]
    return content


# ---------------------------------------------------------------- the names


def _plain(name: str) -> str:
    """Words in lower case, joined by underscores, the side last."""
    words = re.findall(r"[^\W_]+", name.lower())
    return "_".join(sorted(words, key=lambda word: word in ("left", "right")))


@cache
def _known() -> dict[str, Structure]:
    """Structures by their plain names; the table of names goes before the classes of others."""
    known = {}
    for vocabulary_name in ("maisi132", "totalsegmentator"):
        for name, key in keys_by_class(vocabulary_name).items():  # type: ignore[arg-type]
            known[_plain(name)] = Structure(() if name in NOT_IN_THE_TORSO else (key,))
    for row in anatomy_rows():
        for name in (row.key, row.name):
            known[_plain(name)] = Structure((row.key,))
    for name, row_of_table in _rows():
        keys = tuple(key for key in row_of_table["key"].split("|") if key)
        known[name] = Structure(keys, row_of_table["with"])
    return known


@cache
def _sets() -> dict[tuple[str, str], set[str]]:
    """Names that make up one of our labels together, by its key and the word in the table."""
    sets: dict[tuple[str, str], set[str]] = {}
    for name, row in _rows():
        if row["with"] not in ("", ALONE_NEVER):
            sets.setdefault((row["key"], row["with"]), set()).add(name)
    return sets


def _rows() -> list[tuple[str, dict[str, str]]]:
    with resource(TABLE).open(newline="", encoding="utf-8") as file:
        return [(_plain(row["name"]), row) for row in csv.DictReader(file)]


@cache
def _spoken() -> dict[str, str]:
    """Plain names as they are written by others."""
    written = [*VOCABULARIES["totalsegmentator"].values(), *values()]
    return {name: name for name in _known()} | {_plain(name): name for name in written}


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise TypeError(value)
    return int(value)
