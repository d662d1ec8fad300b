"""The anatomy table: what each label value means (Resources/anatomy.csv, sources in Resources/anatomy_sources.md)."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from GuideGenLib.anatomy.label import GROUPS, PHASES, Code, Hounsfield, Label, Phase
from GuideGenLib.anatomy.reader import AnatomyTableError, load_table
from GuideGenLib.core.resources import resource
from GuideGenLib.findings.reading import recipes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "GROUPS", "PHASES", "AnatomyTableError", "Code", "Hounsfield", "Label", "Phase", "as_networks_know", "by_group",
    "colors", "find", "hu_mean", "hu_sd", "hu_texture_sd", "label", "labels", "load_table", "network_labels",
    "values", "write_labels_csv",
]  # fmt: skip


@cache
def labels() -> tuple[Label, ...]:
    """All rows in order of value, those of findings last; value i stands at index i. Raises AnatomyTableError."""
    return load_table(resource("anatomy.csv"), [one.label for one in recipes() if one.label is not None])


@cache
def network_labels() -> tuple[Label, ...]:
    """The rows that the networks know: all but those of findings."""
    return tuple(row for row in labels() if not row.drawn_as)


@cache
def as_networks_know() -> NDArray[np.uint8]:
    """Value by value [256] of the label that stands for it in the networks: `as_networks_know()[volume]`."""
    import numpy as np

    table = np.arange(256, dtype=np.uint8)
    for row in labels():
        if row.drawn_as:
            table[row.value] = values()[row.drawn_as]
    return table


@cache
def values() -> dict[str, int]:
    """Label value by key."""
    return {label.key: label.value for label in labels()}


def label(key_or_value: str | int) -> Label:
    """The row of a key or of a value. Raises KeyError that names it."""
    value = values().get(key_or_value, -1) if isinstance(key_or_value, str) else key_or_value
    if not 0 <= value < len(labels()):
        raise KeyError(f"no anatomy label {key_or_value!r}: Resources/anatomy.csv lists keys and values")
    return labels()[value]


@cache
def by_group() -> Mapping[str, tuple[Label, ...]]:
    """The labels of each group, groups in the order of GROUPS."""
    return MappingProxyType({group: tuple(row for row in labels() if row.group == group) for group in GROUPS})


def hu_mean(phase: Phase) -> NDArray[np.float32]:
    """Mean HU of each label's interior in a contrast phase, [labels]: `hu_mean(phase)[volume]`. Raises ValueError."""
    _check_phase(phase)
    return _of_each(lambda row: row.hu[phase].mean)


def hu_sd(phase: Phase) -> NDArray[np.float32]:
    """Standard deviation in HU, between patients, of that mean, [labels]. Raises ValueError."""
    _check_phase(phase)
    return _of_each(lambda row: row.hu[phase].sd)


def hu_texture_sd() -> NDArray[np.float32]:
    """Standard deviation in HU of the single voxels within each label, [labels]."""
    return _of_each(lambda row: row.texture_sd)


def colors() -> NDArray[np.uint8]:
    """Red, green, blue of each label, [labels, 3]."""
    import numpy as np

    return np.array([row.color for row in labels()], dtype=np.uint8)


def find(text: str) -> tuple[Label, ...]:
    """The labels that hold all words of `text`, or longer ones, in their names and synonyms; the closest first.

    Upper case, hyphens and underscores do not matter. A text without a word finds nothing.
    """
    query = _words(text)
    ranks = {row.value: _rank(row, query) for row in labels()} if query else {}
    found = sorted((rank, value) for value, rank in ranks.items() if rank is not None)
    return tuple(labels()[value] for _, value in found)


def write_labels_csv(path: str | Path) -> None:
    """Write the colour table with terminology that Slicer (vtkMRMLColorTableNode) reads.

    The file appears whole or not at all. Raises VolumeError that names the remedy.
    """
    from GuideGenLib.core.files import write_text  # it needs SimpleITK, which the table itself does not

    codes = ("Category", "Type", "TypeModifier", "Region", "RegionModifier")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        ["LabelValue", "Name", *(f"Color_{channel}" for channel in "RGBA")]
        + [f"{code}_{part}" for code in codes for part in ("CodingScheme", "CodeValue", "CodeMeaning")]
    )
    for row in labels():
        coding = (row.category, row.type, row.modifier, row.region, None)
        fields = [field for code in coding for field in ((code.scheme, code.value, code.meaning) if code else [""] * 3)]
        writer.writerow([row.value, row.name, *row.color, 255 if row.value else 0, *fields])
    write_text(text.getvalue(), path)


def _check_phase(phase: str) -> None:
    if phase not in PHASES:
        raise ValueError(f"no contrast phase {phase!r}: use one of {', '.join(PHASES)}")


def _of_each(statistic: Callable[[Label], float]) -> NDArray[np.float32]:
    import numpy as np

    return np.array([statistic(row) for row in labels()], dtype=np.float32)


def _words(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"[^\W_]+", text.lower()))


def _rank(row: Label, query: tuple[str, ...]) -> int | None:
    """0: the name itself, 1: a synonym itself, 2: words of the name, 3: words of name and synonyms, None: neither."""
    names = [_words(row.name), _words(row.key)]
    synonyms = [_words(synonym) for synonym in row.synonyms]
    if query in names:
        return 0
    if query in synonyms:
        return 1
    if _holds(names, query):
        return 2
    return 3 if _holds(names + synonyms, query) else None


def _holds(phrases: list[tuple[str, ...]], query: tuple[str, ...]) -> bool:
    return all(any(word.startswith(wanted) for phrase in phrases for word in phrase) for wanted in query)
