"""What a segmenter sees where it does not belong: small pieces beside an organ's largest one, and labels in the air."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.structures import LUNGS
from GuideGenLib.anatomy.table import by_group, values
from GuideGenLib.judges.person_measures import body_of

ONE_PIECE = (
    *LUNGS, "heart", "aorta", "liver", "gallbladder", "spleen", "pancreas", "stomach", "duodenum", "kidney_left",
    "kidney_right", "adrenal_left", "adrenal_right", "urinary_bladder",
)  # fmt: skip
"""Of any other organ every piece of LEAST_ML stays."""
LEAST_ML = 1.0
SPREAD = ("body", "subcutaneous_fat", "torso_fat", "muscle", "lung_vessel", "stomach_gas", "colon_gas")
"""Tissues that are everywhere, whose pieces are no strays; nor are lesions."""


def without_strays(labels: NDArray[np.uint8], hu: NDArray[np.float32], spacing: float) -> NDArray[np.uint8]:
    """A copy of labels uint8 [z, y, x] in which strays have the label of what is next to them, and air about the body
    has none. hu: on the same grid of isotropic spacing in mm."""
    labels = labels * ndimage.binary_dilation(body_of(hu))  # whose skin may be rough
    lesions = min(row.value for row in by_group()["lesions"])
    spread, one = ({values()[key] for key in keys} for keys in (SPREAD, ONE_PIECE))
    strays = np.zeros(labels.shape, bool)
    for value, box in enumerate(ndimage.find_objects(labels, max_label=lesions - 1), start=1):
        if box is None or value in spread:
            continue
        parts, count = ndimage.label(labels[box] == value)
        if count > 1:
            ml = np.bincount(parts.ravel()) * spacing**3 / 1000
            small = np.ones(len(ml), bool) if value in one else ml < LEAST_ML
            small[0] = False
            small[1 + int(ml[1:].argmax())] = False
            strays[box] |= small[parts]
    if not strays.any():
        return labels
    nearest = ndimage.distance_transform_edt(strays, return_distances=False, return_indices=True)
    return labels[tuple(nearest)]
