"""Sheets and threads thinner than voxels, as shares of what they fill: where smooth random fields cross zero.

One field crosses zero on sheets, two at once on threads. How far off one a place lies is told by the field and its
slope. A scanner sees what is thinner than
its resolution as a ridge whose area is the thickness.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from GuideGenLib.ct.random_fields import SLOPE, smooth_along

Field = NDArray[np.float32]
SEEN_MM = 1.0
"""Standard deviation of the blur of scanner and voxel."""
FAR = 2.3
"""So many of these off a structure nothing of it is seen."""
NEXT_MM = 1.0
"""Slopes are taken over so much."""
LEAST_SLOPE = 0.5
"""Where fields are flatter, in parts of their mean slope, structures are thicker."""
STEEP = 1.3
"""Where fields are steeper, in the same parts, their outermost edge is left off."""


def sheets(places: Field, scales: Sequence[float], thick: Field, seed: Sequence[int], spread: float = SEEN_MM) -> Field:
    """Share [n] that sheets fill at places [3, n] in mm. They lie across the axis of the smallest of the scales, in mm;
    thick: mm [n], 0 where there is none; spread: standard deviation in mm over which a scan shows them, more than
    SEEN_MM where finer ones lie beside each other."""
    mean = SLOPE / min(scales)
    field = smooth_along(places, scales, seed)
    near = np.flatnonzero((np.abs(field) < STEEP * FAR * spread * mean) & (thick > 0))
    slope = np.linalg.norm(_slopes(field[near], places[:, near], scales, seed), axis=0)
    away = field[near] / np.maximum(slope, LEAST_SLOPE * mean) / spread
    share = np.zeros(len(field), np.float32)
    share[near] = np.minimum(thick[near] / (spread * np.sqrt(2 * np.pi)) * np.exp(-0.5 * away**2), 1)
    return share


def threads(places: Field, apart: float, radius: Field, seed: Sequence[int], spread: float = SEEN_MM) -> Field:
    """Share [n] that threads fill at places [3, n] in mm; apart: mm over which they change, they lie about twice as far
    from each other; radius: mm [n]; spread: as of `sheets`.

    With the fields f at a place and their slopes J the nearest point of f = 0 is f' (J J')^-1 f off, squared.
    """
    scales, mean = (apart,) * 3, SLOPE / apart
    seeds = [(*seed, number) for number in range(2)]
    limit = STEEP * FAR * spread * mean
    first = smooth_along(places, scales, seeds[0])
    share = np.zeros(len(first), np.float32)
    near = np.flatnonzero((np.abs(first) < limit) & (radius > 0))
    second = smooth_along(places[:, near], scales, seeds[1])
    close = np.abs(second) < limit
    near, second = near[close], second[close]
    f, g = first[near], second
    df, dg = (_slopes(one, places[:, near], scales, key) for one, key in zip((f, g), seeds, strict=True))
    ff, gg, fg = (df**2).sum(0), (dg**2).sum(0), (df * dg).sum(0)
    away = (gg * f**2 - 2 * fg * f * g + ff * g**2) / np.maximum(ff * gg - fg**2, (LEAST_SLOPE * mean) ** 4)
    share[near] = np.minimum(0.5 * (radius[near] / spread) ** 2 * np.exp(-0.5 * away / spread**2), 1)
    return share


def _slopes(field: Field, places: Field, scales: Sequence[float], seed: Sequence[int]) -> Field:
    """Of a field at places [3, n], 1/mm [3, n]."""
    found = np.empty_like(places)
    for axis in range(3):
        beside = places.copy()
        beside[axis] += NEXT_MM
        found[axis] = (smooth_along(beside, scales, seed) - field) / NEXT_MM
    return found


def about_the_middle(voxels: NDArray[np.integer], shape: Sequence[int], spacing: float, deep: float = 1.3) -> Field:
    """mm [3, n] of voxels [n, 3]: upwards, around and away from the long axis through the middle of a volume.

    deep: by how much a body is wider than deep, so that its skin is everywhere about as far. The seam of `around` lies
    in front. It hangs on the volume and not on its labels: after an edit places are where they were.
    """
    height, depth, across = (voxels.T * np.float32(spacing)).astype(np.float32)
    depth = (depth - np.float32(spacing * (shape[1] - 1) / 2)) * np.float32(deep)
    across = across - np.float32(spacing * (shape[2] - 1) / 2)
    away = np.hypot(depth, across)
    return np.stack([height, np.arctan2(across, depth) * np.float32(120.0), away]).astype(np.float32)
