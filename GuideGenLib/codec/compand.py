"""HU to the codec's working scale and back.

A monotone piecewise-linear map that gives lung, fat, soft tissue and bone each a share of the range in proportion to
how finely a reader looks at it. An L1 loss on this scale weighs errors as an average over display windows would (the
paper's HDR idea, arXiv 2403.07247 section 3.3, as a fixed transform).
"""

import torch
from torch import Tensor

KNOTS_HU = (-1100.0, -1000.0, -700.0, -200.0, -100.0, 200.0, 400.0, 1000.0, 3100.0)
KNOTS_SCALE = (-1.1, -1.05, -0.75, -0.5, -0.3, 0.5, 0.75, 1.15, 1.7)

PART = 1 << 16


def _piecewise(x: Tensor, source: tuple[float, ...], target: tuple[float, ...]) -> Tensor:
    """Linear interpolation through the knots, written as a sum of clamped ramps: differentiable, no gather.

    Without gradients it is made part by part, each small enough for the processor's cache.
    """
    if x.numel() > PART and x.device.type == "cpu" and not x.requires_grad:
        parts = [_ramps(part, source, target) for part in x.reshape(-1).split(PART)]
        return torch.cat(parts).view(x.shape)
    return _ramps(x, source, target)


def _ramps(x: Tensor, source: tuple[float, ...], target: tuple[float, ...]) -> Tensor:
    y = torch.full_like(x, target[0])
    for x0, x1, y0, y1 in zip(source[:-1], source[1:], target[:-1], target[1:], strict=True):
        y = y + (y1 - y0) / (x1 - x0) * (x.clamp(x0, x1) - x0)
    return y


def compand(hu: Tensor) -> Tensor:
    """HU (any shape, float) to the working scale -1.1..1.7; values outside -1100..3100 HU are clipped."""
    return _piecewise(hu, KNOTS_HU, KNOTS_SCALE)


def expand(scale: Tensor) -> Tensor:
    """Inverse of `compand`: working scale to HU in -1100..3100."""
    return _piecewise(scale, KNOTS_SCALE, KNOTS_HU)
