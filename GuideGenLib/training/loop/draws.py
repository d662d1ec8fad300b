"""What is drawn at random in a training, from generators that depend on the seed and a sample's or a step's number.

So a resumed training sees what an uninterrupted one would, and several processes what one alone would see.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

TRAINING, VALIDATION, FITTING = range(3)
"""What samples are for: no two uses share a sample."""
CUT, VARY, VARY_STEP, LOSS, LOSS_STEP = range(5)
"""Who draws. Each has generators of its own, so that one may draw more without the others' noticing it."""


@dataclass(frozen=True)
class Seeds:
    """The seed of a training and what its samples are for."""

    seed: int
    use: int = TRAINING

    def generator(self, who: int, number: int) -> np.random.Generator:
        """The draws of `who` for the sample, or the step, of this number."""
        return np.random.default_rng([self.seed, self.use, who, number])


@dataclass(frozen=True)
class Batch:
    """The samples that go through a network together.

    samples: their numbers, counted over all steps and processes; data: what a data set holds of them, None without one;
    total: samples of the step in all passes and processes; last: whether no further pass of the step follows.
    """

    seeds: Seeds
    step: int
    samples: tuple[int, ...]
    data: Any = None
    total: int = 1
    last: bool = True

    def each(self, who: int = LOSS) -> list[np.random.Generator]:
        """A generator for each sample."""
        return [self.seeds.generator(who, number) for number in self.samples]

    def once(self, who: int = LOSS_STEP) -> np.random.Generator:
        """The generator of what is drawn once in a step: the same in all passes and processes."""
        return self.seeds.generator(who, self.step)


def torch_generator(rng: np.random.Generator, device: torch.device) -> torch.Generator:
    """A generator of torch on a device, seeded by the next draw of `rng`."""
    return torch.Generator(device=device).manual_seed(int(rng.integers(2**62)))


def normal(rngs: Sequence[np.random.Generator], shape: Sequence[int], device: torch.device) -> Tensor:
    """Gaussian noise [len(rngs), *shape] of unit variance, each sample's by its own generator."""
    return torch.stack([torch.randn(*shape, generator=torch_generator(rng, device), device=device) for rng in rngs])
