"""HU to the codec's working scale and back.

A monotone piecewise-linear map that gives lung, fat, soft tissue and bone each a share of the range in proportion to
how finely a reader looks at it. An L1 loss on this scale weighs errors as an average over display windows would (the
paper's HDR idea, arXiv 2403.07247 section 3.3, as a fixed transform).
"""

from collections.abc import Iterator

import torch
from torch import Tensor

KNOTS_HU = (-1100.0, -1000.0, -700.0, -200.0, -100.0, 200.0, 400.0, 1000.0, 3100.0)
KNOTS_SCALE = (-1.1, -1.05, -0.75, -0.5, -0.3, 0.5, 0.75, 1.15, 1.7)

PART = 1 << 15
"""So small that torch does not share it out among threads, which would wait for each other at each operation."""


def _piecewise(x: Tensor, source: tuple[float, ...], target: tuple[float, ...]) -> Tensor:
    """Linear interpolation through the knots, written as a sum of clamped ramps: differentiable, no gather.

    Without gradients it is made in place and part by part, each small enough for the processor's cache.
    """
    if x.requires_grad or x.device.type != "cpu":
        y = torch.full_like(x, target[0])
        for x0, x1, slope in _ramps(source, target):
            y = y + slope * (x.clamp(x0, x1) - x0)
        return y
    flat = x.reshape(-1)
    result = torch.full_like(flat, target[0])
    ramp = torch.empty_like(flat[:PART])
    for part, y in zip(flat.split(PART), result.split(PART), strict=True):
        step = ramp[: len(part)]
        for x0, x1, slope in _ramps(source, target):
            y += torch.clamp(part, x0, x1, out=step).sub_(x0).mul_(slope)
    return result.view(x.shape)


def _ramps(source: tuple[float, ...], target: tuple[float, ...]) -> Iterator[tuple[float, float, float]]:
    """Where each ramp begins and ends, and its slope."""
    for x0, x1, y0, y1 in zip(source[:-1], source[1:], target[:-1], target[1:], strict=True):
        yield x0, x1, (y1 - y0) / (x1 - x0)


def compand(hu: Tensor) -> Tensor:
    """HU (any shape, float) to the working scale -1.1..1.7; values outside -1100..3100 HU are clipped."""
    return _piecewise(hu, KNOTS_HU, KNOTS_SCALE)


def expand(scale: Tensor) -> Tensor:
    """Inverse of `compand`: working scale to HU in -1100..3100."""
    return _piecewise(scale, KNOTS_SCALE, KNOTS_HU)
