"""Gas over fluid: the border between them is a plane, as the patient lies on the back and gas is in front (low y)."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.vessels.places import Mask

MOST_MM = 6.0
"""The border of the labels is moved to the level by so much at most: what was painted as gas stays gas."""
ROUNDS = 10
"""To find a level: each takes away the mean of what the last one missed."""
LEAST_ML = 0.3
"""Smaller bubbles stay as they are: they may cling to the wall."""


def level_shares(gas: Mask, tissue: Mask, flowing: Mask, spacing: float) -> NDArray[np.float32]:
    """Share 0..1 of gas of each voxel [z, y, x] of a hollow organ.

    gas, tissue: its labels; flowing: where the content is fluid enough for a level. spacing: mm of isotropic voxels.
    """
    shares = gas.astype(np.float32)
    reach = round(MOST_MM / spacing)
    pieces, _ = ndimage.label(gas)
    for number, found in enumerate(ndimage.find_objects(pieces), 1):
        box = (found[0], slice(found[1].start, found[1].stop + reach + 1), found[2])
        piece = pieces[box] == number
        if piece.sum() * spacing**3 < LEAST_ML * 1000:
            continue
        y = np.arange(piece.shape[1], dtype=np.float32)[None, :, None]
        deepest = np.where(piece, y, -1).max(axis=1, keepdims=True)
        beneath = ((y == deepest + 1) & tissue[box]).any(axis=1, keepdims=True) & (deepest >= 0)
        if not beneath.any():
            continue
        border = deepest + 0.5
        moved = border + np.clip(_level(border[beneath], reach) - border, -reach, reach)
        near = piece | (tissue[box] & (y > border) & (y < moved + 1))
        near &= flowing[box] & beneath
        shares[box] = np.where(near, np.clip(moved - y + 0.5, 0, 1), shares[box])
    return shares


def _level(borders: NDArray[np.float32], reach: int) -> float:
    """Where the surface is flat and the gas keeps its volume: columns [n] are moved to it by `reach` voxels at most."""
    level = float(borders.mean())
    for _ in range(ROUNDS):
        level -= float(np.clip(level - borders, -reach, reach).mean())
    return level
