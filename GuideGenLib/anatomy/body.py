"""The body around segments that were imported without one."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from GuideGenLib.anatomy.label_volumes import long_axis
from GuideGenLib.anatomy.table import values
from GuideGenLib.core.grids import on_grid_of

SKIN_MM = 10.0
"""Skin and fat around the outline of organs and bones where nothing says where the skin is."""
CIRCLE = np.stack([f(np.arange(16) * np.pi / 8) for f in (np.cos, np.sin)], axis=1)


def add_body(anatomy: sitk.Image, margin: float = SKIN_MM) -> sitk.Image:
    """A body for labels that have none: in each axial slice the convex outline of all labels and so many mm around."""
    array = sitk.GetArrayFromImage(anatomy)
    up = long_axis(anatomy)
    slices = np.moveaxis(array, up, 0)
    spacing = np.delete(np.array(anatomy.GetSpacing())[::-1], up)
    for one in slices:
        if one.any():
            one[(one == 0) & outline(one != 0, spacing, margin)] = values()["body"]
    return on_grid_of(anatomy, array)


def outline(mask: NDArray[np.bool_], spacing: NDArray[np.float64], margin: float) -> NDArray[np.bool_]:
    """The convex hull of a mask [rows, columns] with at least one voxel, widened by `margin` mm, as a mask."""
    rows = np.flatnonzero(mask.any(axis=1))
    first = mask[rows].argmax(axis=1)
    last = mask.shape[1] - 1 - mask[rows, ::-1].argmax(axis=1)
    points = np.concatenate([np.stack([rows, first], 1), np.stack([rows, last], 1)]) * spacing
    corners = np.concatenate([_lower(points), _upper(points)])
    wide = (corners[:, None] + margin * CIRCLE).reshape(-1, 2)
    at = np.arange(mask.shape[0]) * spacing[0]
    low = np.interp(at, _lower(wide)[:, 0], _lower(wide)[:, 1], left=np.inf, right=np.inf)
    high = np.interp(at, _upper(wide)[:, 0], _upper(wide)[:, 1], left=-np.inf, right=-np.inf)
    columns = np.arange(mask.shape[1]) * spacing[1]
    return (columns >= low[:, None] - 1e-6) & (columns <= high[:, None] + 1e-6)


def _lower(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """The lower side of a hull of points [n, 2], column as a function of row, rows ascending."""
    ordered = points[np.lexsort((points[:, 1], points[:, 0]))]
    ordered = ordered[np.concatenate([[True], np.diff(ordered[:, 0]) > 0])]
    hull: list[tuple[float, float]] = []
    for row, column in ordered.tolist():
        while len(hull) > 1 and _turn(hull[-2], hull[-1], (row, column)) <= 0:
            hull.pop()
        hull.append((row, column))
    return np.array(hull)


def _upper(points: NDArray[np.float64]) -> NDArray[np.float64]:
    return _lower(points * (1, -1)) * (1, -1)


def _turn(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
