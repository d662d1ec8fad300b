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
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

from GuideGenLib.anatomy.maps import NOT_IN_THE_TORSO, VocabularyError, keys_by_class
from GuideGenLib.anatomy.table import labels as anatomy_rows
from GuideGenLib.anatomy.table import values
from GuideGenLib.anatomy.unknown import OUTSIDE
from GuideGenLib.anatomy.vocabularies import VOCABULARIES, Vocabulary
from GuideGenLib.core.resources import resource

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
class Named:
    """{value: name of the structure} of a source; partly: each of its cases has some of them alone."""

    names: Mapping[int, str]
    partly: bool = False


@dataclass(frozen=True)
class Meaning:
    """Our label value of each structure that a source names, and the values that it labels (CaseFiles.known)."""

    values: tuple[int, ...]
    known: frozenset[int]


def meaning_of(names: Iterable[str], where: Path, sex: str | None = None) -> Meaning:
    """What the structures of a source are in our table, in their order.

    where: the file or folder that names them. Raises VocabularyError for names that nobody knows.
    """
    written = list(names)
    found = [structure_of(name, where) for name in written]
    ours = tuple(one.value(sex) for one in found)
    own = [None if value == OUTSIDE else value for value in ours]
    known = {value for value, one in zip(own, found, strict=True) if value and not one.part}
    there = {_plain(name) for name in written}
    known |= {values()[key] for (key, _), parts in _sets().items() if parts <= there}
    return Meaning(ours, frozenset(known))


def structure_of(name: str, where: Path) -> Structure:
    """What a name stands for. Raises VocabularyError for one that nobody knows, with the closest one that is."""
    plain = _plain(name)
    if not plain or plain.isdecimal():
        return Structure(())  # a number names nothing
    if plain in _known():
        return _known()[plain]
    close = difflib.get_close_matches(plain, _known(), n=1)
    raise VocabularyError(
        f"{where} names {name!r}, a structure unknown here: "
        + (f"is it {_spoken()[close[0]]}? " if close else "")
        + "Rename it, or leave its name empty where it is none of ours (Resources/structure_names.csv lists the names)"
    )


def read_names(path: Path) -> Named:
    """The names in a labels.json, or in a dataset.json as nnU-Net has it, whichever way round they are written.

    {"vocabulary": "amos"} stands for the names of a known one, "partly": true beside it or beside "labels" says that
    each case has some of them alone. Raises VocabularyError.
    """
    content = read_json(path)
    remedy = 'write {"1": "liver", ...}, or {"vocabulary": NAME} with one of ' + ", ".join(VOCABULARY_NAMES)
    if not isinstance(content, Mapping):
        raise VocabularyError(f"{path} has no labels", remedy)
    partly = content.get("partly") is True
    if "vocabulary" in content:
        if content["vocabulary"] not in VOCABULARY_NAMES:
            raise VocabularyError(f"{path} names the vocabulary {content['vocabulary']!r}, unknown here", remedy)
        known = vocabulary(content["vocabulary"])
        return Named(known.names, partly or known.partly)
    pairs = content.get("labels", content)
    if not isinstance(pairs, Mapping) or not pairs:
        raise VocabularyError(f"{path} has no labels", remedy)
    if any(isinstance(value, list) for value in pairs.values()):
        raise VocabularyError(f"{path} has regions of several labels", "give one value for each structure")
    try:
        if all(str(key).isdecimal() for key in pairs):
            return Named({int(key): str(name or "") for key, name in pairs.items()}, partly)
        return Named({_whole(value): str(name) for name, value in pairs.items()}, partly)
    except (TypeError, ValueError) as error:
        raise VocabularyError(f"{path} does not give a name to each value", remedy) from error


def read_json(path: Path) -> object:
    """What a JSON file holds, a byte order mark before it or not. Raises VocabularyError."""
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise VocabularyError(f"{path} is damaged or no JSON file ({error})", "write it anew") from error


# ---------------------------------------------------------------- the vocabularies of data sets


TABLES = ("totalsegmentator_v1", "amos", "btcv", "flare", "flare23")
"""Resources/vocabularies has a table of each."""
OTHERS: tuple[Vocabulary, ...] = ("totalsegmentator", "maisi132")
OWN = "guidegen"
VOCABULARY_NAMES = (*OTHERS, *TABLES, OWN)


def vocabulary(name: str) -> Named:
    """The names of a known vocabulary; `guidegen` is our own table."""
    if name == OWN:
        return Named({row.value: row.key for row in anatomy_rows()})
    for other in OTHERS:
        if name == other:
            return Named(VOCABULARIES[other])
    table = _table(name)
    return Named({int(value): structure for value, structure in table["labels"].items()}, table["partly"])


def vocabulary_by_file(file: str) -> str | None:
    """The vocabulary whose data set names its label maps so; None where the name tells nothing."""
    return next((name for name in TABLES if (pattern := _table(name)["files"]) and fnmatchcase(file, pattern)), None)


@cache
def _table(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(resource("vocabularies", f"{name}.json").read_text("utf-8"))
    return content


# ---------------------------------------------------------------- the names


def _plain(name: str) -> str:
    """Words in lower case and American spelling, joined by underscores, the side last."""
    words = re.findall(r"[^\W_]+", name.lower().replace("tumour", "tumor").replace("oesoph", "esoph"))
    return "_".join(sorted(words, key=lambda word: word in ("left", "right")))


@cache
def _known() -> dict[str, Structure]:
    """Structures by their plain names; our own go before the table of names, and that before the classes of others."""
    known = {}
    for other in reversed(OTHERS):
        for name, key in keys_by_class(other).items():
            known[_plain(name)] = Structure(() if name in NOT_IN_THE_TORSO else (key,))
    for name, row_of_table in _rows():
        keys = tuple(key for key in row_of_table["key"].split("|") if key)
        known[name] = Structure(keys, row_of_table["with"])
    for row in anatomy_rows():
        for name in (row.key, row.name):
            known[_plain(name)] = Structure((row.key,))
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
