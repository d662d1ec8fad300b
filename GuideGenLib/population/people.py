"""Real people as the population takes them: label maps on the torso frame, from a store of prepared data.

What a map does not name is not known in it, and so is all that its field of view cuts off.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from GuideGenLib.anatomy.unknown import OUTSIDE, value_of
from GuideGenLib.data.notes import Notes
from GuideGenLib.data.store import Store, StoredArray

Labels = NDArray[np.uint8]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Person:
    """A label map on the torso frame [z, y, x] at 3 mm, read when it is looked at.

    volume: our values, with the marks of `anatomy.unknown`; known: values that the source labels; structures: keys of
    those that are there; sex: male, female or None; age in years, None where it is not known.
    """

    name: str
    sex: str | None
    volume: Labels | StoredArray
    known: frozenset[int]
    structures: frozenset[str]
    age: float | None = None

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
            people.append(Person(record.name, sex, store.placed(record), known, structures, told.age))
    return people
