"""A gallbladder in its bed under the liver, by rule, where the denoiser drew none and none was taken out.

Some people of the training have no gallbladder, so one drawing in eight has a crumb of one or none. Place and slant are
the mean of 29 drawn patients who have one, the place in parts of the box about the liver; size and shape are their
median, slimmer, as what a liver leaves free is not filled (20 to 45 ml; theirs have 51).
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.structures import table_of
from GuideGenLib.anatomy.table import values
from GuideGenLib.mask.components import keep_largest
from GuideGenLib.mask.findings.tissue import FILLERS

LEAST_ML = 4.0
"""Of a drawn one; below it lies nothing but crumbs, above it (from 15 ml on) whole ones."""
PLACE = (0.26, 0.33, 0.30)
"""From the lowest, foremost and rightmost voxel of the liver, in parts of its height, depth and breadth."""
SLANT = np.array((0.58, 0.54, 0.61))
"""Way [z, y, x] from its bottom to its neck: up, back and to the left."""
RADII_MM = 38.0, 17.0
"""Half its length and half its breadth."""
DEEP_MM = 4.0
"""From the border of the liver to its middle, outside of the liver."""
MAY_FILL = (*FILLERS, "liver", "small_bowel", "gallbladder")


def with_gallbladder(labels: NDArray[np.uint8], spacing: float) -> NDArray[np.uint8]:
    """A copy of labels uint8 [z, y, x], isotropic spacing in mm, with a gallbladder of LEAST_ML or more.

    Left as it is where the liver is not shown whole.
    """
    result = labels.copy()
    value = values()
    if (labels == value["gallbladder"]).sum() * spacing**3 >= 1000 * LEAST_ML:
        return result
    (box,) = ndimage.find_objects((labels == value["liver"]).view(np.uint8)) or (None,)
    if box is None or box[0].start == 0 or box[0].stop == len(labels):
        return result
    margin = round(max(RADII_MM) / spacing)
    box = tuple(slice(max(s.start - margin, 0), s.stop + margin) for s in box)
    part = result[box]
    liver = part == value["liver"]
    low, high = (bound(np.argwhere(liver), 0) for bound in (np.min, np.max))
    usual = low + (high - low) * PLACE
    beyond = ndimage.distance_transform_edt(~liver, sampling=spacing)
    bed = np.argwhere((beyond >= DEEP_MM) & (beyond < DEEP_MM + spacing) & table_of(MAY_FILL)[part])
    bed = bed[_is_below(liver, bed)]
    if not len(bed):
        return result
    middle = bed[np.argmin(((bed - usual) ** 2).sum(1))]
    apart = (np.argwhere(table_of(MAY_FILL)[part]) - middle) * spacing
    along = apart @ SLANT
    across = np.sqrt(np.maximum((apart**2).sum(1) - along**2, 0))
    inside = (along / RADII_MM[0]) ** 2 + (across / RADII_MM[1]) ** 2 <= 1
    part[tuple((apart[inside] / spacing).round().astype(int).T + middle[:, None])] = value["gallbladder"]
    return keep_largest(result, ["gallbladder"])


def _is_below(liver: NDArray[np.bool_], places: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether there is liver somewhere above each place [n, 3]."""
    covered = np.cumsum(liver[::-1], axis=0)[::-1] > 0
    return np.asarray(covered[tuple(places.T)])
