"""Real people as the population takes them: label maps on the torso frame, from a store of prepared data.

What a map does not name is not known in it, and so is all that its field of view cuts off.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.table import values
from GuideGenLib.anatomy.torso_frame import FRAME_MM
from GuideGenLib.anatomy.unknown import OUTSIDE, UNLABELLED, value_of
from GuideGenLib.data.notes import Notes
from GuideGenLib.data.store import Store, StoredArray
from GuideGenLib.description.conditioning import habitus_level
from GuideGenLib.population.effects import bmi_of
from GuideGenLib.population.variety import waist, waist_plane

Labels = NDArray[np.uint8]
Mask = NDArray[np.bool_]
MOST_CUT = 0.15
"""Share of the skin about a waist that may lie at the edge of the field of view: scans are cropped near the body."""


@dataclass(frozen=True)
class Person:
    """A label map on the torso frame [z, y, x] at 3 mm, read when it is looked at.

    volume: our values, with the marks of `anatomy.unknown`; known: values that the source labels; structures: keys of
    those that are there; sex: male, female or None; age in years, None where it is not known; scale: mm of the frame
    for each mm of the person.
    """

    name: str
    sex: str | None
    volume: Labels | StoredArray
    known: frozenset[int]
    structures: frozenset[str]
    age: float | None = None
    scale: float = 1.0

    @property
    def marked(self) -> Labels:
        """The whole volume."""
        return np.asarray(self.volume[...])

    @property
    def labels(self) -> Labels:
        """0 where nothing is labelled."""
        return value_of(self.marked)

    @property
    def seen(self) -> Mask:
        """The field of view."""
        return self.marked != OUTSIDE


def read_people(store: Store, notes: Mapping[str, Notes], split: str | None = None) -> list[Person]:
    """The placed people of a store in a split (None: those of the trainings), in order of their names."""
    people = []
    for record in store.usable():
        told = notes.get(record.name, Notes())
        if record.placed is not None and told.split == split:
            known = frozenset(record.placed.known)
            sex, structures = told.sex or record.sex, frozenset(record.structures)
            scale = record.placed.scale
            people.append(Person(record.name, sex, store.placed(record), known, structures, told.age, scale))
    return people


def measured_habitus(person: Person) -> float | None:
    """Continuous habitus (attributes.habitus_level) by the girth of the waist; None where the source does not tell the
    patient from the air, or the field of view cuts the flanks off."""
    if values()["background"] not in person.known:
        return None
    marked = person.marked
    body = np.where(marked == UNLABELLED, values()["body"], marked)
    plane = waist_plane(value_of(body.astype(np.uint8)))
    if plane is None:
        return None
    inside = (body[plane] > 0) & (body[plane] != OUTSIDE)
    skin = inside & ~ndimage.binary_erosion(inside)
    beyond = np.pad(marked[plane] == OUTSIDE, 1, constant_values=True)
    if (skin & ndimage.binary_dilation(beyond)[1:-1, 1:-1]).sum() > MOST_CUT * skin.sum():
        return None
    girth = waist(value_of(body.astype(np.uint8)), FRAME_MM) / person.scale
    return habitus_level(bmi_of(girth, person.sex, person.age, 1 / person.scale))
