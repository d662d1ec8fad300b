"""Lung between its vessels, made more even: a rule draws the vessels that the networks only hint at.

Their vessels are finer than the networks resolve, which leave blots of their size all over the lung: 20 HU of grain,
as much as quiet scans have with all vessels. With the vessels that are grown by rule (ct.fine_vessels) the same would
be drawn twice, so most of it is taken away where the tissue is lung and nothing else.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.structures import LUNGS, select
from GuideGenLib.ct.canvas import Canvas
from GuideGenLib.vessels.places import box_of

KEPT = 0.1
"""Of what differs from the mean about it. By eye and by the grain of real lungs."""
AROUND_MM = 3.0
"""Standard deviation of the Gaussian of that mean."""
LEAST_LUNG = 0.9
"""Where the Gaussian holds less lung than this, at pleura, hilum and tumours, nothing is changed; where it holds
nothing else, all of it; between the two in part."""


def with_even_lungs(hu: NDArray[np.float32], canvas: Canvas) -> NDArray[np.float32]:
    """HU [z, y, x] of the canvas's window with a part of its grain inside the lungs; means stay."""
    lungs = select(canvas.labels[canvas.window], LUNGS)
    box = box_of(lungs)
    inside, part = lungs[box].astype(np.float32), hu[box]
    if not inside.size:
        return hu
    blur = AROUND_MM / canvas.spacing
    share = ndimage.gaussian_filter(inside, blur)
    mean = ndimage.gaussian_filter(part * inside, blur) / np.maximum(share, LEAST_LUNG)
    weight = inside * np.clip((share - LEAST_LUNG) / (1 - LEAST_LUNG), 0, 1) * (1 - KEPT)
    np.add(part, weight * (mean - part), out=part, where=lungs[box])
    return hu
