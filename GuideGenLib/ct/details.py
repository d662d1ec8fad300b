"""What the networks do not draw and rules do, in the order in which it is laid over their HU.

Each step takes the whole label map, so that a window made anew after an edit has what the whole had, and changes HU
near the structures alone that it draws.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from GuideGenLib.ct.airways import with_airways
from GuideGenLib.ct.findings.changes import with_tissue_changes
from GuideGenLib.ct.findings.rims import with_rims
from GuideGenLib.ct.findings.small import with_small
from GuideGenLib.ct.findings.told import tissue_changes
from GuideGenLib.ct.fine_vessels import vessel_shares, with_vessels
from GuideGenLib.ct.hollow.bladder import with_bladder
from GuideGenLib.ct.hollow.organs import with_hollow_organs
from GuideGenLib.ct.kidneys import with_kidneys
from GuideGenLib.ct.lesion_looks import as_lung, with_lesion_looks
from GuideGenLib.description.model import Finding
from GuideGenLib.vessels.places import Box


def with_details(
    hu: NDArray[np.float32],
    labels: NDArray[np.uint8],
    findings: Sequence[Finding],
    table: NDArray[np.float32],
    phase: str,
    spacing: float,
    seed: int,
    window: Box = (slice(None),) * 3,
    oral_contrast: bool = False,
) -> NDArray[np.float32]:
    """HU [z, y, x] of a window of labels [z, y, x] with the details that rules draw.

    findings: which looks of lesions they name; table: reference HU by label value in the contrast phase; spacing: mm
    of the isotropic voxels; seed: the patient's.
    """
    hu = with_lesion_looks(hu, labels, findings, table, phase, spacing, seed, window)
    hu = with_vessels(hu, table, vessel_shares(as_lung(labels, findings, spacing, seed), spacing, seed), window)
    hu = with_airways(hu, labels, table, spacing, seed, window)
    hu = with_kidneys(hu, labels, table, phase, spacing, seed, window)
    hu = with_hollow_organs(hu, labels, table, phase, spacing, seed, window, oral_contrast)
    hu = with_bladder(hu, labels, table, phase, spacing, seed, window)
    hu = with_rims(hu, labels, table, phase, spacing, seed, window)
    hu = with_small(hu, labels, table, spacing, seed, window)
    return with_tissue_changes(hu, labels, tissue_changes(findings, seed), spacing, seed, window)
