"""Metal in bones: hip prostheses that the labels hold and, by rule from the labels of the bones, what only the scan is
said to show: a hip prosthesis, or screws with rods in the lumbar vertebrae.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.implants import ball, fill_hip, hip_axis, rod
from GuideGenLib.anatomy.table import values

EDGE_VOXELS = 0.45
"""Standard deviation of the border of metal that has a label."""
SCREW_MM, ROD_MM, KNOB_MM = 3.2, 3.0, 6.0
LEVELS = (0.1, 0.3)
"""Of the screwed vertebrae, in heights of the lumbar spine: L5 and L4."""


def metal_shares(labels: NDArray[np.uint8], where: str, spacing: float) -> NDArray[np.float32]:
    """What metal fills of each voxel of labels [z, y, x]: that of the labels, and in a bone (where: one of METALS).
    Empty where neither is in the volume."""
    shares = np.zeros(labels.shape, np.float32)
    drawn = labels == values()["hip_prosthesis"]
    if drawn.any():
        shares = ndimage.gaussian_filter(drawn.astype(np.float32), EDGE_VOXELS)
    if where == "spine":
        _screws(shares, labels, spacing)
    for side in ("left", "right"):
        axis = hip_axis(labels, side, spacing) if where in (f"hip_{side}", "both_hips") and not drawn.any() else None
        if axis is not None:
            fill_hip(shares, axis, spacing)
    return shares


def _screws(shares: NDArray[np.float32], labels: NDArray[np.uint8], spacing: float) -> None:
    points = np.argwhere(labels == values()["vertebrae_lumbar"])
    if not len(points):
        return
    low, high = points[:, 0].min(), points[:, 0].max()
    heads: dict[int, list[NDArray[np.float64]]] = {-1: [], 1: []}
    for level in LEVELS:
        z = low + level * (high - low)
        near = points[np.abs(points[:, 0] - z) * spacing < 8]
        front, middle = np.percentile(near[:, 1], 3), np.median(near[:, 2])
        for side in (-1, 1):
            tip = np.array([z, front + 12 / spacing, middle + side * 9 / spacing])
            entry = np.array([z, front + 54 / spacing, middle + side * 20 / spacing])
            rod(shares, tip, entry, SCREW_MM, spacing)
            ball(shares, entry, KNOB_MM, spacing)
            heads[side].append(entry)
    for first, last in heads.values():
        rod(shares, first, last, ROD_MM, spacing)
