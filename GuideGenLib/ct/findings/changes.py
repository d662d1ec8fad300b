"""What findings of the mechanism "tissue" change in a CT, each by its look."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from GuideGenLib.ct.canvas import Canvas
from GuideGenLib.ct.findings.calcium import calcium_of_aorta, calcium_of_coronaries
from GuideGenLib.ct.findings.lungs import emphysema, fibrosis
from GuideGenLib.ct.findings.organs import bone_loss, fat, nodules
from GuideGenLib.ct.findings.told import TissueChange, tissue_changes

Field = NDArray[np.float32]
Draw = Callable[..., Field]

LOOKS: dict[str, Draw] = {
    "fat": fat,
    "nodules": nodules,
    "bone_loss": bone_loss,
    "emphysema": emphysema,
    "fibrosis": fibrosis,
    "calcium_of_aorta": calcium_of_aorta,
    "calcium_of_coronaries": calcium_of_coronaries,
}
"""By the option `look` of a recipe: each takes HU and labels [z, y, x], the amount, the side or None, mm and a
seed, and gives the HU that it makes of them."""


def with_tissue_changes(hu: Field, canvas: Canvas) -> Field:
    """HU [z, y, x] of the canvas's window with what its findings change in tissues."""
    return changed(hu, canvas, tissue_changes(canvas.findings, canvas.seed))


def changed(hu: Field, canvas: Canvas, changes: Sequence[TissueChange]) -> Field:
    """HU [z, y, x] of the canvas's window with each change."""
    for change in changes:
        draw = LOOKS[change.look]
        hu = draw(hu, canvas.labels, change.amount, change.side, canvas.spacing, canvas.seed, canvas.window)
    return hu
