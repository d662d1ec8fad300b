"""The canal of a drawn spine: the line along which its vertebrae lie."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.table import values

Labels = NDArray[np.uint8]
Values = NDArray[np.float64]
SMOOTH_MM = 12.0
LEAST_ROWS = 10
"""Slices with a cord below which its course is not known."""
SIDE_MM, BACK_MM = 48.0, 62.0
"""Reach of a vertebra about the canal, to the sides and to front and back."""
ROUNDS = 3
"""In which the plane across the canal that holds a voxel is found."""


@dataclass(frozen=True)
class Near:
    """The voxels about a canal: where [n, 3], and in mm their height along it, back from its middle and out to the
    left."""

    where: NDArray[np.intp]
    height: Values
    back: Values
    out: Values


@dataclass(frozen=True)
class Canal:
    """y, x: its middle by slice, in voxels; along: mm from the lowest slice on, along it; spacing in mm."""

    y: Values
    x: Values
    along: Values
    spacing: float

    @property
    def slopes(self) -> tuple[Values, Values]:
        """Voxels in y and x that it moves by slice."""
        return np.gradient(self.y), np.gradient(self.x)

    def voxel(self, height: float, back: float = 0.0, out: float = 0.0) -> Values:
        """The place [3] in voxels of a height, a distance back and one out to the left in mm; also beyond the ends."""
        rows = np.arange(len(self.y))
        z = float(np.interp(height, self.along, rows))
        z += (height - float(np.clip(height, self.along[0], self.along[-1]))) / self.spacing
        y, x, slope = (float(np.interp(z, rows, one)) for one in (self.y, self.x, self.slopes[0]))
        tilt = np.sqrt(1 + slope**2)
        back, out = back / self.spacing, out / self.spacing
        return np.array([z - back * slope / tilt, y + back / tilt, x + out])

    def near(self, shape: tuple[int, ...], first: int, last: int) -> Near:
        """The voxels about the canal in a volume [z, y, x] from below slice `first` to above `last`."""
        z, row, column = (axis.ravel() for axis in self._grid(shape, first, last))
        rows, slopes = np.arange(len(self.y)), self.slopes
        level = z.astype(float)
        for _ in range(ROUNDS):
            dy, dx = (np.interp(level, rows, slope) for slope in slopes)
            off_y, off_x = row - np.interp(level, rows, self.y), column - np.interp(level, rows, self.x)
            level = level + ((z - level) + dy * off_y + dx * off_x) / (1 + dy**2 + dx**2)
        tilt = np.sqrt(1 + np.interp(level, rows, slopes[0]) ** 2)
        back = (row - np.interp(level, rows, self.y)) * self.spacing * tilt
        out = (column - np.interp(level, rows, self.x)) * self.spacing
        height = np.interp(level, rows, self.along) + (level - np.clip(level, 0, rows[-1])) * self.spacing
        return Near(np.stack([z, row, column], axis=1), height, back, out)

    def _grid(self, shape: tuple[int, ...], first: int, last: int) -> list[NDArray[np.intp]]:
        """Indices of the voxels of the box about it."""
        side, back = SIDE_MM / self.spacing, BACK_MM / self.spacing
        part, more = slice(first, last + 1), round(24 / self.spacing)
        z = np.arange(max(0, first - more), min(shape[0], last + more + 1))
        y, x = self.y[part], self.x[part]
        rows = np.arange(max(0, int(y.min() - back)), min(shape[1], int(y.max() + back) + 1))
        columns = np.arange(max(0, int(x.min() - side)), min(shape[2], int(x.max() + side) + 1))
        return list(np.meshgrid(z, rows, columns, indexing="ij"))


def canal_of(labels: Labels, spacing: float) -> Canal | None:
    """The canal of labels [z, y, x] of isotropic spacing in mm, by its cord; None where there is hardly any."""
    cord = labels == values()["spinal_cord"]
    count = cord.sum(axis=(1, 2))
    known = np.flatnonzero(count)
    if len(known) < LEAST_ROWS:
        return None
    rows = np.arange(len(labels))
    y, x = (
        ndimage.gaussian_filter1d(
            np.interp(rows, known, (cord.sum(axis=other)[known] @ np.arange(labels.shape[axis])) / count[known]),
            SMOOTH_MM / spacing,
            mode="nearest",
        )
        for axis, other in ((1, 2), (2, 1))
    )
    along = np.cumsum(np.sqrt(1 + np.gradient(y) ** 2 + np.gradient(x) ** 2)) * spacing
    return Canal(y, x, along, spacing)
