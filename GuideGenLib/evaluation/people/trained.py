"""The people that a training learned from, and how they vary there: each of them deformed anew some times.

What was drawn from a person is kept, as it takes about twenty seconds for each.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

from GuideGenLib.anatomy.tissues import select
from GuideGenLib.core.files import atomic, write_json
from GuideGenLib.core.progress import Progress, silent
from GuideGenLib.evaluation.people.body import Body
from GuideGenLib.judges.pelvis import BONES
from GuideGenLib.population.attributes import draw_attributes
from GuideGenLib.population.bases import bones_of
from GuideGenLib.population.deform import sample_with
from GuideGenLib.population.sampling import KeptBase, generator_of
from GuideGenLib.population.template_labels import SPACING
from GuideGenLib.population.variety import Shapes, alike, shapes

MANY = 40
"""Of more people than these so many, evenly spread, tell how the population varies."""
STAGE = 9
"""Of `generator_of`: nobody who is drawn here is of a training, and no two people are drawn alike."""


@dataclass(frozen=True)
class Drawn:
    """Somebody drawn from a person of the training. alike: mean Dice of the organs of both; build: thin to obese."""

    sex: str
    build: str
    alike: float
    body: Body


@dataclass(frozen=True)
class TrainedPerson:
    """One person of the training, and where what is drawn from it is kept."""

    base: KeptBase
    folder: Path
    count: int

    @property
    def name(self) -> str:
        return self.base.name

    @cached_property
    def shapes(self) -> Shapes:
        """Its organs."""
        return shapes(self.base.load().labels)

    @cached_property
    def bones_are_own(self) -> bool:
        """Whether most of its pelvis was seen in it, and not taken from who completed it."""
        body = self.base.load()
        pelvis = select(body.labels, BONES)
        return body.filled is None or not pelvis.any() or float(body.filled[pelvis].mean()) < 0.5

    @property
    def bones(self) -> str:
        """Whose bones it has."""
        return bones_of(self.name)

    @cached_property
    def drawn(self) -> list[Drawn]:
        """Its deformations, read where they were kept."""
        if self._record.is_file():
            return [_drawn(one) for one in json.loads(self._record.read_text(encoding="utf-8"))["drawn"]]
        self.folder.mkdir(parents=True, exist_ok=True)
        found = []
        body = self.base.load()
        for index in range(self.count):
            rng = generator_of(crc32(self.base.made_of.encode()), index, STAGE)
            who = replace(draw_attributes(rng), sex=self.base.sex)
            labels, _ = sample_with(body.labels, None, who, rng)
            near = alike(shapes(labels), self.shapes)
            found.append(Drawn(who.sex, who.habitus, near, Body.of(labels, SPACING)))
            if index == 0:
                with atomic(self._first) as private, private.open("wb") as file:
                    np.savez_compressed(file, labels=labels)
        write_json({"drawn": [asdict(one) for one in found]}, self._record)
        return found

    @property
    def one_drawn(self) -> Shapes:
        """The organs of the first deformation."""
        _ = self.drawn
        with np.load(self._first) as stored:
            return shapes(stored["labels"])

    @property
    def _record(self) -> Path:
        return self.folder / f"{self.base.made_of}_{self.count}.json"

    @property
    def _first(self) -> Path:
        return self.folder / f"{self.base.made_of}.npz"


def trained_people(bases: Sequence[KeptBase], folder: Path, count: int) -> list[TrainedPerson]:
    """All people of a training; count: deformations of each, kept in `folder` when they are asked for."""
    return [TrainedPerson(base, folder, count) for base in bases]


def some_of(people: Sequence[TrainedPerson], progress: Progress = silent) -> list[TrainedPerson]:
    """At most MANY people, evenly spread, whose deformations are drawn."""
    places = np.linspace(0, len(people) - 1, min(MANY, len(people))).round().astype(int)
    chosen = [people[place] for place in places]
    for index, one in enumerate(chosen):
        _ = one.drawn
        progress("people", (index + 1) / len(chosen))
    return chosen


def _drawn(stored: Mapping[str, Any]) -> Drawn:
    body = stored["body"]
    pelvis = None if body["pelvis"] is None else tuple(body["pelvis"])
    return Drawn(stored["sex"], stored["build"], stored["alike"], Body(**{**body, "pelvis": pelvis}))
