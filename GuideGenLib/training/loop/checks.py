"""The look at a training every so many steps: the loss of samples that it is not trained on, and pictures."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import Dataset, default_collate

from GuideGenLib.training.loop.draws import VALIDATION, Batch, Seeds
from GuideGenLib.training.loop.processes import process_rank, summed

SAMPLES = 16
"""Of a validation: few, as they are the same each time."""


@dataclass(frozen=True)
class Check:
    """What a training is validated on.

    data: as that of the training, with samples of its own for validation; every: steps between two validations;
    pictures: by name [3, H, W] in 0..1, made by the averaged network; keep_best: whether the weights of the lowest loss
    are what the training is for (not where it plays against an adversary, whose game no loss measures).
    """

    data: "Dataset[Any] | None" = None
    every: int = 500
    samples: int = SAMPLES
    pictures: Callable[[nn.Module], Mapping[str, Tensor]] | None = None
    keep_best: bool = True


def validation_loss(
    network: nn.Module,
    loss: Callable[[Any, Batch], tuple[Tensor, Mapping[str, float]]],
    check: Check,
    seed: int,
    batch: int,
    device: torch.device,
) -> float:
    """The mean loss of the check's samples, `batch` at once; the processes share them.

    The samples are numbers 0, 1, ... of the use VALIDATION of the seed, the same each time; those of one pass are of
    one step, so that what is drawn once a step varies among them, too.
    """
    rank, world = process_rank()
    total = torch.zeros(2, dtype=torch.float64, device=device)
    for step, first in enumerate(range(0, check.samples, batch)):
        if step % world != rank:
            continue
        samples = tuple(range(first, min(first + batch, check.samples)))
        held = None if check.data is None else default_collate([check.data[number] for number in samples])
        value, _ = loss(network, Batch(Seeds(seed, VALIDATION), step, samples, held, batch))
        total += total.new_tensor([float(value) * len(samples), len(samples)])
    total = summed(total)
    return float(total[0] / total[1])
