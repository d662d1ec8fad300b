"""Tumours of the colon: thickened wall around a narrow lumen, and bulky masses that the lumen runs through."""

import numpy as np
from scipy import ndimage

from GuideGenLib.anatomy.structures import table_of
from GuideGenLib.anatomy.table import values
from GuideGenLib.core.components import TOUCHING
from GuideGenLib.mask.findings.shapes import (
    Growth,
    SolidBody,
    Spacing,
    Texture,
    box_around,
    grow,
    offsets_mm,
    push,
    shares,
)
from GuideGenLib.mask.findings.tissue import ABDOMEN_SOFT, FILLERS, movable

WALL_MM = {"is": 3.0, "1": 4.0, "2": 6.0, "3": 10.0, "4": 15.0}
"""Thickness of the diseased wall by T stage; the stage is the depth of growth through the wall."""
NORMAL_WALL_MM = 3.0
BULKY_MM = 70.0
"""From this length on a tumour is a mass, whatever its stage."""
OPEN_LUMEN = 0.6
"""A mass leaves open what is deeper in the bowel than this part of the way to its middle."""
CONSUMED = 0.6
MIDDLE_MM = 24.0
"""Within so far of a voxel the middle of its lumen is looked for."""


def wall_thickness(t: str | None) -> float:
    """Thickness in mm for a T such as "3" or "4a"; 8 mm where the stage is not known."""
    return WALL_MM.get(t or "", WALL_MM.get((t or "")[:1], 8.0))


def draw_colon_tumour(
    labels: np.ndarray, spacing: Spacing, candidates: np.ndarray, size: float, thickness: float, blocked: np.ndarray,
    rng: np.random.Generator,
) -> Growth | None:  # fmt: skip
    """A tumour of longest extent `size` mm at one of the candidate bowel voxels [n, 3], None if nothing came of it.

    Depending on size and wall thickness (mm): a plaque on one side of the wall, a ring around the lumen, or a mass.
    `blocked` is a boolean volume that is never painted.
    """
    start = _roomiest(labels, spacing, candidates, size, rng)
    box = box_around(start, 1.2 * size + 30, labels.shape, spacing)
    corner = np.array([s.start for s in box])
    part = labels[box]
    bowel = table_of(("colon", "colon_gas"))[part]
    depth = ndimage.distance_transform_edt(bowel, sampling=spacing)
    middle = _middle_of_lumen(depth, start - corner, candidates - corner, spacing)
    radius = float(depth[tuple(middle)])
    bulky = thickness >= WALL_MM["4"] or size >= BULKY_MM
    if size < (2.6 if bulky else 2.1) * radius + thickness:  # too short to close the ring: grows from one side
        middle = _nearest_wall(depth, start - corner, spacing)
    offsets = offsets_mm(box, middle + corner, spacing)
    gauge = SolidBody(Texture(lobes=0.16 if bulky else 0.10), rng).gauge(offsets)
    loop = _loop(bowel, gauge, size)
    if bulky:
        open_part = loop & (depth > OPEN_LUMEN * _ridge(depth, spacing))
        moving = movable(part, spacing, "colon", None) & ~blocked[box]
        voxels, scale, extent = grow(gauge, moving & ~open_part, size, spacing)
        result = push(part, gauge, offsets, scale, CONSUMED, moving & ~loop, spacing)
    else:
        band = _band(part, bowel, depth, size, thickness, spacing)
        voxels, _, extent = grow(gauge, band & ~blocked[box], size, spacing)
        result = part.copy()
    if not voxels.any():
        return None
    result[voxels] = values()["colon_tumor"]
    return Growth(box, result, voxels, extent)


def _roomiest(
    labels: np.ndarray, spacing: Spacing, candidates: np.ndarray, size: float, rng: np.random.Generator
) -> np.ndarray:
    """One of the candidates around which a body of that size has room."""
    few = candidates[rng.integers(len(candidates), size=48)]
    (room,) = shares(labels, few, 0.5 * size, spacing, table_of(ABDOMEN_SOFT)[None])
    good = np.nonzero(room >= min(0.97, float(room.max()) - 0.03))[0]
    return np.asarray(few[good[rng.integers(len(good))]])


def _middle_of_lumen(depth: np.ndarray, start: np.ndarray, candidates: np.ndarray, spacing: Spacing) -> np.ndarray:
    """The candidate voxel deepest in the bowel near one of its voxels; a candidate, so as to stay in the asked part."""
    near = candidates[(np.abs((candidates - start) * np.asarray(spacing)) <= MIDDLE_MM).all(axis=1)]
    return np.asarray(near[np.argmax(depth[tuple(near.T)])])


def _nearest_wall(depth: np.ndarray, start: np.ndarray, spacing: Spacing) -> np.ndarray:
    """The voxel of the outermost layer of the bowel that is nearest to one of its voxels."""
    layer = np.argwhere((depth > 0) & (depth <= 1.01 * max(spacing)))
    return np.asarray(layer[np.argmin((((layer - start) * np.asarray(spacing)) ** 2).sum(axis=1))])


def _loop(bowel: np.ndarray, gauge: np.ndarray, size: float) -> np.ndarray:
    """The loop of bowel that holds the tumour; other loops in its reach are pushed aside."""
    parts, _ = ndimage.label(bowel & (gauge < 0.75 * size), TOUCHING)
    return parts == parts[np.unravel_index(int(np.argmin(gauge)), gauge.shape)]


def _ridge(depth: np.ndarray, spacing: Spacing) -> np.ndarray:
    """Depth of the middle of the lumen, near each voxel."""
    reach = max(9.0, float(depth.max()))
    return np.asarray(ndimage.maximum_filter(depth, size=[2 * int(reach / d) + 1 for d in spacing]))


def _band(
    part: np.ndarray, bowel: np.ndarray, depth: np.ndarray, size: float, thickness: float, spacing: Spacing
) -> np.ndarray:
    """The thickened wall: half of the growth inwards, leaving a thread open, half outwards into fat."""
    inward = max(NORMAL_WALL_MM + 0.5 * thickness, min(0.4 * size, 2.5 * thickness))
    open_part = depth > np.minimum(inward, OPEN_LUMEN * _ridge(depth, spacing))
    outside = ndimage.distance_transform_edt(~bowel, sampling=spacing)
    outward = table_of(FILLERS)[part] & (outside <= max(0.5 * thickness, 0.7 * min(spacing)))
    return (bowel & ~open_part) | outward
