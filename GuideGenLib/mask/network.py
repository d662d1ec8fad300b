"""The denoiser of stage 1: noisy label codes, time, typed attributes and text -> logits of the clean labels.

One network serves both processes of `flow` and `categorical`: both show it a volume of label codes (mixed with Gaussian
noise, or with labels replaced at random) and both ask for p(x_0 | x_t, t, description).
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as nnf

from GuideGenLib.core.blocks import ChannelNorm, ResidualBlock, TextQueries, depth_to_space, silence, space_to_depth


@dataclass(frozen=True)
class MaskConfig:
    """Sizes of the network; written to the bundle. layout: whether it is told the layout (`mask.layout`)."""

    classes: int
    grid: tuple[int, int, int] = (96, 56, 64)
    code: int = 8
    widths: tuple[int, int, int] = (32, 96, 160)
    typed: int = 16
    text: int = 384
    queries: int = 6
    layout: bool = False

    @property
    def guidance(self) -> float:
        """How far the description is followed beyond what was learned, by default: a layout tells it well enough."""
        return 1.0 if self.layout else 1.5

    def to_json(self) -> dict[str, object]:
        return asdict(self)


@dataclass
class Conditions:
    """What the network is told besides the noisy volume; every part may be masked out for guidance.

    typed [B, 16] (zeros = unknown), text [B, L, 384] token states, text_mask [B, L] true where there is a token;
    layout [B, classes + 1, D, H, W]: shares of the classes in the cells of the slab that is drawn, and a channel of
    ones that tells so; zeros = unknown. None for a network that is not told any.
    """

    typed: Tensor
    text: Tensor
    text_mask: Tensor
    layout: Tensor | None = None

    def of(self, chosen: np.ndarray) -> "Conditions":
        """Those of some of the batch, by index."""
        layout = None if self.layout is None else self.layout[chosen]
        return Conditions(self.typed[chosen], self.text[chosen], self.text_mask[chosen], layout)

    def dropped(self) -> "Conditions":
        """The unconditional twin: nothing known, no text; the layout is that of the same person."""
        return Conditions(torch.zeros_like(self.typed), self.text, torch.zeros_like(self.text_mask), self.layout)


def label_codes(classes: int, width: int) -> Tensor:
    """[classes, width] fixed code vectors, spread over the sphere of radius sqrt(width): unit variance."""
    generator = torch.Generator().manual_seed(classes)
    codes = torch.randn(classes, width, generator=generator, dtype=torch.float64)
    codes = nnf.normalize(codes, dim=1)
    for _ in range(300):  # push apart: gradient descent on the pairwise Gaussian energy
        difference = codes[:, None] - codes[None]
        weight = torch.exp(-4 * difference.square().sum(-1, keepdim=True))
        codes = nnf.normalize(codes + 0.05 * (weight * difference).sum(1), dim=1)
    return (codes * math.sqrt(width)).float()


def attend(query: Tensor, key: Tensor, value: Tensor, heads: int) -> Tensor:
    """Attention of several heads: query [B, N, C], key and value [B, M, C] -> [B, N, C]."""
    parts = [part.unflatten(-1, (heads, -1)).transpose(1, 2) for part in (query, key, value)]
    return nnf.scaled_dot_product_attention(*parts).transpose(1, 2).flatten(2)


class SelfAttention(nn.Module):
    """Among tokens [B, N, channels]. The weights bear the names of MONAI's SABlock, with which bundles were made."""

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.out_proj = nn.Linear(channels, channels)
        self.qkv = nn.Linear(channels, 3 * channels, bias=False)

    def forward(self, tokens: Tensor) -> Tensor:
        query, key, value = self.qkv(tokens).chunk(3, dim=-1)
        return self.out_proj(attend(query, key, value, self.heads))


