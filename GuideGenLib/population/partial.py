"""Real people as training maps without any completion: deformed at random, with marks for what is not known of them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from GuideGenLib.anatomy.unknown import OUTSIDE
from GuideGenLib.core.deformation import doubled, exponential, limited, random_field
from GuideGenLib.population.people import Labels, Person
from GuideGenLib.population.sampling import coarse, generator_of
from GuideGenLib.population.template_labels import COARSE, SPACING
from GuideGenLib.population.write import mapped

PARTIAL_STAGE = 5
"""Of `generator_of`."""


def deformed(labels: Labels, rng: np.random.Generator) -> Labels:
    """A marked map [z, y, x] at 3 mm, even sides, after a smooth random deformation of about a centimetre."""
    shape = tuple(n // 2 for n in labels.shape)
    velocity = limited(random_field(shape, COARSE, 110, 7.0, rng) + random_field(shape, COARSE, 45, 2.5, rng), COARSE)
    back = doubled(exponential(velocity, COARSE)) / SPACING
    at = [np.round(np.arange(n).reshape([-1 if a == axis else 1 for a in range(3)]) + back[axis]).astype(np.int32)
          for axis, n in enumerate(labels.shape)]  # fmt: skip
    inside = np.logical_and.reduce([(index >= 0) & (index < n) for index, n in zip(at, labels.shape, strict=True)])
    index = tuple(np.clip(index, 0, n - 1) for index, n in zip(at, labels.shape, strict=True))
    return np.where(inside, labels[index], OUTSIDE).astype(np.uint8)


def partial_bank(
    people: Sequence[Person], count: int, seed: int, target: Path
) -> tuple[NDArray[np.uint8], list[Person]]:
    """Maps at 6 mm, uint8 [count, z, y, x] with marks, of deformations of the people in turn, and whom they show.

    target: a .npy file for the maps, which are read from it by memory map.
    """
    shown = [people[index % len(people)] for index in range(count)]
    with mapped(target, count) as write:
        for index, person in enumerate(shown):
            write(coarse(deformed(person.marked, generator_of(seed, index, PARTIAL_STAGE)))[None])
    return np.load(target, mmap_mode="r"), shown
