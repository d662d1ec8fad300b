"""Stomach and bowel with a wall, content and gas-fluid levels, laid inside their labels in place of what the networks
draw there, of which the fine grain stays.

Walls are 2 to 3 mm thick where the organ is filled (Macari and Balthazar, AJR 2001;176:1105); their HU by phase are
estimates, brightest some 60 s after injection as those of the small bowel are (Schindera et al., Radiology
2007;243:438). Fat and tumours are left as they are, and each label keeps the mean HU of the table.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.structures import select
from GuideGenLib.anatomy.table import values
from GuideGenLib.ct.canvas import Canvas
from GuideGenLib.ct.hollow.contents import CONTENTS, ORAL, Lumen
from GuideGenLib.ct.hollow.gas import level_shares
from GuideGenLib.ct.hollow.laying import Field, depth_below, lay
from GuideGenLib.ct.random_fields import smooth_at
from GuideGenLib.vessels.places import Box, Mask, box_of, shared

Labels = NDArray[np.uint8]
GAS, TUMOUR = {"stomach": "stomach_gas", "colon": "colon_gas"}, {"colon": "colon_tumor"}
WALL_MM = {"stomach": 3.6, "duodenum": 2.2, "small_bowel": 1.8, "colon": 2.0}
RUGAE_MM = {"stomach": 1.3}
"""How far the thickness of the wall varies."""
WALL = {"none": 38.0, "arterial": 60.0, "portal_venous": 78.0, "delayed": 70.0}
MUCOSA = {"none": 0.0, "arterial": 40.0, "portal_venous": 18.0, "delayed": 0.0}
"""HU of the inner side of the wall above those of the outer one."""
RIM = 0.9
"""Share of the wall in voxels of gas on the surface: labels of gas reach to it."""
JUDGED_MM, LEAST_VOXELS = 4.0, 200
"""Means are taken so deep below the surface, where that leaves enough."""


@dataclass(frozen=True)
class Organ:
    """A hollow organ in its box [z, y, x] of a volume: its labels, and all that is within its wall (tumours too)."""

    key: str
    box: Box
    tissue: Mask
    gas: Mask
    whole: Mask


def with_hollow_organs(hu: Field, canvas: Canvas) -> Field:
    """HU [z, y, x] of the canvas's window with the inside of stomach and bowel."""
    oral = float(np.random.default_rng((canvas.seed, 43)).uniform(*ORAL)) if canvas.oral_contrast else 0.0
    around = box_of(select(canvas.labels, (*CONTENTS, *GAS.values())))
    for key in CONTENTS:
        organ = _organ(canvas.labels, key, around)
        if places := shared(organ.box, canvas.window, canvas.labels.shape):
            hang_on = (key, *(name for name in (GAS.get(key), TUMOUR.get(key)) if name))
            drawn = canvas.kept.get(("hollow", key), hang_on, partial(_drawn, organ, canvas, oral))
            lay(hu, drawn, organ.tissue | organ.gas, *places)
    return hu


def _organ(labels: Labels, key: str, around: Box) -> Organ:
    """An organ that lies within a box of the labels."""

    def found(name: str | None, part: Labels) -> Mask:
        return part == values()[name] if name else np.zeros(part.shape, bool)

    part = labels[around]
    own = box_of(found(key, part) | found(GAS.get(key), part))
    box = tuple(slice(a.start + o.start, a.start + o.stop) for a, o in zip(around, own, strict=True))
    tissue, gas, tumour = (found(name, labels[box]) for name in (key, GAS.get(key), TUMOUR.get(key)))
    return Organ(key, box, tissue, gas, tissue | gas | tumour)


def _drawn(organ: Organ, canvas: Canvas, oral: float) -> Field:
    """HU in the box of an organ, which hold for its tissue and gas; oral: HU of the contrast that was drunk, or 0."""
    shape, table, phase = canvas.labels.shape, canvas.table, canvas.phase
    spacing, seed = canvas.spacing, canvas.seed
    value = values()[organ.key]
    drawn = np.full(organ.whole.shape, WALL[phase], np.float32)
    mine = organ.tissue | organ.gas
    voxels = np.argwhere(mine) + [part.start for part in organ.box]
    deep = depth_below(organ.whole, mine, spacing)
    thick = WALL_MM[organ.key] + RUGAE_MM.get(organ.key, 0.0) * smooth_at(voxels, spacing, 12.0, (seed, 44))
    wall = (WALL[phase] + MUCOSA[phase] * np.clip(deep / thick, 0, 1)).astype(np.float32)
    content = CONTENTS[organ.key](Lumen(voxels, shape, spacing, seed, wall, 0.0))
    inner = np.minimum(deep, content.border)
    walled = np.clip((thick - inner) / spacing + 0.5, 0, 1)
    hu = content.hu + walled * (wall - content.hu)
    judged = organ.tissue[mine] & (deep > JUDGED_MM)
    judged = judged if judged.sum() >= LEAST_VOXELS else organ.tissue[mine]
    # whole HU: an edit of a few voxels leaves the rest of the organ as it was
    lighter = np.rint(table[value] - hu[judged].mean()) if judged.any() else 0.0
    if oral:
        hu = CONTENTS[organ.key](Lumen(voxels, shape, spacing, seed, wall, oral)).hu
        hu += walled * (wall - hu)
    hu += lighter
    if organ.gas.any():
        flowing = np.zeros(mine.shape, bool)
        flowing[mine] = content.flowing
        share = level_shares(organ.gas, organ.tissue, flowing, spacing)[mine]
        rim = organ.whole & ~ndimage.binary_erosion(organ.whole, border_value=1)
        hu += share * (1 - RIM * rim[mine]) * (table[values()[GAS[organ.key]]] - hu)
    drawn[mine] = hu
    return drawn
