"""What fills a space: effusions, ascites, free air. Gravity and the walls of the space decide where it lies."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.structures import LOBES, LUNGS, select
from GuideGenLib.anatomy.table import values
from GuideGenLib.mask.findings.patches import collecting_system, lung_patches
from GuideGenLib.mask.findings.spaces import SPACES, Space, pleura

Labels = NDArray[np.uint8]
Mask = NDArray[np.bool_]

WAVES_MM, WAVE_MM = 25.0, 2.5
"""Length and standard deviation of the waves of a surface, so that no two are the same."""
SQUEEZED = 0.35
"""ml of lung that a ml of fluid leaves without air, from SQUEEZED_FROM_ML on."""
SQUEEZED_FROM_ML = 250.0
REACH_MM, LOW = 40.0, 0.3
"""How far from the fluid such lung may be; and what a mm away from the back counts beside one away from the fluid."""
LARGEST_PART = 0.02
"""Of what fills a space: smaller pieces apart from it go."""


def space_of(
    labels: Labels, spacing: float, how: Mapping[str, Any], side: str | None, site: str | None = None,
    rng: np.random.Generator | None = None, about: Mask | None = None,
) -> Space:  # fmt: skip
    """The space that a recipe of the mechanism "fluid" fills. labels [z, y, x], isotropic spacing in mm.

    site: of a lobe, for patches and for what a recipe says to be `in_lobe`; rng: chooses where patches begin; about: a
    finding that is there, from whose middle they begin.
    """
    if how["space"] == "pleura":
        space = pleura(labels, spacing, str(side), how["lies"])
        lobe = LOBES.get((str(side), str(site))) if how.get("in_lobe") else None
        return Space(space.room & select(labels, (lobe,)), space.reach) if lobe else space
    if how["space"] == "lung_patches":
        return lung_patches(labels, spacing, side, site, how["foci"], rng or np.random.default_rng(0), about)
    if how["space"] == "collecting_system":
        return collecting_system(labels, spacing, str(side))
    return SPACES[how["space"]](labels, spacing, how["lies"])


def fill(space: Space, wanted: float, unit: str, spacing: float, rng: np.random.Generator, blocked: Mask) -> Mask:
    """The voxels that are taken: so many ml, or those within so many mm of `reach`; fewer where the room ends."""
    room = space.room & ~blocked & np.isfinite(space.reach)
    taken = np.zeros(room.shape, bool)
    if not room.any():
        return taken
    (box,) = ndimage.find_objects(room.view(np.uint8))
    waves = _waves(tuple(s.stop - s.start for s in box), spacing, rng)
    reach = space.reach[box] + waves
    order = reach[room[box]]
    if unit == "mm":
        level = wanted
    else:
        count = min(round(wanted * 1000 / spacing**3), len(order))
        if count == 0:
            return taken
        level = float(np.partition(order, count - 1)[count - 1])
    taken[box] = room[box] & (reach <= level)
    return _without_crumbs(taken)


def squeezed_beside(labels: Labels, taken: Mask, spacing: float) -> Mask:
    """Lung that loses its air beside a fluid: what lies nearest to it."""
    volume = taken.sum() * spacing**3 / 1000
    wanted = round(SQUEEZED * max(volume - SQUEEZED_FROM_ML, 0) * 1000 / spacing**3)
    lung = select(labels, LUNGS) & ~taken
    result = np.zeros(labels.shape, bool)
    if wanted == 0 or not lung.any():
        return result
    (box,) = ndimage.find_objects(taken.view(np.uint8))
    margin = round(REACH_MM / spacing)
    wide = tuple(slice(max(s.start - margin, 0), s.stop + margin) for s in box)
    away = ndimage.distance_transform_edt(~taken[wide], sampling=spacing)
    away = away + LOW * spacing * np.arange(away.shape[1])[::-1][None, :, None]
    near = away[lung[wide]]
    if not len(near):
        return result
    level = np.partition(near, min(wanted, len(near)) - 1)[min(wanted, len(near)) - 1]
    result[wide] = lung[wide] & (away <= level)
    return _without_crumbs(result)


def painted(labels: Labels, taken: Mask, key: str) -> Labels:
    """A copy with a label there."""
    result = labels.copy()
    result[taken] = values()[key]
    return result


def _waves(shape: tuple[int, ...], spacing: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Smooth noise in mm, drawn coarsely and interpolated."""
    step = WAVES_MM / spacing
    coarse = rng.normal(size=[max(2, int(np.ceil(n / step)) + 1) for n in shape]).astype(np.float32)
    factors = [n / m for n, m in zip(shape, coarse.shape, strict=True)]
    return np.asarray(ndimage.zoom(coarse, factors, order=1) * np.float32(WAVE_MM))


def _without_crumbs(taken: Mask) -> Mask:
    parts, count = ndimage.label(taken)
    if count < 2:
        return taken
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    return np.asarray((sizes >= LARGEST_PART * sizes.max())[parts])
