"""A hip prosthesis: a cup in the acetabulum, a head in it, and a stem in the femur, which has lost head and neck."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.implants import fill_hip, hip_axis
from GuideGenLib.anatomy.structures import select
from GuideGenLib.anatomy.table import values
from GuideGenLib.description.model import Finding
from GuideGenLib.findings.recipe import Recipe
from GuideGenLib.mask.findings.shapes import Spacing
from GuideGenLib.mask.findings.sites import LesionError

Labels = NDArray[np.uint8]
Mask = NDArray[np.bool_]

ROOM = ("femur_left", "femur_right", "hip_left", "hip_right", "body", "torso_fat", "muscle", "iliopsoas_left",
        "iliopsoas_right", "gluteus_left", "gluteus_right")  # fmt: skip
"""What metal takes the place of."""
CUT_MM = 30.0
"""The femur is taken off so far from the middle of its head: the trochanters stay."""
CAPSULE = "body"
"""The label of what lies about head and neck: plastic, capsule and fluid, which have none of their own."""
DEEPEST = 0.85
"""Of the depth of a prosthesis: from there on a voxel is the middle of its head."""
HALF = 0.5
"""Share of metal from which on a voxel is metal."""


def prosthesis(
    labels: Labels, spacing: Spacing, finding: Finding, recipe: Recipe, count: int, size: float, blocked: Mask,
    rng: np.random.Generator,
) -> list[tuple[Labels, Mask]]:  # fmt: skip
    """One of that side, whose cup is `size` mm wide."""
    side = str(finding.side)
    axis = hip_axis(labels, side, spacing[0])
    if axis is None or axis.stem is None or not (labels == values()[f"hip_{side}"]).any():
        raise LesionError(f"the region does not show the {side} hip", "choose one that does")
    shares = np.zeros(labels.shape, np.float32)
    fill_hip(shares, axis, spacing[0], size)
    room = select(labels, ROOM) & ~blocked
    metal = room & (shares >= HALF)
    away = distance_to(axis.head, labels.shape, spacing)
    result = labels.copy()
    result[room & (away <= CUT_MM) & (labels == values()[f"femur_{side}"])] = values()[CAPSULE]
    result[room & (away <= size / 2) & (labels == values()[f"hip_{side}"])] = values()[CAPSULE]
    result[metal] = values()[str(recipe.label and recipe.label["key"])]
    return [(result, metal)]


def distance_to(point: NDArray[np.float64], shape: tuple[int, ...], spacing: Spacing) -> NDArray[np.float64]:
    """mm from each voxel [z, y, x] to a point in voxels."""
    z, y, x = (((np.arange(n) - at) * step) ** 2 for n, at, step in zip(shape, point.tolist(), spacing, strict=True))
    return np.asarray(np.sqrt(z[:, None, None] + y[None, :, None] + x[None, None, :]))


def cup_width(labels: Labels, piece: Mask, spacing: Spacing) -> float:
    """Outer diameter of the cup in mm: how far metal above the middle of the head, the deepest place of a prosthesis,
    is from it."""
    del labels
    (box,) = ndimage.find_objects(piece.view(np.uint8))
    metal = piece[box]
    deep = ndimage.distance_transform_edt(np.pad(metal, 1), sampling=spacing)[1:-1, 1:-1, 1:-1]
    head = np.argwhere(deep >= DEEPEST * deep.max()).mean(axis=0)
    above = metal.copy()
    above[: round(float(head[0]))] = False
    return float(2 * distance_to(head, metal.shape, spacing)[above].max())
