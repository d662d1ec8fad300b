"""What the rules of `ct.details` draw on: a labelled patient, and what of it the HU at hand show."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from GuideGenLib.ct.kept import Kept
from GuideGenLib.description.model import Finding
from GuideGenLib.vessels.places import Box


@dataclass(frozen=True, eq=False)
class Canvas:
    """Each rule takes HU float32 [z, y, x] of the window and this, and gives HU with what it draws; it may write to
    those that it was given.

    labels: uint8 [z, y, x] of the whole volume; table: reference HU by label value in the contrast phase, of the
    patient's age; spacing: mm of the isotropic voxels; seed: the patient's; window: the part of the labels that the HU
    show; findings: what the description names; oral_contrast: whether the bowel is filled with it; kept:
    what was drawn before.
    """

    labels: NDArray[np.uint8]
    table: NDArray[np.float32]
    phase: str
    spacing: float
    seed: int
    window: Box = (slice(None),) * 3
    findings: Sequence[Finding] = ()
    oral_contrast: bool = False
    kept: Kept = field(default_factory=Kept)

    def add(self, hu: NDArray[np.float32], where: NDArray[np.bool_], more: NDArray[np.float32]) -> None:
        """Add HU [n] at the voxels of a mask of the whole volume to the HU of the window, in place."""
        here = where[self.window]
        if here.shape != where.shape:
            shown = np.zeros(where.shape, bool)
            shown[self.window] = True
            more = more[shown[where]]
        hu[here] += more

    def kept_before(self) -> None:
        """Keep of what was drawn what holds for this canvas, too."""
        patient = (self.table.tobytes(), self.phase, self.spacing, self.seed, repr(self.findings), self.oral_contrast)
        self.kept.turn_to(self.labels, patient)
