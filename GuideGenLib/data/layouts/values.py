"""What the values of label maps mean, as the files beside them tell it.

It is told, in this order, by NAME.json beside the map NAME, by a labels.json beside it or in the data folder, by the
dataset.json of nnU-Net; else by what all of these agree on: a labels.csv as `guidegen generate` writes it, a
totalsegmentator_v2_labels.csv, the way a known data set lays out its folders or names its label maps.
"""

import csv
from functools import cached_property
from pathlib import Path

from GuideGenLib.data.cases import CaseFiles, DataError
from GuideGenLib.data.layouts.files import stem_of
from GuideGenLib.data.layouts.names import (
    VOCABULARY_NAMES,
    Named,
    meaning_of,
    read_names,
    vocabulary,
    vocabulary_by_file,
)

NAMES, DESCRIPTION = "labels.json", "dataset.json"
OWN_TABLE, TOTALSEGMENTATOR_TABLE = "labels.csv", "totalsegmentator_v2_labels.csv"


class ValuesTold:
    """What is told of the label maps in one folder.

    data: the data folder; maps: the folder of the label maps in it; convention: the vocabulary that the layout itself
    stands for, if it does for one.
    """

    def __init__(self, data: Path, maps: Path, convention: str | None = None) -> None:
        self.data, self.maps, self.convention = data, maps, convention

    def case(self, name: str, ct: Path | None, labels: Path, sex: str | None) -> CaseFiles:
        """The case of a label map, with a problem where its values are not told or have unknown names."""
        try:
            where, named = self._of(labels)
            told = meaning_of(named.names.values(), where, sex)
        except DataError as error:
            return CaseFiles(name, ct, labels, problem=f"{labels}: {error}")
        meaning = {0: 0} | dict(zip(named.names, told.values, strict=True))
        return CaseFiles(name, ct, labels, meaning, told.known, named.partly)

    def _of(self, labels: Path) -> tuple[Path, Named]:
        own = labels.with_name(f"{stem_of(labels)}.json")
        if own.is_file():
            return own, read_names(own)
        if self._by_json is not None:
            return self._by_json, self._names_in_json
        found = dict(self._by_folder)
        by_name = vocabulary_by_file(labels.name)
        if by_name:
            found[f"{by_name}, as its name says"] = (labels, vocabulary(by_name))
        if not found:
            raise DataError(
                f"nothing tells what its values mean, it may be any of {', '.join(VOCABULARY_NAMES)}", _how(own)
            )
        different = {tuple(sorted(named.names.items())) for _, named in found.values()}
        if len(different) > 1:
            raise DataError(f"its values may be those of {' or of '.join(found)}", _how(own))
        return next(iter(found.values()))

    @cached_property
    def _by_json(self) -> Path | None:
        places = (self.maps / NAMES, self.data / NAMES, self.data / DESCRIPTION)
        return next((path for path in places if path.is_file()), None)

    @cached_property
    def _names_in_json(self) -> Named:
        assert self._by_json is not None
        return read_names(self._by_json)

    @cached_property
    def _by_folder(self) -> dict[str, tuple[Path, Named]]:
        found: dict[str, tuple[Path, Named]] = {}
        for folder in dict.fromkeys((self.maps, self.data)):
            for file, columns in (
                (OWN_TABLE, ("LabelValue", "Name")),
                (TOTALSEGMENTATOR_TABLE, ("label", "structure")),
            ):
                path = folder / file
                if path.is_file():
                    found[str(path)] = (path, _read_table(path, *columns))
        if self.convention:
            found[f"{self.convention}, as its folder says"] = (self.maps, vocabulary(self.convention))
        return found


def _how(own: Path) -> str:
    return (
        f'write {own.name} beside it, or one {NAMES} for all: {{"1": "liver", ...}}, '
        'or the name of a known vocabulary as {"vocabulary": "totalsegmentator"}'
    )


def _read_table(path: Path, value: str, name: str) -> Named:
    """Two columns of a csv file."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            return Named({int(row[value]): row[name] for row in csv.DictReader(file)})
    except (KeyError, TypeError, ValueError, csv.Error) as error:
        raise DataError(f"{path} cannot be read", f"it needs the columns {value} (a number) and {name}") from error
