"""Drawing a coarse anatomy from the trained denoiser by either process."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from GuideGenLib.mask import categorical, flow
from GuideGenLib.mask.network import Conditions, MaskNetwork
from GuideGenLib.progress import Progress

CATEGORICAL_STEPS = 20
FLOW_STEPS = 12
GUIDED_SHARE = 0.6
"""Guidance decides what the anatomy is; the last steps only draw borders and go without it."""


@dataclass
class Denoiser:
    """The network with its conditions, guidance and slab fixed: (x, previous, time) -> log-probabilities [classes, D, H, W].

    `log_weights` [classes] are the class weights of the training loss: a weighted cross-entropy learns w_k p_k, so the
    logits are corrected by them.
    """

    network: MaskNetwork
    conditions: Conditions
    guidance: float
    log_weights: Tensor
    z_start: int = 0

    def log_probability(self, x: Tensor, previous: Tensor, time: float, process: int, guided: bool) -> Tensor:
        clock = torch.full((1,), time, device=x.device)
        kind = torch.full((1,), float(process), device=x.device)
        features = self.network(x, previous, clock, kind, self.conditions, self.z_start)
        logits = self.network.logits(features)
        if guided and self.guidance != 1:
            features = self.network(x, previous, clock, kind, self.conditions.dropped(), self.z_start)
            free = self.network.logits(features)
            logits = free + self.guidance * (logits - free)
        return (logits.float() - self.log_weights.view(-1, 1, 1, 1)).log_softmax(dim=0)

    def expected_code(self, log_probability: Tensor) -> Tensor:
        """[1, code, D, H, W] mean code under the probabilities."""
        classes, *shape = log_probability.shape
        codes = self.network.codes.T @ log_probability.exp().reshape(classes, -1)
        return codes.reshape(1, -1, *shape)


def sample_flow(
    denoiser: Denoiser, depth: int, generator: torch.Generator, steps: int = FLOW_STEPS, progress: Progress | None = None
) -> Tensor:
    """Euler steps from noise along the rectified flow; returns the last log-probabilities [classes, depth, H, W]."""
    shape = (1, denoiser.network.config.code, depth, *denoiser.network.config.grid[1:])
    x = _full_grid_noise(denoiser, shape, generator)
    previous = torch.zeros_like(x)
    times = flow.times(steps)
    log_probability = torch.empty(0)
    for i in range(steps):
        log_probability = denoiser.log_probability(x, previous, max(times[i], 1e-3), 0, i < GUIDED_SHARE * steps)
        previous = denoiser.expected_code(log_probability)
        x = flow.euler_step(x, previous, times[i], times[i + 1])
        if progress:
            progress("mask", (i + 1) / steps)
    return log_probability


def sample_categorical(
    denoiser: Denoiser, depth: int, generator: torch.Generator, steps: int = CATEGORICAL_STEPS, progress: Progress | None = None
) -> Tensor:
    """The paper's reverse process, strided to `steps` steps; returns the last log-probabilities [classes, depth, H, W]."""
    network = denoiser.network
    classes = network.config.classes
    shape = (depth, *network.config.grid[1:])
    labels = torch.randint(classes, shape, generator=generator, device=network.codes.device, dtype=torch.uint8)
    previous = torch.zeros((1, network.config.code, *shape), device=labels.device)
    log_probability = torch.empty(0)
    for i, (keep_t, keep_s) in enumerate(categorical.schedule(steps)):
        x = network.codes[labels.int()].permute(3, 0, 1, 2)[None]
        log_probability = denoiser.log_probability(x, previous, keep_t, 1, i < GUIDED_SHARE * steps)
        previous = denoiser.expected_code(log_probability)
        posterior = categorical.averaged_posterior(labels, log_probability.exp(), keep_t, keep_s)
        labels = categorical.draw(posterior, generator)
        if progress:
            progress("mask", (i + 1) / steps)
    return log_probability


SAMPLERS: dict[str, Callable[..., Tensor]] = {"flow": sample_flow, "categorical": sample_categorical}


def _full_grid_noise(denoiser: Denoiser, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Noise of the whole grid, cut to the slab: a region and the torso of one seed are made from the same noise."""
    network = denoiser.network
    whole = torch.randn((1, shape[1], *network.config.grid), generator=generator, device=network.codes.device)
    return whole[:, :, denoiser.z_start : denoiser.z_start + shape[2]]
