"""What is measured of a labelled scan before anything is learnt from it.

Arrays are [z, y, x] in the canonical frame, HU int16, labels uint8 of our anatomy table, `spacing` isotropic in mm.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from GuideGenLib.anatomy.structures import LUNGS, select
from GuideGenLib.anatomy.table import labels as anatomy_rows
from GuideGenLib.anatomy.table import values
from GuideGenLib.anatomy.tissues import nearest
from GuideGenLib.core.resample import vote, weights

COARSE_MM = 5.0
"""Grid on which `coarse_labels` takes the majority: borders as smooth as those that stage 1 draws."""
LEAST_VOXELS = 50
METAL_HU = 1800
"""The top of a scan's scale: one of ours holds an implant, and the CT stage shall not learn its glare."""
METAL_MARGIN_MM = 10.0
DEPTH_MM = 60.0
"""Depth below the skin that counts as 1."""
NOISE_UNIT = 20.0
"""HU of noise that are 1 in the style of a CT."""
CELL = 4
"""Voxels a latent cell of the codec along each axis."""
VESSEL, UNSURE = 1, 2
"""Bits of `Measured.marks`."""
POSITIONS = 20_000


@dataclass(frozen=True)
class Measured:
    """A labelled scan made ready; volumes [z, y, x].

    hu int16; labels uint8 with the lung vessels given to their lobes; coarse uint8: the same with the borders that
    stage 1 draws; marks uint8: VESSEL, and UNSURE where nothing shall be learnt (metal and its streaks, labels that
    are not sure); depth uint8: 0..255 over DEPTH_MM below the skin. table float32 [labels]: mean HU of each label, NaN
    for those that it does not show; noise: fine texture of its soft tissue / NOISE_UNIT, NaN where it shows none;
    voxels: of the body; positions int32 [n, 3]: some of these at random; unsure: share of the body that is UNSURE.
    """

    hu: np.ndarray
    labels: np.ndarray
    coarse: np.ndarray
    marks: np.ndarray
    depth: np.ndarray
    table: np.ndarray
    noise: float
    voxels: int
    positions: np.ndarray
    unsure: float


def measure_scan(hu: np.ndarray, labels: np.ndarray, spacing: float, unsure: np.ndarray | None = None) -> Measured:
    """All that trainings need of a labelled scan; unsure: bool of its shape, where the labels are not sure."""
    metal = metal_mask(hu, spacing)
    table = organ_means(hu, labels, metal)
    vessels = select(labels, ("lung_vessel",))
    lobes = nearest(labels, select(labels, LUNGS), vessels, (spacing,) * 3)
    doubtful = metal if unsure is None else metal | unsure
    marks = VESSEL * vessels.astype(np.uint8) + UNSURE * doubtful.astype(np.uint8)
    noise, depth = soft_tissue_noise(hu, labels), skin_depth_map(labels > 0, spacing)
    positions, voxels = body_positions(labels)
    share = float(doubtful[labels > 0].mean()) if voxels else 0.0
    coarse = coarse_labels(lobes, spacing)
    low = np.minimum(hu, METAL_HU).astype(np.int16)
    return Measured(low, lobes, coarse, marks, depth, table, noise, voxels, positions, share)


def body_positions(labels: np.ndarray) -> tuple[np.ndarray, int]:
    """POSITIONS of the labelled voxels (all where they are fewer), int32 [n, 3], always the same, and their number."""
    inside = np.flatnonzero(labels)
    chosen = inside
    if len(inside) > POSITIONS:
        chosen = np.random.default_rng(0).choice(inside, POSITIONS, replace=False)
    return np.stack(np.unravel_index(chosen, labels.shape), axis=1).astype(np.int32), len(inside)


def organ_means(hu: np.ndarray, labels: np.ndarray, metal: np.ndarray) -> np.ndarray:
    """Mean HU [labels] of each label of a scan inside its outermost voxels, which is what the anatomy table gives.

    A label too thin for that (under LEAST_VOXELS inside) has the mean of all its voxels, and NaN when these are too few
    as well. Voxels of `metal` do not count.
    """
    count = len(anatomy_rows())
    means = np.full(count, np.nan, np.float32)
    for value, box in enumerate(ndimage.find_objects(labels, max_label=count - 1), start=1):
        if box is None:
            continue
        whole = labels[box] == value
        for mask in (ndimage.binary_erosion(whole) & ~metal[box], whole & ~metal[box]):
            if mask.sum() >= LEAST_VOXELS:
                means[value] = hu[box][mask].mean(dtype=np.float64)
                break
    return means


def metal_mask(hu: np.ndarray, spacing: float) -> np.ndarray:
    """Where an implant and its streaks spoil the HU: METAL_MARGIN_MM about voxels at the top of the scale."""
    implant = ndimage.binary_opening(hu >= METAL_HU)  # not the single voxels of dense bone
    return ndimage.binary_dilation(implant, iterations=round(METAL_MARGIN_MM / spacing))


def soft_tissue_noise(hu: np.ndarray, labels: np.ndarray) -> float:
    """Standard deviation, in NOISE_UNIT, of the fine texture inside liver and muscle: tells smooth from sharp."""
    value = values()
    inside = ndimage.binary_erosion(
        np.isin(labels, [value["liver"], value["autochthon_left"], value["autochthon_right"]]), iterations=2
    )
    fine = hu.astype(np.float32) - ndimage.uniform_filter(hu.astype(np.float32), 3)
    return float(fine[inside].std() / NOISE_UNIT) if inside.any() else float("nan")


def coarse_labels(labels: np.ndarray, spacing: float) -> np.ndarray:
    """The majority on a grid of COARSE_MM, and back by the majority of interpolated labels."""
    size = [max(1, round(n * spacing / COARSE_MM)) for n in labels.shape]
    down = [weights(n, spacing, new, COARSE_MM) for n, new in zip(labels.shape, size, strict=True)]
    up = [weights(new, COARSE_MM, n, spacing) for n, new in zip(labels.shape, size, strict=True)]
    return vote(vote(labels, down), up)


def skin_depth_map(body: np.ndarray, spacing: float) -> np.ndarray:
    """uint8 0..255 over DEPTH_MM: at each voxel the depth below the skin of the latent cell that begins there.

    As at run time (`ct.reference.skin_depth`) a cell is body where any of its voxels is, and distances are those
    between cells, on whichever of the CELL^3 grids of cells the voxel lies; a patch takes every CELL-th voxel.
    """
    wide: np.ndarray = np.pad(body, [(0, CELL - 1)] * 3)
    for axis in range(3):
        wide = np.lib.stride_tricks.sliding_window_view(wide, CELL, axis).max(axis=-1)
    depth = np.empty(body.shape, np.uint8)
    for start in np.ndindex(CELL, CELL, CELL):
        grid = tuple(slice(first, None, CELL) for first in start)
        if depth[grid].size:
            away = ndimage.distance_transform_edt(wide[grid], sampling=spacing * CELL)
            depth[grid] = np.rint(np.clip(away / DEPTH_MM, 0, 1) * 255)
    return depth
