"""Training of the CT stage: first the expected latents, then a rectified flow on what is left over."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as nnf
from torch.utils.data import default_collate

from GuideGenLib.codec.network import CodecNetwork
from GuideGenLib.core.files import write_text
from GuideGenLib.ct.network import CTConfig, CTNetwork, Style, expected_latents
from GuideGenLib.ct.synthesizer import integrate
from GuideGenLib.training.loop.checks import Check
from GuideGenLib.training.loop.draws import FITTING, VALIDATION, Batch, Seeds, normal
from GuideGenLib.training.loop.processes import first_process_first
from GuideGenLib.training.loop.trainer import Trainer
from GuideGenLib.training.networks.cutting import Cuts, Material
from GuideGenLib.training.networks.patches import Patches, Variation
from GuideGenLib.training.networks.pictures import generated
from GuideGenLib.training.presets import Sizes

SPREAD = "spread.json"
SPREAD_PATCHES, LEAST_PATCHES, SPREAD_SHARE = 60, 8, 0.2
"""Patches that the spread is measured on, and least ones where a training has few minutes; share that it may take."""
UNIFORM_TIMES = 0.2
"""Share of the times that are drawn evenly."""
PICTURE_STEPS = 8
FLOW_AVERAGE = 0.998


@dataclass(frozen=True)
class Latents:
    """latents, reference [B, latent, d, d, d]; labels [B, P, P, P]; depth, clean [B, 1, d, d, d] (1: to be learnt)."""

    latents: Tensor
    labels: Tensor
    reference: Tensor
    depth: Tensor
    clean: Tensor
    style: Style


class CTLoss:
    """Patches as latents and the loss on them, for both trainings. `mean` and `spread` are None for the mean."""

    def __init__(
        self,
        codec: CodecNetwork,
        variation: Variation,
        mean: CTNetwork | None = None,
        spread: Tensor | None = None,
    ) -> None:
        self.variation, self.device = variation, variation.device
        self.codec = codec.to(self.device).eval()
        self.mean = mean.to(self.device).eval() if mean is not None else None
        self.spread = spread

    @torch.no_grad()
    def latents(self, patches: Patches, rngs: Sequence[np.random.Generator]) -> Latents:
        """Patches as latents; text and typed attributes are left out of some."""
        typed, texts, keep = [], [], []
        for rng, material in zip(rngs, patches.materials, strict=True):
            typed.append(material.typed * np.float32(rng.random() > 0.2))
            texts.append(material.texts[int(rng.integers(len(material.texts)))].float())
            keep.append(len(texts[-1]) if rng.random() > 0.2 else 0)
        length = max(len(t) for t in texts)
        text = torch.stack([nnf.pad(t, (0, 0, 0, length - len(t))) for t in texts])
        mask = torch.arange(length)[None] < torch.tensor(keep)[:, None]
        style = Style(
            torch.from_numpy(np.stack(typed).astype(np.float32)).to(self.device),
            patches.noise,
            text.to(self.device),
            mask.to(self.device),
        )
        latents, reference = self.codec.encode(patches.hu), self.codec.encode_linear(patches.reference)
        return Latents(latents, patches.labels, reference, patches.depth, patches.clean, style)

    @torch.no_grad()
    def expected(self, batch: Latents) -> Tensor:
        """Expected latents by the trained mean network."""
        assert self.mean is not None
        return expected_latents(self.mean, batch.labels, batch.reference, batch.depth, batch.style)

    def regression(self, model: CTNetwork, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        """Of the mean network."""
        drawn = self.latents(self.variation(batch), batch.each())
        features = model.anatomy(drawn.labels, drawn.reference, drawn.depth)
        clock = torch.zeros(len(batch.samples), device=self.device)
        output = model(drawn.reference, features, clock, drawn.style)
        weight = self.codec.importance.view(1, -1, 1, 1, 1) * drawn.clean
        error = (drawn.reference + output.float() - drawn.latents).abs() * weight
        rendered = (drawn.reference - drawn.latents).abs() * weight
        return error.mean(), {"plain": float(rendered.mean())}

    def flow(self, model: CTNetwork, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        """Of the flow network."""
        assert self.spread is not None
        rngs = batch.each()
        drawn = self.latents(self.variation(batch), rngs)
        expected = self.expected(drawn)
        clean = (drawn.latents - expected) / self.spread.view(1, -1, 1, 1, 1)  # ends at t = 1; noise at t = 0
        noise = normal(rngs, clean.shape[1:], self.device)
        t = torch.tensor([flow_time(rng) for rng in rngs], dtype=torch.float32, device=self.device)
        mixed = (1 - t).view(-1, 1, 1, 1, 1) * noise + t.view(-1, 1, 1, 1, 1) * clean
        features = model.anatomy(drawn.labels, drawn.reference, drawn.depth)
        output = model(torch.cat([mixed, expected], dim=1), features, t, drawn.style).float()
        weight = self.codec.importance * self.spread
        weight = (weight / weight.mean()).sqrt().view(1, -1, 1, 1, 1) * drawn.clean
        error = ((output - (clean - noise)).square() * weight).mean(dim=(1, 2, 3, 4))
        figures = {
            name: float(error[inside].mean().detach())
            for name, inside in (("v<.3", t < 0.3), ("v<.7", (t >= 0.3) & (t < 0.7)), ("v>.7", t >= 0.7))
            if bool(inside.any())
        }
        return error.mean(), figures

    # ------------------------------------------------------------ pictures

    def expect(self, model: CTNetwork, patches: Patches, batch: Batch) -> Tensor:
        """The latents that a mean network expects."""
        drawn = self.latents(patches, batch.each())
        return expected_latents(model, drawn.labels, drawn.reference, drawn.depth, drawn.style)

    def generate(self, model: CTNetwork, patches: Patches, batch: Batch) -> Tensor:
        """Latents drawn by a flow network in few steps."""
        assert self.spread is not None
        rngs = batch.each()
        drawn = self.latents(patches, rngs)
        expected, features = self.expected(drawn), model.anatomy(drawn.labels, drawn.reference, drawn.depth)

        def velocity(x: Tensor, time: float) -> Tensor:
            clock = torch.full((len(x),), time, device=self.device)
            return model(torch.cat([x, expected], dim=1), features, clock, drawn.style).float()

        noise = normal(rngs, expected.shape[1:], self.device)
        made = integrate(velocity, noise, PICTURE_STEPS)
        return expected + made * self.spread.view(1, -1, 1, 1, 1)


def flow_time(rng: np.random.Generator) -> float:
    """A time of the flow: logit-normal, or uniform, as the sampler begins at 0, which a logit-normal hardly ever is."""
    return float(rng.random() if rng.random() < UNIFORM_TIMES else 1 / (1 + np.exp(-rng.normal())))


def check_of(cuts: Cuts, loss: CTLoss, sizes: Sizes, make: Callable[[CTNetwork, Patches, Batch], Tensor]) -> Check:
    """Validation on patches that are never trained on, and pictures of some of them."""

    def pictures(network: torch.nn.Module) -> Mapping[str, Tensor]:
        assert isinstance(network, CTNetwork)
        return generated(cuts, loss.variation, loss.codec, partial(make, network))

    return Check(cuts.of(VALIDATION), sizes.check, pictures=pictures)


def train_ct_mean(
    codec: CodecNetwork,
    materials: Sequence[Material],
    run: Path,
    sizes: Sizes,
    *,
    labels: int,
    validation: Sequence[Material] = (),
    minutes: float | None = None,
    seed: int = 0,
    log: Callable[[str], None] = print,
) -> Trainer:
    """Train the regression of the expected latents. validation: see `Cuts`."""
    config = CTConfig(labels, inputs=codec.latent, latent=codec.latent, **sizes.network)
    trainer = Trainer(CTNetwork(config), run, minutes=minutes, seed=seed, unused=False, **sizes.training)
    cuts = Cuts(materials, sizes.patch, Seeds(seed), validation)
    loss = CTLoss(codec, Variation(cuts.scans, trainer.device))
    trainer.run(loss.regression, log, data=cuts, check=check_of(cuts, loss, sizes, loss.expect))
    return trainer


def residual_spread(loss: CTLoss, cuts: Cuts, minutes: float | None = None) -> Tensor:
    """Standard deviation [latent] of the residual latents, a channel, on the CPU."""
    began, squares = time.monotonic(), []
    fitting = cuts.of(FITTING)
    for number in range(SPREAD_PATCHES):
        batch = Batch(fitting.seeds, number, (number,), default_collate([fitting[number]]))
        drawn = loss.latents(loss.variation(batch), batch.each())
        squares.append((drawn.latents - loss.expected(drawn)).float().square().mean(dim=(0, 2, 3, 4)).cpu())
        late = minutes is not None and time.monotonic() - began > 60 * minutes * SPREAD_SHARE
        if late and len(squares) >= LEAST_PATCHES:
            break
    return torch.stack(squares).mean(dim=0).sqrt()


def train_ct_flow(
    codec: CodecNetwork,
    mean: CTNetwork,
    materials: Sequence[Material],
    run: Path,
    sizes: Sizes,
    *,
    labels: int,
    validation: Sequence[Material] = (),
    minutes: float | None = None,
    seed: int = 0,
    log: Callable[[str], None] = print,
) -> tuple[Trainer, Tensor]:
    """Train the rectified flow on the standardised residual; returns the trainer and the spread [latent].

    validation: see `Cuts`. The spread is kept in `run`/spread.json: a resumed run goes on with it, and the bundle takes
    it from there.
    """
    config = CTConfig(labels, inputs=2 * codec.latent, latent=codec.latent, **sizes.network)
    trainer = Trainer(
        CTNetwork(config), run, minutes=minutes, seed=seed, average=FLOW_AVERAGE, unused=False, **sizes.training
    )
    cuts = Cuts(materials, sizes.patch, Seeds(seed), validation)
    loss = CTLoss(codec, Variation(cuts.scans, trainer.device), mean)
    kept = run / SPREAD
    with first_process_first(), trainer.autocast():
        if not kept.is_file():
            write_text(json.dumps(residual_spread(loss, cuts, minutes).tolist()), kept)
    spread = torch.tensor(json.loads(kept.read_text()))
    loss.spread = spread.to(trainer.device)
    trainer.run(loss.flow, log, data=cuts, check=check_of(cuts, loss, sizes, loss.generate))
    return trainer, spread
