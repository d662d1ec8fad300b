"""Wide bowel of an obstruction: a thin wall with folds, fluid, and over it gas with a level in each loop.

The patient lies on the back: gas is in front, and the border to the fluid is a plane. The wall of wide bowel is thin
(1 to 2 mm); the folds of the small bowel cross it wherever it is wide (Paulson and Thompson, Radiology 2015;275:332).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.table import values
from GuideGenLib.ct.canvas import Canvas
from GuideGenLib.ct.random_fields import smooth_in
from GuideGenLib.vessels.places import Box, box_of

Field = NDArray[np.float32]
WALL = {"none": 38.0, "arterial": 62.0, "portal_venous": 82.0, "delayed": 72.0}
"""HU of the wall; estimates, as those of healthy bowel are (`ct.hollow.organs`)."""
GAS_HU = -960.0
FLUID_SD, FLUID_MM = 5.0, 14.0
"""How uneven the fluid is, in HU, and over what distance."""


@dataclass(frozen=True)
class Wide:
    """wall_mm and fold_mm: how thick the wall is and how far its folds stand out; folds_mm: how far apart they are;
    gas: the least and the most share of a loop that is gas."""

    wall_mm: float
    fold_mm: float
    folds_mm: float
    gas: tuple[float, float]


KINDS = {
    "dilated_small_bowel": Wide(1.6, 1.8, 9.0, (0.2, 0.5)),
    "dilated_colon": Wide(1.7, 2.6, 30.0, (0.35, 0.65)),
}


def with_wide_bowel(hu: Field, canvas: Canvas) -> Field:
    """HU [z, y, x] of the canvas's window with the inside of wide bowel."""
    labels, here = canvas.labels, canvas.labels[canvas.window]
    for key, kind in KINDS.items():
        bowel = labels == values()[key]
        if not bowel.any():
            continue
        box = box_of(bowel)
        drawn = np.zeros(labels.shape, np.float32)
        fluid, wall = float(canvas.table[values()[key]]), WALL[canvas.phase]
        drawn[box] = _inside(bowel[box], box, kind, fluid, wall, canvas.spacing, canvas.seed)
        hu = np.where(here == values()[key], drawn[canvas.window], hu)
    return np.asarray(hu, np.float32)


def _inside(
    bowel: NDArray[np.bool_], box: Box, kind: Wide, fluid: float, wall: float, spacing: float, seed: int
) -> Field:
    """HU in the box of wide bowel, which hold within it."""
    deep = np.asarray(ndimage.distance_transform_edt(np.pad(bowel, 1)), np.float32)[1:-1, 1:-1, 1:-1] * spacing
    deep -= spacing / 2
    folds = np.clip(smooth_in(box, spacing, kind.folds_mm, (seed, 71)) - 0.7, 0, 1)
    thick = kind.wall_mm + kind.fold_mm * folds
    hu = fluid + FLUID_SD * smooth_in(box, spacing, FLUID_MM, (seed, 72))
    loops, count = ndimage.label(bowel)
    pieces = ndimage.find_objects(loops)
    for number in range(1, count + 1):
        found = pieces[number - 1]
        loop = loops[found] == number
        y = np.arange(loop.shape[1], dtype=np.float32)[None, :, None] + 0 * deep[found]
        place = (box[0].start + found[0].start, box[2].start + found[2].start)
        share = np.random.default_rng((seed, 73, *place)).uniform(*kind.gas)
        level = float(np.quantile(y[loop], share))
        gas = np.clip(level - y + 0.5, 0, 1)
        hu[found] = np.where(loop, hu[found] + gas * (GAS_HU - hu[found]), hu[found])
    walled = np.clip((thick - deep) / spacing + 0.5, 0, 1)
    return np.asarray(hu + walled * (wall - hu), np.float32)
