"""Mean and standard deviation of the HU within an outline that was drawn in a slice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from vtkmodules.util.numpy_support import vtk_to_numpy

from GuideGenLib.scene.geometry import world_matrix

Points = Sequence[Sequence[float]]


@dataclass(frozen=True)
class Statistics:
    """mean, sd: HU, of the voxels as they are; voxels: how many."""

    mean: float
    sd: float
    voxels: int


def statistics_within(volume: Any, outline: Points) -> Statistics | None:
    """Of the voxels of a scalar volume node whose centres lie within a closed outline (at least three points, RAS mm,
    in a plane) and in the layer of voxels that its plane cuts; None where there are none."""
    image, corners = volume.GetImageData(), np.asarray(outline, float)
    if image is None or image.GetPointData().GetScalars() is None or len(corners) < 3:
        return None
    to_world = world_matrix(volume) @ _ijk_to_ras(volume)
    local = (np.linalg.inv(to_world) @ np.c_[corners, np.ones(len(corners))].T)[:3].T
    size = np.array(image.GetDimensions())
    low = np.clip(np.floor(local.min(axis=0)).astype(int) - 1, 0, size - 1)
    high = np.clip(np.ceil(local.max(axis=0)).astype(int) + 1, 0, size - 1)
    ijk = np.stack(np.meshgrid(*map(np.arange, low, high + 1), indexing="ij"), -1).reshape(-1, 3)
    inside = _within(ijk @ to_world[:3, :3].T + to_world[:3, 3], corners, to_world)
    i, j, k = ijk[inside].T
    if len(i) == 0:
        return None
    voxels = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(size[::-1])
    values = voxels[k, j, i].astype(float)
    return Statistics(float(values.mean()), float(values.std(ddof=1)) if len(values) > 1 else 0.0, len(values))


def _within(points: np.ndarray, corners: np.ndarray, to_world: np.ndarray) -> np.ndarray:
    centre = corners.mean(axis=0)
    across, up, normal = np.linalg.svd(corners - centre, full_matrices=False)[2]
    half = 0.5 * float(np.abs(normal @ to_world[:3, :3]).sum())
    away = (points - centre) @ normal
    layer = (away > -half) & (away <= half)  # a plane between two layers takes one of them
    flat = np.stack([(points - centre) @ across, (points - centre) @ up], -1)
    ring = np.stack([(corners - centre) @ across, (corners - centre) @ up], -1)
    inside = np.zeros(len(points), bool)
    inside[layer] = _inside_ring(flat[layer], ring)
    return inside


def _inside_ring(points: np.ndarray, ring: np.ndarray) -> np.ndarray:
    """Whether points [n, 2] lie within a polygon [m, 2]: a ray from each crosses its border an odd number of times."""
    inside = np.zeros(len(points), bool)
    for (x0, y0), (x1, y1) in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        if y0 != y1:
            between = (y0 > points[:, 1]) != (y1 > points[:, 1])
            inside ^= between & (points[:, 0] < x0 + (points[:, 1] - y0) * (x1 - x0) / (y1 - y0))
    return inside


def _ijk_to_ras(volume: Any) -> np.ndarray:
    import vtk

    matrix = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(matrix)
    return np.array([[matrix.GetElement(row, column) for column in range(4)] for row in range(4)])
