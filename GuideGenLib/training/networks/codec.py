"""Training of the codec (stage 2): first encoder and decoder, then the decoder against an adversary."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as nnf
from torch.utils.data import default_collate

from GuideGenLib.codec.compand import compand, expand
from GuideGenLib.codec.network import ENCODER, FACTOR, CodecNetwork
from GuideGenLib.core.blocks import space_to_depth
from GuideGenLib.training.loop.checkpoint import CHECKPOINT
from GuideGenLib.training.loop.checks import Check
from GuideGenLib.training.loop.draws import FITTING, VALIDATION, Batch, Seeds, normal
from GuideGenLib.training.loop.processes import training_device
from GuideGenLib.training.loop.trainer import Trainer
from GuideGenLib.training.networks.adversary import Adversary
from GuideGenLib.training.networks.cutting import Cuts, Material
from GuideGenLib.training.networks.patches import Variation
from GuideGenLib.training.networks.pictures import reconstructions
from GuideGenLib.training.presets import Sizes
from GuideGenLib.training.sizes import codec_arguments

FITTING_SHARE, LEAST_PATCHES = 0.2, 20
"""Of a training's minutes that the fit of the linear path may take, with so many patches at least."""
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


def fit_linear_path(network: CodecNetwork, cuts: Cuts, patches: int = 400, minutes: float | None = None) -> None:
    """Principal components of the 4^3 blocks of random patches; of fewer of them where a training has few minutes."""
    began, blocks = time.monotonic(), []
    variation = Variation(cuts.scans, training_device())
    fitting = cuts.of(FITTING)
    for number in range(patches):
        hu = variation(Batch(fitting.seeds, 0, (number,), default_collate([fitting[number]]))).hu
        blocks.append(space_to_depth(compand(hu), FACTOR).flatten(2)[0].T.cpu())
        late = minutes is not None and time.monotonic() - began > 60 * minutes * FITTING_SHARE
        if late and len(blocks) >= LEAST_PATCHES:
            break
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
    network = CodecNetwork(**{**codec_arguments(state), "labels": labels})
    fresh = network.state_dict() | {key: value for key, value in state.items() if key.startswith(ENCODER)}
    forth, bias = fresh["linear_in.weight"].flatten(1), fresh["linear_in.bias"]
    even = forth.sum(dim=1)  # latents of a block that is one everywhere
    fresh["linear_out.weight"] = torch.linalg.pinv(forth).view_as(network.linear_out.weight)
    fresh["linear_out.bias"] = torch.full_like(fresh["linear_out.bias"], float(-(even @ bias) / (even @ even)))
    return fresh


class CodecLoss:
    """One training step of the codec on a batch of cuts."""

    def __init__(self, variation: Variation, loss: Loss, adversary: Adversary | None) -> None:
        self.variation, self.loss, self.adversary = variation, loss, adversary

    def __call__(self, model: CodecNetwork, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        patches, rngs, step = self.variation(batch), batch.each(), batch.once()
        hu = patches.hu + 5 * normal(rngs, (1, 1, 1, 1), patches.hu.device)
        told = patches.labels if step.random() < WITH_LABELS else None
        noise = normal(rngs, (model.latent, *(n // FACTOR for n in hu.shape[2:])), hu.device)
        output, latents = model(hu, told, noise)
        target = compand(hu)
        value = self.loss(output, hu, step) + nnf.relu(latents.abs() - 6).mean()
        figures = {
            "l1": float((output.detach() - target).abs().mean()),
            "spread": float(latents.std().detach()),
        }
        if self.adversary is not None:
            value = value + GRAIN_WEIGHT * grain_loss(output, target)
            if model.training:
                extra, more = self.adversary.loss(output, target, value, model.decoder_last.weight, batch)
                value, figures = value + extra, figures | more
        return value, figures


def train_codec(
    materials: Sequence[Material],
    run: Path,
    sizes: Sizes,
    *,
    labels: int,
    validation: Sequence[Material] = (),
    minutes: float | None = None,
    seed: int = 0,
    decoder_only: bool = False,
    adversarial: bool = False,
    initial: dict[str, Tensor] | None = None,
    loss: Loss = hdr_loss,
    log: Callable[[str], None] = print,
) -> Trainer:
    """Train on batches of patches; `decoder_only` freezes the encoder, so that latents made before stay valid.

    adversarial: the decoder also learns to make what a discriminator takes for scans (paper, section 3.3), so that the
    grain that latents cannot hold is drawn instead of averaged away. initial: weights to begin with, those of a first
    phase; without them the linear path is fitted to the scans. validation: see `Cuts`.
    """
    if initial is None:
        network = CodecNetwork(labels, **sizes.network)
    else:
        network = CodecNetwork(**codec_arguments(initial))
        network.load_state_dict(initial)
    cuts = Cuts(materials, sizes.patch, Seeds(seed), validation)
    if initial is None and not (run / CHECKPOINT).is_file():
        fit_linear_path(network, cuts, minutes=minutes)
    trainer = Trainer(network, run, minutes=minutes, seed=seed, **sizes.training)
    if decoder_only:
        for part in ENCODER:
            network.get_submodule(part).requires_grad_(False)
    variation = Variation(cuts.scans, trainer.device)
    adversary = Adversary(trainer) if adversarial else None
    check = Check(
        cuts.of(VALIDATION), sizes.check, pictures=partial(reconstructions, cuts, variation), keep_best=not adversarial
    )
    trainer.run(CodecLoss(variation, loss, adversary), log, data=cuts, check=check)
    return trainer