class CrossAttention(nn.Module):
    """From tokens [B, N, channels] to context [B, M, width]. Names as in MONAI's CrossAttentionBlock."""

    def __init__(self, channels: int, heads: int, width: int) -> None:
        super().__init__()
        self.heads = heads
        self.out_proj = nn.Linear(channels, channels)
        self.to_q = nn.Linear(channels, channels, bias=False)
        self.to_k = nn.Linear(width, channels, bias=False)
        self.to_v = nn.Linear(width, channels, bias=False)

    def forward(self, tokens: Tensor, context: Tensor) -> Tensor:
        return self.out_proj(attend(self.to_q(tokens), self.to_k(context), self.to_v(context), self.heads))


class TokenAttention(nn.Module):
    """Self-attention over the coarsest cells, then cross-attention to the condition tokens, both residual."""

    def __init__(self, channels: int, context: int, heads: int = 4) -> None:
        super().__init__()
        self.norm_self, self.norm_cross = nn.LayerNorm(channels), nn.LayerNorm(channels)
        self.self_attention = SelfAttention(channels, heads)
        self.cross_attention = CrossAttention(channels, heads, context)

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        tokens = x.flatten(2).transpose(1, 2)
        tokens = tokens + self.self_attention(self.norm_self(tokens))
        tokens = tokens + self.cross_attention(self.norm_cross(tokens), context)
        return tokens.transpose(1, 2).reshape(x.shape)


