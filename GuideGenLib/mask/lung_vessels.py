"""The vessels of the lungs as thin branches.

The denoiser works on 6 mm voxels, wider than most vessels of the lung, and draws these as a few lumps at the hila. So
arteries and veins are grown in the lungs of each anatomy, from where the heart's vessels touch them; the branches that
a label map can show are drawn in it, and the finer ones go on from there in the CT (ct.fine_vessels).
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.structures import lobes_of
from GuideGenLib.anatomy.table import values
from GuideGenLib.core.components import TOUCHING
from GuideGenLib.vessels.drawing import filled_shares
from GuideGenLib.vessels.growth import Points, Tree, grow
from GuideGenLib.vessels.places import LUNG_FEEDERS, Mask, depth_of, gate, scattered, sided_lungs, within

PLEURA_MM = 4.0
"""No vessel is drawn nearer than this to the surface of the lung, as in the labels that the CT stage learned from."""
CELL_MM, TIP_MM = 12.0, 0.5
"""Arteries, and veins, come to a point in each cube of CELL_MM; radius of their last branches."""
APART_MM = 6.0
"""Between the roots of arteries and of veins."""
LEAST_RADIUS_MM = 1.0
"""Of a branch that is drawn: what is thinner is left to the CT."""
LEAST_SHARE = 0.25
"""Of a voxel that a branch fills where it is drawn."""
LEAST_ML = 150.0
"""Of a lung below this volume too little is seen to place its vessels."""


def lay_vessels(labels: NDArray[np.uint8], spacing: float, seed: int) -> NDArray[np.uint8]:
    """A copy of labels uint8 [z, y, x], isotropic spacing in mm, with vessels grown in its lungs.

    What was drawn as vessel before becomes the nearest lobe. A lung of less than LEAST_ML, or beside which none of the
    LUNG_FEEDERS is shown, has no vessels.
    """
    result = labels.copy()
    wanted = [scattered(labels.shape, spacing, CELL_MM, (seed, kind)) for kind in range(2)]
    for side, filled, box in sided_lungs(labels):
        lung = filled > 0
        if np.count_nonzero(lung) * spacing**3 / 1000 < LEAST_ML:
            continue
        depth = depth_of(lung, spacing)
        root = gate(labels, lung, box, LUNG_FEEDERS, spacing)
        starts = (root, root - np.array([APART_MM, 0, 0], np.float32))  # veins enter below the arteries
        vessels = np.zeros(lung.shape, bool)
        for start, points in zip(starts, wanted, strict=True):
            tree = grow(start, within(points, depth > PLEURA_MM, box, spacing), TIP_MM)
            vessels |= filled_shares(_thick(tree), lung.shape, spacing) > LEAST_SHARE
        vessels = _without_specks(vessels & lung & (depth > PLEURA_MM))
        drawn = np.where(vessels, np.uint8(values()["lung_vessel"]), filled)
        _join_lobes(drawn, filled, lobes_of(side), depth)
        result[box][lung] = drawn[lung]
    return result


def _thick(tree: Tree) -> Tree:
    """The branches that are drawn; radii never grow from the root on, so they hang together."""
    kept = tree.radii >= LEAST_RADIUS_MM
    number = np.cumsum(kept) - 1
    return Tree(tree.points[kept], number[tree.parents[kept]], tree.radii[kept])


def _without_specks(vessels: Mask, least: int = 4) -> Mask:
    """Without components of fewer voxels: branches that the pleura cuts."""
    parts, _ = ndimage.label(vessels, TOUCHING)
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    return (sizes >= least)[parts]


def _join_lobes(labels: NDArray[np.uint8], filled: NDArray[np.uint8], keys: tuple[str, ...], depth: Points) -> None:
    """What vessels shut off from a lobe becomes vessel too; a lobe that is torn even so is as it was, in `filled`."""
    for key in keys:
        lobe = filled == values()[key]
        pieces = ndimage.label(lobe, TOUCHING)[1]
        parts, count = ndimage.label(labels == values()[key], TOUCHING)
        if count <= pieces:
            continue
        small = np.argsort(np.bincount(parts.ravel())[1:])[: count - pieces] + 1
        labels[np.isin(parts, small) & (depth > PLEURA_MM)] = values()["lung_vessel"]
        if ndimage.label(labels == values()[key], TOUCHING)[1] > pieces:
            labels[lobe] = values()[key]
