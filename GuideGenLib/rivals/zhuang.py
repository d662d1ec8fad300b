"""Zhuang's: semantic diffusion of single slices, the mask by spatially adaptive normalisation (SPADE).

Zhuang et al., "Semantic image synthesis for abdominal CT", MICCAI DGM4 2023 (arXiv 2312.06453). Kept: a 2D U-Net that
denoises axial slices, the mask by SPADE in the decoder and apart from the noisy image (which the paper found better
than concatenation), 1000 times of a linear schedule, squared loss of the noise. Slices are made one by one and stacked.

Departures: pixels and slices of 4 mm in place of 256 x 256 of CT; crops of 64 x 64 pixels in training, whole slices at
sampling; 25 steps of DDIM in place of 1000; all slices begin with the same noise, so that neighbours differ by their
masks alone and the stack flickers less than the paper's would; no guidance; the stack is interpolated to 2 mm.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import torch
from monai.networks.nets import SPADEDiffusionModelUNet
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as nnf

from GuideGenLib.anatomy.table import as_networks_know
from GuideGenLib.core.progress import Progress, within
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

STEP = 2
"""Voxels of 2 mm of a pixel."""
SLICES = 8
"""Of a patch, evenly apart; also made at once at sampling."""
SCHEDULE = "linear_beta"
PROCESS = ddpm(SCHEDULE)


class Zhuang(Rival):
    """Labels at 2 mm -> HU at 2 mm, made at 4."""

    name, shown, kind = "zhuang", "Zhuang's", "mask"
    CONFIG: ClassVar[Mapping[str, Any]] = {"channels": (32, 64, 128, 224), "blocks": 1, "spade": 32, "groups": 8}
    PHASES = (Phase("unet", 1.0, 1, "patches", 64 * STEP),)
    STEPS = 25
    VOXELS = "each slice by itself, at 4 mm"

    def build(self) -> None:
        c = self.config
        levels = len(c["channels"])
        self.unet = SPADEDiffusionModelUNet(
            2, 1, 1, LABELS, c["blocks"], tuple(c["channels"]), (*[False] * (levels - 1), True), c["groups"],
            num_head_channels=(*[0] * (levels - 1), c["groups"]), spade_intermediate_channels=c["spade"],
        )  # fmt: skip
        self.multiple = 2 ** (levels - 1)

    def loss(self, phase: Phase, sample: Sample, batch: Batch) -> tuple[Tensor, Figures]:
        apart = max(1, sample.labels.shape[1] // SLICES)
        chosen = torch.arange(apart // 2, sample.labels.shape[1], apart)
        hu = nnf.avg_pool2d(sample.hu[:, 0, chosen].flatten(0, 1)[:, None], STEP)
        first = STEP // 2
        mask = one_hot(sample.labels[:, chosen, first::STEP, first::STEP].flatten(0, 1))
        rngs = [np.random.default_rng(int(rng.integers(2**62)) + n) for rng in batch.each() for n in range(len(chosen))]
        mixed, noise, times = noisy(PROCESS, hu, rngs)
        return (self.unet(mixed, times, mask).float() - noise).square().mean(), {}

    @torch.no_grad()
    def sample(self, asked: Asked, progress: Progress) -> NDArray[np.float32]:
        assert asked.labels is not None
        device = next(self.parameters()).device
        labels = torch.from_numpy(as_networks_know()[asked.labels].astype(np.int64)).to(device)
        coarse = every(padded(labels[None, None], STEP)[:, 0], STEP)[0]
        height, width = coarse.shape[1:]
        coarse = padded(coarse, self.multiple)
        noise = torch.randn((1, 1, *coarse.shape[1:]), generator=generator(asked.seed, device), device=device)
        made = []
        for start in range(0, len(coarse), SLICES):
            mask = one_hot(coarse[start : start + SLICES])

            def denoise(x: Tensor, times: Tensor, mask: Tensor = mask) -> Tensor:
                return self.unet(x, times, mask).float()

            part = within(progress, start / len(coarse), min(1.0, (start + SLICES) / len(coarse)))
            begin = noise.expand(len(mask), -1, -1, -1).clone()
            made.append(ddim(PROCESS, SCHEDULE, denoise, begin, asked.steps or self.STEPS, part))
        stack = torch.cat(made)[:, 0, :height, :width][None, None]
        d, h, w = asked.labels.shape
        return unscaled(nnf.interpolate(stack, scale_factor=STEP, mode="trilinear"))[:d, :h, :w]
