"""What the networks do not draw and rules do, in the order in which it is laid over their HU.

Each step takes the whole label map, so that a window made anew after an edit has what the whole had, and changes HU
near the structures alone that it draws. The HU that it is given are its own to write to.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from GuideGenLib.ct.airways import with_airways
from GuideGenLib.ct.belly_vessels import belly_vessels_of, with_belly_vessels
from GuideGenLib.ct.bones import with_bones
from GuideGenLib.ct.canvas import Canvas
from GuideGenLib.ct.even_tissue import with_even_fat, with_even_lungs
from GuideGenLib.ct.fat_strands import strands_of, with_strands_in_fat
from GuideGenLib.ct.findings.changes import with_tissue_changes
from GuideGenLib.ct.findings.levels import with_levels
from GuideGenLib.ct.findings.rims import with_rims
from GuideGenLib.ct.findings.small import with_small
from GuideGenLib.ct.findings.wide_bowel import with_wide_bowel
from GuideGenLib.ct.fine_vessels import vessels_ahead, with_vessels
from GuideGenLib.ct.heart import with_heart
from GuideGenLib.ct.hollow.bladder import with_bladder
from GuideGenLib.ct.hollow.organs import with_hollow_organs
from GuideGenLib.ct.kidneys import with_kidneys
from GuideGenLib.ct.lesion_looks import with_lesion_looks
from GuideGenLib.ct.mediastinum import with_fat_of_mediastinum
from GuideGenLib.ct.muscle_fat import fat_of_muscles, with_fat_in_muscle
from GuideGenLib.ct.muscle_planes import planes_of_muscles, with_planes_in_muscle
from GuideGenLib.ct.pleura import with_pleura
from GuideGenLib.ct.skin import with_skin

Field = NDArray[np.float32]
Step = Callable[[Field, Canvas], Field]
AT_ONCE: tuple[tuple[tuple[Step, ...], ...], ...] = (
    (
        (with_bones,),
        (with_fat_in_muscle, with_planes_in_muscle, with_even_fat, with_strands_in_fat, with_belly_vessels),
    ),
    ((with_skin, with_pleura, with_lesion_looks, with_levels),),
    (
        (with_even_lungs, with_vessels, with_airways),
        (with_kidneys, with_heart, with_fat_of_mediastinum, with_hollow_organs, with_bladder),
    ),
    ((with_rims, with_small, with_wide_bowel, with_tissue_changes),),
)
"""Stage by stage the chains of steps that change other voxels than each other, and read none that the other changes.
Where there are several, each draws into the HU that it was given and writes to no voxel but those."""
STEPS = tuple(step for stage in AT_ONCE for chain in stage for step in chain)
"""All, one after the other: the same."""


AHEAD: tuple[Callable[[Canvas], object], ...] = (
    fat_of_muscles,
    planes_of_muscles,
    strands_of,
    belly_vessels_of,
    vessels_ahead,
)
"""What hangs on labels alone and takes longest; it is kept for the steps."""


@contextmanager
def drawn_ahead(canvas: Canvas) -> Iterator[None]:
    """While the networks run, a thread of its own draws what does not hang on their HU. Where they fail or are stopped
    nothing new is begun."""
    canvas.kept_before()
    with ThreadPoolExecutor(1) as thread:
        drawing = [thread.submit(draw, canvas) for draw in AHEAD]
        try:
            yield
        except BaseException:
            thread.shutdown(wait=False, cancel_futures=True)
            raise
        for one in drawing:
            one.result()


def with_details(hu: Field, canvas: Canvas) -> Field:
    """HU [z, y, x] of the canvas's window with the details that rules draw, into the same array where they can; what
    hangs on labels that are as they were is not drawn anew."""
    canvas.kept_before()
    with ThreadPoolExecutor(max(map(len, AT_ONCE))) as threads:
        for stage in AT_ONCE:
            first, *others = threads.map(lambda chain, before=hu: _drawn(chain, before, canvas), stage)
            assert not others or all(one is hu for one in (first, *others)), "what a chain drew would be lost"
            hu = first
    return hu


def _drawn(chain: tuple[Step, ...], hu: Field, canvas: Canvas) -> Field:
    """HU after the steps of a chain."""
    for step in chain:
        hu = step(hu, canvas)
    return hu
