"""Loops of bowel and lumps of faeces: a label that holds several of them is shared out among the nearest axes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from GuideGenLib.vessels.places import scattered

STEP_MM = 7.0
"""Between the points that stand for an axis."""
NEAREST = 6
"""Points that are looked at: those of two axes at least are among them, or there is no border near."""


@dataclass(frozen=True)
class Cells:
    """Of voxels [n]: number of the axis that each belongs to, mm to the next one's, mm along the axis, and mm behind
    it (to the back)."""

    number: NDArray[np.int64]
    border: NDArray[np.float32]
    along: NDArray[np.float32]
    behind: NDArray[np.float32]


def cells(
    voxels: NDArray[np.integer],
    shape: tuple[int, ...],
    spacing: float,
    width: float,
    length: float,
    seed: tuple[int, ...],
) -> Cells:
    """Shares out voxels [n, 3] of a volume of `shape` among axes at random, about `width` mm apart and `length` long.

    They hang on the volume alone, so that an edit leaves them where they are.
    """
    wide = float((width * width * max(width, length)) ** (1 / 3))
    middles = scattered(shape, spacing, wide, seed).astype(np.float32) * spacing
    if not len(middles):  # a volume smaller than one of them
        middles = np.asarray([shape], np.float32) * spacing / 2
    rng = np.random.default_rng((*seed, 1))
    way = rng.standard_normal(middles.shape).astype(np.float32)
    way /= np.linalg.norm(way, axis=1, keepdims=True)
    mm = voxels.astype(np.float32) * spacing
    low, high = mm.min(0) - length - width, mm.max(0) + length + width
    kept = np.flatnonzero(((middles > low) & (middles < high)).all(axis=1))
    kept = kept if len(kept) else np.arange(len(middles))
    steps = np.arange(-(length / 2), length / 2 + 0.1, STEP_MM, dtype=np.float32)
    points = (middles[kept, None] + steps[:, None] * way[kept, None]).reshape(-1, 3)
    owner = np.repeat(kept, len(steps))
    far, near = cKDTree(points).query(mm, k=list(range(1, min(NEAREST, len(points)) + 1)))
    mine = owner[near[:, 0]]
    other = owner[near] != mine[:, None]
    next_ = np.where(other.any(axis=1), other.argmax(axis=1), far.shape[1] - 1)
    border = (far[np.arange(len(far)), next_] - far[:, 0]) / 2
    off = mm - middles[mine]
    along = (off * way[mine]).sum(1)
    behind = (off - along[:, None] * way[mine])[:, 1]
    return Cells(mine, border.astype(np.float32), along, behind)
