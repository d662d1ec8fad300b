"""The skeleton of the trunk laid over a drawing."""

import numpy as np
from numpy.typing import NDArray

from GuideGenLib.anatomy.table import values
from GuideGenLib.mask.skeleton.cage import cage_of
from GuideGenLib.mask.skeleton.course import course_of
from GuideGenLib.mask.skeleton.ribs import with_ribs, without_ribs
from GuideGenLib.mask.skeleton.vertebrae import with_vertebrae

Labels = NDArray[np.uint8]


def with_skeleton(labels: Labels, spacing: float, seed: int) -> Labels:
    """A copy of labels uint8 [z, y, x] of isotropic spacing in mm with vertebrae, and ribs where a cage is drawn.

    Left as it is where no cord tells the course of the spine.
    """
    course = course_of(labels, spacing)
    if course is None:
        return labels.copy()
    cage = cage_of(labels, course)
    if cage is None:
        return with_vertebrae(labels, course, seed)
    sternum = np.argwhere(labels == values()["sternum"]).astype(float)
    return with_ribs(with_vertebrae(without_ribs(labels), course, seed), course, cage, sternum)
