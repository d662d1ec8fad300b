"""What a training label map does not know: marks beside the values of the anatomy table, one byte a voxel.

Sources label some structures and not others, and show a part of the body. A voxel that has no label there is unknown,
not air, and what lies outside the field of view is not known at all.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from GuideGenLib.anatomy.table import label, values

UNLABELLED = 254
"""Shown, and none of the structures that the source labels."""
OUTSIDE = 255
"""Not shown."""
FILLED = 128
"""Added to a value that was not seen but taken from another person."""


def value_of(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The values without their marks; 0 where nothing is known."""
    return np.where(labels >= UNLABELLED, 0, labels & (FILLED - 1)).astype(np.uint8)


def possible(known: Iterable[int], classes: int) -> NDArray[np.bool_]:
    """What a voxel may be, [classes + 1, classes]: row c for label c of a source, the last row for no label.

    known: values that the source labels. A labelled voxel is of its class or of a part of it that the source does not
    tell apart (gas in the colon); an unlabelled one is of any class that is not labelled, the parts of labelled ones
    left out.
    """
    told = np.zeros(classes, bool)
    told[[value for value in known if value < classes]] = True
    table = np.eye(classes + 1, classes, dtype=bool)
    table[classes] = ~told
    for value in np.flatnonzero(~told):
        whole = [values()[key] for key in label(int(value)).part_of]
        inside = [parent for parent in whole if parent < classes and told[parent]]
        table[inside, value] = True
        if inside and len(inside) == len(whole):
            table[classes, value] = False
    if not table[classes].any():
        table[classes, 0] = True
    return table
