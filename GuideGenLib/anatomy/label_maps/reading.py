"""The one door for label maps: a file of any known vocabulary as an anatomy of ours.

What its values mean is told, in this order, by whom the user names (`labels`), by the names of segments in the file, by
our mark in its header, by files beside it (`beside`), or by a provenance.json of ours beside an anatomy.*; and where a
vocabulary fits what the map shows as no other does (`candidates.sure`), by that. Else the file is refused with the
candidates. What lies beside a file may belong to another one: it is not believed where another vocabulary fits far
better.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import SimpleITK as sitk

from GuideGenLib.anatomy.label_maps.beside import NamesBeside, how_to_tell, read_table
from GuideGenLib.anatomy.label_maps.candidates import (
    CANDIDATES,
    GUIDEGEN21,
    Candidate,
    candidates,
    keys_of,
    meanings,
    sure,
)
from GuideGenLib.anatomy.label_maps.dicom import dicom_labels
from GuideGenLib.anatomy.label_maps.fit import fit_of, seen_in
from GuideGenLib.anatomy.label_maps.names import OWN, Named, read_names, vocabulary
from GuideGenLib.anatomy.label_maps.relabelling import relabelled, relabelled_guidegen21, whole_numbers
from GuideGenLib.anatomy.label_maps.segments import numbered, segments_in
from GuideGenLib.anatomy.label_volumes import is_marked
from GuideGenLib.anatomy.maps import VocabularyError
from GuideGenLib.anatomy.table import label
from GuideGenLib.anatomy.table import values as our_values
from GuideGenLib.core.dicom.objects import is_dicom
from GuideGenLib.core.volumes import check_volume, read_volume

ALIASES = {"maisi": "maisi132", "guidegen72": OWN, "ours": OWN}
ASKED = ("totalsegmentator", "maisi", *(name for name in CANDIDATES if name not in ("totalsegmentator", "maisi132")))
"""What a user may name."""
PROVENANCE, ANATOMY = "provenance.json", "anatomy."
UNLIKELY = 0.4
"""Files beside a map are not believed where by them less than such a part of what it shows is in place, and another
vocabulary is sure."""
OWN_AT_LEAST = 60
"""So many names has a table of ours."""
HEADER = "its header"
"""Told by our mark in a file."""
MOST_TOLD = 4
"""So many candidates are told."""


class InDoubtError(VocabularyError):
    """Nothing tells what the values of `image` mean: it may be one of the candidates, the best fitting first."""

    def __init__(self, message: str, remedy: str, image: sitk.Image, candidates: tuple[Candidate, ...]) -> None:
        super().__init__(message, remedy)
        self.image, self.candidates = image, candidates


@dataclass(frozen=True)
class Told:
    """What the values of a map mean: names by value, None for our own table; by: who says so."""

    by: str
    named: Named | None = None
    divided: bool = False
    """Whether these are GuideGen's 21 classes, which are told apart by place."""
    note: str = ""

    @property
    def marked(self) -> bool:
        """Did we write the file?"""
        return self.by == HEADER

    @property
    def own(self) -> bool:
        """Are these the values of our own table?"""
        if self.named is None:
            return not self.divided
        told = keys_of(self.named.names)  # older tables of ours are shorter
        return len(told) >= OWN_AT_LEAST and told.items() <= meanings(OWN).items()


@dataclass(frozen=True)
class LabelMap:
    """A label map in our labels (uint8), without what it leaves out; notes: for the user."""

    image: sitk.Image
    told: Told
    notes: tuple[str, ...] = ()


def read_label_map(
    path: str | Path, labels: str | None = None, without: Told | None = None, under: sitk.Image | None = None
) -> LabelMap:
    """A file as our labels, or the segmentation or contours in a DICOM file, folder or zip.

    labels: a vocabulary of ASKED, a file with names (labels.json, dataset.json, labels.csv), or a key of our table for
    a mask of one structure; without: what is taken where nothing tells; under: the CT or the anatomy on whose grid
    DICOM's are laid. Raises VolumeError for a file that is no label map, VocabularyError where its values have no name
    or are in doubt (InDoubtError where some vocabularies have all of them).
    """
    path = Path(path)
    if is_dicom(path):
        image, names, notes = dicom_labels(path, under, named=labels is None)
        told = Told(f"the segments of {path}", Named(names)) if labels is None else _asked(labels)
        return _converted(check_volume(image, str(path)), told, path, notes)
    segments = segments_in(path) if labels is None else ()
    if segments:
        names = {number: one.structure for number, one in enumerate(segments, start=1)}
        return _converted(numbered(path, segments), Told(f"the segments of {path}", Named(names)), path)
    image = whole_numbers(read_volume(path), path)
    if labels is None:
        told = _told(image, path, without)
    else:
        told = _one_structure(image, labels, path) if labels in our_values() else _asked(labels)
    return _converted(image, told, path)


