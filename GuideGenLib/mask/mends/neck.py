"""The lowest vertebra of the neck, by rule, where the denoiser drew thoracic vertebrae up to the end of the volume.

The top of the lung reaches the neck of the first rib and no higher (Gray's Anatomy), so it tells where the first
thoracic vertebra is; in drawn patients with a neck that begins 0 to 9 mm above it.
"""

import numpy as np
from numpy.typing import NDArray

from GuideGenLib.anatomy.structures import LUNGS, table_of
from GuideGenLib.anatomy.table import values

LEAST_ML = 1.0
"""Vertebrae of the neck below it count as missing."""
ABOVE_MM = 6.0
"""From the top of the lungs, where the neck begins."""


def with_neck(labels: NDArray[np.uint8], spacing: float) -> NDArray[np.uint8]:
    """A copy of labels uint8 [z, y, x], isotropic spacing in mm, in which the spine above the chest is of the neck.

    Left as it is where a neck was drawn, or the volume ends below it.
    """
    result = labels.copy()
    lungs = np.flatnonzero(table_of(LUNGS)[labels].any((1, 2)))
    if len(lungs) and (labels == values()["vertebrae_cervical"]).sum() * spacing**3 < 1000 * LEAST_ML:
        above = result[lungs[-1] + 1 + round(ABOVE_MM / spacing) :]
        above[above == values()["vertebrae_thoracic"]] = values()["vertebrae_cervical"]
    return result
