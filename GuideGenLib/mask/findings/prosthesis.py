"""A hip prosthesis: a cup in the acetabulum, a head in it, and a stem in the femur, which has lost head and neck."""

import numpy as np
from numpy.typing import NDArray

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
    z, y, x = np.ogrid[tuple(slice(0, n) for n in labels.shape)]
    away = sum(((grid - at) * step) ** 2 for grid, at, step in zip((z, y, x), axis.head, spacing, strict=True))
    result = labels.copy()
    result[room & (away <= CUT_MM**2) & (labels == values()[f"femur_{side}"])] = values()[CAPSULE]
    inside = away <= (size / 2) ** 2
    result[room & inside & (labels == values()[f"hip_{side}"])] = values()[CAPSULE]
    result[metal] = values()[str(recipe.label and recipe.label["key"])]
    return [(result, metal)]


def cup_width(labels: Labels, piece: Mask, spacing: Spacing) -> float:
    """Outer diameter of the cup in mm: from front to back, where an axial slice shows the most of it."""
    del labels
    rows = piece.any(axis=2)
    first, last = rows.argmax(axis=1), rows.shape[1] - rows[:, ::-1].argmax(axis=1)
    return float((last - first)[rows.any(axis=1)].max()) * spacing[1]
