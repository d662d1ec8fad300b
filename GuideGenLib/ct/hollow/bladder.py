"""The urinary bladder: a wall, urine, and in the delayed phase contrast that has sunk to the back, drawn by rule.

Excreted contrast is heavier than urine and lies behind it, under a level, as the patient lies on the back. How much of
it there is follows from the mean HU of the table. Ureters give it in spurts, so now and then a jet is seen that runs
from an orifice at the back of the base to the front, the middle and upward.
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
JETS = 0.5
"""Share of the ureters that spurt while the scan is made; an estimate."""
ORIFICE = (0.2, 0.85, 0.22)
"""Where an orifice lies in the box of the lumen: from below, from the front, and from the middle to each side, in
parts of its sides."""
JET = (0.45, -0.8, -0.4)
"""Direction of a jet: upward, to the front, to the middle."""
JET_MM, JET_RADIUS_MM, JET_WIDENS = (18.0, 40.0), 1.8, 0.09
"""Length, radius at the orifice, and by how much that grows with each mm."""


def with_bladder(hu: Field, canvas: Canvas) -> Field:
    """HU [z, y, x] of the canvas's window with the bladder's wall and content."""
    labels, spacing, wall = canvas.labels, canvas.spacing, WALL[canvas.phase]
    value = values()["urinary_bladder"]
    everywhere = labels == value
    box = box_of(everywhere)
    places = shared(box, canvas.window, labels.shape)
    if not places:
        return hu
    mine = everywhere[box]
    voxels = np.argwhere(mine) + [part.start for part in box]
    walled = np.clip((WALL_MM - depth_below(mine, mine, spacing)) / spacing + 0.5, 0, 1)
    urine = _urine(voxels, walled < 0.5, float(canvas.table[value]), spacing, canvas.seed)
    drawn = np.full(mine.shape, wall, np.float32)
    drawn[mine] = urine + walled * (wall - urine)
    lay(hu, drawn, mine, *places)
    return hu


def _urine(voxels: NDArray[np.int64], lumen: NDArray[np.bool_], mean: float, spacing: float, seed: int) -> Field:
    """HU [n] whose mean over the lumen is given."""
    hu = np.full(len(voxels), mean, np.float32)
    share = (mean - URINE) / (CONTRAST - URINE)
    if share < 0.02 or not lumen.any():
        return hu
    back = voxels[:, 1] * spacing + 0.5 * smooth_at(voxels, spacing, 15.0, (seed, 45))
    sunk = np.clip((back - np.quantile(back[lumen], 1 - share)) / MIXED_MM + 0.5, 0, 1)
    sunk = np.maximum(sunk, _jets(voxels, lumen, spacing, seed))
    hu = (URINE + (CONTRAST - URINE) * sunk).astype(np.float32)
    return np.asarray(hu + (mean - hu[lumen].mean()), np.float32)


def _jets(voxels: NDArray[np.int64], lumen: NDArray[np.bool_], spacing: float, seed: int) -> Field:
    """Share of contrast [n] in the jets of the ureters that spurt, thinner towards their ends."""
    rng = np.random.default_rng((seed, 46))
    places = voxels * spacing
    low, high = places[lumen].min(axis=0), places[lumen].max(axis=0)
    middle = (low + high) / 2
    share = np.zeros(len(voxels))
    for side in (-1, 1):
        spurts, length, turned = rng.random() < JETS, rng.uniform(*JET_MM), rng.normal(0, 0.15, 3)
        if not spurts:
            continue
        orifice = low + (high - low) * (ORIFICE[0], ORIFICE[1], 0.0)
        orifice[2] = middle[2] + side * ORIFICE[2] * (high - low)[2]
        orifice = places[lumen][np.argmin(((places[lumen] - orifice) ** 2).sum(axis=1))]
        along = np.array(JET) * (1, 1, side) + turned
        along /= np.linalg.norm(along)
        there = places - orifice
        reached = there @ along
        away = np.sqrt(np.maximum((there**2).sum(axis=1) - reached**2, 0))
        radius = JET_RADIUS_MM + JET_WIDENS * np.maximum(reached, 0)
        inside = np.clip((radius - away) / spacing + 0.5, 0, 1)
        share = np.maximum(share, inside * (reached > -spacing) * np.clip(1.3 * (1 - reached / length), 0, 1))
    return np.asarray(share, np.float32)
