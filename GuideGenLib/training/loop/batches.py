"""Which samples a process sees at each step of a training, and what a data set holds of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset, default_collate

from GuideGenLib.training.loop.draws import FITTING, Batch, Seeds

AHEAD = 2
"""Batches that each reading process has ready."""


@dataclass(frozen=True)
class Plan:
    """The samples from step `first` on, to `last` or without end.

    Sample k of pass m of step n in process r is number ((n world + r) accumulate + m) batch + k: several processes see,
    and several passes give, what one pass of as many samples would.
    """

    seeds: Seeds
    first: int
    last: int | None
    batch: int
    accumulate: int = 1
    rank: int = 0
    world: int = 1

    def numbers(self) -> Iterator[list[int]]:
        """Of each pass of this process."""
        for step in count(self.first) if self.last is None else range(self.first, self.last):
            for part in range(self.accumulate):
                start = ((step * self.world + self.rank) * self.accumulate + part) * self.batch
                yield list(range(start, start + self.batch))

    def batches(self, data: "Dataset[Any] | None", device: torch.device, workers: int) -> Iterator[Batch]:
        """Each pass's batch; `workers` other processes read what it holds ahead, 0: this one does."""
        total = self.batch * self.accumulate * self.world
        read: Iterator[Any] | None = None
        if data is not None:
            read = iter(
                DataLoader(
                    data,
                    batch_sampler=self.numbers(),  # type: ignore[arg-type]
                    num_workers=workers,
                    prefetch_factor=AHEAD if workers else None,
                    pin_memory=device.type == "cuda",
                    generator=torch.Generator(),  # else it would draw from that of torch itself
                )
            )
        for number, samples in enumerate(self.numbers(), start=self.first * self.accumulate):
            step, part = divmod(number, self.accumulate)
            held = None if read is None else next(read)
            yield Batch(self.seeds, step, tuple(samples), held, total, part == self.accumulate - 1)

    def trial(self, data: "Dataset[Any] | None", size: int) -> Batch:
        """So many samples that are not trained on."""
        held = None if data is None else default_collate([data[number] for number in range(size)])
        return Batch(Seeds(self.seeds.seed, FITTING), 0, tuple(range(size)), held, size * self.accumulate)
