"""Training of the mask denoiser (stage 1) on coarse anatomies without lesions."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as nnf

from GuideGenLib.anatomy.unknown import FILLED, OUTSIDE, UNLABELLED, possible, value_of
from GuideGenLib.mask import categorical, flow
from GuideGenLib.mask.network import Conditions, MaskConfig, MaskNetwork, as_cells, fold_cells, unfold_cells
from GuideGenLib.training.loop import Trainer, fitting_batch
from GuideGenLib.training.mask_bank import MaskData

WEIGHT_POWER = 0.25
MOST_BATCH = 16
"""On a GPU whose memory suffices."""
TOKEN_SHARE = 0.25
"""Share of the 12 mm cells on which the loss is taken at each step: the rest adds cost and little information. The more
samples a step has, the fewer cells of each."""
CATEGORICAL_SHARE = 0.35
SELF_CONDITIONED_SHARE = 0.35
FILLED_WEIGHT = 0.5
"""Of a voxel that was not seen in this person but taken from another, in the loss."""


def class_weights(labels: np.ndarray, classes: int) -> Tensor:
    """clip((median frequency / frequency)^WEIGHT_POWER, .35, 4), so that small organs are not drowned by air."""
    frequency = np.bincount(labels.ravel(), minlength=classes)[:classes] / labels.size
    present = frequency > 0
    weight = np.ones(classes)
    weight[present] = (np.median(frequency[present]) / frequency[present]) ** WEIGHT_POWER
    return torch.from_numpy(np.clip(weight, 0.35, 4).astype(np.float32))


class MaskLoss:
    """One training step: `batch` random anatomies, each with its own process, time and conditions, and one slab.

    Conditions are dropped for guidance. What step n draws depends on `seed` and n alone.
    """

    def __init__(
        self, data: MaskData, config: MaskConfig, device: torch.device, seed: Sequence[int], batch: int = 1
    ) -> None:
        self.data, self.config, self.device, self.seed, self.batch = data, config, device, list(seed), batch
        self.bank = torch.from_numpy(data.labels).to(device)
        shown = data.labels[:: max(1, len(data.labels) // 50)]
        self.weights = class_weights(value_of(shown[shown < UNLABELLED]), config.classes).to(device)
        self.possible, self.source = self._sources()

    def _sources(self) -> tuple[Tensor | None, np.ndarray]:
        """What voxels may be, [sources, classes + 1, classes] bool, and the source of each sample; None: all known."""
        n, classes = len(self.data.labels), self.config.classes
        if len(self.data.complete) == n:
            return None, np.zeros(n, int)
        known = np.ones((n, classes), bool) if self.data.known is None else self.data.known[:, :classes]
        kinds, of = np.unique(known, axis=0, return_inverse=True)
        tables = np.stack([possible(np.flatnonzero(kind), classes) for kind in kinds])
        return torch.from_numpy(tables).to(self.device), of

    def conditions(self, people: Sequence[int], rng: np.random.Generator) -> Conditions:
        """What the network is told of each, some of it left out; texts are padded to the longest."""
        typed, texts, kept = [], [], []
        for index in people:
            values = self.data.typed[index].copy()
            for first in range(0, len(values) - 1, 2):  # value and its known-flag are dropped together
                if rng.random() < 0.15:
                    values[first : first + 2] = 0
            choice = self.data.texts[index]
            texts.append(choice[int(rng.integers(len(choice)))].float())
            keep_text, keep_typed = (rng.random() > 0.3), (rng.random() > 0.2)
            if rng.random() < 0.1:
                keep_text = keep_typed = False
            typed.append(torch.from_numpy(values * np.float32(keep_typed)))
            kept.append(torch.full((len(texts[-1]),), keep_text, dtype=torch.bool))
        states = nn.utils.rnn.pad_sequence(texts, batch_first=True)
        mask = nn.utils.rnn.pad_sequence(kept, batch_first=True)
        return Conditions(torch.stack(typed).to(self.device), states.to(self.device), mask.to(self.device))

    def slab(self, rng: np.random.Generator) -> tuple[int, int]:
        """Most steps see the whole torso, the others a slab of it, so that a region can be made alone."""
        depth = self.config.grid[0]
        if rng.random() > 0.3:
            return 0, depth
        size = int(rng.integers(4, depth // 8)) * 8
        start = int(rng.integers(0, (depth - size) // 8 + 1)) * 8
        return start, size

    def noisy(
        self, marked: Tensor, codes: Tensor, as_process: np.ndarray, rng: np.random.Generator, noise: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """x_t [B, code, D, H, W] and t [B] of marked labels [B, D, H, W]: by the categorical process where asked for.

        Where nothing is known there is noise alone.
        """
        labels = (marked & (FILLED - 1)).int()
        unknown = marked >= UNLABELLED if self.possible is not None else None
        # uniform in diffusion time covers the strided sampler's steps evenly
        keep = categorical.keep_probability(torch.from_numpy(rng.uniform(0.0, 1.0, len(labels)))).float()
        blend = torch.sigmoid(torch.from_numpy(rng.normal(-1.8, 1.3, len(labels)))).float()
        t = torch.where(torch.from_numpy(as_process), keep, blend).to(self.device)
        if unknown is not None:
            labels[unknown] = 0
        swapped, mixed = (np.flatnonzero(chosen) for chosen in (as_process, ~as_process))
        seen = labels.clone()
        if len(swapped):
            seen[swapped] = categorical.corrupt(labels[swapped], t[swapped], self.config.classes, noise)
        if unknown is not None:
            uniform = torch.zeros(len(labels), device=self.device)
            anything = categorical.corrupt(labels, uniform, self.config.classes, noise)
            seen = torch.where(unknown, anything, seen)
        x = codes[seen].permute(0, 4, 1, 2, 3).contiguous()
        if unknown is not None:
            x[mixed] = x[mixed].masked_fill(unknown[mixed][:, None], 0.0)
        if len(mixed):
            gauss = torch.randn(x[mixed].shape, device=self.device, generator=noise)
            x[mixed] = flow.mix(x[mixed], gauss, t[mixed])
        return x, t

    def __call__(self, model: nn.Module, step: int) -> tuple[Tensor, dict[str, float]]:
        assert isinstance(model, MaskNetwork)
        rng = np.random.default_rng([*self.seed, step])
        noise = torch.Generator(device=self.device).manual_seed(int(rng.integers(2**31)))
        people = rng.integers(len(self.bank), size=self.batch)
        start, size = self.slab(rng)
        labels = self.bank[people, start : start + size]
        as_process = rng.random(self.batch) < CATEGORICAL_SHARE
        x, t = self.noisy(labels, model.codes, as_process, rng, noise)
        process = torch.from_numpy(as_process.astype(np.float32)).to(self.device)
        conditions = self.conditions(people.tolist(), rng)
        previous = torch.zeros_like(x)
        again = np.flatnonzero(rng.random(self.batch) < SELF_CONDITIONED_SHARE)
        if len(again):
            with torch.no_grad():
                told = Conditions(conditions.typed[again], conditions.text[again], conditions.text_mask[again])
                features = model(x[again], previous[again], t[again], process[again], told, start)
                for index, part in zip(again, features, strict=True):
                    probability = model.cell_logits(as_cells(part[None])).float().softmax(dim=-1)
                    previous[index] = unfold_cells(probability @ model.codes, part.shape[1:])
        features = model(x, previous, t, process, conditions, start)
        flat = torch.cat([as_cells(part[None]) for part in features])
        cells = torch.cat([fold_cells(part) for part in labels])
        count = int(TOKEN_SHARE / self.batch**0.5 * len(flat))
        chosen = torch.randperm(len(flat), device=self.device, generator=noise)[:count]
        of = (chosen // (len(flat) // self.batch)).repeat_interleave(cells.shape[1])
        logits = model.cell_logits(flat[chosen]).float().flatten(0, 1)
        each, weight = self._losses(logits, cells[chosen].flatten(), people, of)
        return each.sum() / weight.sum().clamp_min(1.0), self._figures(each.detach(), weight, of, t, as_process)

    def _losses(self, logits: Tensor, marked: Tensor, people: np.ndarray, of: Tensor) -> tuple[Tensor, Tensor]:
        """Weighted loss and weight of each voxel [m]; logits [m, classes], marked labels [m], sample of each [m].

        A voxel may be any class that its source does not rule out; one that is not shown counts nothing.
        """
        target = (marked & (FILLED - 1)).long()
        if self.possible is None:
            weight = self.weights[target] * torch.where(marked >= FILLED, FILLED_WEIGHT, 1.0)
            return nnf.cross_entropy(logits, target, reduction="none") * weight, weight
        unlabelled = marked >= UNLABELLED
        target[unlabelled] = self.config.classes
        target[marked == OUTSIDE] = 0
        source = torch.from_numpy(self.source[people]).to(self.device)[of]
        allowed = logits.masked_fill(~self.possible[source, target], -torch.inf)
        loss = torch.logsumexp(logits, 1) - torch.logsumexp(allowed, 1)
        weight = torch.cat([self.weights, self.weights.new_ones(1)])[target]
        weight = torch.where((marked >= FILLED) & ~unlabelled, FILLED_WEIGHT * weight, weight)
        weight = torch.where(marked == OUTSIDE, 0.0, weight)
        return loss * weight, weight

    def _figures(self, each: Tensor, weight: Tensor, of: Tensor, t: Tensor, as_process: np.ndarray) -> dict[str, float]:
        """The mean loss by process and time, for the log."""
        sums = torch.zeros(2, self.batch, device=self.device)
        sums[0].index_add_(0, of, each)
        sums[1].index_add_(0, of, weight)
        losses, times = (sums[0] / sums[1].clamp_min(1e-6)).tolist(), t.tolist()
        named: dict[str, list[float]] = {}
        for loss, time, by_labels in zip(losses, times, as_process, strict=True):
            kind = "cat" if by_labels else "flow"
            name = f"{kind}<.1" if time < 0.1 else f"{kind}<.3" if time < 0.3 else f"{kind}>.3"
            named.setdefault(name, []).append(loss)
        return {name: float(np.mean(found)) for name, found in named.items()}


def train_mask(
    data: MaskData,
    run: Path,
    *,
    steps: int = 4000,
    minutes: float | None = None,
    batch: int | None = None,
    seed: int = 0,
    rate: float = 1.5e-3,
    log: Callable[[str], None] = print,
) -> Trainer:
    """Train both processes of the mask denoiser, for `steps` steps or for `minutes`; resumes from `run`.

    The network's grid is that of the anatomies, all of whose sides must be divisible by 8.
    """
    depth, height, width = data.labels.shape[1:]
    config = MaskConfig(data.classes, grid=(depth, height, width))
    trainer = Trainer(MaskNetwork(config), run, steps=steps, minutes=minutes, rate=rate, average=0.995)
    loss = MaskLoss(data, config, trainer.device, [seed, trainer.rank], batch or 1)
    if batch is None:

        def step(count: int) -> Tensor:
            loss.batch = count
            return loss(trainer.network, 0)[0]

        loss.batch = fitting_batch(trainer.device, trainer.network, step, MOST_BATCH, 1)
    trainer.run(loss, log)
    return trainer
