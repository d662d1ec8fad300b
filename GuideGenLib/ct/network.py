"""The latent networks of stage 3: one regresses the expected latents, its twin draws what the expectation cannot hold.

Both read the same picture of the anatomy (label codes, latents of the reference HU, depth below the skin) through a
strided stem whose features are added at each level, and the description through FiLM. No statistic is taken over space,
so tiles agree where they overlap.
"""

import math
from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as nnf

from GuideGenLib.codec.network import FACTOR
from GuideGenLib.core.blocks import (
    ChannelNorm,
    LabelCode,
    ResidualBlock,
    TextQueries,
    TrunkNetwork,
    depth_to_space,
    silence,
)
from GuideGenLib.core.host import give_back

VECTOR = 192
"""Channels of what time and style act by."""


@dataclass(frozen=True)
class CTConfig:
    """Sizes of one latent network; written to the bundle. `inputs`: latent channels it reads besides the anatomy."""

    labels: int
    inputs: int
    latent: int = 16
    widths: tuple[int, int] = (64, 128)
    code: int = 8
    typed: int = 16
    text: int = 384
    queries: int = 4

    def to_json(self) -> dict[str, object]:
        return asdict(self)


@dataclass
class Style:
    """What a CT is told besides the anatomy: typed [B, 16], noise [B] (its deviation in soft tissue / 20 HU), text."""

    typed: Tensor
    noise: Tensor
    text: Tensor
    text_mask: Tensor


class CTNetwork(TrunkNetwork):
    """U-Net over 8 and 16 mm latent cells (at 2 mm voxels).

    anatomy: labels uint8 [B, 4D, 4H, 4W], reference latents [B, latent, D, H, W], depth [B, 1, D, H, W] -> features.
    forward: x [B, inputs, D, H, W], features, time [B] in 0..1, style -> [B, latent, D, H, W]; D, H, W even.
    """

    def __init__(self, config: CTConfig) -> None:
        super().__init__()
        self.config = config
        fine, coarse = config.widths
        self.label_code = LabelCode(config.labels, config.code)
        self.label_stem = nn.Conv3d(config.code * FACTOR**3, fine, 1)
        self.reference_stem = nn.Conv3d(config.latent + 1, fine, 1)
        self.anatomy_block = ResidualBlock(fine)
        self.text = TextQueries(config.text, 64, config.queries)
        self.embed = nn.Sequential(
            nn.Linear(64 + 1 + config.typed + 64 * config.queries, VECTOR),
            nn.SiLU(),
            nn.Linear(VECTOR, VECTOR),
            nn.SiLU(),
        )
        self.stem = nn.Conv3d(config.inputs, fine, 3, padding=1)
        self.fine_in = nn.ModuleList(ResidualBlock(fine, VECTOR) for _ in range(2))
        self.down = nn.Conv3d(fine, coarse, 2, stride=2)
        self.coarse_anatomy = nn.Conv3d(fine, coarse, 2, stride=2)
        self.coarse = nn.ModuleList(ResidualBlock(coarse, VECTOR) for _ in range(3))
        self.up = nn.Conv3d(coarse, fine * 8, 1)
        self.out_anatomy = nn.Conv3d(fine, fine, 1)
        self.fine_out = nn.ModuleList(ResidualBlock(fine, VECTOR) for _ in range(2))
        self.head_norm = ChannelNorm(fine)
        self.head = nn.Conv3d(fine, config.latent, 3, padding=1)
        silence(self.head)

    def anatomy(self, labels: Tensor, reference: Tensor, depth: Tensor) -> Tensor:
        told = self.label_code.through(labels, FACTOR, self.label_stem)
        h = told + self.reference_stem(torch.cat([reference, depth], dim=1))
        return self.anatomy_block(h)

    def seen(self, labels: Tensor, reference: Tensor, depth: Tensor) -> Tensor:
        """`anatomy` as the trunk reads it again and again, so that it need not be laid out anew each time."""
        features = self.anatomy(labels, reference, depth)
        if self.compiled is not None:
            features = features.float().contiguous()
            give_back()
        return features

    def forward(self, x: Tensor, features: Tensor, time: Tensor, style: Style) -> Tensor:
        frequency = torch.exp(torch.linspace(0.0, math.log(200.0), 32, device=x.device))
        angle = time.float()[:, None] * frequency
        queries = self.text(style.text, style.text_mask).flatten(1)
        vector = self.embed(torch.cat([angle.sin(), angle.cos(), style.noise[:, None], style.typed, queries], dim=1))
        return self.run_trunk(x, features, vector)

    def example(self) -> tuple[Tensor, ...]:
        x, features = (torch.zeros(1, channels, 8, 8, 8) for channels in (self.config.inputs, self.config.widths[0]))
        return x, features, torch.zeros(1, VECTOR)

    def trunk(self, x: Tensor, features: Tensor, vector: Tensor) -> Tensor:  # type: ignore[override]
        """The U-Net; vector [B, VECTOR] of time and style."""
        fine = self.stem(x) + features
        for block in self.fine_in:
            fine = block(fine, vector)
        h = self.down(fine) + self.coarse_anatomy(features)
        for block in self.coarse:
            h = block(h, vector)
        h = depth_to_space(self.up(h), 2) + fine + self.out_anatomy(features)
        for block in self.fine_out:
            h = block(h, vector)
        return self.head(nnf.silu(self.head_norm(h)))


def expected_latents(network: CTNetwork, labels: Tensor, reference: Tensor, depth: Tensor, style: Style) -> Tensor:
    """Latents [B, latent, D, H, W] that the mean network expects of an anatomy."""
    features = network.anatomy(labels, reference, depth)
    time = torch.zeros(len(labels), device=labels.device)
    return reference + network(reference, features, time, style).float()
