"""From log-probabilities at 6 mm to labels at 3 mm: interpolated, with a smooth skin."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as nnf

LEAST = -12.0
"""Log-probabilities below it count as it: what is out of the question at one voxel must not outweigh all others."""
TAPS = np.array([[1, 3, 0], [0, 3, 1]], np.float32) / 4
"""Linear interpolation: weights of the voxel before, the own and the next one in the left and the right half."""
PART = 1024
"""Voxels whose neighbours are looked up at once: 7 MB of log-probabilities."""


def refine(log_probability: Tensor) -> Tensor:
    """[D, H, W, classes] at 6 mm -> labels uint8 [2D, 2H, 2W] at 3 mm: interpolated log-probabilities, smooth skin.

    Where the body ends is decided by the interpolated, slightly blurred probability of air against everything else, so
    that the skin shows no steps; inside, by the likeliest tissue. Interpolated is only where it can change that: voxels
    of one likeliest tissue have it between them, too.
    """
    depth, height, width, _ = log_probability.shape
    air = nnf.interpolate(_blur(log_probability[None, None, ..., 0].clamp_min(LEAST).exp()), scale_factor=2.0,
                          mode="trilinear", align_corners=False)[0, 0] > 0.5  # fmt: skip
    tissue = log_probability[..., 1:].argmax(dim=-1) + 1
    parts = tissue.to(torch.uint8)[:, None, :, None, :, None].repeat(1, 2, 1, 2, 1, 2)  # the halves of each voxel
    inside = ~air.view(depth, 2, height, 2, width, 2).all(dim=5).all(dim=3).all(dim=1)
    mixed = (_mixed(tissue) & inside).nonzero()
    weights = torch.from_numpy(np.einsum("ai,bj,ck->abcijk", TAPS, TAPS, TAPS).reshape(8, 27)).to(air.device)
    for where in mixed.split(PART):
        z, y, x = where.unbind(1)
        best = (weights @ _neighbours(log_probability, where).clamp_min(LEAST))[..., 1:].argmax(dim=-1) + 1
        parts[z, :, y, :, x, :] = best.to(torch.uint8).view(-1, 2, 2, 2)
    labels = parts.view(2 * depth, 2 * height, 2 * width)
    labels[air] = 0
    return labels


def _mixed(tissue: Tensor) -> Tensor:
    """Where the 26 neighbours do not all have the own label [D, H, W]."""
    values = tissue[None].float()
    high, low = nnf.max_pool3d(values, 3, 1, 1), -nnf.max_pool3d(-values, 3, 1, 1)
    return (high != low)[0]


def _neighbours(volume: Tensor, where: Tensor) -> Tensor:
    """Rows [n, 27, K] of a volume [D, H, W, K] at voxels [n, 3] and about them; beyond its ends its last ones go on."""
    offsets = torch.tensor([-1, 0, 1], device=where.device)
    z, y, x = ((at[:, None] + offsets).clamp(0, n - 1) for at, n in zip(where.unbind(1), volume.shape[:3], strict=True))
    _, height, width, classes = volume.shape
    index = (z[:, :, None, None] * height + y[:, None, :, None]) * width + x[:, None, None, :]
    return volume.view(-1, classes)[index.flatten(1)]


def _blur(volume: Tensor) -> Tensor:
    """Binomial filter (1 2 1)/4 along each axis: a standard deviation of 0.7 voxels; edges repeat."""
    kernel = torch.tensor([0.25, 0.5, 0.25], device=volume.device, dtype=volume.dtype)
    for axis in range(3):
        shape = [1, 1, 1, 1, 1]
        shape[2 + axis] = 3
        pad = [0] * 6
        pad[2 * (2 - axis)] = pad[2 * (2 - axis) + 1] = 1
        volume = nnf.conv3d(nnf.pad(volume, pad, mode="replicate"), kernel.view(shape))
    return volume
