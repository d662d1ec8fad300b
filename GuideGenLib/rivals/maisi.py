"""MAISI: a KL autoencoder, a rectified flow of its latents, and a ControlNet that reads the coded mask.

Guo et al., WACV 2025 (arXiv 2409.11169); Zhao et al., MAISI-v2, arXiv 2508.05772, from which the flow is. Kept: latents
of 4 channels in cells of 4 voxels, HU -1000..1000, the mask's values as 8 bits, spacing as an embedding (mm x 100), a
flow with L1 loss, even times, shifted by the size of the volume at sampling, a ControlNet that begins as the U-Net and
learns while that stays as it is, 30 Euler steps, background set to -1000 HU by the mask.

Departures: three levels of 32 to 112 channels in place of four of 64 to 512 (our number of weights), attention at the
last; our label values in the 8 bits in place of its 132 classes; all scans have 2 mm, so spacing is one number; no
perceptual and adversarial loss of the autoencoder; no loss for tumour fidelity and no check of HU with a retry; patches
of 64^3 in training, and at sampling the whole volume.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import torch
from monai.apps.generation.maisi.networks.controlnet_maisi import ControlNetMaisi
from monai.apps.generation.maisi.networks.diffusion_model_unet_maisi import DiffusionModelUNetMaisi
from monai.networks.utils import copy_model_state
from numpy.typing import NDArray
from torch import Tensor

from GuideGenLib.anatomy.table import as_networks_know
from GuideGenLib.core.progress import Progress
from GuideGenLib.ct.synthesizer import SPACING
from GuideGenLib.rivals.diffusion import flow, noisy, rectified
from GuideGenLib.rivals.frame import Asked, Figures, Phase, Rival, Sample, generator, padded, unscaled
from GuideGenLib.rivals.latents import KLCodec
from GuideGenLib.training.loop.draws import Batch

BITS = 8
TIMES = rectified()
AIR_HU = -1000.0


class Maisi(Rival):
    """Labels at 2 mm -> HU at 2 mm."""

    name, shown, kind = "maisi", "MAISI", "mask"
    CONFIG: ClassVar[Mapping[str, Any]] = {
        "codec": (16, 32, 64), "latent": 4, "kl": 1e-7, "channels": (32, 64, 112), "condition": (8, 32, 32),
        "groups": 8,
    }  # fmt: skip
    PHASES = (
        Phase("codec", 0.3, 2, "patches", 64),
        Phase("unet", 0.4, 2, "patches", 64),
        Phase("control", 0.3, 2, "patches", 64),
    )
    STEPS = 30
    VOXELS = "latents of 8 mm of the whole volume, HU at 2 mm"

    def build(self) -> None:
        c = self.config
        self.codec = KLCodec(c["codec"], c["latent"], c["kl"], groups=c["groups"])
        levels = len(c["channels"])
        sizes: dict[str, Any] = {
            "spatial_dims": 3, "in_channels": c["latent"], "num_res_blocks": 1, "num_channels": tuple(c["channels"]),
            "attention_levels": (*[False] * (levels - 1), True), "norm_num_groups": c["groups"],
            "num_head_channels": (*[0] * (levels - 1), c["groups"]), "resblock_updown": True, "include_fc": True,
        }  # fmt: skip
        self.unet = DiffusionModelUNetMaisi(out_channels=c["latent"], include_spacing_input=True, **sizes)
        self.control = ControlNetMaisi(
            conditioning_embedding_in_channels=BITS,
            conditioning_embedding_num_channels=tuple(c["condition"]),
            use_checkpointing=False,
            **sizes,
        )
        self.multiple = self.codec.factor * 2 ** (levels - 1)

    def loss(self, phase: Phase, sample: Sample, batch: Batch) -> tuple[Tensor, Figures]:
        if phase.part == "codec":
            return self.codec.loss(sample.hu, sample.seen, batch.each())
        z = self.codec.encode(sample.hu)
        mixed, target, times = noisy(TIMES, z, batch.each())
        bits = coded(sample.labels) if phase.part == "control" else None
        return (self._velocity(mixed, times, bits).float() - target).abs().mean(), {}

    def _velocity(self, x: Tensor, times: Tensor, bits: Tensor | None) -> Tensor:
        spacing = torch.full((len(x), 3), 100 * SPACING, device=x.device)
        if bits is None:
            return self.unet(x, times, spacing_tensor=spacing)
        down, middle = self.control(x, times, bits)
        return self.unet(
            x, times, spacing_tensor=spacing, down_block_additional_residuals=down, mid_block_additional_residual=middle
        )

    def learn(self, part: str) -> None:
        if part == "control":
            copy_model_state(self.control, self.unet.state_dict())
        super().learn(part)

    @torch.no_grad()
    def sample(self, asked: Asked, progress: Progress) -> NDArray[np.float32]:
        assert asked.labels is not None
        device = self.codec.spread.device
        labels = torch.from_numpy(as_networks_know()[asked.labels].astype(np.int64)).to(device)
        bits = coded(padded(labels[None, None], self.multiple)[:, 0])
        shape = (1, self.codec.latent, *(n // self.codec.factor for n in bits.shape[2:]))
        noise = torch.randn(shape, generator=generator(asked.seed, device), device=device)
        z = flow(TIMES, lambda x, t: self._velocity(x, t, bits), noise, asked.steps or self.STEPS, progress)
        d, h, w = asked.labels.shape
        hu = unscaled(self.codec.decode(z))[:d, :h, :w]
        return np.where(asked.labels > 0, hu, AIR_HU).astype(np.float32)


def coded(labels: Tensor) -> Tensor:
    """int64 [B, D, H, W] -> float32 [B, 8, D, H, W]: the bits of each value, the lowest first."""
    powers = 2 ** torch.arange(BITS, device=labels.device).view(1, -1, 1, 1, 1)
    return (labels[:, None] & powers).ne(0).float()