class MaskNetwork(nn.Module):
    """3D U-Net over 12, 24 and 48 mm cells of the 6 mm grid, with a learned map of absolute position at each level.

    forward: x, previous [B, code, D, H, W] (noisy codes; expected codes of the last estimate or 0), time [B] in 0..1
    (0 = all noise), process [B] (0 flow, 1 categorical), conditions, z_start: first slice on the full grid when a slab
    is given -> features [B, 2 width, D/2, H/2, W/2]; `cell_logits` turns those of each cell into class logits.
    """

    codes: Tensor

    def __init__(self, config: MaskConfig) -> None:
        super().__init__()
        self.config = config
        fine, middle, coarse = config.widths
        vector = 256
        self.register_buffer("codes", label_codes(config.classes, config.code))
        self.text = TextQueries(config.text, 128, config.queries)
        self.typed_token = nn.Linear(config.typed, 128)
        self.embed = nn.Sequential(
            nn.Linear(64 + 1 + config.typed + 128 * config.queries, vector),
            nn.SiLU(),
            nn.Linear(vector, vector),
            nn.SiLU(),
        )
        depth, height, width = config.grid
        self.position = nn.ParameterList(
            nn.Parameter(torch.randn(1, channels, depth // cell, height // cell, width // cell) * 0.02)
            for channels, cell in ((fine, 2), (middle, 4), (coarse, 8))
        )
        self.stem = nn.Conv3d(2 * config.code * 8, fine, 1)
        self.fine_in = nn.ModuleList(ResidualBlock(fine, vector) for _ in range(1))
        self.down_middle = nn.Conv3d(fine, middle, 2, stride=2)
        self.middle_in = nn.ModuleList(ResidualBlock(middle, vector) for _ in range(2))
        self.down_coarse = nn.Conv3d(middle, coarse, 2, stride=2)
        self.coarse = nn.ModuleList(ResidualBlock(coarse, vector) for _ in range(4))
        self.attention = nn.ModuleList(TokenAttention(coarse, 128) for _ in range(2))
        self.up_middle = nn.Conv3d(coarse, middle * 8, 1)
        self.middle_out = nn.ModuleList(ResidualBlock(middle, vector) for _ in range(2))
        self.up_fine = nn.Conv3d(middle, fine * 8, 1)
        self.fine_out = nn.ModuleList(ResidualBlock(fine, vector) for _ in range(2))
        if config.layout:
            self.layout_fine = nn.Conv3d(config.classes + 1, fine, 1, bias=False)
            self.layout_middle = nn.Conv3d(config.classes + 1, middle, 1, bias=False)
            silence(self.layout_fine)
            silence(self.layout_middle)
        self.head_norm = ChannelNorm(fine)
        self.head_hidden = nn.Conv3d(fine, 2 * fine, 3, padding=1)
        self.head = nn.Linear(2 * fine, 8 * config.classes)

    def condition(self, time: Tensor, process: Tensor, conditions: Conditions) -> tuple[Tensor, Tensor]:
        """The FiLM vector [B, 256] and the context tokens [B, queries + 1, 128]."""
        frequency = torch.exp(torch.linspace(0.0, math.log(1000.0), 32, device=time.device))
        # log-odds resolve the ends of the time axis, where the organs (t near 0) and the borders (t near 1) are decided
        angle = torch.logit(time.float().clamp(1e-4, 1 - 1e-4))[:, None] * frequency * 0.1
        wave = torch.cat([angle.sin(), angle.cos()], dim=1)
        queries = self.text(conditions.text, conditions.text_mask)
        vector = self.embed(torch.cat([wave, process[:, None].float(), conditions.typed, queries.flatten(1)], dim=1))
        tokens = torch.cat([queries, self.typed_token(conditions.typed)[:, None]], dim=1)
        return vector, tokens

    def forward(
        self, x: Tensor, previous: Tensor, time: Tensor, process: Tensor, conditions: Conditions, z_start: int = 0
    ) -> Tensor:
        vector, tokens = self.condition(time, process, conditions)
        depth = x.shape[2]

        def placed(level: int, cell: int) -> Tensor:
            return self.position[level][:, :, z_start // cell : (z_start + depth) // cell]

        fine = self.stem(space_to_depth(torch.cat([x, previous], dim=1), 2)) + placed(0, 2)
        layout = conditions.layout if self.config.layout else None
        if layout is not None:
            fine = fine + nnf.interpolate(self.layout_fine(layout), scale_factor=2, mode="trilinear")
        for block in self.fine_in:
            fine = block(fine, vector)
        middle = self.down_middle(fine) + placed(1, 4)
        if layout is not None:
            middle = middle + self.layout_middle(layout)
        for block in self.middle_in:
            middle = block(middle, vector)
        h = self.down_coarse(middle) + placed(2, 8)
        for index, block in enumerate(self.coarse):
            h = block(h, vector)
            if index % 2 == 1:
                h = self.attention[index // 2](h, tokens)
        h = depth_to_space(self.up_middle(h), 2) + middle
        for block in self.middle_out:
            h = block(h, vector)
        h = depth_to_space(self.up_fine(h), 2) + fine
        for block in self.fine_out:
            h = block(h, vector)
        return nnf.silu(self.head_hidden(nnf.silu(self.head_norm(h))))

    def cell_logits(self, features: Tensor) -> Tensor:
        """Features of n cells [n, width] -> logits [n, 8, classes] of their 2^3 voxels (order z, y, x)."""
        return self.head(features).unflatten(1, (8, self.config.classes))


def as_cells(features: Tensor) -> Tensor:
    """[1, C, d, h, w] -> [d h w, C]."""
    return features[0].flatten(1).T


def unfold_cells(values: Tensor, shape: Sequence[int]) -> Tensor:
    """Values [d h w, 8, K] of the voxels of each cell -> [K, 2d, 2h, 2w]; shape: (d, h, w)."""
    d, h, w = shape
    grid = values.reshape(d, h, w, 2, 2, 2, -1).permute(6, 0, 3, 1, 4, 2, 5)
    return grid.reshape(values.shape[-1], 2 * d, 2 * h, 2 * w)


def fold_cells(labels: Tensor) -> Tensor:
    """Labels [2d, 2h, 2w] -> [d h w, 8], the inverse of `unfold_cells` for one value a voxel."""
    d, h, w = (n // 2 for n in labels.shape)
    return labels.view(d, 2, h, 2, w, 2).permute(0, 2, 4, 1, 3, 5).reshape(-1, 8)
