"""People by number: (seed, index) names one, always the same; and their maps at 6 mm for training."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from GuideGenLib.anatomy.table import values
from GuideGenLib.anatomy.unknown import FILLED
from GuideGenLib.population.attributes import Attributes, draw_attributes
from GuideGenLib.population.deform import sample_with
from GuideGenLib.population.template_labels import THIN

THIN_VOTE = 1.5
BASE_STAGE = 4
"""Of `generator_of`: which base person somebody is drawn from."""


@dataclass(frozen=True)
class Base:
    """A whole person: labels uint8 [z, y, x] at 3 mm with every tissue named; sex: male or female.

    filled: where the labels were not seen in this person but taken from another; None: nowhere.
    """

    name: str
    sex: str
    labels: NDArray[np.uint8]
    filled: NDArray[np.bool_] | None = None


@dataclass(frozen=True)
class KeptBase:
    """A base person in a file, read when somebody is made of it; made_of: fingerprint of what it was made from."""

    name: str
    sex: str
    path: Path
    made_of: str

    def load(self) -> Base:
        with np.load(self.path) as stored:
            return Base(self.name, self.sex, stored["labels"], stored["filled"])


Source = NDArray[np.uint8] | Sequence[Base] | Sequence[KeptBase]
"""What people are drawn from: base people, or the labels of one torso."""


@dataclass(frozen=True)
class Sample:
    """labels: uint8 [z, y, x] at 3 mm; attributes: whom they show; filled: as that of the base person."""

    labels: NDArray[np.uint8]
    attributes: Attributes
    filled: NDArray[np.bool_] | None = None


def generator_of(seed: int, index: int, stage: int = 0) -> np.random.Generator:
    """The random numbers of one person; `stage` keeps anatomy (0), lesions (1) and prompt (2) independent."""
    return np.random.default_rng([seed, index, stage])


def draw_sample(source: Source, index: int, seed: int) -> Sample:
    """Person `index` of the population `seed`, without lesions, made of a base person of the same sex."""
    rng = generator_of(seed, index)
    attributes = draw_attributes(rng)
    base = base_of(source, attributes.sex, seed, index)
    labels, filled = sample_with(base.labels, base.filled, attributes, rng)
    return Sample(labels, attributes, filled)


def base_of(source: Source, sex: str, seed: int, index: int) -> Base:
    """Whom a person is made of: any base person of that sex, all of them where none is."""
    if isinstance(source, np.ndarray):
        return Base("torso", sex, source)
    alike = [base for base in source if base.sex == sex] or list(source)
    chosen = alike[int(generator_of(seed, index, BASE_STAGE).integers(len(alike)))]
    return chosen.load() if isinstance(chosen, KeptBase) else chosen


def coarse_marked(sample: Sample) -> NDArray[np.uint8]:
    """The sample at 6 mm, with the mark FILLED of `anatomy.unknown` where most of a block was filled in."""
    labels = coarse(sample.labels)
    if sample.filled is not None:
        z, y, x = labels.shape
        share = sample.filled.reshape(z, 2, y, 2, x, 2).mean((1, 3, 5), dtype=np.float32)
        labels[(share > 0.5) & (labels > 0)] += FILLED
    return labels


def coarse(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The label with most votes in each 2 x 2 x 2 block, thin structures and lesions voting one and a half times.

    labels: uint8 [z, y, x], even sides (3 mm); returns uint8 [z/2, y/2, x/2] (6 mm). Raises ValueError for odd sides.
    """
    if labels.ndim != 3 or any(n % 2 for n in labels.shape):
        msg = f"Blocks of 2 need three even sides, not {labels.shape}."
        raise ValueError(msg)
    z, y, x = (n // 2 for n in labels.shape)
    blocks = labels.reshape(z, 2, y, 2, x, 2).transpose(0, 2, 4, 1, 3, 5).reshape(-1, 8)
    result = blocks[:, 0].copy()
    mixed = np.nonzero((blocks != blocks[:, :1]).any(1))[0]
    few = blocks[mixed]
    weight = np.ones(256, np.float32)
    weight[[value for key, value in values().items() if key in THIN or key.endswith("_tumor")]] = THIN_VOTE
    votes = (few[:, :, None] == few[:, None, :]).sum(2, dtype=np.uint8) * weight[few]
    result[mixed] = few[np.arange(len(few)), votes.argmax(1)]
    return result.reshape(z, y, x)
