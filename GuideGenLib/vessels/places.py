"""Where vessels of an organ begin and what they have to reach, in a label map; arrays [z, y, x], isotropic spacing."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from GuideGenLib.anatomy.structures import LUNGS, lobes_of, select
from GuideGenLib.anatomy.table import values
from GuideGenLib.vessels.growth import Points

SIDES = ("left", "right")
LUNG_FEEDERS = ("pulmonary_vein", "heart", "trachea")
"""Beside which the vessels of the lungs begin, the best first."""
GATE_MM = 4.0
"""The gate of an organ is where it is so much farther from a great vessel than at its nearest."""

Mask = NDArray[np.bool_]
Box = tuple[slice, ...]


def sided_lungs(labels: NDArray[np.uint8]) -> Iterator[tuple[str, NDArray[np.uint8], Box]]:
    """Of both lungs: side, lobes uint8 with the vessels given to the nearest of them (0 outside), and where they lie.

    The box keeps an empty slice beyond each end of the lung that the volume does not cut.
    """
    lobes = select(labels, LUNGS)
    vessels = labels == values()["lung_vessel"]
    both = box_of(lobes | vessels)
    part, known = labels[both], lobes[both]
    filled = np.zeros(part.shape, labels.dtype)
    if known.any():
        nearest = ndimage.distance_transform_edt(~known, return_distances=False, return_indices=True)
        filled = np.where(known | vessels[both], part[tuple(nearest)], 0)
    for side in SIDES:
        mine = np.where(select(filled, lobes_of(side)), filled, 0)
        box = box_of(mine > 0)
        place = tuple(slice(o.start + s.start, o.start + s.stop) for o, s in zip(both, box, strict=True))
        yield side, mine[box], place


def box_of(mask: Mask, margin: int = 1) -> Box:
    """The box of a mask with a margin in voxels as far as the volume goes; an empty mask has an empty box."""
    box: list[slice] = []
    part = mask
    for axis, size in enumerate(mask.shape):
        there = np.flatnonzero(part.any(axis=tuple(other for other in range(3) if other != axis)))
        if not len(there):
            return (slice(0, 0),) * 3
        box.append(slice(max(int(there[0]) - margin, 0), min(int(there[-1]) + 1 + margin, size)))
        part = mask[tuple(box)]
    return tuple(box)


def shared(box: Box, window: Box, shape: Sequence[int]) -> tuple[Box, Box] | None:
    """What a box and a window of a volume have in common, as slices of the box and of the window; None: nothing."""
    bounds = [slice(*part.indices(size)[:2]) for part, size in zip(window, shape, strict=True)]
    common = [(max(b.start, w.start), min(b.stop, w.stop)) for b, w in zip(box, bounds, strict=True)]
    if any(low >= high for low, high in common):
        return None
    inner = tuple(slice(low - b.start, high - b.start) for (low, high), b in zip(common, box, strict=True))
    return inner, tuple(slice(low - w.start, high - w.start) for (low, high), w in zip(common, bounds, strict=True))


def depth_of(organ: Mask, spacing: float) -> NDArray[np.float32]:
    """mm below the surface, where the ends of the volume are none."""
    padded = np.pad(organ, 1, mode="edge")
    padded[:, [0, -1]] = padded[:, :, [0, -1]] = False
    return np.asarray(ndimage.distance_transform_edt(padded)[1:-1, 1:-1, 1:-1] * spacing, np.float32)


def gate(
    labels: NDArray[np.uint8], organ: Mask, box: Box, feeders: Sequence[str], spacing: float, above: float = 0
) -> Points:
    """Where the vessels enter an organ, [1, 3] in mm of its box: nearest to the first of the feeders that is shown.

    organ: in the box; above: mm by which it lies higher on the organ's surface than there. Empty [0, 3] where no feeder
    is shown.
    """
    surface = np.argwhere(organ & ~ndimage.binary_erosion(organ, border_value=1))
    corner = np.array([part.start for part in box])
    for key in feeders:
        feeder = np.argwhere(labels == values()[key])
        if len(feeder) and len(surface):
            far = cKDTree(feeder - corner).query(surface)[0] * spacing
            middle = surface[far <= far.min() + GATE_MM].mean(0)
            middle[0] += above / spacing
            nearest = surface[((surface - middle) ** 2).sum(1).argmin()]
            return (nearest[None] * spacing).astype(np.float32)
    return np.zeros((0, 3), np.float32)


def scattered(shape: tuple[int, ...], spacing: float, cell: float, seed: Sequence[int]) -> NDArray[np.int64]:
    """A voxel at random in each cube of `cell` mm of a volume, [n, 3].

    They hang on the volume alone and not on what it shows: after an edit they are where they were.
    """
    counts = tuple(max(1, int(n * spacing / cell)) for n in shape)
    jitter = np.random.default_rng(seed).random((*counts, 3))
    cubes = np.stack(np.meshgrid(*(np.arange(n) for n in counts), indexing="ij"), axis=-1)
    found = ((cubes + jitter) * (np.array(shape) / counts)).astype(np.int64).reshape(-1, 3)
    return np.minimum(found, np.array(shape) - 1)


def within(points: NDArray[np.int64], wanted: Mask, box: Box, spacing: float) -> Points:
    """Those of the points that lie on wanted voxels of a box, [n, 3] in mm of the box."""
    moved = points - np.array([part.start for part in box])
    moved = moved[((moved >= 0) & (moved < wanted.shape)).all(axis=1)]
    return (moved[wanted[tuple(moved.T)]] * spacing).astype(np.float32)
