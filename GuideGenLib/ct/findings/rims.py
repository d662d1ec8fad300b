"""Rims of lesions: the wall of an abscess, the nodules along the border of a haemangioma, thrombus in an aneurysm.

A recipe tells them in its option `rim`: how many mm wide, the HU in each phase, whether it is broken into nodules, and
across which labels it is not drawn ("open", the vessel that goes on at both ends of an aneurysm).
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.structures import select
from GuideGenLib.anatomy.table import values
from GuideGenLib.core.components import TOUCHING
from GuideGenLib.ct.canvas import Canvas
from GuideGenLib.ct.findings.levels import EDGE_VOXELS
from GuideGenLib.ct.random_fields import smooth_in
from GuideGenLib.findings.reading import recipes
from GuideGenLib.vessels.places import box_of

Field = NDArray[np.float32]
NODULES_MM = 9.0
WIDEST = 0.4
"""Width of a rim at most, in parts of the deepest place of its lesion: a small one has an inside, too."""
UNEVEN = 0.35
"""How much the width of a rim varies, in parts of it."""


def with_rims(hu: Field, canvas: Canvas) -> Field:
    """HU [z, y, x] of the canvas's window with the rims of what has any."""
    labels, table, spacing = canvas.labels, canvas.table, canvas.spacing
    added: Field | None = None
    for recipe in recipes():
        rim = recipe.options.get("rim")
        if rim is None or recipe.label is None:
            continue
        value = values()[recipe.label["key"]]
        lesion = labels == value
        if not lesion.any():
            continue
        box = box_of(lesion)
        whole = np.pad(lesion[box] | select(labels[box], rim.get("open", ())), 1, mode="edge")
        deep = ndimage.distance_transform_edt(whole)[1:-1, 1:-1, 1:-1] * spacing
        field = smooth_in(box, spacing, NODULES_MM, (canvas.seed, 68))
        wide = np.minimum(rim["mm"], WIDEST * _deepest(deep, lesion[box]))
        share = np.clip((wide * (1 + UNEVEN * field) - deep) / spacing + 0.5, 0, 1)
        if rim.get("nodular"):
            share *= np.clip(1.5 * field + 0.5, 0, 1)
        added = np.zeros(labels.shape, np.float32) if added is None else added
        edge = ndimage.gaussian_filter(lesion[box].astype(np.float32), EDGE_VOXELS, mode="nearest") * lesion[box]
        added[box] += share * edge * (rim[canvas.phase][0] - table[value])
    return hu if added is None else np.asarray(hu + added[canvas.window], np.float32)


def _deepest(deep: Field, lesion: NDArray[np.bool_]) -> Field:
    """mm at the deepest place of the lesion to which each voxel belongs."""
    parts, count = ndimage.label(lesion, TOUCHING)
    return np.asarray(ndimage.maximum(deep, parts, range(count + 1)), np.float32)[parts]
