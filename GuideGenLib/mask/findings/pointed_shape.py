"""A finding that changes the shape of an organ, where a user points: of spines the vertebra or disc that is nearest;
wide bowel is wide in all of its organ."""

import numpy as np
from numpy.typing import NDArray

from GuideGenLib.description.model import Finding
from GuideGenLib.findings.recipe import Recipe
from GuideGenLib.mask.findings.others import shaped
from GuideGenLib.mask.findings.sites import LesionError
from GuideGenLib.mask.findings.spine import level_at, spine_of

NEAR_MM = 40.0
"""A point so far from the spine means none of it."""


def shape_at(
    labels: NDArray[np.uint8], step: float, recipe: Recipe, point: NDArray[np.float64], size: float, seed: int
) -> NDArray[np.uint8]:
    """Labels [z, y, x] (canonical frame, isotropic step in mm) with the finding at a point (voxels, z y x).

    size: in the unit of the recipe. The same seed gives the same voxels. Raises LesionError where the organ is not
    there, the point is far from it, or there is no room.
    """
    spacing, segment = (step, step, step), None
    if "spine" in recipe.organs:
        spine = spine_of(labels, spacing)
        level = level_at(spine, point, spacing, NEAR_MM) if spine is not None else None
        if level is None:
            raise LesionError("the point lies far from any vertebra", "place it on the spine")
        segment = level.name
    finding = Finding(recipe.kinds[0], recipe.organs[0], segment=segment)
    return shaped(labels, spacing, finding, recipe, size, np.random.default_rng(seed))[0]
