"""The noise of the scanner, which the networks do not draw: they return what is likely, and fine noise is not.

In plane its power rises with the frequency, as that of filtered back-projection does, until the kernel takes it away
(Riederer, Pelc and Chesler, Phys Med Biol 1978;23:446): P(f) = c f^2 exp(-(f / F0)^2).
"""

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

F0 = 0.19
"""1/mm, of a soft kernel: power is highest there."""
POWER = 120.0
"""HU^2 mm^2 at F0. Against the middle of eleven real scans CTs of the shipped networks lack 30 to 150 at .15 per mm, 80
to 165 at .2 and 60 to 100 at .25, in liver, muscle and fat alike."""
ALONG = (0.25, 0.5, 0.25)
"""Shares of neighbouring slices in each other: they are thicker than their distance."""


def scanner_noise(shape: tuple[int, int, int], spacing: float, seed: int) -> NDArray[np.float32]:
    """HU float32 [z, y, x] of noise on voxels of isotropic spacing in mm; the same for a seed and a shape."""
    white = np.random.default_rng([seed, 5]).standard_normal(shape, dtype=np.float32)
    white = ndimage.convolve1d(white, np.array(ALONG) / np.linalg.norm(ALONG), axis=0, mode="wrap")
    y, x = (n for n in shape[1:])
    frequency = np.hypot(fft.fftfreq(y, spacing)[:, None], fft.rfftfreq(x, spacing))
    share = frequency / F0
    # a field of variance v on pixels of area a has the power v a at each frequency
    amplitude = np.sqrt(POWER) * share * np.exp((1 - share**2) / 2) / spacing
    spectrum = fft.rfft2(white, workers=-1)
    spectrum *= amplitude.astype(np.float32)
    return np.asarray(fft.irfft2(spectrum, s=(y, x), workers=-1), np.float32)
