"""A fluid where a user points: it fills its space on that side, as gravity has it."""

import numpy as np
from numpy.typing import NDArray

from GuideGenLib.anatomy.structures import lobes_of, select
from GuideGenLib.findings.recipe import Recipe
from GuideGenLib.mask.findings.fluid import fill, space_of
from GuideGenLib.mask.findings.others import standing
from GuideGenLib.mask.findings.shapes import Spacing
from GuideGenLib.mask.findings.sites import LesionError

FULL = 0.8
"""What stays under this part of the asked volume does not fit."""


def side_at(anatomy: NDArray[np.uint8], spacing: Spacing, point: NDArray[np.float64], recipe: Recipe) -> str | None:
    """The side of the lung that is nearest to a position (voxels, z y x); None for what lies on none.

    Raises LesionError where there is no lung.
    """
    if not recipe.sided:
        return None
    away = {}
    for side in ("left", "right"):
        lung = np.argwhere(select(anatomy, lobes_of(side)))
        if len(lung):
            away[side] = float(np.linalg.norm((lung - point) * spacing, axis=1).min())
    if not away:
        raise LesionError("the segmentation holds no lung", f"a {recipe.name} needs one, choose another kind")
    return min(away, key=lambda side: away[side])


def fluid_at(
    labels: NDArray[np.uint8], step: float, recipe: Recipe, side: str | None, amount: float, seed: int
) -> NDArray[np.bool_]:
    """The voxels of so many ml, or mm of thickness, in labels [z, y, x] of the canonical frame, isotropic step in mm.

    The same seed gives the same voxels. Raises LesionError where there is no space for it, or too little.
    """
    assert recipe.sizes is not None
    space = space_of(labels, step, recipe.options, side)
    unit = recipe.sizes.unit
    taken = fill(space, amount, unit, step, np.random.default_rng(seed), standing(labels, None))
    volume = float(taken.sum()) * step**3 / 1000
    if not taken.any():
        raise LesionError(
            f"the segmentation shows no room for a {recipe.name}", "choose another kind, or draw more of the anatomy"
        )
    if unit == "ml" and volume < FULL * amount:
        raise LesionError(f"{amount:g} ml of {recipe.name} do not fit here, {volume:.0f} ml do", "choose less")
    return taken
