"""Flesh between what lies within the body and the air: nothing inner touches the skin, and the skin has no notches."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.structures import LUNGS, table_of
from GuideGenLib.anatomy.table import values
from GuideGenLib.core.components import TOUCHING

WALL_MM = 4.0
"""Of what is laid over an inner structure: so much is muscle, the rest fat."""
SMOOTH_MM = 30.0
"""Hollows between such flesh and the body are closed by a ball of this radius."""
LEAST_MM = 9.0
"""Skin, fat and muscle of the thin over the organs of belly and chest."""
INNER = (
    *LUNGS, "heart", "liver", "gallbladder", "spleen", "pancreas", "stomach", "stomach_gas", "duodenum", "small_bowel",
    "colon", "colon_gas", "kidney_left", "kidney_right", "urinary_bladder", "uterus",
)  # fmt: skip

Labels = NDArray[np.uint8]
Mask = NDArray[np.bool_]


def with_wall(labels: Labels, spacing: float) -> Labels:
    """A copy of drawn labels [z, y, x] of isotropic spacing in mm with at least LEAST_MM over the organs."""
    inner = table_of(INNER)[labels]
    near = ndimage.binary_dilation(inner, TOUCHING, iterations=round(LEAST_MM / spacing)) & (labels == 0)
    if not near.any():
        return labels
    result = labels.copy()
    reach = round((SMOOTH_MM + LEAST_MM) / spacing)
    (box,) = ndimage.find_objects(near.view(np.uint8))
    wide = tuple(slice(max(s.start - reach, 0), s.stop + reach) for s in box)
    cover(result[wide], inner[wide], spacing, LEAST_MM)
    return result


def cover(
    labels: Labels, inner: Mask, spacing: float, skin_mm: float, fat: str = "subcutaneous_fat", muscle: str = "muscle"
) -> None:
    """Lay `skin_mm` of muscle and fat, in place, where an inner structure lies in the air or near it, with a smooth
    skin over what is added. labels, inner: [z, y, x]; fat, muscle: keys of what is laid."""
    away = ndimage.distance_transform_edt(~inner) * spacing
    near = (away <= skin_mm) & (labels == 0)
    if not near.any():
        return
    reach = round(SMOOTH_MM / spacing)
    aside = [(0, 0), *2 * [(reach + 1, reach + 1)]]  # air on all sides, but the body goes on above and below
    wide = ndimage.distance_transform_edt(~np.pad(near | (labels != 0), aside)) <= reach
    inside = slice(reach + 1, -reach - 1)
    closed = ndimage.distance_transform_edt(wide)[:, inside, inside] > reach
    added = near | closed & (labels == 0) & (ndimage.distance_transform_edt(~near) <= reach)
    labels[added] = values()[fat]
    labels[added & (away <= WALL_MM)] = values()[muscle]
