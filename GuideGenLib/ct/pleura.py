"""The edge of the lungs, drawn by rule as smooth as that of scans.

At the pleura the networks leave specks of 50 HU and more, and an edge that steps with the labels' voxels: of a smooth
surface beside it 2.8 % of the voxels lie on the wrong side, in scans 1.8. Here HU go from those of the wall to those of
the lung about by the share that the medians of three real scans have by depth. Beside labelled vessels, airways and
lesions, and where the lung is too thin to have a surface, all stays as the networks drew it.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, special

from GuideGenLib.anatomy.structures import LUNGS, select
from GuideGenLib.anatomy.table import by_group, values
from GuideGenLib.ct.canvas import Canvas
from GuideGenLib.ct.edges import Field, Places, along_slope, slopes_at, widened
from GuideGenLib.vessels.places import box_of, shared

BLUR = 1.5
"""Voxels, standard deviation: where blurred lungs have the share s lies the surface BLUR Phi^-1(s) away."""
REACH = 6
"""Voxels to which that blur reaches."""
SHARES_MM = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0)
SHARES = (0.0, 0.015, 0.255, 0.53, 0.9, 0.98, 1.0)
"""Of the lung, the rest is wall, by depth below its surface."""
WALL_MM = -3.5
"""Where the wall beside a place of the surface is looked at."""
DEEP_MM, END_MM = 5.0, 8.0
"""Below the first the lung is no more of the edge; from there to the second less and less is changed."""
MEAN_MM = 4.0
"""Standard deviation of the Gaussian by which the lung about is known from what lies below DEEP_MM."""
KEPT = 0.2
"""Of what differs from the smooth edge."""
FLAT = (0.5, 0.8)
"""Slope of the share beside that of a plane: nothing is changed at the first, where lung is thin, all at the second."""
BESIDE = 2
"""Voxels about vessels, airways and lesions in which nothing is changed."""
ALL = (0, 1, 2)


def with_pleura(hu: Field, canvas: Canvas) -> Field:
    """HU [z, y, x] of the canvas's window with the edge of the labelled lungs."""
    around, inside = widened(canvas.window, canvas.labels.shape, REACH, ALL)
    labels = canvas.labels[around]
    lungs, others = select(labels, LUNGS), _others(labels)
    box = box_of(lungs, REACH)
    places = shared(box, inside, labels.shape)
    if not places:
        return hu
    inner, part = places
    kept = ndimage.binary_dilation(others[box], iterations=BESIDE)[inner]
    share = ndimage.gaussian_filter((lungs | others)[box].astype(np.float32), BLUR, mode="nearest")[inner]
    scale = BLUR * canvas.spacing
    low, high = special.ndtr(np.array((SHARES_MM[0], END_MM)) / scale)
    near = np.nonzero((share > low) & (share < high) & ~kept & (labels[box][inner] > 0))
    depth = scale * special.ndtri(share[near])
    drawn = hu[part][near]
    lung, sure = _lung_about(hu[part], share > special.ndtr(DEEP_MM / scale), near, MEAN_MM / canvas.spacing)
    wall = along_slope(hu[part], share, near, (WALL_MM - depth) / canvas.spacing, ALL)
    edge = wall + np.interp(depth, SHARES_MM, SHARES) * (lung - wall)
    weight = sure * _flatness(share, near) * np.clip((END_MM - depth) / (END_MM - DEEP_MM), 0, 1) * (1 - KEPT)
    hu[part][near] = drawn + weight * (edge - drawn)
    return hu


def _others(labels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """What lies in lungs or opens into them, and has an edge of its own."""
    groups = by_group()
    keys = ["lung_vessel", "trachea", *(row.key for name in ("lesions", "findings") for row in groups[name])]
    return np.isin(labels, [values()[key] for key in keys])


def _lung_about(
    hu: Field, deep: NDArray[np.bool_], at: tuple[NDArray[np.intp], ...], blur: float
) -> tuple[Field, Field]:
    """Mean HU [n] of the deep lung about the places, and how sure it is: 0 where there is none, up to 1."""
    weight = ndimage.gaussian_filter(deep.astype(np.float32), blur)[at]
    mean = ndimage.gaussian_filter(np.where(deep, hu, 0), blur)[at] / np.maximum(weight, 1e-3)
    return mean, np.clip(weight / 0.05, 0, 1)


def _flatness(share: Field, at: Places) -> Field:
    """0 to 1 [n]: how far the surface about the places is one."""
    slope = np.sqrt(sum(one**2 for one in slopes_at(share, at, ALL))) / 2
    plane = np.exp(-(special.ndtri(share[at]) ** 2) / 2) / (np.sqrt(2 * np.pi) * BLUR)
    return np.asarray(np.clip((slope / plane - FLAT[0]) / (FLAT[1] - FLAT[0]), 0, 1), np.float32)
