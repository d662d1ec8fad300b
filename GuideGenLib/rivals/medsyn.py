"""MedSyn: from text, a low-resolution image together with lobes, airways and vessels, then super-resolution.

Xu et al., IEEE TMI 2024 (arXiv 2310.03559). Kept: a 3D U-Net that denoises, at low resolution, the image and the three
shapes jointly in four channels, token states of the text by cross-attention, 1000 times of a cosine schedule; a second
U-Net, without text, that denoises the fine image beside the coarse one; DDIM.

Departures: the torso frame at 6 mm (96 x 64 x 72 cells, those of 64^3 over a chest) and 3 mm in place of 256^3 of a
chest; the five lobes are one channel of even steps; our text encoder (MiniLM) in place of a medical BERT, as all rivals
read the same prompts; super-resolution learns on crops of 48^3; 50 and 10 steps; our number of weights.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import torch
from monai.networks.nets import DiffusionModelUNet
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as nnf

from GuideGenLib.anatomy.structures import LUNGS
from GuideGenLib.anatomy.table import values
from GuideGenLib.anatomy.torso_frame import CANVAS
from GuideGenLib.core.progress import Progress, within
from GuideGenLib.rivals.diffusion import ddim, ddpm, mean_of, noisy
from GuideGenLib.rivals.frame import WIDTH, Asked, Figures, Phase, Rival, Sample, generator, unscaled
from GuideGenLib.rivals.torsos import COARSE, text_states
from GuideGenLib.training.loop.draws import Batch

SCHEDULE = "cosine"
PROCESS = ddpm(SCHEDULE)
SHAPES = 3
"""Channels beside the image: lobes, airways, vessels."""
FINE_STEPS = 10


class MedSyn(Rival):
    """Text -> HU of a torso at 3 mm, made at 6 mm first."""

    name, shown, kind = "medsyn", "MedSyn", "text"
    CONFIG: ClassVar[Mapping[str, Any]] = {
        "coarse": (16, 48, 128, 160), "fine": (16, 48, 80, 96), "blocks": 1, "groups": 8,
    }  # fmt: skip
    PHASES = (Phase("coarse", 0.6, 1, "torsos"), Phase("fine", 0.4, 2, "crops", 48))
    STEPS = 50
    VOXELS = "voxels of 6 mm, refined to 3 mm without the text"

    def build(self) -> None:
        c = self.config
        levels = len(c["coarse"])
        self.coarse = DiffusionModelUNet(
            3, 1 + SHAPES, 1 + SHAPES, c["blocks"], tuple(c["coarse"]), (*[False] * (levels - 1), True), c["groups"],
            num_head_channels=(*[0] * (levels - 1), c["groups"] * 4), with_conditioning=True, cross_attention_dim=WIDTH,
        )  # fmt: skip
        levels = len(c["fine"])
        self.fine = DiffusionModelUNet(
            3, 2, 1, c["blocks"], tuple(c["fine"]), [False] * levels, c["groups"],
            num_head_channels=(*[0] * (levels - 1), c["groups"] * 4),
        )  # fmt: skip

    def loss(self, phase: Phase, sample: Sample, batch: Batch) -> tuple[Tensor, Figures]:
        if phase.part == "coarse":
            clean = torch.cat([sample.hu, shapes(sample.labels)], dim=1)
            mixed, noise, times = noisy(PROCESS, clean, batch.each())
            error = self.coarse(mixed, times, context=sample.text).float() - noise
        else:
            mixed, noise, times = noisy(PROCESS, sample.hu, batch.each())
            error = (
                self.fine(torch.cat([mixed, finer(nnf.avg_pool3d(sample.hu, COARSE))], dim=1), times).float() - noise
            )
        return mean_of(error.square(), sample.seen), {}

    @torch.no_grad()
    def sample(self, asked: Asked, progress: Progress) -> NDArray[np.float32]:
        device = next(self.parameters()).device
        random, text = generator(asked.seed, device), text_states(asked.text).to(device)[None]
        noise = torch.randn((1, 1 + SHAPES, *(n // COARSE for n in CANVAS)), generator=random, device=device)

        def denoise(x: Tensor, times: Tensor) -> Tensor:
            return self.coarse(x, times, context=text).float()

        first = ddim(PROCESS, SCHEDULE, denoise, noise, asked.steps or self.STEPS, within(progress, 0.0, 0.6))
        beside = finer(first[:, :1])

        def refine(x: Tensor, times: Tensor) -> Tensor:
            return self.fine(torch.cat([x, beside], dim=1), times).float()

        noise = torch.randn((1, 1, *CANVAS), generator=random, device=device)
        return unscaled(ddim(PROCESS, SCHEDULE, refine, noise, asked.steps or FINE_STEPS, within(progress, 0.6, 1.0)))


def shapes(labels: Tensor) -> Tensor:
    """int64 [B, D, H, W] -> [B, 3, D, H, W] in -1..1: the number of the lobe in even steps, airways, vessels of the
    lungs."""
    lobes = torch.zeros_like(labels, dtype=torch.float32)
    for number, key in enumerate(LUNGS, start=1):
        lobes[labels == values()[key]] = number / len(LUNGS)
    parts = [lobes, *((labels == values()[key]).float() for key in ("trachea", "lung_vessel"))]
    return 2 * torch.stack(parts, dim=1) - 1


def finer(coarse: Tensor) -> Tensor:
    """Cells of 6 mm interpolated to voxels of 3 mm."""
    return nnf.interpolate(coarse, scale_factor=COARSE, mode="trilinear")
