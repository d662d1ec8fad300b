"""What fills a space, made more or less, or drained: with more it keeps its place, with less it stays within it.

Labels are uint8 [z, y, x] in the canonical frame; isotropic spacing (z, y, x) in mm.
"""

from collections.abc import Collection
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.structures import LUNGS, lobes_of, select
from GuideGenLib.anatomy.table import values
from GuideGenLib.core.components import TOUCHING
from GuideGenLib.description.model import Finding
from GuideGenLib.generator.change_shapes import Lesion, lesion_of
from GuideGenLib.mask.findings.fluid import fill, painted, space_of, squeezed_beside
from GuideGenLib.mask.findings.lesions import LesionError
from GuideGenLib.mask.findings.others import standing
from GuideGenLib.mask.findings.shapes import Spacing
from GuideGenLib.mask.findings.spaces import PERICARDIUM_ROOM, Space
from GuideGenLib.mask.findings.tissue import FILLERS

Labels = NDArray[np.uint8]
Mask = NDArray[np.bool_]

ROOMS = {"peritoneum": FILLERS, "pericardium": PERICARDIUM_ROOM}
"""In the place of what fluid lies, by its space; of the pleura it is the lung of its side."""
SQUEEZED_MM = 45.0
"""Lung without air so near to a fluid was squeezed by it."""
FIRST = -1e6
"""Reach, mm, of what is filled already: it is taken before all else."""
LEAST = 0.85
"""Of what is asked: less is not what was asked."""


def drained(labels: Labels, spacing: Spacing, lesion: Lesion, finding: Finding, kept: Collection[str]) -> Labels:
    """A copy without a fluid: its voxels, and the lung that it squeezed, are what lies nearest of its room.

    kept: labels of other findings of the case, which stay.
    """
    gone = lesion.whole(labels.shape) | _squeezed_by(labels, spacing, lesion, finding, kept)
    room = _room(finding, lesion.side)
    there = select(labels, room) & ~gone
    result = labels.copy()
    if not there.any():  # all of the lung was squeezed
        result[gone] = values()[room[-1]]
        return result
    nearest = ndimage.distance_transform_edt(~there, return_distances=False, return_indices=True)
    result[gone] = labels[tuple(nearest[:, gone])]
    return result


def refilled(
    labels: Labels, spacing: Spacing, lesion: Lesion, finding: Finding, wanted: float, rng: np.random.Generator,
    kept: Collection[str],
) -> tuple[Labels, Lesion]:  # fmt: skip
    """A fluid of so many ml, or of so many mm thickness; it holds what was there, or lies within it.

    Raises LesionError where there is no room.
    """
    recipe = finding.recipe
    assert recipe is not None and recipe.sizes is not None and recipe.label is not None
    unit, old = recipe.sizes.unit, lesion.whole(labels.shape)
    empty = drained(labels, spacing, lesion, finding, kept)
    space = space_of(empty, spacing[0], recipe.options, lesion.side, about=old)
    more = wanted >= (size_of(lesion, unit, spacing) or 0.0)
    grown = Space(space.room | old, np.where(old, np.float32(FIRST), space.reach))
    taken = fill(grown if more else Space(old, space.reach), wanted, unit, spacing[0], rng, standing(empty, None))
    volume = float(taken.sum() * np.prod(spacing)) / 1000
    if not taken.any() or (unit == "ml" and volume < LEAST * wanted):
        raise LesionError(
            f"a {recipe.name} of {wanted:g} {unit} does not fit, at most {volume:.0f} ml do", "ask for less"
        )
    squeezed = recipe.options.get("squeezed")
    if squeezed in values():
        around = squeezed_beside(empty, taken, spacing[0]) & ~standing(empty, None)
        empty = painted(empty, around, squeezed)
    return painted(empty, taken, recipe.label["key"]), replace(
        lesion_of(lesion.key, taken, spacing), side=lesion.side, asked=wanted
    )


def size_of(lesion: Lesion, unit: str, spacing: Spacing) -> float | None:
    """ml of a fluid; of what is told by its thickness the mm that were asked, None where that is not known."""
    return lesion.asked if unit == "mm" else float(lesion.voxels.sum() * np.prod(spacing)) / 1000


def _squeezed_by(labels: Labels, spacing: Spacing, lesion: Lesion, finding: Finding, kept: Collection[str]) -> Mask:
    """The lung without air beside a fluid; none where the case has such lung of its own."""
    recipe = finding.recipe
    assert recipe is not None
    key = recipe.options.get("squeezed")
    none = np.zeros(labels.shape, bool)
    if key not in values() or key in kept:
        return none
    parts, count = ndimage.label(labels == values()[key], TOUCHING)
    if not count:
        return none
    away = ndimage.distance_transform_edt(~lesion.whole(labels.shape), sampling=spacing)
    near = np.asarray(ndimage.minimum(away, parts, range(1, count + 1))) <= SQUEEZED_MM
    middle = np.flatnonzero(labels.any(axis=(0, 1))).mean()
    across = np.asarray(ndimage.center_of_mass(parts > 0, parts, range(1, count + 1)))[:, 2]
    same = (across > middle) == (lesion.middle[2] > middle)
    return np.asarray(np.concatenate([[False], near & same])[parts])


def _room(finding: Finding, side: str | None) -> tuple[str, ...]:
    assert finding.recipe is not None
    space = str(finding.recipe.options.get("space"))
    if space == "collecting_system" and side:
        return (f"kidney_{side}",)
    return lobes_of(side) if space in ("pleura", "lung_patches") and side else ROOMS.get(space, (*FILLERS, *LUNGS))
