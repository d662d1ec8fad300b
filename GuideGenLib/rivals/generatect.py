"""GenerateCT: a volume as discrete tokens, a masked transformer that writes them from text, slice super-resolution.

Hamamci et al., ECCV 2024 (arXiv 2305.16037). Kept: a discrete autoencoder whose tokens are wide in the plane and
denser along the body, a bidirectional transformer that learns to fill in masked
tokens given the text (a random share of them masked, cosine-shaped), sampling that keeps the surest tokens of each
round, and a diffusion of single slices that doubles their resolution, given the text as well.

Departures: a VQVAE with a codebook by moving averages in place of the CT-ViT (no transformer in the autoencoder, no
causal order along the body, so the length is that of the torso frame and not variable); tokens of 24 x 48 x 48 mm; our
text encoder in place of T5; no adversarial and perceptual loss; slices of 6 to 3 mm in place of 128 to 512 pixels, with
the same first noise for all of them; no guidance; our number of weights.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import torch
from monai.networks.blocks.transformerblock import TransformerBlock
from monai.networks.nets import VQVAE, DiffusionModelUNet
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as nnf

from GuideGenLib.anatomy.torso_frame import CANVAS
from GuideGenLib.core.progress import Progress, within
from GuideGenLib.rivals.diffusion import ddim, ddpm, mean_of, noisy
from GuideGenLib.rivals.frame import WIDTH, Asked, Figures, Phase, Rival, Sample, generator, unscaled
from GuideGenLib.rivals.torsos import text_states
from GuideGenLib.training.loop.draws import Batch

CELL, PLANE = 8, 2
"""Voxels of a token, of 3 mm along the body and of 6 mm (PLANE voxels of 3) in its plane."""
GRID = (CANVAS[0] // CELL, CANVAS[1] // PLANE // CELL, CANVAS[2] // PLANE // CELL)
SLICES, FINE_STEPS = 8, 10
"""Of a crop, evenly apart, and at once at sampling; steps of their super-resolution."""
SCHEDULE = "cosine"
PROCESS = ddpm(SCHEDULE)


class Writer(nn.Module):
    """Logits [B, n, tokens] of token numbers [B, n], `tokens` for a masked one, and text states [B, 64, 384]."""

    def __init__(self, tokens: int, width: int, depth: int, heads: int) -> None:
        super().__init__()
        self.embed, self.told = nn.Embedding(tokens + 1, width), nn.Linear(WIDTH, width)
        self.place = nn.Parameter(0.02 * torch.randn(1, int(np.prod(GRID)), width))
        self.blocks = nn.ModuleList(
            TransformerBlock(width, 4 * width, heads, with_cross_attention=True, use_flash_attention=True)
            for _ in range(depth)
        )
        self.head = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, tokens))

    def forward(self, numbers: Tensor, text: Tensor) -> Tensor:
        x, context = self.embed(numbers) + self.place, self.told(text)
        for block in self.blocks:
            x = block(x, context=context)
        return self.head(x)


class GenerateCT(Rival):
    """Text -> HU of a torso at 3 mm."""

    name, shown, kind = "generatect", "GenerateCT", "text"
    CONFIG: ClassVar[Mapping[str, Any]] = {
        "codec": (32, 64, 128), "tokens": 512, "embedding": 64, "width": 320, "depth": 7, "heads": 8,
        "slices": (32, 64, 128), "groups": 8,
    }  # fmt: skip
    PHASES = (
        Phase("codec", 0.35, 1, "fine"),
        Phase("writer", 0.45, 1, "fine"),
        Phase("slices", 0.2, 1, "crops", 64),
    )
    STEPS = 16
    VOXELS = "tokens of 24 x 48 x 48 mm, slices refined to 3 mm"

    def build(self) -> None:
        c = self.config
        levels = len(c["codec"])
        self.codec = VQVAE(
            3, 1, 1, tuple(c["codec"]), 1, tuple(c["codec"]), [(2, 4, 1, 1)] * levels, [(2, 4, 1, 1, 0)] * levels,
            c["tokens"], c["embedding"], decay=0.95, ddp_sync=False,
        )  # fmt: skip
        self.writer = Writer(c["tokens"], c["width"], c["depth"], c["heads"])
        levels = len(c["slices"])
        self.slices = DiffusionModelUNet(
            2, 2, 1, 1, tuple(c["slices"]), (*[False] * (levels - 1), True), c["groups"],
            num_head_channels=(*[0] * (levels - 1), 32), with_conditioning=True, cross_attention_dim=WIDTH,
        )  # fmt: skip

    def loss(self, phase: Phase, sample: Sample, batch: Batch) -> tuple[Tensor, Figures]:
        if phase.part == "slices":
            return self._slice_loss(sample, batch)
        coarse = nnf.avg_pool3d(sample.hu, (1, PLANE, PLANE))
        seen = 1 - nnf.max_pool3d(1 - sample.seen, (1, PLANE, PLANE))
        if phase.part == "codec":
            made, quantised = self.codec(coarse)
            l1 = mean_of((made.float() - coarse).abs(), seen)
            return l1 + quantised.float(), {"l1": float(l1.detach())}
        numbers = self.code(phase, sample.hu) if sample.code is None else sample.code
        assert numbers is not None
        known = (nnf.max_pool3d(1 - seen, CELL) == 0).flatten(1)
        hidden = torch.stack([_hidden(known.shape[1], rng, known.device) for rng in batch.each()])
        told = numbers.masked_fill(hidden | ~known, self.config["tokens"])
        logits = self.writer(told, sample.text).float()
        asked = hidden & known
        if not bool(asked.any()):
            return logits.sum() * 0, {}
        value = nnf.cross_entropy(logits[asked], numbers[asked])
        return value, {"right": float((logits[asked].argmax(dim=-1) == numbers[asked]).float().mean())}

    @torch.no_grad()
    def code(self, phase: Phase, hu: Tensor) -> Tensor | None:
        """Token numbers [B, n] for the writer."""
        if phase.part != "writer":
            return None
        return self.codec.index_quantize(nnf.avg_pool3d(hu, (1, PLANE, PLANE))).flatten(1)

    def _slice_loss(self, sample: Sample, batch: Batch) -> tuple[Tensor, Figures]:
        depth = sample.hu.shape[2]
        chosen = torch.arange(depth // SLICES // 2, depth, max(1, depth // SLICES))
        hu, seen = (one[:, 0, chosen].flatten(0, 1)[:, None] for one in (sample.hu, sample.seen))
        rngs = [np.random.default_rng(int(rng.integers(2**62)) + n) for rng in batch.each() for n in range(len(chosen))]
        mixed, noise, times = noisy(PROCESS, hu, rngs)
        text = sample.text.repeat_interleave(len(chosen), dim=0)
        beside = _finer(nnf.avg_pool2d(hu, PLANE))
        made = self.slices(torch.cat([mixed, beside], dim=1), times, context=text).float()
        return mean_of((made - noise).square(), seen), {}

    @torch.no_grad()
    def sample(self, asked: Asked, progress: Progress) -> NDArray[np.float32]:
        device = self.writer.place.device
        random, text = generator(asked.seed, device), text_states(asked.text).to(device)[None]
        numbers = self._written(text, random, asked.steps or self.STEPS, within(progress, 0.0, 0.4))
        coarse = self.codec.decode_samples(numbers.view(1, *GRID)).float().clamp(-1, 1)[0, 0]
        noise = torch.randn((1, 1, *CANVAS[1:]), generator=random, device=device)
        made = []
        for start in range(0, len(coarse), SLICES):
            beside = _finer(coarse[start : start + SLICES, None])
            told = text.expand(len(beside), -1, -1)

            def refine(x: Tensor, times: Tensor, beside: Tensor = beside, told: Tensor = told) -> Tensor:
                return self.slices(torch.cat([x, beside], dim=1), times, context=told).float()

            part = within(progress, 0.4 + 0.6 * start / len(coarse), 0.4 + 0.6 * (start + SLICES) / len(coarse))
            begin = noise.expand(len(beside), -1, -1, -1).clone()
            made.append(ddim(PROCESS, SCHEDULE, refine, begin, asked.steps or FINE_STEPS, part))
        return unscaled(torch.cat(made)[:, 0][None, None])

    def _written(self, text: Tensor, random: torch.Generator, steps: int, progress: Progress) -> Tensor:
        """Token numbers [1, n]: all masked at first; in each round all are drawn, and the least sure masked again."""
        masked, count = self.config["tokens"], int(np.prod(GRID))
        numbers = torch.full((1, count), masked, device=text.device)
        for done in range(1, steps + 1):
            chances = self.writer(numbers, text).float().softmax(dim=-1)[0]
            drawn = torch.multinomial(chances, 1, generator=random)[:, 0]
            sure = chances.gather(1, drawn[:, None])[:, 0]
            fixed = numbers[0] != masked
            drawn, sure = torch.where(fixed, numbers[0], drawn), sure.masked_fill(fixed, 2.0)
            again = int(count * np.cos(np.pi / 2 * done / steps))
            numbers = drawn.clone()[None]
            numbers[0, sure.argsort()[:again]] = masked
            progress("ct", done / steps)
        return numbers


def _hidden(count: int, rng: np.random.Generator, device: torch.device) -> Tensor:
    """bool [count]: a random share of the tokens, mostly many (Chang et al., MaskGIT, CVPR 2022)."""
    share = np.cos(np.pi / 2 * rng.random())
    return torch.from_numpy(rng.random(count) < max(share, 1 / count)).to(device)


def _finer(slices: Tensor) -> Tensor:
    """Pixels of 6 mm interpolated to 3 mm."""
    return nnf.interpolate(slices, scale_factor=PLANE, mode="bilinear")
