"""The segments that a .seg.nrrd names in its header, in one layer or in several, as one label map.

A segment is what its terminology says, or else its name, which is read as the names of data sets are.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from GuideGenLib.anatomy.codes.terminology import Coding, coding_in, label_of_coding
from GuideGenLib.anatomy.label_maps.names import ANY, structure_of
from GuideGenLib.anatomy.label_maps.relabelling import IGNORED
from GuideGenLib.anatomy.maps import VocabularyError
from GuideGenLib.anatomy.structures import wins
from GuideGenLib.anatomy.table import label
from GuideGenLib.core.grids import on_grid_of
from GuideGenLib.core.volume_files import header_of
from GuideGenLib.core.volumes import read_layers

ENTRY = "TerminologyEntry:"
UNNAMED = re.compile(r"segment[ _]?\d*", re.IGNORECASE)
"""What Slicer calls a segment that nobody has named."""


@dataclass(frozen=True)
class Segment:
    """One segment of a file: its name, its layer and its value there, and the name of what it is for our tables."""

    name: str
    layer: int
    value: int
    structure: str


def segments_in(path: Path) -> tuple[Segment, ...]:
    """The segments that the header names; none for another kind of file.

    Raises VocabularyError for segments whose names and codes say nothing, VolumeError for a file that cannot be read.
    """
    if not path.name.lower().endswith((".nrrd", ".nhdr")):
        return ()
    told = header_of(path)
    found, nameless = [], []
    number = 0
    while f"Segment{number}_ID" in told:
        tags = {tag: told.get(f"Segment{number}_{tag}", "") for tag in ("Name", "ID", "Layer", "LabelValue", "Tags")}
        number += 1
        name = tags["Name"] or tags["ID"]
        structure = _structure(tags["Tags"], name, path)
        if structure is None:
            nameless.append(name)
        else:
            found.append(Segment(name, _number(tags["Layer"], 0), _number(tags["LabelValue"], 1), structure))
    if nameless:
        raise VocabularyError(
            f"{path} has segments that do not say what they are: {', '.join(nameless)}",
            "name them by structure, for instance Liver, or give them a terminology",
        )
    return tuple(found)


def numbered(path: Path, segments: tuple[Segment, ...]) -> sitk.Image:
    """The label map of a file, uint16, its values 1 for the first of the segments and so on.

    Where segments of several layers claim a voxel a part wins over its whole, and otherwise the first. Raises
    VolumeError.
    """
    layers = read_layers(path)
    result = np.zeros(layers[0].GetSize()[::-1], np.uint16)
    structures = {number: one.structure for number, one in enumerate(segments, start=1)}
    for layer, image in enumerate(layers):
        array = sitk.GetArrayViewFromImage(image)
        for number, one in enumerate(segments, start=1):
            if one.layer == layer:
                claim(result, array == one.value, number, structures)
    return on_grid_of(layers[0], result)


def claim(result: NDArray[np.uint16], mask: NDArray[np.bool_], number: int, structures: Mapping[int, str]) -> None:
    """Write a segment's number where nothing is, and where it wins over what is. structures: by number, what each is,
    by which it is decided who wins."""
    there = result[mask]
    free = [other for other in np.unique(there).tolist() if other == 0 or _over(structures[number], structures[other])]
    there[np.isin(there, free)] = number
    result[mask] = there


def _over(one: str, other: str) -> bool:
    """May a structure take a voxel from another one? What is none of ours yields to all, and a lesion of no named organ
    lies on whatever is no lesion."""
    mine, its = (structure_of(name, Path()).keys for name in (one, other))
    if one == other or not mine or not its:
        return bool(mine) and not its
    if ANY in mine:
        return IGNORED not in one.lower() and ANY not in its and label(its[0]).group != "lesions"
    return len(mine) == len(its) == 1 and ANY not in its and wins(label(mine[0]), label(its[0]))


def _number(text: str, without: int) -> int:
    return int(text) if text.isdecimal() else without


def _structure(tags: str, name: str, path: Path) -> str | None:
    entry = next((tag[len(ENTRY) :] for tag in tags.split("|") if tag.startswith(ENTRY)), "")
    return structure_by(coding_in(entry), name, path)


def structure_by(coding: Coding | None, name: str, path: Path) -> str | None:
    """The name of what a segment is, for `names.structure_of`: by its coding, else as it is called; None for one that
    nobody has named. Raises VocabularyError for a name that nobody knows."""
    found = label_of_coding(coding) if coding else None
    if found is not None:
        return found.key
    if not name or UNNAMED.fullmatch(name):
        return None
    structure_of(name, path)
    return name
