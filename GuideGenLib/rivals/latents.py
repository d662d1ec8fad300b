"""An autoencoder with a Gaussian bottleneck as two rivals have it, its latents standardised by their spread."""

from collections.abc import Sequence

import numpy as np
import torch
from monai.inferers import sliding_window_inference
from monai.networks.nets import AutoencoderKL
from torch import Tensor, nn

from GuideGenLib.rivals.diffusion import mean_of
from GuideGenLib.rivals.frame import Figures
from GuideGenLib.training.loop.draws import normal

TILE, OVERLAP = 24, 0.25
"""Latent cells a side of what is decoded at once, and by how much these parts overlap."""
FOLLOW = 0.02
"""By how much the measured spread follows that of a batch."""


class KLCodec(nn.Module):
    """HU in -1..1 [B, 1, D, H, W] to standardised latents and back. kl: weight of the divergence from a unit Gaussian;
    factor: voxels of a latent cell along each side."""

    spread: Tensor

    def __init__(self, channels: Sequence[int], latent: int, kl: float, blocks: int = 1, groups: int = 8) -> None:
        super().__init__()
        self.kl, self.factor, self.latent = kl, 2 ** (len(channels) - 1), latent
        self.network = AutoencoderKL(
            3, 1, 1, [blocks] * len(channels), channels, [False] * len(channels), latent, groups,
            with_encoder_nonlocal_attn=False, with_decoder_nonlocal_attn=False,
        )  # fmt: skip
        self.register_buffer("spread", torch.ones(()))

    def loss(self, x: Tensor, seen: Tensor, rngs: Sequence[np.random.Generator]) -> tuple[Tensor, Figures]:
        """L1 of the reconstruction where it is known, and the divergence."""
        mean, sigma = (part.float() for part in self.network.encode(x))
        z = mean + sigma * normal(rngs, mean.shape[1:], mean.device)
        if self.training:
            self.spread.lerp_(mean.detach().std().float(), FOLLOW)
        l1 = mean_of((self.network.decode(z).float() - x).abs(), seen)
        divergence = 0.5 * (mean.square() + sigma.square() - 2 * sigma.clamp_min(1e-6).log() - 1).mean()
        return l1 + self.kl * divergence, {"l1": float(l1.detach()), "spread": float(mean.detach().std())}

    @torch.no_grad()
    def encode(self, x: Tensor) -> Tensor:
        """Mean latents over their spread."""
        return self.network.encode(x)[0].float() / self.spread

    @torch.no_grad()
    def decode(self, z: Tensor) -> Tensor:
        """HU in -1..1 of latents of any size, part by part."""
        roi = [min(TILE, n) for n in z.shape[2:]]
        made = sliding_window_inference(z * self.spread, roi, 1, self.network.decode, OVERLAP, mode="gaussian")
        assert isinstance(made, Tensor)
        return made.float()
