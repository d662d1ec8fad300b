"""Training of the mask denoiser (stage 1) on coarse anatomies without lesions."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as nnf

from GuideGenLib.anatomy.unknown import FILLED, OUTSIDE, UNLABELLED, possible, value_of
from GuideGenLib.mask import categorical, flow
from GuideGenLib.mask.layout import CELL
from GuideGenLib.mask.network import Conditions, MaskConfig, MaskNetwork, as_cells, fold_cells, unfold_cells
from GuideGenLib.training.layouts import Fitted, fitted_in
from GuideGenLib.training.loop.checks import Check
from GuideGenLib.training.loop.draws import FITTING, VALIDATION, Batch, torch_generator
from GuideGenLib.training.loop.trainer import Trainer
from GuideGenLib.training.mask_bank import MaskData
from GuideGenLib.training.networks.pictures import anatomies
from GuideGenLib.training.presets import Sizes
from GuideGenLib.training.start import onto_canvas

WEIGHT_POWER = 0.25
TOKEN_SHARE = 0.25
"""Share of the 12 mm cells on which the loss is taken at each step: the rest adds cost and little information. The more
samples a step has, the fewer cells of each."""
FIRST_SHARE = 0.06
"""Share of the flow's times that are its first, which a logit-normal one hardly ever is."""
HOLD_OUT = 20
LAYOUT_DROPPED = 0.1
LAYOUT_NOISE = 0.35
"""Standard deviations of the population by which codes are off at most: a drawn layout is none that anybody has."""
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
    """One training step on a batch of anatomies, each with its own process, time and conditions, and one slab.

    Conditions are dropped for guidance. A validation draws the people that are held out, a training the others.
    fitted: the layouts of the people, for a network that is told them.
    """

    def __init__(self, data: MaskData, config: MaskConfig, device: torch.device, fitted: Fitted | None = None) -> None:
        self.data, self.config, self.device, self.fitted = data, config, device, fitted
        self.trained, self.held = held_out(len(data.labels))
        shown = data.labels[:: max(1, len(data.labels) // 50)]
        self.weights = class_weights(value_of(shown[shown < UNLABELLED]), config.classes).to(device)
        self.possible, self.source = self._sources()
        self.complete = frozenset(data.complete)

    def _sources(self) -> tuple[Tensor | None, np.ndarray]:
        """What voxels may be, [sources, classes + 1, classes] bool, and the source of each sample; None: all known."""
        n, classes = len(self.data.labels), self.config.classes
        if len(self.data.complete) == n:
            return None, np.zeros(n, int)
        known = np.ones((n, classes), bool) if self.data.known is None else self.data.known[:, :classes]
        kinds, of = np.unique(known, axis=0, return_inverse=True)
        tables = np.stack([possible(np.flatnonzero(kind), classes) for kind in kinds])
        return torch.from_numpy(tables).to(self.device), of

    def conditions(self, people: Sequence[int], rngs: Sequence[np.random.Generator]) -> Conditions:
        """What the network is told of each, some of it left out; texts are padded to the longest."""
        typed, texts, kept = [], [], []
        for index, rng in zip(people, rngs, strict=True):
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

    def layouts(
        self, fitted: Fitted, people: Sequence[int], start: int, size: int, rngs: Sequence[np.random.Generator]
    ) -> Tensor:
        """Layouts of the slab, some left out, all a little off; of those who are not known everywhere there is none."""
        model, told = fitted.model, []
        for index, rng in zip(people, rngs, strict=True):
            off = LAYOUT_NOISE * rng.random() * rng.standard_normal(model.rank).astype(np.float32)
            dropped = rng.random() < LAYOUT_DROPPED or index not in self.complete
            layout = model.layout(fitted.codes[index] + model.factor @ off)
            told.append(torch.zeros_like(layout) if dropped else layout)
        return torch.stack(told)[:, :, start // CELL : (start + size) // CELL].to(self.device)

    def slab(self, rng: np.random.Generator) -> tuple[int, int]:
        """Most steps see the whole torso, the others a slab of it, so that a region can be made alone."""
        depth = self.config.grid[0]
        if rng.random() > 0.3:
            return 0, depth
        size = int(rng.integers(4, depth // 8)) * 8
        start = int(rng.integers(0, (depth - size) // 8 + 1)) * 8
        return start, size

    def noisy(
        self, marked: Tensor, codes: Tensor, as_process: np.ndarray, rngs: Sequence[np.random.Generator]
    ) -> tuple[Tensor, Tensor]:
        """x_t [B, code, D, H, W] and t [B] of marked labels [B, D, H, W]: by the categorical process where asked for.

        Where nothing is known there is noise alone.
        """
        times, volumes = [], []
        for one, by_labels, rng in zip(marked, as_process, rngs, strict=True):
            # uniform in diffusion time covers the strided sampler's steps evenly
            time = float(categorical.keep_probability(rng.uniform())) if by_labels else flow_time(rng)
            noise = torch_generator(rng, self.device)
            labels = (one & (FILLED - 1)).int()
            unknown = one >= UNLABELLED if self.possible is not None else None
            keep = torch.full(labels.shape, time, device=self.device)
            if unknown is not None:
                labels[unknown], keep[unknown] = 0, 0.0
            if by_labels:
                seen = codes[categorical.corrupt(labels, keep, self.config.classes, noise)].permute(3, 0, 1, 2)
            else:
                clean = codes[labels].permute(3, 0, 1, 2)
                gauss = torch.randn(clean.shape, device=self.device, generator=noise)
                mean = clean if unknown is None else clean.masked_fill(unknown, 0.0)
                seen = flow.mix(mean[None], gauss[None], torch.tensor([time], device=self.device))[0]
            times.append(time)
            volumes.append(seen)
        return torch.stack(volumes), torch.tensor(times, dtype=torch.float32, device=self.device)

    def __call__(self, model: MaskNetwork, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        rngs, count = batch.each(), len(batch.samples)
        group = self.held if batch.seeds.use == VALIDATION else self.trained
        people = np.array([rng.choice(group) for rng in rngs])
        whole = batch.seeds.use == FITTING  # what fits for the whole torso fits for a slab
        start, size = (0, self.config.grid[0]) if whole else self.slab(batch.once())
        drawn = np.stack([self.data.labels[person][start : start + size] for person in people])
        labels = torch.from_numpy(drawn).to(self.device)
        as_process = np.array([rng.random() < CATEGORICAL_SHARE for rng in rngs])
        x, t = self.noisy(labels, model.codes, as_process, rngs)
        process = torch.from_numpy(as_process.astype(np.float32)).to(self.device)
        conditions = self.conditions(people.tolist(), rngs)
        if self.fitted is not None:
            layout = self.layouts(self.fitted, people.tolist(), start, size, rngs)
            conditions = replace(conditions, layout=layout)
        previous = torch.zeros_like(x)
        again = np.flatnonzero([rng.random() < SELF_CONDITIONED_SHARE for rng in rngs])
        if len(again):
            with torch.no_grad():
                told = conditions.of(again)
                features = model(x[again], previous[again], t[again], process[again], told, start)
                for index, part in zip(again, features, strict=True):
                    probability = model.cell_logits(as_cells(part[None])).float().softmax(dim=-1)
                    previous[index] = unfold_cells(probability @ model.codes, part.shape[1:])
        features = model(x, previous, t, process, conditions, start)
        flat = torch.stack([as_cells(part[None]) for part in features])
        cells = torch.stack([fold_cells(part) for part in labels])
        share = int(TOKEN_SHARE / batch.total**0.5 * flat.shape[1])
        chosen = [
            torch.randperm(flat.shape[1], device=self.device, generator=torch_generator(rng, self.device))[:share]
            for rng in rngs
        ]
        of = torch.arange(count, device=self.device).repeat_interleave(share * cells.shape[2])
        logits = model.cell_logits(torch.cat([one[where] for one, where in zip(flat, chosen, strict=True)]))
        marked = torch.cat([one[where] for one, where in zip(cells, chosen, strict=True)])
        each, weight = self._losses(logits.float().flatten(0, 1), marked.flatten(), people, of)
        losses, weights = (torch.zeros(count, device=self.device).index_add(0, of, one) for one in (each, weight))
        mean = losses / weights.clamp_min(1.0)
        return mean.mean(), self._figures(mean.detach(), t, as_process)

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

    @staticmethod
    def _figures(losses: Tensor, t: Tensor, as_process: np.ndarray) -> dict[str, float]:
        """The mean loss by process and time, for the log."""
        named: dict[str, list[float]] = {}
        for loss, time, by_labels in zip(losses.tolist(), t.tolist(), as_process, strict=True):
            kind = "cat" if by_labels else "flow"
            name = f"{kind}<.1" if time < 0.1 else f"{kind}<.3" if time < 0.3 else f"{kind}>.3"
            named.setdefault(name, []).append(loss)
        return {name: float(np.mean(found)) for name, found in named.items()}


def flow_time(rng: np.random.Generator) -> float:
    """A time of the flow: logit-normal about the times at which organs are decided, or that of the first step."""
    return flow.FIRST if rng.random() < FIRST_SHARE else float(1 / (1 + np.exp(-rng.normal(-1.8, 1.3))))


def held_out(count: int) -> tuple[list[int], list[int]]:
    """The people to train on, and every HOLD_OUT-th to validate on; with fewer all are both."""
    held = list(range(HOLD_OUT - 1, count, HOLD_OUT))
    if not held:
        return list(range(count)), list(range(count))
    return sorted(set(range(count)) - set(held)), held


def train_mask(
    data: MaskData,
    run: Path,
    sizes: Sizes,
    *,
    minutes: float | None = None,
    seed: int = 0,
    log: Callable[[str], None] = print,
) -> Trainer:
    """Train both processes of the mask denoiser; resumes from `run`.

    The grid is that of the anatomies, on which a network of a bundle is laid as well. Raises RunError where the folder
    holds another network.
    """
    depth, height, width = data.labels.shape[1:]
    config = MaskConfig(data.classes, **{"grid": (depth, height, width), "layout": True, **sizes.network})
    onto_canvas(run, config)
    fitted = fitted_in(run, data)
    log(f"layouts: {fitted.model.rank} numbers tell {100 * fitted.told:.0f} % of how layouts differ")
    trainer = Trainer(MaskNetwork(config), run, minutes=minutes, seed=seed, unused=False, **sizes.training)
    loss = MaskLoss(data, config, trainer.device, fitted)
    told = [
        (torch.from_numpy(data.typed[index]), data.texts[index][0], fitted.model.layout(fitted.codes[index]))
        for index in loss.held
    ]
    pictures = partial(anatomies, told, torch.zeros(config.classes), config.guidance)
    trainer.run(loss, log, check=Check(every=sizes.check, pictures=pictures))
    return trainer
