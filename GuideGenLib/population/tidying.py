"""Loose ends of a label map that was put together of several: one component for each organ that is one piece."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.structures import select
from GuideGenLib.anatomy.table import values
from GuideGenLib.anatomy.tissues import Spacing, closed

TISSUES = ("body", "muscle", "torso_fat", "subcutaneous_fat")
SPECKLE = (*TISSUES, "lung_vessel", "colon_gas", "stomach_gas")
MANY = (
    "ribs_left", "ribs_right", "costal_cartilages", "great_arteries", "great_veins", "pulmonary_vein", "colon",
    "small_bowel", "vertebrae_cervical", "vertebrae_thoracic", "vertebrae_lumbar", "sternum", "thyroid",
)  # fmt: skip


def tidy(labels: NDArray[np.uint8], spacing: Spacing = (3.0, 3.0, 3.0), *, speckle: int = 12) -> NDArray[np.uint8]:
    """One component for each organ that is one piece; small pieces of the others go to what surrounds them.

    A gap that the join cut is closed over 9 mm first, through tissue and never through another organ.
    """
    value = values()
    result = labels.copy()
    orphan = np.zeros(labels.shape, dtype=bool)
    for key, number in value.items():
        mask = result == number
        if key == "background" or not mask.any():
            continue
        parts, count = ndimage.label(mask)
        if key not in (*SPECKLE, *MANY) and count > 1:
            mask = mask | (closed(mask, 9.0, spacing) & select(result, TISSUES))
            parts, count = ndimage.label(mask)
            sizes = np.bincount(parts.ravel())
            sizes[0] = 0
            main = parts == sizes.argmax()
            result[main] = number
            orphan |= (labels == number) & ~main
        else:
            sizes = np.bincount(parts.ravel())
            least = speckle if key in ("lung_vessel", "colon_gas", "stomach_gas") else 3 * speckle
            orphan |= mask & (sizes < least)[parts]
    known = ~orphan & (result > 0)
    index = ndimage.distance_transform_edt(~known, return_distances=False, return_indices=True)
    result[orphan] = result[tuple(axis[orphan] for axis in index)]
    return result
