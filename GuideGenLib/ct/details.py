"""What the networks do not draw and rules do, in the order in which it is laid over their HU.

Each step takes the whole label map, so that a window made anew after an edit has what the whole had, and changes HU
near the structures alone that it draws.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from GuideGenLib.ct.airways import with_airways
from GuideGenLib.ct.bones import with_bones
from GuideGenLib.ct.canvas import Canvas
from GuideGenLib.ct.fat_strands import with_strands_in_fat
from GuideGenLib.ct.findings.changes import with_tissue_changes
from GuideGenLib.ct.findings.levels import with_levels
from GuideGenLib.ct.findings.rims import with_rims
from GuideGenLib.ct.findings.small import with_small
from GuideGenLib.ct.findings.wide_bowel import with_wide_bowel
from GuideGenLib.ct.fine_vessels import with_vessels
from GuideGenLib.ct.hollow.bladder import with_bladder
from GuideGenLib.ct.hollow.organs import with_hollow_organs
from GuideGenLib.ct.kidneys import with_kidneys
from GuideGenLib.ct.lesion_looks import with_lesion_looks
from GuideGenLib.ct.lung_tissue import with_even_lungs
from GuideGenLib.ct.muscle_fat import with_fat_in_muscle

Field = NDArray[np.float32]
STEPS: tuple[Callable[[Field, Canvas], Field], ...] = (
    with_bones,
    with_fat_in_muscle,
    with_strands_in_fat,
    with_lesion_looks,
    with_levels,
    with_even_lungs,
    with_vessels,
    with_airways,
    with_kidneys,
    with_hollow_organs,
    with_bladder,
    with_rims,
    with_small,
    with_wide_bowel,
    with_tissue_changes,
)


def with_details(hu: Field, canvas: Canvas) -> Field:
    """HU [z, y, x] of the canvas's window with the details that rules draw."""
    for step in STEPS:
        hu = step(hu, canvas)
    return hu
