"""Med-DDPM: diffusion of voxels at low resolution, the one-hot mask concatenated to the noisy image.

Dorjsembe et al., IEEE JBHI 2024 (arXiv 2305.18453). Kept: a 3D U-Net on voxels, the mask's channels beside the noisy
image at each step and nothing else told, 250 times of a cosine schedule, L1 loss of the noise, one resolution for all
volumes.

Departures: a grid of 6 mm in place of 128^3 voxels over a head, so that spacing is kept; crops of 32^3 cells in
training and the whole volume at sampling; 50 steps of DDIM in place of all 250; the result is interpolated to 2 mm.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import torch
from monai.networks.nets import DiffusionModelUNet
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as nnf

from GuideGenLib.anatomy.table import as_networks_know
from GuideGenLib.core.progress import Progress
from GuideGenLib.rivals.diffusion import ddim, ddpm, noisy
from GuideGenLib.rivals.frame import (
    LABELS,
    Asked,
    Figures,
    Phase,
    Rival,
    Sample,
    every,
    generator,
    one_hot,
    padded,
    unscaled,
)
from GuideGenLib.training.loop.draws import Batch

STEP = 3
"""Voxels of 2 mm of a cell."""
SCHEDULE = "cosine"
PROCESS = ddpm(SCHEDULE, times=250)


class MedDDPM(Rival):
    """Labels at 2 mm -> HU at 2 mm, made at 6."""

    name, shown, kind = "medddpm", "MedDDPM", "mask"
    CONFIG: ClassVar[Mapping[str, Any]] = {"channels": (32, 64, 96, 144), "blocks": 1, "groups": 8}
    PHASES = (Phase("unet", 1.0, 2, "patches", 32 * STEP),)
    STEPS = 50
    VOXELS = "voxels of 6 mm"

    def build(self) -> None:
        c = self.config
        levels = len(c["channels"])
        self.unet = DiffusionModelUNet(
            3, 1 + LABELS, 1, c["blocks"], tuple(c["channels"]), (*[False] * (levels - 1), True), c["groups"],
            num_head_channels=(*[0] * (levels - 1), c["groups"]),
        )  # fmt: skip
        self.multiple = 2 ** (levels - 1)

    def loss(self, phase: Phase, sample: Sample, batch: Batch) -> tuple[Tensor, Figures]:
        hu, mask = nnf.avg_pool3d(sample.hu, STEP), one_hot(every(sample.labels, STEP))
        mixed, noise, times = noisy(PROCESS, hu, batch.each())
        return (self.unet(torch.cat([mixed, mask], dim=1), times).float() - noise).abs().mean(), {}

    @torch.no_grad()
    def sample(self, asked: Asked, progress: Progress) -> NDArray[np.float32]:
        assert asked.labels is not None
        device = next(self.parameters()).device
        labels = torch.from_numpy(as_networks_know()[asked.labels].astype(np.int64)).to(device)
        mask = one_hot(every(padded(labels[None, None], STEP * self.multiple)[:, 0], STEP))
        noise = torch.randn((1, 1, *mask.shape[2:]), generator=generator(asked.seed, device), device=device)

        def denoise(x: Tensor, times: Tensor) -> Tensor:
            return self.unet(torch.cat([x, mask], dim=1), times).float()

        made = ddim(PROCESS, SCHEDULE, denoise, noise, asked.steps or self.STEPS, progress)
        d, h, w = asked.labels.shape
        return unscaled(nnf.interpolate(made, scale_factor=STEP, mode="trilinear"))[:d, :h, :w]
