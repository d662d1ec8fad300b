"""Trees of vessels on a grid: as shares of voxels that they fill."""

import numpy as np
from numpy.typing import NDArray

from GuideGenLib.vessels.growth import Tree

Voxels = NDArray[np.floating]
THIN = 0.75
"""Radius in voxels below which a branch is spread over the eight voxels about its axis."""


def filled_shares(tree: Tree, shape: tuple[int, ...], spacing: float) -> NDArray[np.float32]:
    """Share 0..1 of each voxel [z, y, x] of isotropic spacing in mm that the branches fill; the first voxel's centre is
    at 0 mm."""
    centres, radii, length = _sampled(tree, spacing)
    thin = radii < THIN
    volume = np.pi * radii[thin] ** 2 * length[thin]
    shares = np.minimum(_spread(centres[thin], volume, shape), 1)
    for radius in np.unique(np.ceil(radii[~thin])):
        some = ~thin & (np.ceil(radii) == radius)
        np.maximum(shares, _balls(centres[some], radii[some], int(radius) + 1, shape), out=shares)
    return shares


def lay(hu: NDArray[np.float32], share: NDArray[np.float32], level: float) -> None:
    """Mix a level into HU [z, y, x] by the share that it has of each voxel, in place; others are not written to."""
    np.add(hu, share * (level - hu), out=hu, where=share > 0)


def _sampled(tree: Tree, spacing: float) -> tuple[Voxels, Voxels, Voxels]:
    """Points at most half a voxel apart along all branches: voxels [n, 3], radii [n] and lengths [n] in voxels."""
    end = tree.branches
    start = tree.parents[end]
    way = (tree.points[end] - tree.points[start]) / spacing
    count = np.maximum(np.ceil(2 * np.linalg.norm(way, axis=1)).astype(int), 1)
    of = np.repeat(np.arange(len(end)), count)
    share = (np.arange(len(of)) - np.repeat(np.cumsum(count) - count, count) + 0.5) / count[of]
    centres = tree.points[start][of] / spacing + share[:, None] * way[of]
    return centres, tree.radii[end][of] / spacing, np.linalg.norm(way, axis=1)[of] / count[of]


def _spread(centres: Voxels, volume: Voxels, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """The volumes in voxels laid on the eight voxels about each centre."""
    corners = np.array(list(np.ndindex(2, 2, 2)))
    low = np.floor(centres).astype(int)
    part = (centres - low)[:, None]
    voxels = (low[:, None] + corners).reshape(-1, 3)
    weights = (volume[:, None] * np.prod(np.where(corners, part, 1 - part), axis=2)).ravel()
    inside = ((voxels >= 0) & (voxels < shape)).all(axis=1)
    total = np.bincount(np.ravel_multi_index(voxels[inside].T, shape), weights[inside], int(np.prod(shape)))
    return total.reshape(shape).astype(np.float32)


def _balls(centres: Voxels, radii: Voxels, reach: int, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """The largest share of each voxel that one of the balls fills, their surface a voxel wide."""
    result = np.zeros(int(np.prod(shape)), np.float32)
    middle = np.rint(centres).astype(int)
    span = range(-reach, reach + 1)
    offsets = np.stack(np.meshgrid(span, span, span, indexing="ij"), axis=-1).reshape(-1, 3)
    # a voxel that a ball fills lies less than its radius and half a voxel from its centre, which is rounded here
    for offset in offsets[np.linalg.norm(offsets, axis=1) < radii.max() + 0.5 + np.sqrt(0.75)]:
        voxel = middle + offset
        share = np.clip(radii + 0.5 - np.linalg.norm(voxel - centres, axis=1), 0, 1)
        hit = (share > 0) & ((voxel >= 0) & (voxel < shape)).all(axis=1)
        np.maximum.at(result, np.ravel_multi_index(voxel[hit].T, shape), share[hit].astype(np.float32))
    return result.reshape(shape)
