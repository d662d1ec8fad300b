"""Training of the codec (stage 2)."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as nnf

from GuideGenLib.codec.compand import compand, expand
from GuideGenLib.codec.network import ENCODER, CodecNetwork
from GuideGenLib.core.blocks import space_to_depth
from GuideGenLib.data.scans import Scan
from GuideGenLib.training.loop import Trainer

PATCH = 48
BATCH = 4
RATE = 8e-4
DECODER_RATE = 4e-4
"""Of a decoder that goes on from a first phase."""
LINEAR_UNIT = 1000.0
"""HU that the loss without HDR means takes as one."""
Loss = Callable[[Tensor, Tensor, np.random.Generator], Tensor]
"""Of a reconstruction on the companded scale and the true HU, both [B, 1, D, H, W]."""


def random_patch(scan: Scan, size: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray | None]:
    """HU and labels [size]^3 around a random voxel, nine times in ten in the body; edges are padded with air."""
    shape = np.array(scan.hu.shape)
    for _ in range(8):
        centre = rng.integers(0, shape)
        if rng.random() < 0.1 or scan.hu[tuple(centre)] > -950:
            break
    start = np.clip(centre - size // 2, 0, np.maximum(shape - size, 0))
    window = tuple(slice(a, a + size) for a in start)
    missing = [(0, max(0, size - n)) for n in shape]
    hu = np.pad(np.asarray(scan.hu[window]), missing, constant_values=-1024)
    labels = None if scan.labels is None else np.pad(np.asarray(scan.labels[window]), missing)
    return hu, labels


def fit_linear_path(network: CodecNetwork, scans: Sequence[Scan], rng: np.random.Generator) -> None:
    """Principal components of the 4^3 blocks of 400 random patches."""
    blocks = []
    for _ in range(400):
        hu, _ = random_patch(scans[int(rng.integers(len(scans)))], 32, rng)
        x = space_to_depth(compand(torch.from_numpy(hu.astype(np.float32))[None, None]), 4)
        blocks.append(x.flatten(2)[0].T)
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


def with_new_decoder(state: dict[str, Tensor], labels: int) -> dict[str, Tensor]:
    """Weights of a codec whose encoder is that of `state`, and whose decoder was never trained.

    Nothing of the old decoder stays: the linear path back begins as the pseudo-inverse of the encoder's own.
    """
    network = CodecNetwork(labels)
    fresh = network.state_dict() | {key: value for key, value in state.items() if key.startswith(ENCODER)}
    forth, bias = fresh["linear_in.weight"].flatten(1), fresh["linear_in.bias"]
    even = forth.sum(dim=1)  # latents of a block that is one everywhere
    fresh["linear_out.weight"] = torch.linalg.pinv(forth).view_as(network.linear_out.weight)
    fresh["linear_out.bias"] = torch.full_like(fresh["linear_out.bias"], float(-(even @ bias) / (even @ even)))
    return fresh


def train_codec(
    scans: Sequence[Scan],
    run: Path,
    *,
    labels: int,
    steps: int = 1500,
    seed: int = 0,
    rate: float = RATE,
    decoder_only: bool = False,
    initial: dict[str, Tensor] | None = None,
    loss: Loss = hdr_loss,
    log: Callable[[str], None] = print,
) -> Trainer:
    """Train on patches of `scans`; `decoder_only` freezes the encoder, so that latents made before stay valid.

    `initial`: weights to begin with, those of a first phase; without them the linear path is fitted to the scans.
    """
    network = CodecNetwork(labels)
    if initial is None:
        fit_linear_path(network, scans, np.random.default_rng(seed))
    else:
        network.load_state_dict(initial)
    trainer = Trainer(network, run, steps=steps, rate=rate)
    if decoder_only:
        for part in ENCODER:
            network.get_submodule(part).requires_grad_(False)
    sampler = np.random.default_rng([seed, trainer.rank, trainer.step])
    labelled = [scan for scan in scans if scan.labels is not None]

    def step_loss(model: nn.Module, step: int) -> tuple[Tensor, dict[str, float]]:
        masked = bool(labelled) and step % 2 == 0
        pool = labelled if masked else scans
        drawn = [random_patch(pool[int(sampler.integers(len(pool)))], PATCH, sampler) for _ in range(BATCH)]
        hu = torch.from_numpy(np.stack([d[0] for d in drawn])[:, None].astype(np.float32)).to(trainer.device)
        hu = hu + torch.randn(BATCH, 1, 1, 1, 1, device=hu.device) * 5
        mask = torch.from_numpy(np.stack([d[1] for d in drawn])).to(trainer.device) if masked else None  # type: ignore[misc]
        output, latents = model(hu, mask)
        drift = nnf.relu(latents.abs() - 6).mean()
        return loss(output, hu, sampler) + drift, {
            "l1": float((output.detach() - compand(hu)).abs().mean()),
            "spread": float(latents.std().detach()),
        }

    trainer.run(step_loss, log)
    return trainer
