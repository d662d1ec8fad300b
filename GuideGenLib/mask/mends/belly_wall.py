"""The front wall of the belly, by rule: muscle between what lies in the belly and the fat under the skin.

The straight and the flat muscles there are thinner than two voxels of the denoiser, which leaves them out or in pieces:
bowel lay against the fat of the skin. A border is drawn between both fats, smooth, and muscle below it: the straight
muscles from the breastbone to the pubic bones (9 to 10 mm thick and 6 to 7 cm wide in adults: Rankin, Muscle Nerve
2006;34:320), the white line between them, the flat ones beside. Organs stay where they are; where they reach the border
the wall lies outside.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.structures import table_of
from GuideGenLib.anatomy.table import values
from GuideGenLib.anatomy.tissues import filled_slices
from GuideGenLib.mask.outline import below_edge

BORDER_MM = 6.0
"""Standard deviation of the blur that makes the border between both fats smooth."""
STRAIGHT_MM, FLAT_MM, LINE_MM = 9.0, 6.0, 3.0
"""Thickness of the straight muscles, the flat ones beside them, and the white line between them."""
STRAIGHT_X_MM = (4.0, 72.0)
"""From the middle plane, where a straight muscle begins and ends."""
OUTSIDE_MM = 5.0
"""Of the wall over an organ that reaches the border."""
SKIN_MM = 6.0
"""Below the skin there is no muscle."""
PUBIS = 0.35
"""Of the height of the hip bones, up to where their front is pubic bone."""
ALONG_MM = 20.0
"""Standard deviation along z over which the spine's place is taken."""
ASIDE = 0.6
"""The wall ends where the spine is so much less far behind it than aside: the flanks were drawn."""
FAT = ("subcutaneous_fat", "torso_fat")
OUTER = ("background", "subcutaneous_fat")
HIPS, SPINE = ("hip_left", "hip_right"), ("vertebrae_lumbar", "sacrum", "vertebrae_thoracic")

Labels = NDArray[np.uint8]


def with_belly_wall(labels: Labels, spacing: float) -> Labels:
    """A copy of labels [z, y, x], isotropic spacing in mm, with the front wall of the belly; the same where no spine
    tells which way the front is, or no slice shows a belly."""
    rows = belly(labels)
    spine = table_of(SPINE)[labels[rows]]
    if not spine.any():
        return labels
    result = labels.copy()
    part = result[rows]
    outer = table_of(OUTER)[part]
    inner = filled_slices(~outer)
    blurred = ndimage.gaussian_filter(inner.astype(np.float32), BORDER_MM / spacing, mode="nearest")
    inside = blurred > 0.5
    fat = table_of(FAT)[part]
    part[fat & inside] = values()["torso_fat"]
    part[fat & ~inside] = values()["subcutaneous_fat"]
    part[table_of((*FAT, "body"))[part] & _wall(part, inside, spine, spacing)] = values()["muscle"]
    return result


def belly(labels: Labels) -> slice:
    """The slices between pubic bones and breastbone; where one of them is not shown, to the end of the volume."""
    hips, breastbone = (np.flatnonzero(table_of(keys)[labels].any(axis=(1, 2))) for keys in (HIPS, ("sternum",)))
    low = round(hips[0] + PUBIS * (hips[-1] - hips[0])) if len(hips) else 0
    high = int(breastbone[0]) if len(breastbone) else len(labels)
    return slice(low, max(low, high))


def _wall(part: Labels, inside: NDArray[np.bool_], spine: NDArray[np.bool_], spacing: float) -> NDArray[np.bool_]:
    """Where the wall is, in front of the spine: below the border, or over organs that reach it."""
    y, x = spine_places(spine, ALONG_MM / spacing)
    rows, columns = (np.arange(n, dtype=np.float32) for n in part.shape[1:])
    aside = np.abs(columns - x[:, None])[:, None] * spacing
    thick = np.where(aside < STRAIGHT_X_MM[1], STRAIGHT_MM, FLAT_MM)
    thick = np.where(aside < STRAIGHT_X_MM[0], LINE_MM, thick)
    below, above = (spacing * below_edge(one) for one in (inside, ~inside))
    organs = inside & ~table_of((*FAT, "body", "muscle"))[part]
    over = ndimage.binary_dilation(organs, np.ones((1, 3, 3)), iterations=round(OUTSIDE_MM / spacing))
    wall = (inside & (below < thick)) | (~inside & (above < OUTSIDE_MM) & over)
    front = (y[:, None, None] - rows[None, :, None]) * spacing > ASIDE * aside
    return wall & front & (spacing * below_edge(part > 0) > SKIN_MM)


def spine_places(spine: NDArray[np.bool_], over: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(y of its front, x of its middle) in each slice [z], smooth along z; a slice without one has its neighbours'."""
    there = np.flatnonzero(spine.any(axis=(1, 2)))
    front = spine[there].any(axis=2).argmax(axis=1)
    columns = spine[there].any(axis=1)
    middle = (columns * np.arange(columns.shape[1])).sum(axis=1) / columns.sum(axis=1)
    every = np.arange(len(spine))
    y, x = (ndimage.gaussian_filter1d(np.interp(every, there, one), over, mode="nearest") for one in (front, middle))
    return y, x
