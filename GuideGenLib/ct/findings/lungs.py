"""Lungs with emphysema or fibrosis. Fields of random numbers that hang on the place decide where it is."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.structures import LUNGS, lobes_of, select
from GuideGenLib.ct.random_fields import smooth_in
from GuideGenLib.vessels.places import Box, box_of

Field = NDArray[np.float32]
HOLE_HU = -975.0
"""Lung under -950 HU is emphysema: Gevenois, Am J Respir Crit Care Med 1996;154:187."""
HOLE_MM, PATCH_MM = 8.0, 60.0
"""Width of the holes of centrilobular emphysema, about 1 cm apart, and of the areas that have more of them."""
UPPER = 0.8
"""Standard deviations that the holes are likelier at the apex than at the base."""
EDGE = 0.35
"""Standard deviations over which a hole ends."""
LINES_MM, LINE = 7.0, 0.45
"""Distance of the lines of reticulation, and how wide a line is in standard deviations of its field."""
LINE_HU, DENSE_HU = -310.0, 115.0
"""HU of the lines, and how much denser the lung between them is."""
CELL_HU, CELLS_FROM = -930.0, 22.0
"""HU within cells of honeycombing, and the percent of fibrosis from which on there are any."""
CELLS_DEPTH_MM = 14.0
AIRY_HU = -300.0
"""What is denser is vessel, and stays."""
BASAL = 0.9
"""How much of the depth of fibrosis is lost from the base to the apex."""


def emphysema(
    hu: Field, labels: NDArray[np.uint8], amount: float, side: str | None, spacing: float, seed: int, window: Box
) -> Field:
    """So many percent of the lungs are holes, most of them in the upper parts."""
    lung, box = _lung(labels, side)
    if not lung.any():
        return hu
    field = smooth_in(box, spacing, HOLE_MM, (seed, 62))
    field += 0.7 * smooth_in(box, spacing, PATCH_MM, (seed, 63))
    field += UPPER * np.linspace(-1, 1, field.shape[0], dtype=np.float32)[:, None, None]
    level = np.quantile(field[lung], 1 - amount / 100)
    share = np.zeros(labels.shape, np.float32)
    share[box] = np.clip((field - level) / EDGE + 1, 0, 1) * lung
    holes = share[window]
    return np.asarray(np.where(hu < -500, np.minimum(hu, hu + holes * (HOLE_HU - hu)), hu), np.float32)


def fibrosis(
    hu: Field, labels: NDArray[np.uint8], amount: float, side: str | None, spacing: float, seed: int, window: Box
) -> Field:
    """So many percent of the lungs, beneath the pleura and at the base first, have lines; cells where it is much."""
    lung, box = _lung(labels, side)
    if not lung.any():
        return hu
    deep = ndimage.distance_transform_edt(lung) * spacing
    height = np.linspace(0, 1, lung.shape[0], dtype=np.float32)[:, None, None]
    order = deep / np.maximum(1 - BASAL * height, 0.05)
    order *= 1 + 0.35 * smooth_in(box, spacing, PATCH_MM / 2, (seed, 64))
    level = np.quantile(order[lung], amount / 100)
    ill = np.clip((level - order) / 4 + 0.5, 0, 1) * lung
    field = smooth_in(box, spacing, LINES_MM, (seed, 65))
    lines, cells, weight = (np.zeros(labels.shape, np.float32) for _ in range(3))
    lines[box] = np.clip(1 - np.abs(field) / LINE, 0, 1)
    cells[box] = (deep < CELLS_DEPTH_MM) * (amount >= CELLS_FROM) * np.clip(np.abs(field) - LINE, 0, 1)
    weight[box] = ill
    here, hollow, share = lines[window], cells[window], weight[window] * (hu < AIRY_HU)
    change = here * (LINE_HU - hu) + hollow * (CELL_HU - hu) + (1 - here) * (1 - hollow) * DENSE_HU
    return np.asarray(hu + share * change, np.float32)


def _lung(labels: NDArray[np.uint8], side: str | None) -> tuple[NDArray[np.bool_], Box]:
    """Where the lungs of a side, or both, are in their box."""
    lung = select(labels, LUNGS if side is None else lobes_of(side))
    box = box_of(lung)
    return lung[box], box
