"""The question what the values of a label map mean, where nothing tells: each candidate with its names and a picture.

`asked(error)` makes it of the door's doubt (`anatomy.label_maps.reading.InDoubtError`); what the user chooses is the
`labels` with which the file is opened again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from GuideGenLib.anatomy.label_maps.candidates import Candidate, meanings
from GuideGenLib.anatomy.label_maps.reading import InDoubtError
from GuideGenLib.anatomy.table import label

TITLES = {
    "guidegen": "GuideGen",
    "totalsegmentator": "TotalSegmentator",
    "totalsegmentator_v1": "TotalSegmentator 1",
    "maisi132": "MAISI",
    "amos": "AMOS",
    "btcv": "BTCV",
    "flare": "FLARE 2022",
    "flare23": "FLARE 2023",
    "guidegen21": "GuideGen's 21 classes",
}
MOST_NAMES = 10
"""So many structures of a candidate are named."""
MOST_CHOICES = 5
PICTURE_MM = 3.0
UNKNOWN_COLOUR, PAPER = (150, 150, 150), (24, 26, 30)
DARKEST = 0.45
"""Of a structure at the back of the picture, as a part of its colour."""


@dataclass(frozen=True)
class Named:
    """A structure as a candidate reads it: its name, colour ("#rrggbb"), and whether it lies and measures otherwise
    than in people."""

    name: str
    colour: str
    odd: bool


@dataclass(frozen=True)
class Choice:
    """labels: with which the file is to be opened; picture: uint8 [row, column, 3], seen from the front, coloured as
    this candidate reads it."""

    labels: str
    title: str
    fit: str
    names: tuple[Named, ...]
    more: int
    picture: NDArray[np.uint8]


@dataclass(frozen=True)
class Question:
    """The candidates, the best fitting first; alone: the map holds one value, so that one structure may be named."""

    choices: tuple[Choice, ...]
    alone: bool


def asked(error: InDoubtError) -> Question:
    """The question that a doubt is."""
    front, depth = seen_from_the_front(error.image)
    found = error.candidates[:MOST_CHOICES]
    values = {int(value) for value in np.unique(sitk.GetArrayViewFromImage(error.image)) if value}
    return Question(tuple(_choice(one, front, depth) for one in found), len(values) == 1)


def _choice(one: Candidate, front: NDArray[np.uint16], depth: NDArray[np.float32]) -> Choice:
    meaning = meanings(one.name)
    colours = np.full((int(front.max()) + 1, 3), UNKNOWN_COLOUR, np.uint8)
    colours[0] = PAPER
    names = []
    for value in one.values:
        keys = meaning[value]
        colour = label(keys[0]).color if keys else UNKNOWN_COLOUR
        if value < len(colours):
            colours[value] = colour
        name = " or ".join(label(key).name for key in keys) or f"{value}: none of ours"
        names.append(Named(name, "#{:02x}{:02x}{:02x}".format(*colour), value in one.fit.odd))
    names = sorted(dict.fromkeys(names), key=lambda named: not named.odd)
    shown = colours[front] * np.where(front[..., None] > 0, 1 - (1 - DARKEST) * depth[..., None], 1)
    title = TITLES.get(one.name, one.name)
    return Choice(
        one.name,
        title,
        str(one.fit),
        tuple(names[:MOST_NAMES]),
        max(0, len(names) - MOST_NAMES),
        shown.astype(np.uint8),
    )


def seen_from_the_front(image: sitk.Image) -> tuple[NDArray[np.uint16], NDArray[np.float32]]:
    """The first value behind each place, and how deep it lies (0 in front, 1 at the back), [row, column], head up."""
    oriented = sitk.DICOMOrient(image, "LPS")
    step = [max(1, round(PICTURE_MM / size)) for size in oriented.GetSpacing()]
    array = sitk.GetArrayViewFromImage(oriented)[:: step[2], :: step[1], :: step[0]]
    array = array[tuple(slice(max(0, at.min() - 1), at.max() + 2) for at in np.nonzero(array))]
    first = (array > 0).argmax(axis=1)
    front = np.take_along_axis(array, first[:, None], axis=1)[:, 0]
    depth = first / max(1, array.shape[1] - 1)
    spacing = np.array(oriented.GetSpacing()) * step
    upright = np.repeat(np.arange(len(front)), max(1, round(spacing[2] / spacing[0])))[::-1]
    return front[upright].astype(np.uint16), depth[upright].astype(np.float32)