def _converted(image: sitk.Image, told: Told, path: Path, notes: tuple[str, ...] = ()) -> LabelMap:
    notes += (told.note,) if told.note else ()
    if told.divided:
        return LabelMap(relabelled_guidegen21(image, path), told, notes)
    named = told.named if told.named is not None else vocabulary(OWN)
    converted, more = relabelled(image, named.names, path, told.by)
    return LabelMap(converted, told, (*notes, *more))


def _asked(labels: str) -> Told:
    name = ALIASES.get(labels, labels)
    if name in CANDIDATES:
        return _known(name, f"--labels {labels}")
    file = Path(labels)
    if not file.is_file():
        raise VocabularyError(
            f"{labels!r} is neither a vocabulary nor a file", f"use {', '.join(ASKED)}, FILE, or a structure for a mask"
        )
    return Told(labels, read_table(file) if file.suffix.lower() == ".csv" else read_names(file))


def _one_structure(image: sitk.Image, key: str, path: Path) -> Told:
    """A mask of one structure, whatever its value."""
    there = sorted(seen_in(image))
    if len(there) != 1:
        raise VocabularyError(
            f"{path} has {len(there)} labels and is no mask of {label(key).name}", "name what all of its labels are"
        )
    return Told(f"--labels {key}", Named({there[0]: key}))


def _known(name: str, by: str, note: str = "") -> Told:
    if name == GUIDEGEN21:
        return Told(by, None, True, note)
    return Told(by, None if name == OWN else vocabulary(name), False, note)


def _told(image: sitk.Image, path: Path, without: Told | None) -> Told:
    """Who tells what the values of a map mean."""
    if is_marked(path):
        return Told(HEADER)
    seen = seen_in(image)
    if not seen:
        return Told("nothing")  # an empty map is one in every vocabulary
    found = candidates(seen)
    folder = path.parent
    beside = NamesBeside(folder, folder.parent if folder.name.startswith("labels") else folder).of(path)
    if beside is not None:
        told = Told(str(beside[0]), beside[1])
    elif path.name.startswith(ANATOMY) and _is_ours(path.with_name(PROVENANCE)):
        told = Told(str(path.with_name(PROVENANCE)))
    else:
        best = sure(found)
        if best is not None:
            told = _known(best.name, "its structures", "" if best.name == OWN else _guessed(best, path))
        elif without is not None:
            told = without
        else:
            raise _doubt(image, found, path, "nothing tells what its values mean")
        return told
    named = told.named if told.named is not None else vocabulary(OWN)
    best = sure(found)
    if best is not None and fit_of(seen, keys_of(named.names)).share < UNLIKELY:
        raise _doubt(image, found, path, f"{told.by} tells names that do not fit what it shows")
    return told


def _guessed(best: Candidate, path: Path) -> str:
    return f"{path} says nothing of its labels and was read as {best}; where that is wrong, say what they are"


def _doubt(image: sitk.Image, found: list[Candidate], path: Path, why: str) -> VocabularyError:
    if not found:
        return VocabularyError(f"{path}: {why}; no known vocabulary has all of its values", _remedy(path))
    may = "; ".join(map(str, found[:MOST_TOLD]))
    return InDoubtError(f"{path}: {why}; it may be {may}", _remedy(path), image, tuple(found))


def _remedy(path: Path) -> str:
    return f"name the right one by --labels, or {how_to_tell(path)}"


def _is_ours(record: Path) -> bool:
    """Is a provenance.json a record of ours?"""
    try:
        told = json.loads(record.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(told, dict) and isinstance(told.get("description"), dict) and "settings" in told
