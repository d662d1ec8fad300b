"""Training of the CT stage: first the expected latents, then a rectified flow on what is left over."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as nnf

from GuideGenLib.codec.network import CodecNetwork
from GuideGenLib.ct.network import CTConfig, CTNetwork, Style, expected_latents
from GuideGenLib.training.loop import Trainer, fitting_batch
from GuideGenLib.training.patches import Material, PatchSource

PATCH = 72
BATCH, MOST_BATCH = 2, 32
"""On a CPU, and on a GPU whose memory suffices."""
SPREAD = "spread.json"
UNIFORM_TIMES = 0.2
"""Share of the times that are drawn evenly."""
FLOW_WIDTHS = (64, 120)
"""Of the flow: what the 45 MB of a bundle leave for it."""


@dataclass(frozen=True)
class Batch:
    """latents, reference [B, latent, d, d, d]; labels [B, P, P, P]; depth, clean [B, 1, d, d, d] (1: to be learnt)."""

    latents: Tensor
    labels: Tensor
    reference: Tensor
    depth: Tensor
    clean: Tensor
    style: Style


class CTLoss:
    """Batches of patches as latents, for both trainings. `mean` and `spread` are None while the mean is trained."""

    def __init__(
        self,
        codec: CodecNetwork,
        source: PatchSource,
        count: int = BATCH,
        mean: CTNetwork | None = None,
        spread: Tensor | None = None,
    ) -> None:
        self.source, self.count, self.device = source, count, source.device
        self.codec = codec.to(self.device).eval()
        self.mean = mean.to(self.device).eval() if mean is not None else None
        self.spread = spread

    def fit(self, trainer: Trainer, loss: Callable[[nn.Module, int], tuple[Tensor, dict[str, float]]]) -> None:
        """Take as many patches at once as the device's memory holds."""

        def step(count: int) -> Tensor:
            self.count = count
            return loss(trainer.network, 0)[0]

        self.count = fitting_batch(trainer.device, trainer.network, step, MOST_BATCH, BATCH)

    def batch(self) -> Batch:
        """Patches as latents; text and typed attributes are left out of some."""
        patches = self.source.draw(self.count)
        rng, materials = self.source.rng, patches.materials
        with torch.no_grad():
            latents = self.codec.encode(patches.hu)
            reference = self.codec.encode_linear(patches.reference)
        typed = np.stack([m.typed * (rng.random() > 0.2) for m in materials]).astype(np.float32)
        texts = [m.texts[int(rng.integers(len(m.texts)))].float() for m in materials]
        length = max(len(t) for t in texts)
        text = torch.stack([nnf.pad(t, (0, 0, 0, length - len(t))) for t in texts])
        keep = [len(t) if rng.random() > 0.2 else 0 for t in texts]
        mask = torch.arange(length)[None] < torch.tensor(keep)[:, None]
        style = Style(
            torch.from_numpy(typed).to(self.device), patches.noise, text.to(self.device), mask.to(self.device)
        )
        return Batch(latents, patches.labels, reference, patches.depth, patches.clean, style)

    def residual(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """(expected latents, latents - expected) by the trained mean network."""
        assert self.mean is not None
        with torch.no_grad():
            expected = expected_latents(self.mean, batch.labels, batch.reference, batch.depth, batch.style)
        return expected, batch.latents - expected

    def regression(self, model: nn.Module, step: int) -> tuple[Tensor, dict[str, float]]:
        assert isinstance(model, CTNetwork)
        batch = self.batch()
        features = model.anatomy(batch.labels, batch.reference, batch.depth)
        output = model(batch.reference, features, torch.zeros(self.count, device=self.device), batch.style)
        weight = self.codec.importance.view(1, -1, 1, 1, 1) * batch.clean
        error = (batch.reference + output.float() - batch.latents).abs() * weight
        rendered = (batch.reference - batch.latents).abs() * weight
        return error.mean(), {"plain": float(rendered.mean())}

    def flow(self, model: nn.Module, step: int) -> tuple[Tensor, dict[str, float]]:
        assert isinstance(model, CTNetwork)
        assert self.spread is not None
        batch = self.batch()
        expected, residual = self.residual(batch)
        clean = residual / self.spread.view(1, -1, 1, 1, 1)  # ends at t = 1; noise at t = 0
        noise = torch.randn_like(clean)
        t = torch.sigmoid(torch.randn(self.count, device=self.device))
        # the sampler begins at 0, which a logit-normal time hardly ever is
        t = torch.where(torch.rand(self.count, device=self.device) < UNIFORM_TIMES, torch.rand_like(t), t)
        mixed = (1 - t).view(-1, 1, 1, 1, 1) * noise + t.view(-1, 1, 1, 1, 1) * clean
        features = model.anatomy(batch.labels, batch.reference, batch.depth)
        output = model(torch.cat([mixed, expected], dim=1), features, t, batch.style).float()
        weight = self.codec.importance * self.spread
        weight = (weight / weight.mean()).sqrt().view(1, -1, 1, 1, 1) * batch.clean
        error = ((output - (clean - noise)).square() * weight).mean(dim=(1, 2, 3, 4))
        figures = {
            name: float(error[inside].mean().detach())
            for name, inside in (("v<.3", t < 0.3), ("v<.7", (t >= 0.3) & (t < 0.7)), ("v>.7", t >= 0.7))
            if bool(inside.any())
        }
        return error.mean(), figures


def train_ct_mean(
    codec: CodecNetwork,
    materials: Sequence[Material],
    run: Path,
    *,
    labels: int,
    steps: int = 1500,
    minutes: float | None = None,
    batch: int | None = None,
    patch: int = PATCH,
    seed: int = 0,
    log: Callable[[str], None] = print,
) -> Trainer:
    """Train the regression of the expected latents on batches of `patch`^3 voxels; None takes the batch that fits."""
    config = CTConfig(labels, inputs=codec.latent, latent=codec.latent)
    trainer = Trainer(CTNetwork(config), run, steps=steps, rate=1e-3, minutes=minutes)
    source = PatchSource(materials, trainer.device, [seed, trainer.rank, trainer.step], patch)
    loss = CTLoss(codec, source, batch or 1)
    if batch is None:
        loss.fit(trainer, loss.regression)
    trainer.run(loss.regression, log)
    return trainer


def residual_spread(loss: CTLoss, batches: int = 30) -> Tensor:
    """Standard deviation [latent] of the residual latents, a channel."""
    with torch.autocast(loss.device.type, dtype=torch.bfloat16):
        residuals = [loss.residual(loss.batch())[1] for _ in range(batches)]
    return torch.cat(residuals).float().pow(2).mean(dim=(0, 2, 3, 4)).sqrt()


def train_ct_flow(
    codec: CodecNetwork,
    mean: CTNetwork,
    materials: Sequence[Material],
    run: Path,
    *,
    labels: int,
    steps: int = 4000,
    minutes: float | None = None,
    batch: int | None = None,
    patch: int = PATCH,
    seed: int = 0,
    log: Callable[[str], None] = print,
) -> tuple[Trainer, Tensor]:
    """Train the rectified flow on the standardised residual; returns the trainer and the spread [latent].

    The spread is kept in `run`/spread.json: a resumed run goes on with it, and the bundle takes it from there.
    """
    config = CTConfig(labels, inputs=2 * codec.latent, latent=codec.latent, widths=FLOW_WIDTHS)
    trainer = Trainer(CTNetwork(config), run, steps=steps, rate=1e-3, minutes=minutes, average=0.998)
    source = PatchSource(materials, trainer.device, [seed + 1, trainer.rank, trainer.step], patch)
    loss = CTLoss(codec, source, batch or BATCH, mean)
    kept = run / SPREAD
    if kept.is_file():
        spread = torch.tensor(json.loads(kept.read_text()))
    else:
        spread = residual_spread(loss).cpu()
        if trainer.rank == 0:
            kept.write_text(json.dumps(spread.tolist()))
    loss.spread = spread.to(trainer.device)
    if batch is None:
        loss.fit(trainer, loss.flow)
    trainer.run(loss.flow, log)
    return trainer, spread
