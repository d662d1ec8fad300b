"""The urinary bladder: a wall, urine, and in the delayed phase contrast that has sunk to the back, drawn by rule.

Excreted contrast is heavier than urine and lies behind it, under a level, as the patient lies on the back. How much of
it there is follows from the mean HU of the table.
"""

import numpy as np
from numpy.typing import NDArray

from GuideGenLib.anatomy.table import values
from GuideGenLib.ct.canvas import Canvas
from GuideGenLib.ct.hollow.laying import Field, depth_below, lay
from GuideGenLib.ct.random_fields import smooth_at
from GuideGenLib.vessels.places import box_of, shared

WALL_MM = 3.0
"""Of a filled bladder (Manieri et al., J Urol 1998;159:761: under 5 mm)."""
WALL = {"none": 36.0, "arterial": 48.0, "portal_venous": 62.0, "delayed": 68.0}
URINE, CONTRAST = 8.0, 300.0
"""HU of urine with nothing in it, and of the urine that contrast has come with; estimates."""
MIXED_MM = 6.0
"""Width of the border between them."""


def with_bladder(hu: Field, canvas: Canvas) -> Field:
    """HU [z, y, x] of the canvas's window with the bladder's wall and content."""
    result, labels, spacing, wall = hu.copy(), canvas.labels, canvas.spacing, WALL[canvas.phase]
    value = values()["urinary_bladder"]
    everywhere = labels == value
    box = box_of(everywhere)
    places = shared(box, canvas.window, labels.shape)
    if not places:
        return result
    mine = everywhere[box]
    voxels = np.argwhere(mine) + [part.start for part in box]
    walled = np.clip((WALL_MM - depth_below(mine, mine, spacing)) / spacing + 0.5, 0, 1)
    urine = _urine(voxels, walled < 0.5, float(canvas.table[value]), spacing, canvas.seed)
    drawn = np.full(mine.shape, wall, np.float32)
    drawn[mine] = urine + walled * (wall - urine)
    lay(result, drawn, mine, *places)
    return result


def _urine(voxels: NDArray[np.int64], lumen: NDArray[np.bool_], mean: float, spacing: float, seed: int) -> Field:
    """HU [n] whose mean over the lumen is given."""
    hu = np.full(len(voxels), mean, np.float32)
    share = (mean - URINE) / (CONTRAST - URINE)
    if share < 0.02 or not lumen.any():
        return hu
    back = voxels[:, 1] * spacing + 0.5 * smooth_at(voxels, spacing, 15.0, (seed, 45))
    sunk = np.clip((back - np.quantile(back[lumen], 1 - share)) / MIXED_MM + 0.5, 0, 1)
    hu = (URINE + (CONTRAST - URINE) * sunk).astype(np.float32)
    return np.asarray(hu + (mean - hu[lumen].mean()), np.float32)
