"""A training of a few weights, for tests of the loop itself."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from GuideGenLib.training.loop.draws import Batch
from GuideGenLib.training.loop.trainer import Trainer


def small_network() -> nn.Module:
    torch.manual_seed(3)
    return nn.Sequential(nn.Conv3d(1, 4, 3, padding=1), nn.SiLU(), nn.Conv3d(4, 1, 1))


def fit(network: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, float]]:
    """Samples by their numbers, and a scale that is drawn once a step."""
    x = torch.stack([torch.from_numpy(rng.normal(size=(1, 4, 4, 4))).float() for rng in batch.each()])
    scale = float(batch.once().uniform(0.5, 1.5))
    return (network(scale * x).float() - x.flip(2)).square().mean(), {"figure": float(batch.step)}


def trainer(run: Path, steps: int = 6, **more: Any) -> Trainer:
    return Trainer(small_network(), run, steps=steps, rate=0.01, save_every=3, warm_up=2, **more)


def silent(_: str) -> None:
    """No log."""


class Numbers(torch.utils.data.Dataset[Tensor]):
    """Each sample is its number."""

    def __getitem__(self, index: int) -> Tensor:
        return torch.tensor(float(index))
