"""Where a drawn spine runs, and where along it each vertebra lies."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.structures import select
from GuideGenLib.anatomy.table import values
from GuideGenLib.mask.vertebrae.levels import FORMS, LUMBAR, PITCH, THORACIC
from GuideGenLib.mask.vertebrae.shape import FRONT, REAR

Labels = NDArray[np.uint8]
Rows = NDArray[np.float64]
UPPER, LOWER = "vertebrae_thoracic", "vertebrae_lumbar"
KEYS = {**dict.fromkeys(LUMBAR, LOWER), **dict.fromkeys(THORACIC, UPPER)}
SMOOTH_MM = 12.0
LEAST_ROWS, LEAST_VOXELS = 10, 60
"""Slices with a cord below which its course is not known, and voxels of a body below which its size is not."""
SIDE_MM, BACK_MM = 48.0, 62.0
"""Reach of a vertebra about the canal, to the sides and to front and back."""
BODY_SIDE_MM = 28.0
SCALES = (0.8, 1.3)
"""Least and most of the size of bodies over that of the table."""
SEEN = 1.185
"""Of a body over that of its voxels from the 2nd to the 98th percentile, across and from front to back."""
ENDS = (0.3, 99.7)
"""Percentiles of the heights of the voxels of a part of the spine, at which it ends."""
OVER_LEVELS = 2.0
"""Standard deviation in levels of the smoothing of these sizes."""


@dataclass(frozen=True)
class Place:
    """A vertebra's share of the spine, with half a disc at each end: heights in mm along the canal; scale: of its body
    across over that of the table."""

    name: str
    low: float
    high: float
    scale: float


@dataclass(frozen=True)
class Near:
    """The voxels about a spine: where [n, 3], and in mm their height along the canal, back from its middle and out to
    the left."""

    where: NDArray[np.intp]
    height: Rows
    back: Rows
    out: Rows


def near_spine(labels: Labels, spacing: float) -> Near | None:
    """The voxels about the canal of labels [z, y, x] of isotropic spacing in mm; None where its course is not known."""
    cord = labels == values()["spinal_cord"]
    known = np.flatnonzero(cord.any(axis=(1, 2)))
    bone = np.flatnonzero(select(labels, (UPPER, LOWER)).any(axis=(1, 2)))
    if len(known) < LEAST_ROWS or not len(bone):
        return None
    count = cord.sum(axis=(1, 2))[known]
    told = (cord.sum(axis=2)[known] @ np.arange(labels.shape[1]), cord.sum(axis=1)[known] @ np.arange(labels.shape[2]))
    rows = np.arange(len(labels))
    y, x = (
        ndimage.gaussian_filter1d(np.interp(rows, known, one / count), SMOOTH_MM / spacing, mode="nearest")
        for one in told
    )
    slope_y, slope_x = np.gradient(y), np.gradient(x)
    along = np.cumsum(np.sqrt(1 + slope_y**2 + slope_x**2)) * spacing
    z, row, column = (axis.ravel() for axis in _grid(labels.shape, bone, y, x, spacing))
    level = z.astype(float)
    for _ in range(3):  # the height whose plane across the canal holds the voxel
        dy, dx = (np.interp(level, rows, slope) for slope in (slope_y, slope_x))
        off_y, off_x = row - np.interp(level, rows, y), column - np.interp(level, rows, x)
        level = level + ((z - level) + dy * off_y + dx * off_x) / (1 + dy**2 + dx**2)
    tilt = np.sqrt(1 + np.interp(level, rows, slope_y) ** 2)
    back = (row - np.interp(level, rows, y)) * spacing * tilt
    out = (column - np.interp(level, rows, x)) * spacing
    height = np.interp(level, rows, along) + (level - np.clip(level, 0, len(rows) - 1)) * spacing
    return Near(np.stack([z, row, column], axis=1), height, back, out)


def _grid(shape: tuple[int, ...], bone: NDArray[np.intp], y: Rows, x: Rows, spacing: float) -> list[NDArray[np.intp]]:
    """Indices of the voxels of the box about the spine."""
    side, back = SIDE_MM / spacing, BACK_MM / spacing
    part = slice(bone[0], bone[-1] + 1)
    z = np.arange(max(0, bone[0] - 8), min(shape[0], bone[-1] + 9))
    rows = np.arange(max(0, int(y[part].min() - back)), min(shape[1], int(y[part].max() + back) + 1))
    columns = np.arange(max(0, int(x[part].min() - side)), min(shape[2], int(x[part].max() + side) + 1))
    return list(np.meshgrid(z, rows, columns, indexing="ij"))


def places_of(labels: Labels, near: Near) -> list[Place]:
    """The vertebrae of thoracic and lumbar spine, from the top down; of a cut spine those that the volume shows."""
    own = labels[tuple(near.where.T)]
    ahead = (near.back < FRONT) & (np.abs(near.out) < BODY_SIDE_MM)
    column = (near.back < REAR) & (np.abs(near.out) < BODY_SIDE_MM)  # drawings put the cord into the bone at the neck
    heights = {key: near.height[column & (own == values()[key])] for key in (UPPER, LOWER)}
    ends = {key: np.percentile(one, ENDS) for key, one in heights.items() if len(one) >= LEAST_VOXELS}
    if not ends:
        return []
    neck, sacrum = (bool(select(labels, (key,)).any()) for key in ("vertebrae_cervical", "sacrum"))
    cut_above = not neck and bool((labels[-1] == values()[UPPER]).any())
    cut_below = not sacrum and bool((labels[0] == values()[LOWER]).any())
    found = _shared_out(ends, cut_below, cut_above)
    found = [one for one in found if one.high > near.height.min() and one.low < near.height.max()]
    bone = ahead & np.isin(own, (values()[UPPER], values()[LOWER]))
    sizes = [_size(one, near, bone) for one in found]
    known = [(index, size) for index, size in enumerate(sizes) if size is not None]
    if not known:
        return []
    told = np.interp(np.arange(len(found)), [index for index, _ in known], [size for _, size in known])
    smooth = np.clip(ndimage.gaussian_filter1d(told, OVER_LEVELS, mode="nearest"), *SCALES)
    return [replace(one, scale=float(size)) for one, size in zip(found, smooth, strict=True)]


def _shared_out(ends: Mapping[str, Rows], cut_below: bool, cut_above: bool) -> list[Place]:
    """The heights from end to end of both parts of a spine shared out among their vertebrae, from the top down.

    ends: lower and upper end by the key of a part. A part that the volume cuts or does not show is as long for its
    number of vertebrae as the other, or as usual where that is not known either, and no shorter than what is there.
    """
    length = {UPPER: sum(PITCH[name] for name in THORACIC), LOWER: sum(PITCH[name] for name in LUMBAR)}
    scales = {}
    border = float(np.mean([ends[key][end] for key, end in ((UPPER, 0), (LOWER, 1)) if key in ends]))
    if LOWER in ends and not cut_below:
        bottom = ends[LOWER][0] - PITCH["L5"] * FORMS["L5"].disc / 2
        scales[LOWER] = float(border - bottom) / length[LOWER]
        if UPPER not in ends:  # only the lower end is told
            border, scales[LOWER] = float(bottom) + length[LOWER], 1.0
    if UPPER in ends and not cut_above:
        scales[UPPER] = float(ends[UPPER][1] - border) / length[UPPER]
        if LOWER not in ends:  # and here the upper one
            border, scales[UPPER] = float(ends[UPPER][1]) - length[UPPER], 1.0
    either = next(iter(scales.values()), 1.0)
    for key in ends:
        scales.setdefault(key, max(either, float(np.ptp(ends[key])) / length[key]))
    found = []
    for names, key, sign in ((THORACIC, UPPER, 1), (LUMBAR, LOWER, -1)):
        start = border
        for name in names:
            stop = start + sign * PITCH[name] * scales.get(key, either)
            found.append(Place(name, min(start, stop), max(start, stop), 1.0))
            start = stop
    return sorted(found, key=lambda one: -one.high)


def _size(place: Place, near: Near, bone: NDArray[np.bool_]) -> float | None:
    """Width of a drawn body over that of the table; None where too little of it is drawn."""
    part = bone & (near.height > place.low) & (near.height < place.high)
    if part.sum() < LEAST_VOXELS:
        return None
    wide = np.subtract(*np.percentile(near.out[part], (98, 2)))
    deep = np.subtract(*np.percentile(near.back[part], (98, 2)))
    form = FORMS[place.name]
    return float(np.sqrt(max(wide, 1.0) * max(deep, 1.0) / (form.width * form.depth)) * SEEN)
