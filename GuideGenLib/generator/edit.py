"""What an edit of the anatomy changed, and where the CT may follow."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

CONTEXT_MM = 96.0
"""Anatomy around the edit that the networks see: their reach, so that the new CT meets the old one."""


@dataclass(frozen=True)
class Change:
    """weight float32 [z, y, x]: 1 at the edit, fading to 0 at `margin_mm`; window: the box to compute, in voxels."""

    weight: np.ndarray
    window: tuple[slice, slice, slice]


def find_change(
    before: np.ndarray, after: np.ndarray, spacing: float, margin_mm: float, multiple: int,
    also: np.ndarray | None = None,
) -> Change | None:  # fmt: skip
    """Compare two label volumes [z, y, x] of isotropic `spacing` mm; None when they are equal. also: bool, where
    something else changed.

    The weight is 1 up to 30 % of the margin and falls smoothly to 0 at 90 % of it: voxels beyond stay as they were. The
    window starts at multiples of `multiple`, where the latent cells of the whole volume start.
    """
    changed = before != after if also is None else (before != after) | also
    if not changed.any():
        return None
    weight = np.zeros(before.shape, np.float32)
    near = _box(changed, round(margin_mm / spacing) + 2)
    distance = ndimage.distance_transform_edt(~changed[near]) * spacing
    ramp = np.clip((0.9 * margin_mm - distance) / (0.6 * margin_mm), 0, 1)
    weight[near] = ramp * ramp * (3 - 2 * ramp)
    wide = _box(changed, round(CONTEXT_MM / spacing))
    window = tuple(slice(s.start // multiple * multiple, s.stop) for s in wide)
    return Change(weight, window)  # type: ignore[arg-type]


def blended(old: np.ndarray, new: np.ndarray, share: np.ndarray) -> np.ndarray:
    """HU int16 [z, y, x]: of the new volume by its share (0 to 1), else the old ones; written into the old array."""
    for box in ndimage.find_objects((share > 0).view(np.uint8)):
        mixed = share[box] * new[box] + (1 - share[box]) * old[box]
        old[box] = np.where(share[box] > 0, np.rint(mixed), old[box])
    return old


def _box(mask: np.ndarray, grow: int) -> tuple[slice, ...]:
    return tuple(
        slice(max(0, s.start - grow), min(n, s.stop + grow))
        for s, n in zip(ndimage.find_objects(mask.astype(np.uint8))[0], mask.shape, strict=True)
    )
