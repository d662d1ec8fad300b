"""Pinaya's: an autoencoder, and latent diffusion conditioned on a few numbers of the patient.

Pinaya et al., "Brain imaging generation with latent diffusion models", DGM4MICCAI 2022 (arXiv 2209.07162). Kept: KL
latents of 3 channels in cells of 8 voxels, a 3D U-Net on the latents of a whole volume, covariates as channels beside
the noisy latents and by cross-attention at once, 1000 times of a scaled linear schedule, squared loss of the noise, 50
steps of DDIM.

Departures: its covariates age, sex and volumes of ventricles and brain are age, sex and build here, as far as our own
reader finds them in the text, each with whether it is known; no adversarial and perceptual loss of the autoencoder; our
number of weights; voxels of 3 mm; a torso of which each scan shows a part, so that latents of what it does not show do
not count. It is told no lesion, as in the paper.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import torch
from monai.networks.nets import DiffusionModelUNet
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as nnf

from GuideGenLib.anatomy.torso_frame import CANVAS
from GuideGenLib.core.progress import Progress
from GuideGenLib.description.conditioning import RESERVED
from GuideGenLib.rivals.diffusion import ddim, ddpm, mean_of, noisy
from GuideGenLib.rivals.frame import Asked, Figures, Phase, Rival, Sample, generator, padded, unscaled
from GuideGenLib.rivals.latents import KLCodec
from GuideGenLib.training.loop.draws import Batch

SCHEDULE = "scaled_linear_beta"
PROCESS = ddpm(SCHEDULE)
COVARIATES = RESERVED
"""Sex, age and build, each with a flag."""


class Pinaya(Rival):
    """Covariates -> HU of a torso at 3 mm."""

    name, shown, kind = "pinaya", "Pinaya's", "text"
    CONFIG: ClassVar[Mapping[str, Any]] = {
        "codec": (16, 32, 64, 128), "latent": 3, "kl": 1e-6, "channels": (64, 128, 192), "blocks": 1, "groups": 8,
    }  # fmt: skip
    PHASES = (Phase("codec", 0.4, 2, "crops", 64), Phase("unet", 0.6, 1, "fine"))
    STEPS = 50
    VOXELS = "latents of 24 mm, HU at 3 mm, told age, sex and build alone"

    def build(self) -> None:
        c = self.config
        levels = len(c["channels"])
        self.multiple = 2 ** (levels - 1)
        self.codec = KLCodec(c["codec"], c["latent"], c["kl"], groups=c["groups"])
        self.unet = DiffusionModelUNet(
            3, c["latent"] + COVARIATES, c["latent"], c["blocks"], tuple(c["channels"]),
            (False, *[True] * (levels - 1)), c["groups"],
            num_head_channels=(0, *[c["groups"] * 4] * (levels - 1)),
            with_conditioning=True, cross_attention_dim=COVARIATES,
        )  # fmt: skip

    def loss(self, phase: Phase, sample: Sample, batch: Batch) -> tuple[Tensor, Figures]:
        if phase.part == "codec":
            return self.codec.loss(sample.hu, sample.seen, batch.each())
        seen = 1 - nnf.max_pool3d(1 - sample.seen, self.codec.factor)
        z = self.code(phase, sample.hu) if sample.code is None else sample.code
        assert z is not None
        mixed, noise, times = noisy(PROCESS, z, batch.each())
        return mean_of((self._noise(mixed, times, sample.typed) - noise).square(), seen), {"seen": float(seen.mean())}

    def code(self, phase: Phase, hu: Tensor) -> Tensor | None:
        """Latents for the U-Net."""
        return self.codec.encode(hu) if phase.part == "unet" else None

    def _noise(self, x: Tensor, times: Tensor, typed: Tensor) -> Tensor:
        told, (d, h, w) = typed[:, :COVARIATES], x.shape[2:]
        x = padded(x, self.multiple)
        beside = told.view(*told.shape, 1, 1, 1).expand(-1, -1, *x.shape[2:])
        return self.unet(torch.cat([x, beside], dim=1), times, context=told[:, None])[..., :d, :h, :w].float()

    @torch.no_grad()
    def sample(self, asked: Asked, progress: Progress) -> NDArray[np.float32]:
        device = self.codec.spread.device
        typed = asked.typed.to(device)[None]
        shape = (1, self.codec.latent, *(n // self.codec.factor for n in CANVAS))
        noise = torch.randn(shape, generator=generator(asked.seed, device), device=device)
        steps = asked.steps or self.STEPS
        z = ddim(PROCESS, SCHEDULE, lambda x, t: self._noise(x, t, typed), noise, steps, progress, clip=False)
        return unscaled(self.codec.decode(z))
