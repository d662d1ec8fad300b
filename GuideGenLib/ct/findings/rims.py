"""Rims of lesions: the wall of an abscess, the nodules along the border of a haemangioma, thrombus in an aneurysm.

A recipe tells them in its option `rim`: how many mm wide, the HU in each phase, whether it is broken into nodules, and
across which labels it is not drawn ("open", the vessel that goes on at both ends of an aneurysm).
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.structures import select
from GuideGenLib.anatomy.table import values
from GuideGenLib.ct.canvas import Canvas
from GuideGenLib.ct.random_fields import smooth_in
from GuideGenLib.findings.reading import recipes
from GuideGenLib.vessels.places import box_of

Field = NDArray[np.float32]
NODULES_MM = 9.0
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
        share = np.clip((rim["mm"] * (1 + UNEVEN * field) - deep) / spacing + 0.5, 0, 1)
        if rim.get("nodular"):
            share *= np.clip(1.5 * field + 0.5, 0, 1)
        added = np.zeros(labels.shape, np.float32) if added is None else added
        added[box] += share * (rim[canvas.phase][0] - table[value]) * lesion[box]
    return hu if added is None else np.asarray(hu + added[canvas.window], np.float32)
