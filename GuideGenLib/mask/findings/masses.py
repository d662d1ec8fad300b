"""What grows in an organ or beside it, besides the tumours of the five organs: cysts, nodes, nodules, stones."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.structures import select
from GuideGenLib.anatomy.table import values
from GuideGenLib.mask.findings.shapes import Box, Growth, SolidBody, Spacing, Texture
from GuideGenLib.mask.findings.solid import Solid
from GuideGenLib.mask.findings.tissue import FILLERS

Labels = NDArray[np.uint8]
Mask = NDArray[np.bool_]

TRIES = 8
DEEP_SHARE = 0.5
"""Of the radius of a mass that its middle is below the surface of its organ at least, where that is deep enough."""


def home_of(labels: Labels, how: Mapping[str, Any], side: str | None, site: str | None, spacing: Spacing) -> Mask:
    """Where the middle of a mass may lie.

    how: `home`, keys of labels ("_left" and "_right" are added where it is sided; of lobes only that of the site, else
    that of `usually`); `beside`, keys with the nearest and the farthest that it may be from each, in mm; `dependent`:
    only the lowest part, where a stone lies; `off_middle`: mm from the middle of the body, where there is such a place.
    """
    keys, site = _sided(how["home"], side), site or how.get("usually")
    home = select(labels, [key for key in keys if site and site in key] or keys)
    for key, (nearest, farthest) in how.get("beside", {}).items():
        anchor = select(labels, _sided([key], side))
        if not anchor.any():
            return np.zeros(labels.shape, bool)
        near = np.zeros(labels.shape, bool)
        box = around(anchor, farthest, spacing)
        away = ndimage.distance_transform_edt(~anchor[box], sampling=spacing)
        near[box] = (away >= nearest) & (away <= farthest)
        home &= near
    if side and how.get("beside") and not any(key.endswith(("_left", "_right")) for key in _sided(how["home"], side)):
        far = home & _half(labels, side, how.get("off_middle", 0.0) / spacing[2])
        home = far if far.any() else home & _half(labels, side)
    if how.get("dependent") and home.any():
        y = np.arange(labels.shape[1])[None, :, None] * np.ones(labels.shape, np.int16)
        home &= y >= np.percentile(y[home], 85)
    return home


def around(mask: Mask, margin_mm: float, spacing: Spacing) -> Box:
    """The part of a volume that is within so many mm of a mask along each axis."""
    (box,) = ndimage.find_objects(mask.view(np.uint8))
    more = [int(np.ceil(margin_mm / step)) + 1 for step in spacing]
    z, y, x = (slice(max(s.start - n, 0), s.stop + n) for s, n in zip(box, more, strict=True))
    return z, y, x


def _sided(keys: list[str], side: str | None) -> list[str]:
    """Keys that exist, with the side where they have one; both sides where none is told."""
    found: list[str] = []
    for key in keys:
        sides = [side] if side else ["left", "right"]
        found += [key] if key in values() else [f"{key}_{one}" for one in sides]
    others = {"left": "_right", "right": "_left"}
    return [key for key in found if side is None or not key.endswith(others[side])]


def _half(labels: Labels, side: str, off: float = 0.0) -> Mask:
    """The side of the spine, so many voxels from its middle on."""
    spine = select(labels, ("vertebrae_thoracic", "vertebrae_lumbar", "vertebrae_cervical", "sacrum"))
    x = np.flatnonzero(spine.any(axis=(0, 1)))
    middle = x.mean() if len(x) else labels.shape[2] / 2
    row = np.arange(labels.shape[2])
    return np.broadcast_to((row > middle + off) if side == "left" else (row < middle - off), labels.shape)


def grow_mass(
    labels: Labels, spacing: Spacing, key: str, how: Mapping[str, Any], home: Mask, size: float, blocked: Mask,
    rng: np.random.Generator,
) -> Growth | None:  # fmt: skip
    """The mass of label `key` whose longest extent is nearest to `size` mm; None where there is no room at all."""
    body_texture = Texture(lobes=how.get("lobes", 0.05), flattest=how.get("flattest", 0.8))
    into = (*_sided(how["home"], None), *how.get("into", ()))
    free = home & ~blocked
    if not free.any():
        return None
    near = around(free, size, spacing)
    depth = ndimage.distance_transform_edt(select(labels[near], into), sampling=spacing)[free[near]]
    places = np.argwhere(free)
    wanted = min(how.get("deep", DEEP_SHARE) * size / 2, float(np.percentile(depth, 98)))
    places = places[depth >= 0.98 * wanted]
    best: Growth | None = None
    for _ in range(TRIES):
        solid = Solid(labels, spacing, SolidBody(body_texture, rng), places[rng.integers(len(places))] * 1.0, size)
        apart = ~blocked[solid.box]
        moving = select(solid.part, (*into, *how.get("pushes", FILLERS))) & apart
        voxels, scale, extent = solid.grow(moving)
        if not voxels.any():
            continue
        result = solid.pushed(scale, how.get("core", 0.8), moving)
        result[voxels] = values()[key]
        if best is None or abs(extent - size) < abs(best.extent - size):
            best = Growth(solid.box, result, voxels, extent)
        if abs(best.extent - size) <= max(0.08 * size, 0.5 * min(spacing)):
            break
    return best
