"""The surface of a drawn rib cage, in directions from an axis through the chest."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.structures import select
from GuideGenLib.mask.skeleton.course import Course
from GuideGenLib.mask.skeleton.rib_courses import CENTRE_MM

Labels = NDArray[np.uint8]
Values = NDArray[np.float64]
SHELL = ("ribs_left", "ribs_right", "costal_cartilages", "sternum")
BINS = 120
"""Directions about the axis."""
SMOOTH_MM, SMOOTH_BINS = 9.0, 2.5
WIDER = (1.0, 3.0, 9.0)
"""Where nothing is drawn, the surface is that of wider and wider surroundings."""
LEAST = 0.02
"""Voxels a bin below which nothing counts as drawn, after smoothing."""
NEAR_SPINE = 20.0
"""Degrees about the spine in which ribs lie beside it and not on the surface."""


@dataclass(frozen=True)
class Cage:
    """radius: mm from the axis (y, x: in voxels) by slice and direction [z, BINS]."""

    y: float
    x: float
    spacing: float
    radius: Values

    def at(self, z: Values, degrees: Values, side: int) -> Values:
        """Voxels [n, 3] of the surface at slices z and directions from the back; side: 1 left, -1 right."""
        bins = (degrees * side % 360) / 360 * BINS
        inside = np.clip(z, 0, len(self.radius) - 1)
        radius = ndimage.map_coordinates(self.radius, [inside, bins], order=1, mode="grid-wrap", prefilter=False)
        angle = np.radians(degrees)
        y = self.y + radius * np.cos(angle) / self.spacing
        x = self.x + side * radius * np.sin(angle) / self.spacing
        return np.stack([z, y, x], axis=1)


def cage_of(labels: Labels, course: Course) -> Cage | None:
    """The surface through the middle of drawn ribs, cartilages and sternum; None where there are hardly any."""
    spacing, middle = course.canal.spacing, course.canal.voxel(course.places["T7"].middle)
    y, x = float(middle[1]) - CENTRE_MM / spacing, float(middle[2])
    bone = np.argwhere(select(labels, SHELL))
    away = np.hypot(bone[:, 1] - y, bone[:, 2] - x) * spacing
    degrees = np.degrees(np.arctan2(bone[:, 2] - x, bone[:, 1] - y)) % 360
    kept = np.abs((degrees + 180) % 360 - 180) > NEAR_SPINE
    if kept.sum() < 10 * BINS:
        return None
    total, count = np.zeros((2, len(labels), BINS))
    index = bone[kept, 0], (degrees[kept] / 360 * BINS).astype(int) % BINS
    np.add.at(total, index, away[kept])
    np.add.at(count, index, 1.0)
    radius = np.full(total.shape, np.nan)
    for wider in WIDER:
        sigma = (wider * SMOOTH_MM / spacing, wider * SMOOTH_BINS)
        sums, counts = (ndimage.gaussian_filter(one, sigma, mode=("nearest", "wrap")) for one in (total, count))
        told = np.isnan(radius) & (counts > LEAST)
        radius[told] = sums[told] / counts[told]
    radius[np.isnan(radius)] = away[kept].mean()
    return Cage(y, x, spacing, radius)
