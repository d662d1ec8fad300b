"""What a label volume holds, measured with SimpleITK on the voxels alone.

Volumes here are uint8 [z, y, x] in the canonical frame (to superior, posterior, patient-left), spacing (z, y, x) in mm.
Nothing of the generator's own rules or records is used: this is the judge, that is the judged.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from scipy import ndimage

from GuideGenLib.anatomy.structures import select
from GuideGenLib.anatomy.table import by_group, values

Spacing = tuple[float, float, float]
SHELL_MM = 6.0
"""How far around a tumour its neighbours are looked for."""


def volumes_ml(labels: np.ndarray, spacing: Spacing) -> dict[str, float]:
    """Volume in ml of every label of the table, 0 for those that are not there."""
    counts = np.bincount(labels.ravel(), minlength=256)
    return {key: float(counts[value] * np.prod(spacing) / 1000) for key, value in values().items()}


def largest_share(mask: np.ndarray) -> float:
    """Part of a non-empty boolean volume that is in its largest component (corners touch)."""
    sizes = np.bincount(_components(mask).ravel())[1:]
    return float(sizes.max() / sizes.sum())


def _components(mask: np.ndarray) -> np.ndarray:
    """The components of a boolean volume, numbered from 1; voxels that share a corner belong together."""
    return sitk.GetArrayFromImage(sitk.ConnectedComponent(sitk.GetImageFromArray(mask.astype(np.uint8)), True))


def feret_mm(mask: np.ndarray, spacing: Spacing) -> float:
    """Longest diameter (maximum Feret) of a boolean volume in mm: between the farthest voxel centres, and one voxel."""
    image = sitk.GetImageFromArray(np.pad(mask, 1).astype(np.uint8))
    image.SetSpacing(spacing[::-1])
    shape = sitk.LabelShapeStatisticsImageFilter()
    shape.ComputeFeretDiameterOn()
    shape.Execute(image)
    return shape.GetFeretDiameter(1) + float(np.prod(spacing)) ** (1 / 3)


@dataclass(frozen=True)
class Tumour:
    """One connected tumour: label key, voxels (boolean volume of the whole), centroid (z, y, x) in mm, Feret in mm."""

    label: str
    voxels: np.ndarray
    centre: np.ndarray
    feret: float


def tumours(labels: np.ndarray, spacing: Spacing) -> list[Tumour]:
    """Every connected component of every lesion label, the smallest speck included."""
    found = []
    boxes = ndimage.find_objects(labels, max_label=len(values()))
    for row in by_group()["lesions"]:
        outer = boxes[row.value - 1]
        if outer is None:
            continue
        parts = _components(labels[outer] == row.value)
        for number, inner in enumerate(ndimage.find_objects(parts), start=1):
            voxels = np.zeros(labels.shape, bool)
            voxels[outer] = parts == number
            centre = np.argwhere(voxels).mean(axis=0) * np.asarray(spacing)
            found.append(Tumour(row.key, voxels, centre, feret_mm(parts[inner] == number, spacing)))
    return found


def neighbours(labels: np.ndarray, voxels: np.ndarray, spacing: Spacing) -> dict[str, float]:
    """Parts of the shell of SHELL_MM about a set of voxels that each label of the table fills."""
    margin = [int(np.ceil(SHELL_MM / step)) + 1 for step in spacing]
    box = tuple(
        slice(max(0, part.start - m), part.stop + m)
        for part, m in zip(ndimage.find_objects(voxels.astype(np.uint8))[0], margin, strict=True)
    )
    distance = ndimage.distance_transform_edt(~voxels[box], sampling=spacing)
    shell = labels[box][(distance > 0) & (distance <= SHELL_MM)]
    counts = np.bincount(shell, minlength=256)
    return {key: float(counts[value] / max(1, len(shell))) for key, value in values().items() if counts[value]}


def centre_mm(labels: np.ndarray, spacing: Spacing, keys: Iterable[str]) -> np.ndarray | None:
    """Centroid (z, y, x) in mm of the named labels together, None where there is none."""
    points = np.argwhere(select(labels, keys))
    return points.mean(axis=0) * np.asarray(spacing) if len(points) else None


def points_mm(labels: np.ndarray, spacing: Spacing, *keys: str) -> np.ndarray:
    """Positions [n, 3] (z, y, x) in mm of the voxels of the named labels."""
    return np.argwhere(select(labels, keys)) * np.asarray(spacing)
