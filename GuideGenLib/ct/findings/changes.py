"""What findings of the mechanism "tissue" change in a CT, each by its look."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from GuideGenLib.ct.findings.calcium import calcium_of_aorta, calcium_of_coronaries
from GuideGenLib.ct.findings.lungs import emphysema, fibrosis
from GuideGenLib.ct.findings.organs import bone_loss, fat
from GuideGenLib.vessels.places import Box

Field = NDArray[np.float32]
Draw = Callable[..., Field]

LOOKS: dict[str, Draw] = {
    "fat": fat,
    "bone_loss": bone_loss,
    "emphysema": emphysema,
    "fibrosis": fibrosis,
    "calcium_of_aorta": calcium_of_aorta,
    "calcium_of_coronaries": calcium_of_coronaries,
}
"""By the option `look` of a recipe: each takes HU and labels [z, y, x], the amount, the side or None, mm and a
seed, and gives the HU that it makes of them."""


@dataclass(frozen=True)
class TissueChange:
    """A look of LOOKS, how much of it in the unit of its recipe, and the side that has it, None for both."""

    look: str
    amount: float
    side: str | None = None


def with_tissue_changes(
    hu: Field, labels: NDArray[np.uint8], changes: Sequence[TissueChange], spacing: float, seed: int, window: Box
) -> Field:
    """HU [z, y, x] of a window of labels [z, y, x] with each change; spacing: mm of the isotropic voxels."""
    for change in changes:
        hu = LOOKS[change.look](hu, labels, change.amount, change.side, spacing, seed, window)
    return hu
