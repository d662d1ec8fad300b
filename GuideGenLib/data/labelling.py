"""Labels for scans that have none: those of a segmenter, as far as its HU and its own confidence bear them out.

Arrays are [z, y, x] in the canonical frame.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.structures import LUNGS, select
from GuideGenLib.anatomy.table import by_group, values
from GuideGenLib.anatomy.tissues import body_mask, split_tissues
from GuideGenLib.core.resample import nearest, resample, vote, weights

Segment = Callable[[NDArray[np.float32], float], tuple[NDArray[np.uint8], NDArray[np.float32]]]
"""HU and their spacing in mm -> labels at SEGMENT_MM and the probability of each."""
UNSURE = "_unsure"
"""Behind the name of a label map: the mask of where it is not sure."""
SEGMENT_MM = 3.0
LEAST_SURE = 0.6
"""Probability below which nothing is learnt from a label."""
LEAST_PART_ML = 3.0
"""Smaller pieces of an organ, beside its largest one, are mistakes."""
BY_HU = ("body", "subcutaneous_fat", "torso_fat", "muscle", "stomach_gas", "colon_gas", "lung_vessel")
"""Labels that are found by HU and place, here as in every labelled scan."""
LUNG_HU, BONE_HU, SOFT_HU = (-1024, -300), (-100, 3071), (-150, 600)
"""What a voxel of lungs or airways, bones, and all other organs may have."""


def label_by(segment: Segment, hu: NDArray[np.int16], spacing: float) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Labels of an unlabelled scan at an isotropic spacing in mm, and where they are not sure, both of its shape."""
    grid = (spacing,) * 3
    body = body_mask(hu, grid)
    coarse, probability = segment(np.where(body, hu, -1000).astype(np.float32), spacing)
    coarse = _without_scraps(_without(coarse))
    up = [weights(n, SEGMENT_MM, new, spacing) for n, new in zip(coarse.shape, hu.shape, strict=True)]
    organs = vote(coarse, up) * body
    organs[~plausible(organs, hu)] = 0
    labels = split_tissues(organs.astype(np.uint8), hu, grid)
    near = [nearest(n, SEGMENT_MM, new, spacing) for n, new in zip(coarse.shape, hu.shape, strict=True)]
    doubtful = (resample(probability, up) < LEAST_SURE) | (coarse[np.ix_(*near)] == 0) & (organs > 0)
    found_by_hu = select(labels, (*BY_HU[1:], *LUNGS)) | (labels == 0)
    # soft tissue that got no name is an organ that was missed
    unsure = (doubtful & ~found_by_hu) | (labels == values()["body"])
    return labels, unsure


def plausible(labels: NDArray[np.uint8], hu: NDArray[np.int16]) -> NDArray[np.bool_]:
    """Where a label may have the HU that lie there."""
    low, high = np.full(256, SOFT_HU[0]), np.full(256, SOFT_HU[1])
    bones = [row.value for row in by_group()["bones"]]
    airy = [values()[key] for key in (*LUNGS, "trachea")]
    low[bones], high[bones] = BONE_HU
    low[airy], high[airy] = LUNG_HU
    low[0], high[0] = -32768, 32767
    smooth = ndimage.uniform_filter(hu.astype(np.float32), 3)  # noise alone makes no label implausible
    return (smooth >= low[labels]) & (smooth <= high[labels])


def _without(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Without lesions, whose organ is not told, and without what HU tell better."""
    table = np.arange(256, dtype=np.uint8)
    table[[values()[key] for key in BY_HU] + [row.value for row in by_group()["lesions"]]] = 0
    return table[labels]


def _without_scraps(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Each organ's largest part and others of at least LEAST_PART_ML."""
    result = labels.copy()
    for value, box in enumerate(ndimage.find_objects(labels), start=1):
        if box is None:
            continue
        parts, count = ndimage.label(labels[box] == value)
        if count < 2:
            continue
        ml = np.bincount(parts.ravel()) * SEGMENT_MM**3 / 1000
        ml[0] = 0
        small = (ml < LEAST_PART_ML) & (np.arange(len(ml)) != ml.argmax())
        small[0] = False
        result[box][small[parts]] = 0
    return result
