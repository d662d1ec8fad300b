"""The discriminator that the codec's decoder is trained against.

A 3D patch discriminator on display windows of the volume: on the companded scale alone the grain of soft tissue is too
faint to be seen beside bone and air. Hinge losses; its weight against the reconstruction loss balances their gradients
at the decoder's last layer (Esser et al., CVPR 2021, equation 7). Checkpoints hold it and its optimiser.
"""

from contextlib import nullcontext

import torch
from torch import Tensor, nn
from torch.nn import functional as nnf
from torch.nn.parallel import DistributedDataParallel

from GuideGenLib.codec.compand import compand
from GuideGenLib.training.loop.draws import FITTING, Batch
from GuideGenLib.training.loop.processes import summed
from GuideGenLib.training.loop.trainer import Trainer

WINDOWS_HU = ((-1000.0, -400.0), (-160.0, 240.0), (0.0, 1200.0))
"""Low and high end: lung, soft tissue, bone."""
GRAIN = 10.0
"""Gain of the fine detail, which the discriminator sees beside the windows themselves."""
SHARE = 1.0
"""Gradient that the adversary has at the last layer, relative to the reconstruction's."""
FEATURES = 0.5
"""Weight of the features' distance, in units of the adversarial loss."""
RATE = 4e-4
WARM_UP = 100
"""Steps that only the discriminator learns."""


class Discriminator(nn.Module):
    """Companded volume [B, 1, D, H, W] -> features of each layer; the last one [B, 1, d, h, w] is its judgement."""

    low: Tensor
    high: Tensor

    def __init__(self, widths: tuple[int, ...] = (32, 64, 96)) -> None:
        super().__init__()
        ends = torch.tensor(WINDOWS_HU)
        self.register_buffer("low", compand(ends[:, 0]).view(1, -1, 1, 1, 1))
        self.register_buffer("high", compand(ends[:, 1]).view(1, -1, 1, 1, 1))
        layers, before = [], 2 * len(WINDOWS_HU)
        for number, width in enumerate(widths):  # no norm: the strength of the grain is what shall be judged
            layers.append(nn.Conv3d(before, width, 4 if number < 2 else 3, 2 if number < 2 else 1, 1))
            before = width
        layers.append(nn.Conv3d(before, 1, 3, padding=1))
        self.layers = nn.ModuleList(layers)

    def forward(self, x: Tensor) -> list[Tensor]:
        windows = ((x - self.low) / (self.high - self.low) * 2 - 1).clamp(-1.1, 1.1)
        grain = (windows - nnf.avg_pool3d(windows, 3, 1, 1)) * GRAIN
        h = torch.cat([windows, grain.clamp(-3, 3)], dim=1)
        features = []
        for layer in self.layers[:-1]:
            h = nnf.leaky_relu(layer(h), 0.2)
            features.append(h)
        return [*features, self.layers[-1](h)]


class Judgement(nn.Module):
    """The discriminator's own loss, as one module for the hooks of DistributedDataParallel."""

    def __init__(self, network: Discriminator) -> None:
        super().__init__()
        self.network = network

    def forward(self, real: Tensor, made: Tensor) -> Tensor:
        judged_real, judged_made = self.network(torch.cat([real, made]))[-1].chunk(2)
        return nnf.relu(1 - judged_real).mean() + nnf.relu(1 + judged_made).mean()


class Adversary:
    """A discriminator with its optimiser, kept by the trainer; each call of `loss` lets it learn from one batch."""

    def __init__(self, trainer: Trainer) -> None:
        self.network = Discriminator().to(trainer.device).to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
        self.optimiser = torch.optim.Adam(self.network.parameters(), lr=RATE, betas=(0.5, 0.9))
        trainer.keep("adversary", self.network, self.optimiser)
        self.world = trainer.world
        self.alone = Judgement(self.network)
        self.shared = DistributedDataParallel(self.alone, broadcast_buffers=False) if self.world > 1 else self.alone

    def loss(
        self, output: Tensor, target: Tensor, value: Tensor, last: Tensor, batch: Batch
    ) -> tuple[Tensor, dict[str, float]]:
        """What is added to the decoder's reconstruction loss `value`; output, target companded [B, 1, D, H, W].

        last: weights of the decoder's last layer, at which the gradients are balanced. A batch that only tries the
        memory teaches the discriminator nothing.
        """
        trial = batch.seeds.use == FITTING
        judged = self._learn(output.detach(), target, batch, trial)
        figures = {"judge": judged}
        if batch.step < WARM_UP and not trial:
            return output.new_zeros(()), figures
        self.network.requires_grad_(False)
        with torch.no_grad():
            wanted = self.network(target)[:-1]
        features = self.network(output)
        likeness = sum((a.float() - b.float()).abs().mean() for a, b in zip(features[:-1], wanted, strict=True))
        adversarial = -features[-1].float().mean() + FEATURES * likeness
        self.network.requires_grad_(True)
        own, other = (torch.autograd.grad(each, last, retain_graph=True)[0] for each in (value, adversarial))
        if not trial:  # the gradients of all processes' samples
            own, other = summed(own), summed(other)
        weight = (SHARE * own.norm() / (other.norm() + 1e-8)).clamp(max=1.0).detach()
        return weight * adversarial, figures | {"weight": float(weight)}

    def _learn(self, made: Tensor, real: Tensor, batch: Batch, trial: bool) -> float:
        """The gradients of one pass; after the last one of a step, the discriminator's own step."""
        module = self.alone if trial else self.shared
        alone = isinstance(module, DistributedDataParallel) and not batch.last
        with module.no_sync() if alone else nullcontext():  # type: ignore[operator, union-attr]
            judged = module(real, made)
            (judged * (len(batch.samples) * self.world / batch.total)).backward()
        if batch.last and not trial:
            self.optimiser.step()
        if batch.last or trial:
            self.optimiser.zero_grad(set_to_none=True)
        return float(judged.detach())
