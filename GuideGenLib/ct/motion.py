"""A patient who breathed while he was scanned: organs at the diaphragm are seen twice and smeared, bones are not.

By rule: the mean of four moments of a breath; the diaphragm moves 10 mm in quiet breathing and more (Wade, J Physiol
1954;124:193), what is farther away less.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.table import values
from GuideGenLib.vessels.places import Box

MOVED_MM = 10.0
REACH_MM = 70.0
"""Standard deviation along the body of how far up and down of the diaphragm organs move."""
MOMENTS = ((-0.5, 0.4), (-0.2, 0.1), (0.2, 0.1), (0.5, 0.4))
"""Place in the movement and share: breathing rests at its ends."""


def with_motion(hu: NDArray[np.float32], labels: NDArray[np.uint8], spacing: float, window: Box) -> NDArray[np.float32]:
    """HU [z, y, x] of a window of labels [z, y, x]; as they were where there are no lungs."""
    lungs = np.isin(labels, [v for key, v in values().items() if key.startswith("lung_") and "lobe" in key])
    filled = np.flatnonzero(lungs.any((1, 2)))
    if not len(filled):
        return hu
    bases = filled[0] + 35 / spacing  # the dome of the diaphragm stands so far above the lowest lung
    z = np.arange(labels.shape[0])
    moved = MOVED_MM / spacing * np.exp(-(((z - bases) * spacing / REACH_MM) ** 2) / 2)
    moved = moved[window[0]]
    level = np.arange(hu.shape[0])
    mean = np.zeros_like(hu)
    for place, share in MOMENTS:
        at = np.clip(level + place * moved, 0, hu.shape[0] - 1)
        below = np.minimum(at.astype(int), hu.shape[0] - 2) if hu.shape[0] > 1 else at.astype(int)
        above = np.minimum(below + 1, hu.shape[0] - 1)
        part = (at - below).astype(np.float32)[:, None, None]
        mean += share * ((1 - part) * hu[below] + part * hu[above])
    still = np.isin(labels[window], [v for key, v in values().items() if key.startswith(("vertebrae", "sacrum"))])
    rigid = ndimage.gaussian_filter(ndimage.binary_dilation(still, iterations=2).astype(np.float32), 1.5)
    return mean + rigid * (hu - mean)
