"""Labels at half the spacing with smooth borders: from 3 mm to 1.5 mm."""

import numpy as np
import torch
from numpy.typing import NDArray

TAPS = np.array([[6, 7, 3], [3, 7, 6]], np.float32) / 16
"""Weights of the voxel before, the own and the next in the left and the right half of a voxel: binomial smoothing
(1 2 1)/4 and linear interpolation, what lies two voxels away counted to the nearer one."""
CANDIDATES = 4
"""Labels that are looked at in one neighbourhood; more meet hardly anywhere."""
WHOLE, SHEET = 0.85, 1.5
"""Mean share of a label in its own voxels after smoothing, below which its vote counts more in proportion, and by how
much at most, lest a sheet of one voxel becomes two."""
OVER, MOST = 1.1, 5.0
"""By which a line of one voxel outvotes, in its own voxels, what is about it; and the most that a vote counts."""
SLAB = 16


def finer(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Labels [z, y, x] on a grid of half the spacing, [2z, 2y, 2x]: the largest of the labels' smoothed shares.

    A structure of a voxel or two would lose against what surrounds it, so its vote counts more. Only voxels that have
    another label among their 26 neighbours are looked at.
    """
    result = labels.repeat(2, 0).repeat(2, 1).repeat(2, 2)
    wide = np.pad(labels, 1, mode="edge")
    mixed = _mixed(wide)
    weights = torch.from_numpy(np.einsum("ai,bj,ck->abcijk", TAPS, TAPS, TAPS).reshape(8, 27).T.copy())
    votes = _votes(labels, wide, mixed)
    parts = result.reshape(len(labels), 2, labels.shape[1], 2, labels.shape[2], 2)
    for first in range(0, len(labels), SLAB):
        z, y, x = np.nonzero(mixed[first : first + SLAB])
        if len(z):
            around = _neighbours(wide, z + first, y, x)
            parts[z + first, :, y, :, x, :] = _winners(around, weights, votes).reshape(-1, 2, 2, 2)
    return result


def _mixed(wide: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Where the 26 neighbours do not all have the own label; wide: labels with an edge of one voxel."""
    low = high = wide
    for axis in range(3):
        parts = [np.take(low, range(i, low.shape[axis] - 2 + i), axis) for i in range(3)]
        tops = [np.take(high, range(i, high.shape[axis] - 2 + i), axis) for i in range(3)]
        low, high = np.minimum.reduce(parts), np.maximum.reduce(tops)
    return np.asarray(low != high)


def _neighbours(
    wide: NDArray[np.uint8], z: NDArray[np.intp], y: NDArray[np.intp], x: NDArray[np.intp]
) -> NDArray[np.uint8]:
    """Labels [n, 27] of the voxels and those about them."""
    _, height, width = wide.shape
    at = (z * height + y) * width + x
    steps = np.array([(i * height + j) * width + k for i in range(3) for j in range(3) for k in range(3)])
    return wide.ravel()[at[:, None] + steps]


def _votes(labels: NDArray[np.uint8], wide: NDArray[np.uint8], mixed: NDArray[np.bool_]) -> NDArray[np.float32]:
    """How much the vote of each label [256] counts, by how many of a voxel's neighbours have its label, on the mean."""
    here = [axis[::7] for axis in np.nonzero(mixed)]
    around = _neighbours(wide, *here)
    own = around[:, 13]
    share = (around == own[:, None]) @ np.einsum("i,j,k->ijk", *3 * [TAPS.mean(0)]).ravel()
    inner = np.bincount(labels[~mixed], minlength=256)
    edge = np.bincount(labels[mixed], minlength=256)
    mean = np.bincount(own, share, minlength=256) / np.maximum(np.bincount(own, minlength=256), 1)
    kept = (inner + edge * mean) / np.maximum(inner + edge, 1)
    kept = np.maximum(kept, 1e-3)
    votes = np.maximum(np.minimum(WHOLE / kept, SHEET), OVER * (1 - kept) / kept)
    return np.clip(votes, 1.0, MOST).astype(np.float32)


def _winners(around: NDArray[np.uint8], weights: torch.Tensor, votes: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Labels [n, 8] of the halves of voxels with neighbours [n, 27]; weights [27, 8], votes [256]."""
    label = around[:, 13]
    best = np.zeros((len(around), 8), np.float32)
    winner = np.repeat(label[:, None], 8, 1)
    left = np.ones(around.shape, bool)
    rows = np.arange(len(around))
    for _ in range(CANDIDATES):
        mine = around == label[:, None]
        share = (torch.from_numpy(mine).float() @ weights).numpy() * votes[label][:, None]
        better = share > best
        np.copyto(best, share, where=better)
        np.copyto(winner, label[:, None], where=better)
        left &= ~mine
        label = around[rows, left.argmax(1)]  # where none is left, the first one once more
    return winner
