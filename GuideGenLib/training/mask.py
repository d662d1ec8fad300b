"""Training of the mask denoiser (stage 1) on coarse anatomies without lesions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as nnf

from GuideGenLib.mask import categorical, flow
from GuideGenLib.mask.network import Conditions, MaskConfig, MaskNetwork, as_cells, fold_cells, unfold_cells
from GuideGenLib.training.loop import Trainer

WEIGHT_POWER = 0.25
TOKEN_SHARE = 0.25
"""Share of the 12 mm cells on which the loss is taken at each step: the rest adds cost and little information."""


@dataclass(frozen=True)
class MaskData:
    """labels uint8 [n, 96, 56, 64]; typed float32 [n, 16]; texts: per sample, several token states [L, 384]."""

    labels: np.ndarray
    typed: np.ndarray
    texts: Sequence[Sequence[Tensor]]


def class_weights(labels: np.ndarray, classes: int) -> Tensor:
    """clip((median frequency / frequency)^WEIGHT_POWER, .35, 4), so that small organs are not drowned by air."""
    frequency = np.bincount(labels.ravel(), minlength=classes)[:classes] / labels.size
    present = frequency > 0
    weight = np.ones(classes)
    weight[present] = (np.median(frequency[present]) / frequency[present]) ** WEIGHT_POWER
    return torch.from_numpy(np.clip(weight, 0.35, 4).astype(np.float32))


class MaskLoss:
    """One training step: a random anatomy, process, time and slab; conditions are dropped for guidance."""

    def __init__(self, data: MaskData, config: MaskConfig, device: torch.device, seed: Sequence[int]) -> None:
        self.data, self.config, self.device = data, config, device
        self.rng = np.random.default_rng(list(seed))
        self.weights = class_weights(data.labels[:: max(1, len(data.labels) // 50)], config.classes).to(device)

    def conditions(self, index: int) -> Conditions:
        rng = self.rng
        typed = self.data.typed[index].copy()
        for first in range(0, len(typed) - 1, 2):  # value and its known-flag are dropped together
            if rng.random() < 0.15:
                typed[first : first + 2] = 0
        texts = self.data.texts[index]
        text = texts[int(rng.integers(len(texts)))].float()
        keep_text, keep_typed = (rng.random() > 0.3), (rng.random() > 0.2)
        if rng.random() < 0.1:
            keep_text = keep_typed = False
        mask = torch.full((1, len(text)), keep_text, dtype=torch.bool)
        typed_tensor = torch.from_numpy(typed * np.float32(keep_typed))[None]
        return Conditions(typed_tensor.to(self.device), text[None].to(self.device), mask.to(self.device))

    def slab(self) -> tuple[int, int]:
        """Most steps see the whole torso, the others a slab of it, so that a region can be made alone."""
        depth = self.config.grid[0]
        if self.rng.random() > 0.3:
            return 0, depth
        size = int(self.rng.integers(4, depth // 8)) * 8
        start = int(self.rng.integers(0, (depth - size) // 8 + 1)) * 8
        return start, size

    def __call__(self, model: nn.Module, step: int) -> tuple[Tensor, dict[str, float]]:
        assert isinstance(model, MaskNetwork)
        network = model
        rng, config = self.rng, self.config
        index = int(rng.integers(len(self.data.labels)))
        start, size = self.slab()
        labels = torch.from_numpy(self.data.labels[index, start : start + size]).to(self.device).int()[None]
        codes = network.codes
        as_process = rng.random() < 0.35
        if as_process:
            # uniform in diffusion time covers the strided sampler's steps evenly
            t = categorical.keep_probability(float(rng.uniform(0.0, 1.0))).float().view(1).to(self.device)
            x = codes[categorical.corrupt(labels, t, config.classes)].permute(0, 4, 1, 2, 3)
        else:
            t = torch.sigmoid(torch.tensor([rng.normal(-1.8, 1.3)], dtype=torch.float32, device=self.device))
            clean = codes[labels].permute(0, 4, 1, 2, 3)
            x = flow.mix(clean, torch.randn_like(clean), t)
        process = torch.tensor([float(as_process)], device=self.device)
        conditions = self.conditions(index)
        previous = torch.zeros_like(x)
        if rng.random() < 0.35:
            with torch.no_grad():
                features = network(x, previous, t, process, conditions, start)
                probability = network.cell_logits(as_cells(features)).float().softmax(dim=-1)
                previous = unfold_cells(probability @ codes, features.shape[2:])[None]
        features = model(x, previous, t, process, conditions, start)
        flat = as_cells(features)
        chosen = torch.randperm(len(flat), device=self.device)[: int(TOKEN_SHARE * len(flat))]
        cells = fold_cells(labels[0])[chosen].long()
        logits = network.cell_logits(flat[chosen]).float()
        loss = nnf.cross_entropy(logits.flatten(0, 1), cells.flatten(), weight=self.weights)
        kind = "cat" if as_process else "flow"
        name = f"{kind}<.1" if float(t) < 0.1 else f"{kind}<.3" if float(t) < 0.3 else f"{kind}>.3"
        return loss, {name: float(loss.detach())}


def train_mask(
    data: MaskData,
    run: Path,
    *,
    steps: int = 4000,
    seed: int = 0,
    rate: float = 1.5e-3,
    log: Callable[[str], None] = print,
) -> Trainer:
    """Train both processes of the mask denoiser; resumes from `run`."""
    classes = int(data.labels.max()) + 1
    config = MaskConfig(classes)
    trainer = Trainer(MaskNetwork(config), run, steps=steps, rate=rate, average=0.995)
    trainer.run(MaskLoss(data, config, trainer.device, [seed, trainer.rank, trainer.step]), log)
    return trainer
