"""Real people as label maps without a CT, brought onto the canvas of the joined torso.

A folder holds NAME.nii.gz, integers, and NAME.json beside it, which names the structure of each value as
TotalSegmentator v2 or our anatomy table does. What a map does not name is not known in it, and so is all that its field
of view cuts off. A `cases.csv` (data.notes) may say whom it shows; without it a man is known by his prostate, and a
woman by a pelvis that is shown whole without one.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from GuideGenLib.anatomy.table import values
from GuideGenLib.core.errors import VolumeError
from GuideGenLib.core.volumes import read_volume, to_canonical
from GuideGenLib.data.layouts import DataError, structure_value
from GuideGenLib.data.notes import Notes, read_notes
from GuideGenLib.data.tissues import select
from GuideGenLib.population.template_labels import SPACING

Labels = NDArray[np.uint8]
Mask = NDArray[np.bool_]

SCALES = (0.88, 1.14)
"""Of a person to the trunk of the template, so that all fill the canvas from neck to hip joints."""
LEAST_PROSTATE_ML = 3.0
LEAST_VOXELS = 12
"""Of 3 mm: a structure of which a map shows less counts as not labelled in it."""
SPINE_MARKS = {"vertebrae_thoracic": 3.0, "vertebrae_lumbar": 3.0, "sacrum": 1.0}
PELVIS_MARKS = ("hip_left", "hip_right")


@dataclass(frozen=True)
class Person:
    """A label map on the canvas [z, y, x] at 3 mm.

    labels: our values, 0 where nothing is labelled; seen: the field of view; known: values that the source labels;
    sex: male, female or None; scale: mm on the canvas for each mm of the source.
    """

    name: str
    sex: str | None
    labels: Labels
    seen: Mask
    known: frozenset[int]
    scale: float
    age: float | None = None


def read_people(folder: Path, torso: Labels) -> list[Person]:
    """All people of a folder that have a spine and a pelvis to be placed by, in order of their names. Raises DataError.

    torso: the canvas they are placed on, labels [z, y, x] at 3 mm of a whole trunk.
    """
    told = read_notes(folder)
    found = (read_person(path, torso, told.get(_name(path), Notes())) for path in sorted(folder.glob("*.nii.gz")))
    return [person for person in found if person is not None]


def read_person(path: Path, torso: Labels, notes: Notes) -> Person | None:
    """One person on the canvas; None for a map whose spine and pelvis are not enough to place it. Raises DataError."""
    try:
        image = read_volume(path)
    except VolumeError as error:
        raise DataError(str(error)) from error
    meaning = _meaning(path.with_name(f"{_name(path)}.json"))
    raw = sitk.GetArrayFromImage(image).astype(np.int64)
    unknown = sorted(set(np.unique(raw).tolist()) - {0} - set(meaning))
    if unknown:
        raise DataError(f"{path} holds values that its json does not name: {unknown[:8]}; name them there")
    table = np.zeros(int(raw.max()) + 1, np.uint8)
    for value, ours in meaning.items():
        if value < len(table):
            table[value] = ours
    mapped = sitk.GetImageFromArray(table[raw])
    mapped.CopyInformation(image)
    scale = _scale(sitk.DICOMOrient(mapped, "LPS"), torso)
    if scale is None:
        return None
    labels, _ = to_canonical(mapped, SPACING / scale, labels=True)
    placed, seen = _pasted(labels, _offset(labels, torso), torso.shape)
    counts = np.bincount(placed.ravel())
    known = frozenset(int(v) for v in np.flatnonzero(counts >= LEAST_VOXELS) if v)
    return Person(_name(path), notes.sex or measured_sex(placed, seen), placed, seen, known, scale, notes.age)


def measured_sex(labels: Labels, seen: Mask) -> str | None:
    """Male by a labelled prostate; female by a bladder between whole hip bones without one; else unknown."""
    if (labels == values()["prostate"]).sum() * SPACING**3 / 1000 >= LEAST_PROSTATE_ML:
        return "male"
    whole = all(
        (where := np.nonzero((labels == values()[hip]).any((1, 2)))[0]).size and _inside(where, seen)
        for hip in PELVIS_MARKS
    )
    return "female" if whole and (labels == values()["urinary_bladder"]).any() else None


def _inside(slices: NDArray[np.int64], seen: Mask) -> bool:
    shown = np.nonzero(seen.any((1, 2)))[0]
    return bool(slices[0] > shown[0] or shown[0] == 0) and bool(slices[-1] < shown[-1])


def _name(path: Path) -> str:
    return path.name.removesuffix(".nii.gz")


def _meaning(path: Path) -> Mapping[int, int]:
    """Our value of each value in the map; structures that our table does not have become 0, unlabelled."""
    try:
        named = json.loads(path.read_text(encoding="utf-8"))
        pairs = {int(value): str(name) for value, name in named.items()}
    except (OSError, ValueError, AttributeError) as error:
        raise DataError(f"{path} must name the structure of each value of its label map: {error}") from error
    meaning = {}
    for value, name in pairs.items():
        try:
            meaning[value] = structure_value(name, path)
        except DataError:
            meaning[value] = 0
        if meaning[value] == values()["body"]:
            meaning[value] = 0
    return meaning


def _heights(labels: Labels, spacing: float) -> dict[str, float]:
    """z in mm of the ends of spine and pelvis that do not touch the ends of the volume."""
    marks = {}
    for key in (*SPINE_MARKS, "hips"):
        slices = np.nonzero(select(labels, PELVIS_MARKS if key == "hips" else (key,)).any((1, 2)))[0]
        if len(slices) < 3:
            continue
        if slices[0] > 1:
            marks[f"{key} bottom"] = slices[0] * spacing
        if slices[-1] < len(labels) - 2:
            marks[f"{key} top"] = (slices[-1] + 1) * spacing
    return marks


def _scale(image: sitk.Image, torso: Labels) -> float | None:
    """Factor to the template's trunk by the heights that both show."""
    own = _heights(sitk.GetArrayFromImage(image), image.GetSpacing()[2])
    there = _heights(torso, SPACING)
    shared = [key for key in own if key in there]
    if len(shared) < 2 or not any("lumbar" in key for key in own):
        return None
    x, y = (np.array([marks[key] for key in shared]) for marks in (own, there))
    if np.ptp(x) < 100:
        return None
    return float(np.clip(np.polyfit(x, y, 1)[0], *SCALES))


def _offset(labels: Labels, torso: Labels) -> tuple[int, int, int]:
    """Voxels by which a map of the canvas's scale is moved onto the canvas."""
    own, there = _heights(labels, 1.0), _heights(torso, 1.0)
    z = np.mean([there[key] - own[key] for key in own if key in there])
    columns = [np.argwhere(select(each, ("vertebrae_lumbar", "spinal_cord"))).mean(0) for each in (labels, torso)]
    move = columns[1] - columns[0]
    return round(float(z)), round(float(move[1])), round(float(move[2]))


def _pasted(labels: Labels, offset: tuple[int, int, int], shape: tuple[int, ...]) -> tuple[Labels, Mask]:
    result, seen = np.zeros(shape, np.uint8), np.zeros(shape, bool)
    target = tuple(
        slice(max(o, 0), max(min(o + n, room), 0)) for o, n, room in zip(offset, labels.shape, shape, strict=True)
    )
    source = tuple(slice(t.start - o, t.stop - o) for t, o in zip(target, offset, strict=True))
    result[target] = labels[source]
    seen[target] = True
    return result, seen
