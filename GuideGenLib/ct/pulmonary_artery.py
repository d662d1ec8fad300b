"""The pulmonary artery, which is the upper part of the heart's label (as of TotalSegmentator's), told by rule.

Left of and behind the ascending aorta the label ends above with the trunk and its branches: the right one crosses
behind aorta and superior vena cava, the left one arches back. What lies less far below this roof than the branches are
high, and in front as far as the trunk is long, is artery: even blood of the right heart, without muscle. The trunk is
25 mm wide, at most 29 in men and 27 in women (Truong, Circ Cardiovasc Imaging 2012;5:147); here it is as wide as its
label. That branches are 20 mm high and the trunk is 45 mm long are estimates from three label maps of real people.
Below the branches a fold of fat parts them from the left atrium.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.aorta import beside_heart

Field = NDArray[np.float32]
Mask = NDArray[np.bool_]
BRANCH_MM, TRUNK_MM = 20.0, 45.0
"""Below the roof of the label, how far branches and trunk reach."""
PATIENTS = 0.06
"""Standard deviation of the logarithm of a patient's width."""
HIGH, HIGHER_MM = 0.95, 27.0
"""So much of the heart lies below a level that is so far below its upper end; what an edit takes off the end hardly
moves that level, on which all hangs."""
ROOF_MM = (48.0, 36.0)
"""Below the upper end of the heart, from where its roof begins to be the artery's and from where it is."""
ROOF_SMOOTH_MM = 4.0
"""Standard deviation of the blur of the roof's height."""
FRONT_MM = (-4.0, 16.0)
"""In front of the middle of the ascending aorta, from where the branches go over into the trunk."""
LEFT_MM = (6.0, 12.0)
"""Left of that middle what lies in front is trunk; to its right is an appendage of the right atrium."""
EDGE_MM, FOLD_MM = 6.0, 1.4
"""Over which the artery ends; standard deviation of the fold below it as a scan shows it."""
FOLD = 0.6
"""Share of fat in its middle."""
FOLD_LEFT_MM = (10.0, 20.0)
"""Left of the middle of the ascending aorta, where the fold ends: farther left lies the left main bronchus."""


def artery_in(heart: Mask, aorta: Mask, spacing: float, seed: int) -> tuple[Field, Field] | None:
    """Of the voxels [n] of a heart in its box [z, y, x] the shares that are pulmonary artery and fat of the fold below
    it; None where no ascending aorta tells where they are. spacing: mm of the isotropic voxels; seed: the patient's."""
    top = _upper_end(heart, spacing)
    aortas = beside_heart(aorta, top, spacing)
    if aortas is None:
        return None
    middle, _ = aortas
    forwards = (middle[0] - np.arange(heart.shape[1], dtype=np.float32))[:, None] * np.float32(spacing)
    leftwards = (np.arange(heart.shape[2], dtype=np.float32) - middle[1])[None] * np.float32(spacing)
    front, left, aside = _risen(forwards, FRONT_MM), _risen(leftwards, LEFT_MM), _risen(leftwards, FOLD_LEFT_MM)
    wide = np.float32(np.exp(PATIENTS * np.random.default_rng((seed, 132)).standard_normal()))
    reach = wide * (BRANCH_MM + (TRUNK_MM - BRANCH_MM) * front * left)
    roof, known = _roof(heart, top, spacing)
    there = (known * np.maximum(1 - front, left)).astype(np.float32)
    z, y, x = np.nonzero(heart)
    over = (z - roof[y, x]) * np.float32(spacing) + reach[y, x]
    artery = there[y, x] * np.clip(over / EDGE_MM + 0.5, 0, 1)
    fold = FOLD * (there * (1 - front) * (1 - aside))[y, x] * np.exp(-0.5 * (over / FOLD_MM) ** 2)
    return artery.astype(np.float32), fold.astype(np.float32)


def _upper_end(heart: Mask, spacing: float) -> float:
    """The height in voxels of the heart's upper end, told by that of most of it."""
    count = heart.sum(axis=(1, 2))
    below = np.concatenate([[0], np.cumsum(count)]) / count.sum()
    return float(np.interp(HIGH, below, np.arange(len(below)))) + HIGHER_MM / spacing


def _risen(away: Field, between: tuple[float, float]) -> Field:
    """0 up to the first of two places, 1 from the second on."""
    low, high = between
    return np.asarray(np.clip((away - low) / (high - low), 0, 1), np.float32)


def _roof(heart: Mask, top: float, spacing: float) -> tuple[Field, Field]:
    """[y, x] the height of the heart's upper end in voxels, smooth, and 0 to 1, how much of it is the artery's."""
    height = len(heart) - 1 - heart[::-1].argmax(axis=0)
    share = heart.any(axis=0) * _risen(((height - top) * spacing).astype(np.float32), (-ROOF_MM[0], -ROOF_MM[1]))
    sigma = ROOF_SMOOTH_MM / spacing
    weight = ndimage.gaussian_filter(share, sigma)
    smooth = ndimage.gaussian_filter(share * height.astype(np.float32), sigma) / np.maximum(weight, 1e-3)
    return smooth, share
