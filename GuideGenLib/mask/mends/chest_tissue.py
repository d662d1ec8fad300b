"""Unlabelled tissue ("body") of shoulders and mediastinum, by rule: muscle and fat as on the other side, fat, vessels.

In all drawings one shoulder is a block of unlabelled tissue, 150 to 300 ml: in the scan that shoulders come from the
vein of that side was full of contrast, and its streaks hid which tissue is which. It is drawn as the other side is.
Between heart and great vessels there were gaps of some voxels; narrow ones are shared out, as vessels touch or lie in
thin folds of fat, which the CT has (`ct/mediastinum.py`). What else is unlabelled between the lungs, in front of the
spine, is fat.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.structures import LUNGS, table_of
from GuideGenLib.anatomy.table import values
from GuideGenLib.anatomy.tissues import filled_slices
from GuideGenLib.mask.mends.belly_wall import spine_places
from GuideGenLib.vessels.places import Mask, box_of

SPINE = ("vertebrae_cervical", "vertebrae_thoracic")
TISSUE = ("muscle", "torso_fat", "subcutaneous_fat")
VESSELS = ("heart", "aorta", "superior_vena_cava")
ROOTS = ("pulmonary_vein", "lung_vessel", "trachea", "vertebrae_thoracic")
"""What has unlabelled tissue about it that is no fat: vessels and bronchi of the lung's root, ligaments."""
SHOULDER_MM, ASIDE_MM = 90.0, 28.0
"""Below the upper end of the lungs, and from the middle of the spine, where shoulders are."""
GAP_MM = 10.0
"""Gaps between vessels that are no wider are shared out, and holes among them."""
ABOUT_MM = 4.0
"""About the root of the lung and the spine tissue stays unlabelled so far."""
NEAR = 4
"""Voxels about a shoulder's unlabelled tissue among which the nearest tissue is looked for."""
ALONG_MM = 20.0
"""Standard deviation along z over which the spine's place is taken."""

Labels = NDArray[np.uint8]


def with_chest_tissue(labels: Labels, spacing: float) -> Labels:
    """A copy of labels [z, y, x], isotropic spacing in mm, with the tissue of shoulders and mediastinum; the same where
    no lungs or no spine are shown."""
    lungs = table_of(LUNGS)[labels]
    heights = np.flatnonzero(lungs.any(axis=(1, 2)))
    if not len(heights) or not table_of(SPINE)[labels[heights[0] :]].any():
        return labels
    result = labels.copy()
    chest = slice(int(heights[0]), int(heights[-1]) + 1)
    upper = slice(max(0, chest.stop - round(SHOULDER_MM / spacing)), len(labels))
    _share_out(result[chest], lungs[chest], spacing)
    _mirror(result[upper], spacing)
    return result


def _share_out(part: Labels, lungs: Mask, spacing: float) -> None:
    """Give what is unlabelled between the lungs to vessels and fat, in place."""
    front, _ = spine_places(table_of(SPINE)[part], ALONG_MM / spacing)
    rows = np.arange(part.shape[1])[None, :, None]
    right, left = (np.logical_or.accumulate(side, axis=2) for side in (lungs, lungs[:, :, ::-1]))
    free = (part == values()["body"]) & right & left[:, :, ::-1] & (rows < front[:, None, None])
    if not free.any():
        return
    box = box_of(free, round(GAP_MM / spacing) + 1)
    around, chosen = part[box], free[box]
    away = np.stack([_away(around == values()[key], spacing)[chosen] for key in VESSELS])
    nearest, second = np.partition(away, 1, axis=0)[:2]
    owner = np.array([values()[key] for key in VESSELS], np.uint8)[away.argmin(axis=0)]
    root = _away(table_of(ROOTS)[around], spacing)[chosen] <= ABOUT_MM
    enclosed = filled_slices(table_of((*VESSELS, "pulmonary_vein"))[around])[chosen]
    given = np.where(root, values()["body"], values()["torso_fat"])
    around[chosen] = np.where(enclosed | (nearest + second <= GAP_MM + spacing), owner, given)


def _mirror(part: Labels, spacing: float) -> None:
    """Give what is unlabelled in a shoulder the tissue of the same place on the other side, in place; the nearest where
    there is none."""
    spine = table_of(SPINE)[part]
    if not spine.any():
        return
    _, middle = spine_places(spine, ALONG_MM / spacing)
    z, y, x = np.nonzero(part == values()["body"])
    aside = np.abs(x - middle[z]) * spacing > ASIDE_MM
    z, y, x = z[aside], y[aside], x[aside]
    other = np.clip(np.rint(2 * middle[z] - x).astype(int), 0, part.shape[2] - 1)
    mirrored = part[z, y, other]
    part[z, y, x] = np.where(table_of(TISSUE)[mirrored], mirrored, _nearest(part, (z, y, x)))


def _nearest(part: Labels, voxels: tuple[NDArray[np.intp], ...]) -> Labels:
    """The tissue [n] nearest to voxels ([n], [n], [n])."""
    chosen = np.zeros(part.shape, bool)
    chosen[voxels] = True
    box = box_of(chosen, NEAR)
    around = part[box]
    tissue = table_of(TISSUE)[around]
    place = ndimage.distance_transform_edt(~tissue, return_distances=False, return_indices=True)
    return np.asarray(around[tuple(place)][chosen[box]])


def _away(there: Mask, spacing: float) -> NDArray[np.float32]:
    """mm from a mask; endlessly far where it is empty."""
    if not there.any():
        return np.full(there.shape, np.inf, np.float32)
    return np.asarray(ndimage.distance_transform_edt(~there) * spacing, np.float32)
