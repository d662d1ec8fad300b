"""Segments that claim the same voxel: a part wins over its whole, everything wins over body, the rest is refused."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from GuideGenLib.anatomy.structures import wins
from GuideGenLib.anatomy.table import label
from GuideGenLib.scene.errors import SceneError
from GuideGenLib.scene.segments.layers import Claim


def merged(
    layers: Sequence[NDArray[np.uint16]], claims: Sequence[Claim], voxel_ml: float, *, surfaces: bool = False
) -> NDArray[np.uint16]:
    """One number a voxel (1 + index of the claim, 0 for none) from layers of such numbers, all of one shape.

    Of `surfaces` that meet both get the voxels that they go through: there an overlap up to two voxels thin is no
    conflict, and the earlier segment keeps it. Raises SceneError that names the two segments which share most, the ml
    that they share, and the remedy.
    """
    result = layers[0].copy()
    conflicts: dict[tuple[int, int], int] = {}
    for layer in layers[1:]:
        both = (result > 0) & (layer > 0)
        result[(result == 0) & (layer > 0)] = layer[(result == 0) & (layer > 0)]
        pairs = result[both].astype(np.uint32) << 16 | layer[both]
        taken = result[both]
        for pair, count in zip(*np.unique(pairs, return_counts=True), strict=True):
            old, new = int(pair) >> 16, int(pair) & 0xFFFF
            if wins(claims[old - 1].label, claims[new - 1].label):
                continue
            if wins(claims[new - 1].label, claims[old - 1].label):
                taken[pairs == pair] = new
            elif not (surfaces and _is_thin(result == old, layer == new)):
                conflicts[old, new] = conflicts.get((old, new), 0) + int(count)
        result[both] = taken
    if conflicts:
        raise SceneError(_told(conflicts, claims, voxel_ml))
    return result


def _is_thin(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> bool:
    eroded = sitk.BinaryErode(sitk.GetImageFromArray((one & other).astype(np.uint8)), (1, 1, 1), sitk.sitkCross)
    return not sitk.GetArrayViewFromImage(eroded).any()


def _told(conflicts: dict[tuple[int, int], int], claims: Sequence[Claim], voxel_ml: float) -> str:
    (one, other), count = max(conflicts.items(), key=lambda item: item[1])
    first, second = claims[one - 1], claims[other - 1]
    more = f" ({len(conflicts) - 1} more pairs overlap)" if len(conflicts) > 1 else ""
    message = (
        f'segments "{first.name}" and "{second.name}" claim the same {_volume(count * voxel_ml)}{more}: in the Segment '
        f'Editor choose "{first.name}", effect Logical operators, Subtract, "{second.name}" (or the other way round)'
    )
    for claim in (first, second):
        if claim.label.group == "lesions":
            organs = ", ".join(label(key).name for key in claim.label.part_of)
            message += f"; {claim.label.name} may overlap its own organ only ({organs})"
    return message


def _volume(ml: float) -> str:
    return f"{ml:.1f} ml" if ml >= 0.1 else f"{ml * 1000:.0f} mm³" if ml >= 0.001 else f"{ml * 1000:.2g} mm³"
