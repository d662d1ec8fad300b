"""What the values of label maps mean, as the files beside them tell it.

It is told, in this order, by NAME.json beside the map NAME, by a labels.json beside it or in the data folder, by the
dataset.json of nnU-Net; else by what all of these agree on: a labels.csv as `guidegen generate` writes it, a
totalsegmentator_v2_labels.csv, the way a known data set lays out its folders or names its label maps.
"""

import csv
from functools import cached_property
from pathlib import Path

from GuideGenLib.anatomy.label_maps.names import VOCABULARY_NAMES, Named, read_names, vocabulary, vocabulary_by_file
from GuideGenLib.anatomy.maps import VocabularyError
from GuideGenLib.core.volumes import stem_of

NAMES, DESCRIPTION = "labels.json", "dataset.json"
OWN_TABLE, TOTALSEGMENTATOR_TABLE = "labels.csv", "totalsegmentator_v2_labels.csv"
COLUMNS = (("LabelValue", "Name"), ("label", "structure"), ("value", "name"))
"""The columns of tables of names: of Slicer and of ours, of TotalSegmentator's list, of anybody's."""


class NamesBeside:
    """What is told of the label maps in one folder.

    maps: the folder of the label maps; data: the data folder that it is in; convention: the vocabulary that the layout
    itself stands for, if it does for one.
    """

    def __init__(self, maps: Path, data: Path, convention: str | None = None) -> None:
        self.maps, self.data, self.convention = maps, data, convention

    def of(self, labels: Path) -> tuple[Path, Named] | None:
        """The names of the values of a label map, and the file that tells them; None where nothing does.

        Raises VocabularyError for a file that cannot be read, and where files tell different names.
        """
        own = own_names(labels)
        if own.is_file():
            return own, read_names(own)
        if self._by_json is not None:
            return self._by_json, self._names_in_json
        found = dict(self._by_folder)
        by_name = vocabulary_by_file(labels.name)
        if by_name:
            found[f"{by_name}, as its name says"] = (labels, vocabulary(by_name))
        different = {tuple(sorted(named.names.items())) for _, named in found.values()}
        if len(different) > 1:
            raise VocabularyError(f"its values may be those of {' or of '.join(found)}", how_to_tell(labels))
        return next(iter(found.values()), None)

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
            for file in (OWN_TABLE, TOTALSEGMENTATOR_TABLE):
                path = folder / file
                if path.is_file():
                    found[str(path)] = (path, read_table(path))
        if self.convention:
            found[f"{self.convention}, as its folder says"] = (self.maps, vocabulary(self.convention))
        return found


def how_to_tell(labels: Path) -> str:
    """The remedy where nothing tells what the values of a map mean."""
    return (
        f'write {own_names(labels).name} beside it, or one {NAMES} for all: {{"1": "liver", ...}}, '
        'or the name of a known vocabulary as {"vocabulary": "totalsegmentator"}'
    )


def untold() -> str:
    """What is wrong with a map of whose values nothing is told."""
    return f"nothing tells what its values mean, it may be any of {', '.join(VOCABULARY_NAMES)}"


def own_names(labels: Path) -> Path:
    """Where the names of one label map alone are looked for."""
    return labels.with_name(f"{stem_of(labels)}.json")


def read_table(path: Path) -> Named:
    """Names in a csv file, by any of COLUMNS. Raises VocabularyError."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            value, name = next(pair for pair in COLUMNS if set(pair) <= set(reader.fieldnames or ()))
            return Named({int(row[value]): row[name] for row in reader})
    except (OSError, StopIteration, TypeError, ValueError, csv.Error) as error:
        wanted = ", or ".join(f"{value} (a number) and {name}" for value, name in COLUMNS)
        raise VocabularyError(f"{path} cannot be read", f"it needs the columns {wanted}") from error
