"""A lesion or mass where a user points: it takes its room from its organ, and pushes nothing aside that was painted."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from GuideGenLib.anatomy.label import Label
from GuideGenLib.anatomy.structures import select
from GuideGenLib.anatomy.table import label, labels, values
from GuideGenLib.findings.reading import recipe_of_label
from GuideGenLib.findings.recipe import Recipe
from GuideGenLib.mask.findings.shapes import SolidBody, Spacing, Texture
from GuideGenLib.mask.findings.sites import LesionError
from GuideGenLib.mask.findings.solid import Solid, body_of

NEAR_MM = 10.0
"""A point this far outside the organ is taken to mean the organ's edge."""
FULL = 0.8
"""A lesion that stays under this part of the asked diameter does not fit."""
SQUASHED = 0.65
"""A body reaches half its diameter from its middle; one that must reach for more than this part of it fills corners."""
ROOM = ("body", "torso_fat")
"""Where a lesion may grow to when its organ is too small for it."""


def grow_at(
    anatomy: NDArray[np.uint8], spacing: Spacing, point: NDArray[np.float64], row: Label, size: float, seed: int
) -> NDArray[np.bool_]:
    """The voxels [z, y, x] of a lesion of longest diameter `size` mm about a position (voxels, z y x).

    row: a label of the group lesions, or of a finding that grows as a mass. It grows within its organ and what lies in
    it; where these are too small for it, into fat and body around, or what its recipe names. The same seed gives the
    same lesion. Raises LesionError: no such organ, a point far from
    it, no room.
    """
    recipe, rng = recipe_of_label(row.key), np.random.default_rng(seed)
    organs = row.part_of if recipe is None else _sided(recipe.options["home"])
    home = select(anatomy, _keys_within(row, organs))
    body = body_of(row.key.removesuffix("_tumor"), size, rng) if recipe is None else _body_by(recipe, rng)
    solid = Solid(anatomy, spacing, body, _in_organ(home, spacing, point, row, organs), size)
    room = ROOM if recipe is None else _sided([*recipe.options.get("into", ()), *recipe.options.get("pushes", ())])
    voxels, scale, extent = solid.grow(home[solid.box])
    if extent < FULL * size or scale > SQUASHED * size:
        voxels, _, extent = solid.grow(home[solid.box] | select(solid.part, room))
    if extent < FULL * size:
        raise LesionError(
            f"a {row.name} of {size:g} mm does not fit here, at most {extent:.0f} mm do",
            "choose a smaller one or another place",
        )
    result = np.zeros(anatomy.shape, dtype=bool)
    result[solid.box] = voxels
    return result


def _keys_within(row: Label, organs: Sequence[str]) -> list[str]:
    """The labels of a lesion's organs and of what is part of them, the lesion itself too, other lesions not."""
    own = set(row.part_of)
    parts = [other.key for other in labels() if set(other.part_of) & own and other.group not in ("lesions", "findings")]
    return [row.key, *organs, *parts]


def _body_by(recipe: Recipe, rng: np.random.Generator) -> SolidBody:
    how = recipe.options
    return SolidBody(Texture(lobes=how.get("lobes", 0.05), flattest=how.get("flattest", 0.8)), rng)


def _sided(keys: Sequence[str]) -> tuple[str, ...]:
    """Labels by names that may leave their side out: "kidney" is both."""
    return tuple(name for key in keys for name in ([key] if key in values() else [f"{key}_left", f"{key}_right"]))


def _in_organ(
    home: NDArray[np.bool_], spacing: Spacing, point: NDArray[np.float64], row: Label, keys: Sequence[str]
) -> NDArray[np.float64]:
    """The point itself, or the organ's voxel nearest to it. Raises LesionError if that is far away."""
    organs = " or ".join(label(key).name for key in keys)
    voxels = np.argwhere(home)
    if not len(voxels):
        raise LesionError(f"the segmentation holds no {organs}", f"a {row.name} needs its organ, choose another kind")
    away = np.linalg.norm((voxels - point) * spacing, axis=1)
    nearest = voxels[away.argmin()]
    if (np.abs(nearest - point) <= 0.5).all():
        return point
    if not away.min() <= NEAR_MM:  # NaN is far, too
        raise LesionError(
            f"the point lies {away.min():.0f} mm from the {organs}",
            "place it inside, or choose the kind of lesion that belongs there",
        )
    return nearest.astype(np.float64)
