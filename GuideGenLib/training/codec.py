"""Training of the codec (stage 2): first encoder and decoder, then the decoder against an adversary."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as nnf

from GuideGenLib.codec.compand import compand, expand
from GuideGenLib.codec.network import ENCODER, CodecNetwork
from GuideGenLib.core.blocks import space_to_depth
from GuideGenLib.training.adversary import Adversary
from GuideGenLib.training.loop import Trainer, fitting_batch
from GuideGenLib.training.patches import PatchSource

PATCH = 48
BATCH, MOST_BATCH = 4, 32
"""On a CPU, and on a GPU whose memory suffices."""
RATE = 8e-4
DECODER_RATE = 4e-4
"""Of a decoder that goes on from a first phase."""
WITH_LABELS = 0.5
"""Share of the batches whose decoder is told the labels."""
GRAIN_WINDOW = 8
"""Voxels in which the energy of the fine detail is compared."""
LEAST_ENERGY = 2e-5
"""Of fine detail on the companded scale, that of 2 HU of noise in soft tissue: less is not told apart."""
GRAIN_WEIGHT = 0.02
LINEAR_UNIT = 1000.0
"""HU that the loss without HDR means takes as one."""
Loss = Callable[[Tensor, Tensor, np.random.Generator], Tensor]
"""Of a reconstruction on the companded scale and the true HU, both [B, 1, D, H, W]."""


def fit_linear_path(network: CodecNetwork, source: PatchSource, patches: int = 400) -> None:
    """Principal components of the 4^3 blocks of random patches."""
    blocks = [space_to_depth(compand(source.draw(1).hu.float()), 4).flatten(2)[0].T.cpu() for _ in range(patches)]
    network.set_linear_path(torch.cat(blocks))


def hdr_loss(output: Tensor, hu: Tensor, rng: np.random.Generator) -> Tensor:
    """L1 and gradients on the companded scale, and L1 in a random window: every tissue counts."""
    target = compand(hu)
    plain = (output - target).abs().mean()
    return plain + 0.3 * gradient_loss(output, target) + 0.1 * window_loss(output, target, rng)


def linear_loss(output: Tensor, hu: Tensor, _: np.random.Generator) -> Tensor:
    """L1 and gradients in HU: the ablation without HDR means, in which air and bone outweigh soft tissue."""
    made, true = expand(output) / LINEAR_UNIT, hu / LINEAR_UNIT
    return (made - true).abs().mean() + 0.3 * gradient_loss(made, true)


def window_loss(output: Tensor, target: Tensor, rng: np.random.Generator) -> Tensor:
    """L1 after one random intensity window (paper, section 3.3): centre and half-width drawn log-uniformly, HU."""
    centre = float(rng.choice([-800, -600, -100, 40, 60, 150, 400, 800])) + float(rng.normal(0, 30))
    half = float(np.exp(rng.uniform(np.log(80), np.log(800))))
    a, b = (((expand(x) - centre) / half).clamp(-1, 1) for x in (output, target))
    return (a - b).abs().mean()


def gradient_loss(output: Tensor, target: Tensor) -> Tensor:
    """Mean absolute difference of first differences along the three axes."""
    error = output - target
    return sum((error.diff(dim=axis).abs().mean() for axis in (2, 3, 4)), start=error.new_zeros(()))


def grain_loss(output: Tensor, target: Tensor) -> Tensor:
    """How far the strength of the fine detail is off: mean |log ratio| of its local energy on the companded scale.

    An L1 loss alone is lowest where detail that the latents do not hold is averaged away; this one asks for as much of
    it as there was, wherever it lies.
    """
    energies = []
    for x in (output.float(), target.float()):
        detail = x - nnf.avg_pool3d(x, 3, 1, 1, count_include_pad=False)
        energies.append(nnf.avg_pool3d(detail.square(), GRAIN_WINDOW, GRAIN_WINDOW // 2) + LEAST_ENERGY)
    return (energies[0] / energies[1]).log().abs().mean()


def with_new_decoder(state: dict[str, Tensor], labels: int) -> dict[str, Tensor]:
    """Weights of a codec whose encoder is that of `state`, and whose decoder was never trained.

    Nothing of the old decoder stays: the linear path back begins as the pseudo-inverse of the encoder's own.
    """
    network = CodecNetwork(labels, len(state["linear_in.weight"]))
    fresh = network.state_dict() | {key: value for key, value in state.items() if key.startswith(ENCODER)}
    forth, bias = fresh["linear_in.weight"].flatten(1), fresh["linear_in.bias"]
    even = forth.sum(dim=1)  # latents of a block that is one everywhere
    fresh["linear_out.weight"] = torch.linalg.pinv(forth).view_as(network.linear_out.weight)
    fresh["linear_out.bias"] = torch.full_like(fresh["linear_out.bias"], float(-(even @ bias) / (even @ even)))
    return fresh


def train_codec(
    source: PatchSource,
    run: Path,
    *,
    labels: int,
    steps: int = 1500,
    minutes: float | None = None,
    batch: int | None = None,
    rate: float = RATE,
    decoder_only: bool = False,
    adversarial: bool = False,
    initial: dict[str, Tensor] | None = None,
    loss: Loss = hdr_loss,
    log: Callable[[str], None] = print,
) -> Trainer:
    """Train on batches of patches; `decoder_only` freezes the encoder, so that latents made before stay valid.

    adversarial: the decoder also learns to make what a discriminator takes for scans (paper, section 3.3), so that the
    grain that latents cannot hold is drawn instead of averaged away. initial: weights to begin with, those of a first
    phase; without them the linear path is fitted to the scans.
    """
    if initial is None:
        network = CodecNetwork(labels)
        fit_linear_path(network, source)
    else:
        network = CodecNetwork(labels, len(initial["linear_in.weight"]))
        network.load_state_dict(initial)
    trainer = Trainer(network, run, steps=steps, minutes=minutes, rate=rate)
    if decoder_only:
        for part in ENCODER:
            network.get_submodule(part).requires_grad_(False)
    adversary = Adversary(trainer.device) if adversarial else None
    rng = source.rng

    def step_loss(model: nn.Module, step: int, count: int) -> tuple[Tensor, dict[str, float]]:
        patches = source.draw(count)
        hu = patches.hu + torch.randn(count, 1, 1, 1, 1, device=trainer.device) * 5
        output, latents = model(hu, patches.labels if rng.random() < WITH_LABELS else None)
        drift = nnf.relu(latents.abs() - 6).mean()
        value = loss(output, hu, rng) + drift
        if adversary is not None:
            value = value + GRAIN_WEIGHT * grain_loss(output, compand(hu))
        figures = {
            "l1": float((output.detach() - compand(hu)).abs().mean()),
            "spread": float(latents.std().detach()),
        }
        if adversary is not None:
            assert isinstance(model, CodecNetwork)
            extra, more = adversary.loss(output, compand(hu), value, model.decoder_last.weight)
            value, figures = value + extra, figures | more
        return value, figures

    if batch is None:
        batch = fitting_batch(trainer.device, network, lambda n: step_loss(network, 0, n)[0], MOST_BATCH, BATCH)
    trainer.run(partial(step_loss, count=batch), log)
    return trainer
