"""A lesion where a user points: it takes its room from its organ, and pushes nothing aside that was painted."""

import numpy as np
from numpy.typing import NDArray

from GuideGenLib.anatomy.label import Label
from GuideGenLib.anatomy.structures import select
from GuideGenLib.anatomy.table import label, labels
from GuideGenLib.mask.findings.shapes import Spacing
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

    row: a label of the group lesions. It grows within its organ and what lies in it; where these are too small for it,
    into fat and body around. The same seed gives the same lesion. Raises LesionError: no such organ, a point far from
    it, no room.
    """
    home = select(anatomy, _keys_within(row))
    solid = Solid(
        anatomy, spacing, body_of(row.key.removesuffix("_tumor"), size, np.random.default_rng(seed)),
        _in_organ(home, spacing, point, row), size,
    )  # fmt: skip
    voxels, scale, extent = solid.grow(home[solid.box])
    if extent < FULL * size or scale > SQUASHED * size:
        voxels, _, extent = solid.grow(home[solid.box] | select(solid.part, ROOM))
    if extent < FULL * size:
        raise LesionError(
            f"a {row.name} of {size:g} mm does not fit here, at most {extent:.0f} mm do",
            "choose a smaller one or another place",
        )
    result = np.zeros(anatomy.shape, dtype=bool)
    result[solid.box] = voxels
    return result


def _keys_within(row: Label) -> list[str]:
    """The labels of a lesion's organ and of what is part of it, the lesion itself too, other lesions not."""
    parts = [other.key for other in labels() if set(other.part_of) & set(row.part_of) and other.group != "lesions"]
    return [row.key, *row.part_of, *parts]


def _in_organ(home: NDArray[np.bool_], spacing: Spacing, point: NDArray[np.float64], row: Label) -> NDArray[np.float64]:
    """The point itself, or the organ's voxel nearest to it. Raises LesionError if that is far away."""
    organs = " or ".join(label(key).name for key in row.part_of)
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
