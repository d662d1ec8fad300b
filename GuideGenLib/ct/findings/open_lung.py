"""Lung that is dense and still lung: its vessels and bronchi go on, seen as such in ground glass and as an air
bronchogram in a consolidation (Hansell, Radiology 2008;246:697). A recipe tells it with the option `open`."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.structures import LUNGS, select
from GuideGenLib.anatomy.table import values
from GuideGenLib.findings.reading import recipes

REACH = 30
"""Voxels about such a finding among which the lobe is looked for that it lies in."""


def open_lung(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The labels [z, y, x] with such findings as the lobes that they lie in; the same array where there are none."""
    keys = [one.label["key"] for one in recipes() if one.label is not None and one.options.get("open")]
    there = np.isin(labels, [values()[key] for key in keys])
    if not there.any():
        return labels
    (tight,) = ndimage.find_objects(there.view(np.uint8))
    box = tuple(slice(max(side.start - REACH, 0), side.stop + REACH) for side in tight)
    part = labels[box]
    lobes = select(part, LUNGS)
    if not lobes.any():
        return labels
    nearest = ndimage.distance_transform_edt(~lobes, return_distances=False, return_indices=True)
    result = labels.copy()
    result[box] = np.where(there[box], part[tuple(nearest)], part)
    return result
