"""A finding that changes the shape of an organ, where a user points: of spines the vertebra or disc that is nearest, of
hips the nearer one; wide bowel is wide in all of its organ, and a vessel in the part that its recipe names."""

import numpy as np
from numpy.typing import NDArray

from GuideGenLib.anatomy.table import values
from GuideGenLib.description.model import Finding
from GuideGenLib.findings.recipe import Recipe
from GuideGenLib.mask.findings.others import shaped, standing
from GuideGenLib.mask.findings.sites import LesionError
from GuideGenLib.mask.findings.spine import level_at, spine_of
from GuideGenLib.mask.findings.tube import slices_of, widen

NEAR_MM = 40.0
"""A point so far from the spine, a hip or a vessel means none of it."""


def shape_at(
    labels: NDArray[np.uint8], step: float, recipe: Recipe, point: NDArray[np.float64], size: float, seed: int
) -> NDArray[np.uint8]:
    """Labels [z, y, x] (canonical frame, isotropic step in mm) with the finding at a point (voxels, z y x).

    size: in the unit of the recipe. The same seed gives the same voxels. Raises LesionError where the organ is not
    there, the point is far from it, or there is no room.
    """
    spacing, segment, side = (step, step, step), None, None
    if "spine" in recipe.organs:
        spine = spine_of(labels, spacing)
        level = level_at(spine, point, spacing, NEAR_MM) if spine is not None else None
        if level is None:
            raise LesionError("the point lies far from any vertebra", "place it on the spine")
        segment = level.name
    if recipe.sided:
        away = {one: _away(labels, f"{recipe.organs[0]}_{one}", point, step) for one in ("left", "right")}
        side = min(away, key=lambda one: away[one])
        if away[side] > NEAR_MM:
            raise LesionError(f"the point lies far from any {recipe.organs[0]}", "place it on one")
    finding = Finding(recipe.kinds[0], recipe.organs[0], segment=segment, side=side)
    return shaped(labels, spacing, finding, recipe, size, np.random.default_rng(seed))[0]


def tube_at(
    labels: NDArray[np.uint8], step: float, recipe: Recipe, point: NDArray[np.float64], size: float, seed: int
) -> NDArray[np.uint8]:
    """The same with a vessel that is `size` mm wide. Raises LesionError also where it is wider already."""
    spacing = (step, step, step)
    if _away(labels, recipe.options["vessel"], point, step) > NEAR_MM:
        raise LesionError(f"the point lies far from the {recipe.options['vessel']}", "place it on the vessel")
    slices = slices_of(labels, recipe.options, spacing)
    if len(slices.z) < 2:
        raise LesionError(f"the segmentation shows no place of a {recipe.name}", "choose another kind")
    key, rng = str(recipe.label and recipe.label["key"]), np.random.default_rng(seed)
    result, taken = widen(labels, spacing, key, recipe.options, slices, size, standing(labels, None), rng)
    if not taken.any():
        raise LesionError(f"the vessel is wider than {size:g} mm already", "choose more")
    return result


def _away(labels: NDArray[np.uint8], key: str, point: NDArray[np.float64], step: float) -> float:
    """mm from a point to a label; infinite where it is not in the volume."""
    places = np.argwhere(labels == values()[key])
    return float(np.linalg.norm((places - point) * step, axis=1).min()) if len(places) else float("inf")
