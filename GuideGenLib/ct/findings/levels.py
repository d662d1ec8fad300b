"""The HU of what findings hold, brought to those of the anatomy table.

The networks never learned these labels: they draw each as the label that looks most like it (`drawn_as`), and what lies
about it colours it. The mean over some voxels is moved to the table and the texture that is finer stays. What has an
inside that other rules draw (option `has_inside`: bone within its cortex, bowel with gas and fluid) is left to them.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.table import values
from GuideGenLib.ct.canvas import Canvas
from GuideGenLib.findings.reading import recipes
from GuideGenLib.vessels.places import Box, Mask, box_of, shared

Field = NDArray[np.float32]
MEAN_VOXELS, MEAN_SHARE = (0.7, 1.5), 0.35
"""Standard deviation in voxels of the mean that is moved, least and most, and its share of the deepest place: a wider
one would see the border from the middle."""
REACH = 8
"""How many voxels about a finding are looked at."""
PASSES = 2
"""One leaves a third of what the networks' border, some voxels wide, takes from the inside."""
CORE = 0.35
"""Share of voxels within a finding from which on its border is soft."""
EDGE_VOXELS = 0.5
"""Standard deviation of the border, beyond which the networks' HU stay."""


def with_levels(hu: Field, canvas: Canvas) -> Field:
    """HU [z, y, x] of the canvas's window in which findings with a label have the HU of the table."""
    labels = canvas.labels
    for recipe in recipes():
        if recipe.label is None or recipe.options.get("by_rule") or recipe.options.get("has_inside"):
            continue
        value = values()[recipe.label["key"]]
        there = labels == value
        box = box_of(there, REACH)
        places = shared(box, canvas.window, labels.shape)
        if not places:
            continue
        inner, part = places
        hu[part] = _levelled(hu[part], there[box], inner, float(canvas.table[value]))
    return hu


def _levelled(hu: Field, there: Mask, inner: Box, target: float) -> Field:
    """The local mean of a finding at the target; its outermost voxels stay between it and what lies about it, unless
    there is little else of it. `there` is the whole finding, of which a window shows the part `inner` with its HU."""
    core = ndimage.binary_erosion(there)
    if core.sum() <= CORE * there.sum():
        core = there
    edge = ndimage.gaussian_filter(there.astype(np.float32), EDGE_VOXELS)[inner]
    deepest = float(ndimage.distance_transform_edt(np.pad(there, 1)).max())
    blur = float(np.clip(MEAN_SHARE * deepest, *MEAN_VOXELS))
    there, core = there[inner], core[inner]
    rim = there & ~core
    for _ in range(PASSES):
        inside, whole = _mean(hu, core, blur), _mean(hu, there, blur)
        hu = np.where(core, hu + target - inside, np.where(rim, hu + edge * (target - whole), hu))
    return np.asarray(hu, np.float32)


def _mean(hu: Field, there: Mask, blur: float) -> Field:
    """The mean about each voxel over those of a set."""
    weight = ndimage.gaussian_filter(there.astype(np.float32), blur)
    total = ndimage.gaussian_filter(np.where(there, hu, 0).astype(np.float32), blur)
    return np.asarray(total / np.maximum(weight, 1e-3), np.float32)
