"""Building blocks that the three networks share, chosen to be fast on CPUs in channels_last_3d."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as nnf

ROWS = 1 << 16
"""Cells whose labels are looked up at once."""


class TrunkNetwork(nn.Module):
    """A network whose costly part is `trunk`, a function of tensors alone, so that another runtime can take it over.

    compiled: that runtime's `trunk`, None for torch's own.
    """

    compiled: Callable[..., Tensor] | None = None

    def trunk(self, *tensors: Tensor) -> Tensor:
        """The costly part, in torch."""
        raise NotImplementedError

    def example(self) -> tuple[Tensor, ...]:
        """Small tensors that `trunk` takes, with which another runtime can trace it."""
        raise NotImplementedError

    def run_trunk(self, *tensors: Tensor) -> Tensor:
        """`trunk`, by whichever runtime was chosen."""
        return self.trunk(*tensors) if self.compiled is None else self.compiled(*tensors)


def space_to_depth(x: Tensor, factor: int) -> Tensor:
    """[B, C, D, H, W] -> [B, C f^3, D/f, H/f, W/f]; the inverse of `depth_to_space`."""
    b, c, d, h, w = x.shape
    f = factor
    x = x.reshape(b, c, d // f, f, h // f, f, w // f, f).permute(0, 1, 3, 5, 7, 2, 4, 6)
    return x.reshape(b, c * f**3, d // f, h // f, w // f)


def depth_to_space(x: Tensor, factor: int) -> Tensor:
    """[B, C f^3, D, H, W] -> [B, C, D f, H f, W f]."""
    b, c, d, h, w = x.shape
    f = factor
    x = x.reshape(b, c // f**3, f, f, f, d, h, w).permute(0, 1, 5, 2, 6, 3, 7, 4)
    return x.reshape(b, c // f**3, d * f, h * f, w * f)


def silence(layer: nn.Conv3d | nn.Linear) -> None:
    """Weights and bias to zero: a residual branch that adds nothing at the start."""
    nn.init.zeros_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


class ChannelNorm(nn.Module):
    """Root-mean-square norm over channels at each voxel: no statistics over space, so tiles agree at their seams."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        scale = torch.rsqrt(x.float().square().mean(dim=1, keepdim=True) + 1e-6).to(x.dtype)
        return x * scale * self.gain.to(x.dtype).view(1, -1, 1, 1, 1)


class ResidualBlock(nn.Module):
    """x + conv(silu(film(conv(silu(norm(x)))))), second convolution zero at the start; FiLM from a vector if given."""

    def __init__(self, channels: int, condition: int = 0, norm: bool = True) -> None:
        super().__init__()
        self.norm = ChannelNorm(channels) if norm else nn.Identity()
        self.first = nn.Conv3d(channels, channels, 3, padding=1)
        self.film = nn.Linear(condition, 2 * channels) if condition else None
        self.second = nn.Conv3d(channels, channels, 3, padding=1)
        silence(self.second)
        if self.film is not None:
            silence(self.film)

    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        h = self.first(nnf.silu(self.norm(x)))
        if self.film is not None and condition is not None:
            scale, shift = self.film(condition)[:, :, None, None, None].chunk(2, dim=1)
            h = h * (1 + scale) + shift
        return x + self.second(nnf.silu(h))


class LabelCode(nn.Module):
    """A learned vector a label, those of f^3 voxels side by side: [B, D, H, W] -> [B, code f^3, D/f, H/f, W/f]."""

    def __init__(self, labels: int, code: int) -> None:
        super().__init__()
        self.table = nn.Embedding(labels, code)

    def forward(self, labels: Tensor, factor: int) -> Tensor:
        kind = labels.device.type
        table = self.table.weight
        if torch.is_autocast_enabled(kind):  # what reads the codes would round them to it anyway, after two copies
            table = table.to(torch.get_autocast_dtype(kind))
        code = nnf.embedding(labels.int(), table).permute(0, 4, 1, 2, 3)
        return space_to_depth(code, factor) if factor > 1 else code

    def through(self, labels: Tensor, factor: int, layer: nn.Conv3d) -> Tensor:
        """`layer`, a convolution of 1^3, of these codes: [B, D, H, W] -> [B, channels, D/f, H/f, W/f] in channels_last.

        What each label adds at each of the f^3 places is looked up and summed, so that the codes of all voxels are
        never in memory.
        """
        assert layer.bias is not None
        kind, (known, width) = labels.device.type, self.table.weight.shape
        cells = space_to_depth(labels[:, None], factor).permute(0, 2, 3, 4, 1)
        rows = cells.reshape(-1, factor**3)
        with torch.autocast(kind, enabled=False):
            weight = layer.weight.float().reshape(layer.out_channels, width, factor**3)
            adds = torch.einsum("ocp,lc->plo", weight, self.table.weight.float()).flatten(0, 1)
            first = torch.arange(factor**3, dtype=torch.int32, device=labels.device) * known
            sums = [
                nnf.embedding_bag(part + first, adds, mode="sum")
                for part in ([rows] if torch.jit.is_tracing() else rows.split(ROWS))
            ]
            total = torch.cat(sums) + layer.bias.float()
        total = total.view(*cells.shape[:-1], -1).permute(0, 4, 1, 2, 3)
        return total.to(torch.get_autocast_dtype(kind)) if torch.is_autocast_enabled(kind) else total


class TextQueries(nn.Module):
    """Learned queries read the token states: [B, L, 384] -> [B, queries, width]; empty text gives a default."""

    def __init__(self, text: int, width: int, queries: int) -> None:
        super().__init__()
        self.queries = nn.Parameter(torch.randn(queries, width) * 0.5)
        self.key = nn.Linear(text, width)
        self.value = nn.Linear(text, width)
        self.null_key = nn.Parameter(torch.zeros(width))
        self.null_value = nn.Parameter(torch.zeros(width))

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        batch = states.shape[0]
        keys = torch.cat([self.null_key.expand(batch, 1, -1), self.key(states)], dim=1)
        values = torch.cat([self.null_value.expand(batch, 1, -1), self.value(states)], dim=1)
        mask = torch.cat([mask.new_ones(batch, 1), mask], dim=1)
        queries = self.queries.expand(batch, -1, -1)
        return nnf.scaled_dot_product_attention(queries, keys, values, attn_mask=mask[:, None])
