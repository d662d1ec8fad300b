"""The vessels of the lungs as thin branches.

The denoiser works on 6 mm voxels, wider than most vessels of the lung, and draws these as a few lumps at the hila. So
the branches are taken from the template: traced once in its labels and CT, kept as a forest of points in coordinates of
each lung (share of its height, of the slice's depth and of the row's width), shipped in the bundle, and drawn along
the lungs of each new anatomy. Points carry over where voxel maps would tear: what is joined stays joined, and thin.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.structures import LUNGS, lobes_of, select
from GuideGenLib.anatomy.table import values
from GuideGenLib.core.components import TOUCHING

SIDES = ("left", "right")
PLEURA_MM = 4.0
"""No vessel is drawn nearer than this to the surface of the lung, as in the labels that the CT stage learned from."""
REACH_MM = 6.0
"""A point that lies in that layer, or outside, is moved so far inwards at most; beyond, its branch ends."""
CUT = 0.1
"""A lung that fills more than this share of its largest slice at an end of the volume goes on beyond it."""
LEAST_ML = 150.0
"""Of a lung below this volume too little is seen to place its vessels."""

Mask = NDArray[np.bool_]
Points = NDArray[np.float32]
Voxels = NDArray[np.floating]


@dataclass(frozen=True)
class VesselMaps:
    """Branches of both lungs, each point after the one that it hangs on.

    points float32 [n, 3]: share (0..1) of the lung's height, of its depth in the slice, of its width in the row;
    radii float32 [n], mm; parents int32 [n]: index of the point before it, its own where a branch leaves the hilum;
    sides uint8 [n]: index in SIDES; heights float32 [2]: height over depth of each lung of the template, which tell
    how far a lung that the volume cuts goes on.
    """

    points: Points
    radii: NDArray[np.float32]
    parents: NDArray[np.int32]
    sides: NDArray[np.uint8]
    heights: NDArray[np.float32]


def lay_vessels(labels: np.ndarray, spacing: float, maps: VesselMaps) -> np.ndarray:
    """A copy of labels uint8 [z, y, x], isotropic spacing in mm, with the template's vessels in its lungs.

    What was drawn as vessel before becomes the nearest lobe. A lung that the volume cuts at both ends, or of which it
    holds less than LEAST_ML, is left as it is.
    """
    result = labels.copy()
    for index, (side, filled, box) in enumerate(sided_lungs(labels)):
        mine = np.flatnonzero(maps.sides == index)
        chart = fit_chart(filled > 0, float(maps.heights[index]))
        if chart is None or not len(mine) or np.count_nonzero(filled) * spacing**3 / 1000 < LEAST_ML:
            continue
        parents = np.searchsorted(mine, maps.parents[mine])
        depth, inner = _to_inside(filled > 0, spacing)
        points, alive = _move_inside(chart.to_voxels(maps.points[mine]), parents, inner, spacing)
        vessels = _draw(points, maps.radii[mine] / spacing, parents, alive, filled.shape)
        vessels = _without_specks(vessels & (depth > PLEURA_MM))
        drawn = np.where(vessels, np.uint8(values()["lung_vessel"]), filled)
        _join_lobes(drawn, filled, lobes_of(side), depth)
        result[box][filled > 0] = drawn[filled > 0]
    return result


@dataclass(frozen=True)
class Chart:
    """Where a lung begins and ends, in voxels: slices, rows [2, z] of a slice, columns [2, z, y] of a row."""

    slices: tuple[float, float]
    rows: Voxels
    columns: Voxels

    def to_voxels(self, points: Points) -> Voxels:
        """Shares [n, 3] -> voxels (z, y, x)."""
        z = self.slices[0] + points[:, 0] * (self.slices[1] - self.slices[0])
        first, last = self._rows_at(z)
        y = first + points[:, 1] * (last - first)
        left, right = self._columns_at(z, y)
        return np.stack([z, y, left + points[:, 2] * (right - left)], axis=1)

    def to_shares(self, voxels: Voxels) -> Points:
        """Voxels [n, 3] -> shares."""
        z, y, x = voxels.T
        (first, last), (left, right) = self._rows_at(z), self._columns_at(z, y)
        shares = [
            (z - self.slices[0]) / (self.slices[1] - self.slices[0]),
            (y - first) / np.maximum(last - first, 1),
            (x - left) / np.maximum(right - left, 1),
        ]
        return np.stack(shares, axis=1).astype(np.float32)

    def _rows_at(self, z: Voxels) -> list[Voxels]:
        return [ndimage.map_coordinates(ends, [z], order=1, mode="nearest") for ends in self.rows]

    def _columns_at(self, z: Voxels, y: Voxels) -> list[Voxels]:
        return [ndimage.map_coordinates(ends, [z, y], order=1, mode="nearest") for ends in self.columns]


def fit_chart(lung: Mask, height: float | None = None) -> Chart | None:
    """The chart of a lung [z, y, x], smooth; height: that of a whole lung over its depth, where the volume cuts it.

    None for an empty lung, and for one that is cut at both ends or cut while `height` is not known.
    """
    if not lung.any():
        return None
    areas = lung.sum(axis=(1, 2))
    found = np.flatnonzero(areas)
    low, high = float(found[0]), float(found[-1])
    below, above = (bool(areas[end] > CUT * areas.max()) for end in (0, -1))
    if (below or above) and (height is None or (below and above)):
        return None
    depth = float(np.ptp(np.flatnonzero(lung.any(axis=(0, 2)))))
    if above:
        high = max(high, low + (height or 0) * depth)
    if below:
        low = min(low, high - (height or 0) * depth)
    return Chart((low, high), _ends(np.asarray(lung.any(axis=2)), (1.5,)), _ends(lung, (1.5, 1.5)))


def _ends(mask: np.ndarray, sigma: tuple[float, ...]) -> Voxels:
    """First and last index along the last axis, [2, ...], smoothed over what holds any and carried on from there."""
    held = mask.any(axis=-1)
    nearest = ndimage.distance_transform_edt(~held, return_distances=False, return_indices=True)
    ends = np.stack([mask.argmax(axis=-1), mask.shape[-1] - 1 - mask[..., ::-1].argmax(axis=-1)]).astype(float)
    return np.stack([ndimage.gaussian_filter(end[tuple(nearest)], sigma, mode="nearest") for end in ends])


def sided_lungs(labels: np.ndarray) -> Iterator[tuple[str, np.ndarray, tuple[slice, ...]]]:
    """Of both lungs: side, lobes uint8 with the vessels given to the nearest of them (0 outside), and where they lie.

    The box keeps an empty slice beyond each end of the lung that the volume does not cut.
    """
    lobes = select(labels, LUNGS)
    vessels = labels == values()["lung_vessel"]
    both = _box(lobes | vessels)
    part, known = labels[both], lobes[both]
    filled = np.zeros(part.shape, labels.dtype)
    if known.any():
        nearest = ndimage.distance_transform_edt(~known, return_distances=False, return_indices=True)
        filled = np.where(known | vessels[both], part[tuple(nearest)], 0)
    for side in SIDES:
        mine = np.where(select(filled, lobes_of(side)), filled, 0)
        box = _box(mine > 0)
        place = tuple(slice(o.start + s.start, o.start + s.stop) for o, s in zip(both, box, strict=True))
        yield side, mine[box], place


def _box(mask: Mask) -> tuple[slice, ...]:
    """The box of a mask with a margin of one voxel as far as the volume goes; an empty mask has an empty box."""
    if not mask.any():
        return (slice(0, 0),) * 3
    box = ndimage.find_objects(mask.view(np.uint8))[0]
    return tuple(slice(max(s.start - 1, 0), min(s.stop + 1, n)) for s, n in zip(box, mask.shape, strict=True))


def _to_inside(lung: Mask, spacing: float) -> tuple[Voxels, NDArray[np.int32]]:
    """Depth below the pleura in mm (the volume's ends are none), and the nearest voxel [3, z, y, x] deep enough."""
    padded = np.pad(lung, ((0, 0), (1, 1), (1, 1)))
    depth = ndimage.distance_transform_edt(padded)[:, 1:-1, 1:-1] * spacing
    deep = depth > PLEURA_MM
    return depth, ndimage.distance_transform_edt(~deep, return_distances=False, return_indices=True)


def _move_inside(
    points: Voxels, parents: NDArray[np.intp], inner: NDArray[np.int32], spacing: float
) -> tuple[Voxels, Mask]:
    """Points [n, 3], those near the pleura moved inwards, and which of them the branches reach without a gap."""
    voxels = np.rint(points).astype(int)
    limits = np.array(inner.shape[1:]) - 1
    near = np.clip(voxels, 0, limits)
    target = inner[(slice(None), *near.T)].T
    moved = np.where((target != near).any(axis=1)[:, None], target, points)
    alive = (voxels >= 0).all(axis=1) & (voxels <= limits).all(axis=1)
    alive &= np.linalg.norm(moved - points, axis=1) * spacing <= REACH_MM
    for index, parent in enumerate(parents):
        alive[index] &= alive[parent]
    return moved, alive


def _draw(
    points: Voxels, radii: NDArray[np.float32], parents: NDArray[np.intp], alive: Mask,
    shape: tuple[int, ...],
) -> Mask:  # fmt: skip
    """Cones between each point and the one before it; radii in voxels, the axis itself is always drawn."""
    start, way = points[parents], points - points[parents]
    mask = np.zeros(shape, bool)
    steps = int(np.ceil(2 * np.linalg.norm(way, axis=1).max(initial=0.5)))
    shares = np.arange(steps + 1) / steps
    centres = (start[alive, None] + shares[:, None] * way[alive, None]).reshape(-1, 3)
    wide = (radii[parents][alive, None] + shares * (radii - radii[parents])[alive, None]).reshape(-1)
    middle = np.rint(centres).astype(int)
    reach = int(np.ceil(wide.max(initial=0)))
    span = np.arange(-reach, reach + 1)
    for offset in np.stack(np.meshgrid(span, span, span, indexing="ij"), axis=-1).reshape(-1, 3):
        voxels = middle + offset
        near = ((voxels - centres) ** 2).sum(axis=1) <= wide**2
        hit = voxels[near | (offset == 0).all()]
        hit = hit[((hit >= 0) & (hit < shape)).all(axis=1)]
        mask[tuple(hit.T)] = True
    return mask


def _without_specks(vessels: Mask, least: int = 4) -> Mask:
    """Without components of fewer voxels: branches that the pleura cuts."""
    parts, _ = ndimage.label(vessels, TOUCHING)
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    return (sizes >= least)[parts]


def _join_lobes(labels: np.ndarray, filled: np.ndarray, keys: tuple[str, ...], depth: Voxels) -> None:
    """What vessels shut off from a lobe becomes vessel too; a lobe that is torn even so is as it was, in `filled`."""
    for key in keys:
        lobe = filled == values()[key]
        pieces = ndimage.label(lobe, TOUCHING)[1]
        parts, count = ndimage.label(labels == values()[key], TOUCHING)
        if count <= pieces:
            continue
        small = np.argsort(np.bincount(parts.ravel())[1:])[: count - pieces] + 1
        labels[np.isin(parts, small) & (depth > PLEURA_MM)] = values()["lung_vessel"]
        if ndimage.label(labels == values()[key], TOUCHING)[1] > pieces:
            labels[lobe] = values()[key]
