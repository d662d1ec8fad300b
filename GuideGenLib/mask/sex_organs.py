"""Prostate and uterus as the sex has them.

The denoiser knows the sex, but draws no prostate, or a uterus, in some men: most often in old or heavy ones, of whom it
saw few. So the organ of the other sex is forbidden while it draws, and a prostate that is missing is laid below the
bladder, where and as large as it is in the middle man of the training population.
"""

import numpy as np

from GuideGenLib.anatomy.structures import table_of
from GuideGenLib.anatomy.table import values
from GuideGenLib.mask.components import keep_largest
from GuideGenLib.mask.findings.tissue import FILLERS

OTHER_SEX = {"male": "uterus", "female": "prostate"}
"""By the sex of a description: the organ that such a person has not."""
OWN = {"male": "prostate", "female": "uterus"}
LEAST_ML = 4.0
"""A prostate below it (the smallest of the population have 6 ml) counts as missing."""
BELOW_MM, BEHIND_MM = 5.0, 29.0
"""From the lowest voxel of the bladder and from its middle to the middle of the prostate."""
RADII_MM = (13.5, 16.5, 18.0)
MAY_FILL = (*FILLERS, "muscle", "uterus", "prostate")


def lay_prostate(labels: np.ndarray, spacing: float) -> np.ndarray:
    """A copy of a man's labels uint8 [z, y, x], isotropic spacing in mm, with a prostate of LEAST_ML or more.

    Only fat, muscle and unnamed tissue give way. Where the bladder is not seen, or its floor is cut, nothing is laid.
    """
    value = values()
    labels = labels.copy()
    if (labels == value["prostate"]).sum() * spacing**3 / 1000 >= LEAST_ML:
        return labels
    bladder = np.argwhere(labels == value["urinary_bladder"])
    if not len(bladder):
        return labels
    _, y, x = bladder.mean(axis=0)
    middle = np.array([bladder[:, 0].min() - BELOW_MM / spacing, y + BEHIND_MM / spacing, x])
    if middle[0] < RADII_MM[0] / spacing:
        return labels
    grid = np.ogrid[tuple(slice(0, n) for n in labels.shape)]
    distance = sum(
        ((axis - centre) * spacing / radius) ** 2 for axis, centre, radius in zip(grid, middle, RADII_MM, strict=True)
    )
    labels[(distance <= 1) & table_of(MAY_FILL)[labels]] = value["prostate"]
    return keep_largest(labels, ["prostate"])
