"""The scanner of a patient of whom it is not told how the scan was taken: its kernel and its noise, drawn by the seed.

Fifteen real scans at 2 mm have 9 to 172 HU^2 of fine noise in the liver, with a standard deviation of the logarithm of
.8, and kernels from those for soft tissue to those for lung and bone. So patients differ in it here, by rule. The
middle is near that of the two scans that no training saw, both quiet and soft (9 and 18): that of all has twice as much
as is drawn here.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.ct.scanner_noise import F0

NOISE, NOISES = 0.12, 1.2
"""Median of the power of the noise, over that of a standard scan, and standard deviation of its logarithm."""
SHARPNESS, SHARPNESSES, SHARPEST = -0.02, 0.05, 0.12
"""Mean and standard deviation of the share of neighbouring pixels that is taken from each other, and at most. At -.1 it
is the soft kernel of `ct.acquisition`, at .17 edges are as steep as by the sharp one."""
STEEPER = 5.0
"""Logarithm of F0 of the noise by the sharpness: .14 per mm at -.06, .45 at .17."""


@dataclass(frozen=True)
class Scanner:
    """noise: power over that of a standard scan; sharpness: as SHARPNESS."""

    noise: float
    sharpness: float

    @property
    def f0(self) -> float:
        """1/mm, of the kernel (`ct.scanner_noise`)."""
        return F0 * math.exp(STEEPER * self.sharpness)

    def filtered(self, hu: NDArray[np.float32]) -> NDArray[np.float32]:
        """HU [z, y, x] as the kernel shows them, smoother or sharper in plane; in place."""
        shares = (-self.sharpness, 1 + 2 * self.sharpness, -self.sharpness)
        for axis in (1, 2):
            ndimage.convolve1d(hu, shares, axis, mode="nearest", output=hu)
        return hu


def scanner_of(seed: int) -> Scanner:
    """The scanner of a patient."""
    noise, sharpness = np.random.default_rng((seed, 6)).standard_normal(2)
    drawn = SHARPNESS + SHARPNESSES * float(sharpness)
    return Scanner(NOISE * math.exp(NOISES * float(noise)), float(np.clip(drawn, -SHARPEST, SHARPEST)))
