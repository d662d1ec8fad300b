"""Which segments an edit changed, by how much, and where."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from GuideGenLib.anatomy.table import label, values
from GuideGenLib.core.grids import matched
from GuideGenLib.scene.errors import SceneError
from GuideGenLib.scene.geometry import ras_of


@dataclass(frozen=True)
class SegmentChange:
    """One label that gained or lost voxels.

    key and name of the label; added_ml, removed_ml; centre_ras: the changed voxel nearest to the middle of all that
    changed, RAS mm, so that a view which jumps there shows a change.
    """

    key: str
    name: str
    added_ml: float
    removed_ml: float
    centre_ras: tuple[float, float, float]


def find_edits(before: sitk.Image, after: sitk.Image) -> list[SegmentChange]:
    """What changed between two anatomies (labels) of the same voxels, the largest change first; empty if nothing did.

    Body is what lies between the organs: it counts only where it grew into air or air into it, not where an organ
    changed. Raises SceneError if the grids differ.
    """
    edited = matched(after, before)
    if edited is None:
        raise SceneError(
            "the anatomies before and after the edit lie on different grids",
            "read the segmentation on the grid of the first one",
        )
    old, new = sitk.GetArrayViewFromImage(before), sitk.GetArrayViewFromImage(edited)
    where = np.argwhere(old != new)
    index = tuple(where.T)
    changes = list(_changes(where, old[index], new[index], before))
    return sorted(changes, key=lambda change: change.added_ml + change.removed_ml, reverse=True)


def _changes(
    where: NDArray[np.int64], old: NDArray[np.uint8], new: NDArray[np.uint8], grid: sitk.Image
) -> Iterator[SegmentChange]:
    voxel_ml = float(np.prod(grid.GetSpacing())) / 1000
    for value in sorted({*np.unique(old).tolist(), *np.unique(new).tolist()} - {0}):
        added, removed = new == value, old == value
        if value == values()["body"]:
            added, removed = added & (old == 0), removed & (new == 0)
        touched = where[added | removed]
        if len(touched):
            away = np.linalg.norm((touched - touched.mean(axis=0)) * grid.GetSpacing()[::-1], axis=1)
            z, y, x = touched[away.argmin()].tolist()
            centre = ras_of(grid.TransformIndexToPhysicalPoint((x, y, z)))
            row = label(value)
            gained, lost = float(added.sum() * voxel_ml), float(removed.sum() * voxel_ml)
            yield SegmentChange(row.key, row.name, gained, lost, centre)
