"""How near the cases of a cohort come to the people that the shipped model was trained on: by where organs lie and how
large they are, as `signature` tells near-duplicates. The signatures of those people come along; no voxel of them does.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from GuideGenLib.cohort.signature import ORGANS, signature_of
from GuideGenLib.core.files import write_json
from GuideGenLib.core.resources import resource

FILE = "trained_people.json"
LEAST_ORGANS = 5
"""Shown by both, or they are not compared."""
STEP_MM = 3.0
"""Voxels of the people of a training."""


@dataclass(frozen=True)
class Nearness:
    """Cases that were compared, and for each mm to the nearest person of the training, the nearest first."""

    people: int
    nearest: list[tuple[str, float]]

    @property
    def median(self) -> float:
        """mm."""
        return float(np.median([distance for _, distance in self.nearest])) if self.nearest else float("nan")

    def below(self, mm: float) -> list[tuple[str, float]]:
        """Those that are nearer."""
        return [one for one in self.nearest if one[1] < mm]


def nearness(records: Sequence[Mapping[str, Any]], model: str, path: Path | None = None) -> Nearness | None:
    """How near cases come to the people of a model's training; None for a model of which they are not known."""
    told = json.loads((path or resource(FILE)).read_text(encoding="utf-8"))
    if told["bundle"] != model:
        return None
    people = np.array(told["people"], float).reshape(-1, len(ORGANS), 4)
    found = []
    for record in records:
        distance = _nearest(np.array(record["signature"], float).reshape(len(ORGANS), 4), people)
        if np.isfinite(distance):
            found.append((str(record["id"]), round(distance, 2)))
    return Nearness(len(people), sorted(found, key=lambda one: one[1]))


def _nearest(one: NDArray[np.float64], people: NDArray[np.float64]) -> float:
    """mm, as a root mean square over the organs that both show, centres from their common centre; inf: nobody shows
    enough of them."""
    both = ~np.isnan(one[:, 3]) & ~np.isnan(people[:, :, 3])
    count = both.sum(1)
    off = np.where(both[:, :, None], one - people, 0.0)
    off[:, :, :3] -= np.where(both[:, :, None], (off[:, :, :3].sum(1) / np.maximum(count, 1)[:, None])[:, None], 0.0)
    distances = np.sqrt((off**2).sum((1, 2)) / np.maximum(count, 1))
    return float(np.where(count >= LEAST_ORGANS, distances, np.inf).min(initial=np.inf))


def write_people(run: Path, bundle: str, path: Path) -> int:
    """Write the signatures of the people in the run folder of a training, and return how many there are.

    Raises DataError where there are none.
    """
    from GuideGenLib.core.volumes import image_from_array
    from GuideGenLib.population.bases import kept_people

    people = []
    for base in kept_people(run / "people"):
        labels = base.load().labels
        people.append(signature_of(image_from_array(labels, (STEP_MM,) * 3, labels=True)))
    write_json({"bundle": bundle, "people": people}, path)
    return len(people)
