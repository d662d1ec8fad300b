"""Metal and the streaks and shadows around it: what its rays lose in the sinogram, reconstructed by itself.

Rays through metal come with fewer photons than those of one energy would, and at the end with the scattered ones alone
(photon starvation; De Man et al., IEEE Trans Nucl Sci 1999;46:691). Only the difference from what they should tell is
projected back, at 4 mm, so that the picture without metal stays what it is.
"""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as nnf

from GuideGenLib.ct.implants import metal_shares
from GuideGenLib.vessels.places import Box

WATER = 0.019
"""Its attenuation per mm at the 75 keV that a beam of 120 kV has in the middle."""
METAL = 9.0
"""Attenuation of the metal over that of water: between titanium and steel."""
SHOWN_HU = 3071.0
HARDER = 0.035
"""Share of the metal's attenuation that is lost for each unit of it, as the beam grows harder."""
SCATTERED = math.exp(-9.0)
PHOTONS = 3e5
"""Scattered photons, of those sent, and photons a ray: where none of its own are left, noise is what is seen."""
COARSE = 2
ANGLES = 120


def with_metal(
    hu: NDArray[np.float32],
    labels: NDArray[np.uint8],
    table: NDArray[np.float32],
    where: str,
    spacing: float,
    seed: int,
    window: Box = (slice(None),) * 3,
) -> NDArray[np.float32]:
    """HU [z, y, x] of a window of labels [z, y, x] with the metal that they hold and that in a bone (where: one of
    METALS), as it was where there is none."""
    shares = metal_shares(labels, where, spacing)
    levels = np.flatnonzero(shares.any((1, 2)))
    if not len(levels):
        return hu
    box = slice(int(levels[0]), int(levels[-1]) + 1)
    streaks = np.zeros(labels.shape, np.float32)
    body = np.maximum(0, 1 + table / 1000).astype(np.float32)
    body[0] = 0
    streaks[box] = _streaks(body[labels[box]], shares[box], spacing, seed)
    return (
        np.where(streaks[window] != 0, np.maximum(hu + streaks[window], -1024), hu) * (1 - shares[window])
        + SHOWN_HU * shares[window]
    )


def _streaks(body: NDArray[np.float32], metal: NDArray[np.float32], spacing: float, seed: int) -> NDArray[np.float32]:
    """HU [z, y, x] that metal adds, of attenuations over that of water and shares of metal."""
    shape = body.shape
    side = math.ceil(math.hypot(*shape[1:]) / COARSE) * COARSE
    pad = [n for size in (shape[2], shape[1]) for n in ((side - size) // 2, side - size - (side - size) // 2)]
    pad += [0, -shape[0] % COARSE]
    coarse = [
        nnf.avg_pool3d(nnf.pad(torch.from_numpy(one)[None, None], pad, mode="constant"), COARSE)[0]
        for one in (body * (1 - metal), metal * METAL)
    ]
    step = spacing * COARSE
    random = torch.Generator().manual_seed(seed)
    found = torch.zeros_like(coarse[0])
    for number in range(ANGLES):
        angle = math.pi * number / ANGLES
        soft, hard = (_rotated(one, angle).sum(2) * (WATER * step) for one in coarse)
        lost = _measured(soft, hard, random) - soft - hard
        found += _rotated(_ramp(lost, step)[:, :, None].expand(-1, -1, found.shape[2], -1), -angle)
    found *= 1000 * math.pi / ANGLES / WATER
    fine = nnf.interpolate(found[None], scale_factor=COARSE, mode="trilinear", align_corners=False)[0, 0].numpy()
    top, left = pad[2], pad[0]
    return np.ascontiguousarray(fine[: shape[0], top : top + shape[1], left : left + shape[2]])


def _measured(soft: Tensor, hard: Tensor, random: torch.Generator) -> Tensor:
    """What rays [1, z, s] are measured to lose, of what they lose in the body and in metal."""
    told = soft + hard * (1 - torch.clamp(HARDER * hard, max=0.5))
    arriving = torch.exp(-told) + SCATTERED
    without = torch.log1p(SCATTERED * torch.exp(soft))  # what scatter does to the body alone is not the metal's
    noise = torch.randn(soft.shape, generator=random) * (1 / (PHOTONS * arriving)).sqrt()
    return torch.where(hard > 0.02, -torch.log(arriving) + without + noise, soft + hard)


def _ramp(rows: Tensor, step: float) -> Tensor:
    """Rows [1, z, s] filtered for back-projection, the highest frequencies taken down (Hann)."""
    size = 2 * rows.shape[-1]
    frequency = torch.fft.rfftfreq(size, step)
    window = frequency * (0.5 + 0.5 * torch.cos(math.pi * frequency / frequency[-1]))
    return torch.fft.irfft(torch.fft.rfft(rows, size) * window, size)[..., : rows.shape[-1]]


def _rotated(stack: Tensor, angle: float) -> Tensor:
    """A stack [1, z, n, n] of squares turned about their middles."""
    cos, sin = math.cos(angle), math.sin(angle)
    grid = nnf.affine_grid(torch.tensor([[[cos, -sin, 0.0], [sin, cos, 0.0]]]), list(stack.shape), align_corners=False)
    return nnf.grid_sample(stack, grid, align_corners=False)
