"""Ascending and descending aorta in a mask of both: what lies in the front half of it, and what behind."""

import numpy as np
from numpy.typing import NDArray

BESIDE_HEART_MM = (16.0, 44.0)
"""Below the upper end of the heart, where both are looked for."""

Middle = tuple[float, float]


def beside_heart(aorta: NDArray[np.bool_], top: float, spacing: float) -> tuple[Middle, Middle] | None:
    """(y, x) in voxels of the middles of ascending and descending aorta below the heart's upper end.

    aorta: [z, y, x]; top: that end's slice; spacing: mm of isotropic voxels. None where no such aorta is shown.
    """
    low, high = (max(0, round(top - mm / spacing)) for mm in reversed(BESIDE_HEART_MM))
    _, y, x = np.nonzero(aorta[low:high])
    if not len(y) or y.min() == y.max():
        return None
    front = y < (int(y.min()) + int(y.max())) / 2
    (a, b), (c, d) = ((float(y[one].mean()), float(x[one].mean())) for one in (front, ~front))
    return (a, b), (c, d)
