"""What is too small for the networks, whose cells are 8 mm wide: stones, granulomas, diverticula get their HU by rule.

A recipe asks for it with the option `by_rule`.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.table import hu_texture_sd, values
from GuideGenLib.ct.canvas import Canvas
from GuideGenLib.ct.random_fields import smooth_in
from GuideGenLib.findings.reading import recipes
from GuideGenLib.vessels.places import box_of

Field = NDArray[np.float32]
BLUR, REACH = 0.45, 3
"""Standard deviation of the border of such a thing in voxels, and how many voxels beyond it anything changes."""
GRAIN_MM = 4.0
"""Over what distance its HU change within it."""


def with_small(hu: Field, canvas: Canvas) -> Field:
    """HU [z, y, x] of the canvas's window in which small findings have the HU of the table."""
    labels, table = canvas.labels, canvas.table
    for recipe in recipes():
        if recipe.label is None or not recipe.options.get("by_rule"):
            continue
        value = values()[recipe.label["key"]]
        there = labels == value
        if not there.any():
            continue
        box = box_of(there, REACH)
        share, target = np.zeros(labels.shape, np.float32), np.zeros(labels.shape, np.float32)
        blurred = ndimage.gaussian_filter(there[box].astype(np.float32), BLUR)
        share[box] = blurred / _peak(blurred, there[box])
        grain = smooth_in(box, canvas.spacing, GRAIN_MM, (canvas.seed, 69))
        target[box] = table[value] + hu_texture_sd()[value] * grain
        hu = np.asarray(hu + share[canvas.window] * (target[canvas.window] - hu), np.float32)
    return hu


def _peak(blurred: Field, there: NDArray[np.bool_]) -> Field:
    """The highest share within each connected thing: its middle has the HU of the table, however small it is."""
    parts, count = ndimage.label(ndimage.binary_dilation(there, iterations=REACH - 1))
    highest = np.asarray([1.0, *ndimage.maximum(blurred, parts, range(1, count + 1))], np.float32)
    return highest[parts]
