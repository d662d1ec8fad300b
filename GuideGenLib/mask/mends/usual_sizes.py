"""Organs that the patient's own deformation would make unusually large or small stay in the range of the population.

By rule, on the voxels: what the flow brought out of the range (1st to 99th percentile of the training's people), or
further out of it than it was drawn, gives up its most jutting voxels to the fat or muscle next to it, or takes of that
the voxels that lie deepest in its hollows, until it has the size of the end of the range, or the drawn one.
"""

from collections.abc import Collection, Mapping

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.structures import table_of
from GuideGenLib.anatomy.table import values

TISSUE = ("body", "torso_fat", "subcutaneous_fat", "muscle")
"""What gives way and what fills."""
LATER = ("ribs_left", "ribs_right", "vertebrae_thoracic", "vertebrae_lumbar")
"""Of which a later rule takes gaps and discs: their range is not that of what is drawn here."""
INSIDE = 0.02
"""How far inside of the range an organ ends, in parts of its volume."""
ROUNDS = 4
"""Layers of voxels that are taken or given at most."""
SMOOTH = 1.5
"""Standard deviation in voxels of the blur that tells hollows from what juts out."""

Labels = NDArray[np.uint8]
Ranges = Mapping[str, tuple[float, float]]


def with_usual_sizes(
    drawn: Labels, deformed: Labels, ranges: Ranges, spacing: float, apart: Collection[int] = (), whole: bool = True
) -> Labels:
    """A copy of the deformed labels uint8 [z, y, x], isotropic spacing in mm, in which no organ left its range.

    ranges: usual ml of organs in a whole torso, by key; apart: label values of organs that may have any size; whole:
    whether this is a whole torso, so that what its ends cut is cut in the ranges too.
    """
    result = deformed.copy()
    before, after = (np.bincount(labels.ravel(), minlength=256) for labels in (drawn, deformed))
    cut = np.array([], np.uint8) if whole else np.union1d(deformed[0], deformed[-1])
    for key, ends in ranges.items():
        value = values()[key]
        if key in TISSUE or key in LATER or value in apart or value in cut or not before[value] or not after[value]:
            continue
        low, high = np.array(ends) * 1000 / spacing**3 * (1 + INSIDE, 1 - INSIDE)
        count = round(float(np.clip(after[value], min(low, before[value]), max(high, before[value]))))
        if count != after[value]:
            _resize(result, value, count)
    return result


def _resize(labels: Labels, value: int, count: int) -> None:
    """Grows or shrinks a label towards so many voxels, in place, layer by layer."""
    (box,) = ndimage.find_objects((labels == value).view(np.uint8))
    part = labels[tuple(slice(max(s.start - ROUNDS - 2, 0), s.stop + ROUNDS + 2) for s in box)]
    for _ in range(ROUNDS):
        organ, tissue = part == value, table_of(TISSUE)[part]
        missing = count - int(np.count_nonzero(organ))
        if missing == 0:
            return
        depth = ndimage.gaussian_filter(organ.astype(np.float32), SMOOTH)
        reach = ndimage.binary_dilation(organ) & tissue if missing > 0 else ndimage.binary_dilation(tissue) & organ
        border = np.flatnonzero(reach)
        order = np.argsort(-np.sign(missing) * depth.ravel()[border], kind="stable")[: abs(missing)]
        places = np.unravel_index(border[order], part.shape)
        if missing > 0:
            part[places] = value
        else:
            nearest = ndimage.distance_transform_edt(~tissue, return_distances=False, return_indices=True)
            part[places] = part[tuple(nearest[(slice(None), *places)])]
