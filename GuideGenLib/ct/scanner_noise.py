"""The noise of the scanner, which the networks do not draw: they return what is likely, and fine noise is not.

In plane its power rises with the frequency, as that of filtered back-projection does, until the kernel takes it away
(Riederer, Pelc and Chesler, Phys Med Biol 1978;23:446): P(f) = c f^2 exp(-(f / f0)^2). c is that of the projections,
whatever the kernel; it grows with one over the dose and one over the thickness of the slices.
"""

import math
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

F0 = 0.19
"""1/mm, of a standard kernel: power is highest there."""
POWER = 55.0
"""HU^2 mm^2 at F0 of a scan of standard kernel and dose. The networks' own fine noise has 12 HU^2 in the liver; with
this it comes to 23. Fifteen real scans have 9 to 172, in the middle 39 (`ct.scanners`)."""
ALONG = (0.25, 0.5, 0.25)
"""Shares of neighbouring slices in each other, where no thickness is told: they are thicker than their distance."""
LATERAL = 8
"""Power of the cosine that tells which noise is of the rays from side to side: streaks along them."""
SLICES = 16
"""That are filtered at once: more take more memory and are no faster."""
FOLDS = 3
"""How often frequencies that the voxels cannot hold are folded back."""


@dataclass(frozen=True)
class Paths:
    """What the rays that cross a voxel multiply its noise with: side to side [z, y, 1], and all others [z, 1, x]."""

    lateral: NDArray[np.float32]
    other: NDArray[np.float32]


def scanner_noise(
    shape: tuple[int, ...],
    spacing: float,
    seed: int,
    *,
    f0: float = F0,
    more: float = 1.0,
    along: tuple[float, ...] = ALONG,
    paths: Paths | None = None,
    slices: slice = slice(None),
) -> NDArray[np.float32]:
    """HU float32 [z, y, x] of noise on voxels of isotropic spacing in mm; the same for a seed and a shape.

    slices: those along z that are wanted, of which alone it is made, and which the paths are of; f0: of the kernel;
    more: that many times the power that was measured; paths: None where it is alike everywhere.
    """
    white = np.random.default_rng([seed, 5]).standard_normal(shape, dtype=np.float32)
    white = _mixed(white, np.array(along) / np.linalg.norm(along), slices) if len(along) > 1 else white[slices]
    y, x = shape[1:]
    amplitude, share = math.sqrt(more) * _amplitude(y, x, spacing, f0), _lateral_share(y, x)
    for first in range(0, len(white), SLICES):
        part = slice(first, first + SLICES)
        spectrum = fft.rfft2(white[part], workers=-1)
        spectrum *= amplitude
        if paths is None:
            white[part] = fft.irfft2(spectrum, s=(y, x), workers=-1)
            continue
        lateral, other = (fft.irfft2(spectrum * one, s=(y, x), workers=-1) for one in (share, 1 - share))
        white[part] = lateral * paths.lateral[part] + other * paths.other[part]
    return white


def _mixed(white: NDArray[np.float32], shares: NDArray[np.float64], slices: slice) -> NDArray[np.float32]:
    """The wanted slices, each with shares of its neighbours, of which the first is the last one's; in place."""
    low, high, _ = slices.indices(len(white))
    margin = len(shares) // 2
    if low < margin or high > len(white) - margin:
        return np.asarray(ndimage.convolve1d(white, shares, axis=0, mode="wrap", output=white)[low:high])
    near = white[low - margin : high + margin]
    return np.asarray(ndimage.convolve1d(near, shares, axis=0, output=near)[margin : margin + high - low])


def _amplitude(y: int, x: int, spacing: float, f0: float) -> NDArray[np.float32]:
    """By which a spectrum [y, x / 2 + 1] of white noise of variance 1 is multiplied.

    A field of variance v on pixels of area a has the power v a at each frequency. Of a kernel that passes more than the
    pixels hold, what is above their frequencies folds back, as far as means over the pixels leave of it.
    """
    down, across = fft.fftfreq(y, spacing)[:, None], fft.rfftfreq(x, spacing)
    folds = range(-FOLDS, FOLDS + 1) if f0 * spacing > 0.5 else (0,)
    power = np.zeros((y, len(across)))
    for i, j in product(folds, folds):
        v, u = down + i / spacing, across + j / spacing
        share = np.hypot(v, u) / F0
        seen = (np.sinc(v * spacing) * np.sinc(u * spacing)) ** 2 if i or j else 1.0
        power += seen * share**2 * np.exp(1 - (share * F0 / f0) ** 2)
    return (np.sqrt(POWER * power) / spacing).astype(np.float32)


def _lateral_share(y: int, x: int) -> NDArray[np.float32]:
    """Share of a noise spectrum that is of rays along x: that which varies along y."""
    down, across = fft.fftfreq(y)[:, None], fft.rfftfreq(x)
    length = np.maximum(np.hypot(down, across), 1e-9)
    return np.asarray((np.abs(down) / length) ** LATERAL, np.float32)
