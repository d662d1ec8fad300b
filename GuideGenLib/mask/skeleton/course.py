"""Where along a drawn spine each of its vertebrae lies."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.structures import select
from GuideGenLib.anatomy.table import values
from GuideGenLib.mask.skeleton.canal import Canal, Near, canal_of
from GuideGenLib.mask.skeleton.levels import FORMS, LUMBAR, PITCH, THORACIC
from GuideGenLib.mask.skeleton.vertebra import FRONT, REAR

Labels = NDArray[np.uint8]
Values = NDArray[np.float64]
UPPER, LOWER = "vertebrae_thoracic", "vertebrae_lumbar"
KEYS = {**dict.fromkeys(LUMBAR, LOWER), **dict.fromkeys(THORACIC, UPPER)}
LEAST_VOXELS = 60
"""Of a body, below which its size is not known."""
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
    scale: float = 1.0

    @property
    def middle(self) -> float:
        """Height of the middle of its body in mm."""
        return (self.low + self.high) / 2


@dataclass(frozen=True)
class Course:
    """A canal, the voxels about its vertebrae, and all of these by name from T1 to L5, also those that the volume cuts
    off."""

    canal: Canal
    near: Near
    places: Mapping[str, Place]


def course_of(labels: Labels, spacing: float) -> Course | None:
    """The course of the spine of labels uint8 [z, y, x] of isotropic spacing in mm; None where no cord tells it, or
    there are no vertebrae."""
    canal = canal_of(labels, spacing)
    rows = np.flatnonzero(select(labels, (UPPER, LOWER)).any(axis=(1, 2)))
    if canal is None or not len(rows):
        return None
    near = canal.near(labels.shape, int(rows[0]), int(rows[-1]))
    own = labels[tuple(near.where.T)]
    aside = np.abs(near.out) < BODY_SIDE_MM
    column = aside & (near.back < REAR)  # drawings put the cord into the bone at the neck
    heights = {key: near.height[column & (own == values()[key])] for key in (UPPER, LOWER)}
    ends = {key: np.percentile(one, ENDS) for key, one in heights.items() if len(one) >= LEAST_VOXELS}
    if not ends:
        return None
    neck, sacrum = (bool(select(labels, (key,)).any()) for key in ("vertebrae_cervical", "sacrum"))
    cut_above = not neck and bool((labels[-1] == values()[UPPER]).any())
    cut_below = not sacrum and bool((labels[0] == values()[LOWER]).any())
    places = _shared_out(ends, cut_below, cut_above)
    body = aside & (near.back < FRONT) & np.isin(own, (values()[UPPER], values()[LOWER]))
    return Course(canal, near, {one.name: one for one in _scaled(places, near, body)})


def _scaled(places: list[Place], near: Near, body: NDArray[np.bool_]) -> list[Place]:
    """With the sizes of the drawn bodies, smooth along the spine; body: which of the voxels are of one."""
    sizes = [_size(one, near, body) for one in places]
    known = [(index, size) for index, size in enumerate(sizes) if size is not None]
    if not known:
        return places
    told = np.interp(np.arange(len(places)), [index for index, _ in known], [size for _, size in known])
    smooth = np.clip(ndimage.gaussian_filter1d(told, OVER_LEVELS, mode="nearest"), *SCALES)
    return [replace(one, scale=float(size)) for one, size in zip(places, smooth, strict=True)]


def _shared_out(ends: Mapping[str, Values], cut_below: bool, cut_above: bool) -> list[Place]:
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
            found.append(Place(name, min(start, stop), max(start, stop)))
            start = stop
    return sorted(found, key=lambda one: -one.high)


def _size(place: Place, near: Near, body: NDArray[np.bool_]) -> float | None:
    """Width of a drawn body over that of the table; None where too little of it is drawn."""
    part = body & (near.height > place.low) & (near.height < place.high)
    if part.sum() < LEAST_VOXELS:
        return None
    wide = np.subtract(*np.percentile(near.out[part], (98, 2)))
    deep = np.subtract(*np.percentile(near.back[part], (98, 2)))
    form = FORMS[place.name]
    return float(np.sqrt(max(wide, 1.0) * max(deep, 1.0) / (form.width * form.depth)) * SEEN)
