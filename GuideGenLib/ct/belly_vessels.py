"""Vessels in the fat of the belly, grown by rule from the great vessels to all parts of the mesentery.

In scans 8 % of the voxels of this fat are over -50 HU and 3 % over 0: vessels of the bowel, which hardly any label
shows. An artery and a vein come to each part of the fat near the bowel, to fewer elsewhere. Both are drawn in fat
alone, whose mean HU stays; what they have to reach lies in fat or bowel, so that a bowel that is moved leaves most of
them where they are.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.structures import select
from GuideGenLib.anatomy.table import values
from GuideGenLib.ct.canvas import Canvas
from GuideGenLib.vessels.drawing import filled_shares, lay
from GuideGenLib.vessels.growth import Points, Tree, grow
from GuideGenLib.vessels.places import Box, box_of, scattered, shared, within

FAT = "torso_fat"
BOWEL = ("small_bowel", "colon", "colon_gas", "duodenum")
KINDS = (
    ("aorta", "iliac_artery_left", "iliac_artery_right"),
    ("portal_splenic_vein", "iliac_vein_left", "iliac_vein_right"),
)
"""What arteries and veins come from; they have the HU of the first."""
CELL_MM, TIP_MM, THICKEST_MM = 13.0, 0.9, 3.0
"""A vessel comes to a point in each cube of CELL_MM; radius of the last branches, and of the thickest, which labels
would show."""
NEAR_MM, ELSEWHERE = 25.0, 0.2
"""So far from the bowel all points are reached, elsewhere this share of them."""
ORIGIN_MM = 35.0
"""One branch leaves a great vessel in each cube of this size at most."""
BLUR = 0.6
"""Standard deviation in voxels, as scanners are no sharper."""
COARSE = 2
"""Distances from the bowel are taken on every second voxel."""

Shares = list[tuple[Box, NDArray[np.float32]]]


def with_belly_vessels(hu: NDArray[np.float32], canvas: Canvas) -> NDArray[np.float32]:
    """HU [z, y, x] of the canvas's window with arteries and veins in the fat of the belly."""
    vessels = belly_vessels_of(canvas)
    if not vessels:
        return hu
    fat, plain = canvas.labels == values()[FAT], canvas.table[values()[FAT]]
    voxels, lift = max(1, int(fat.sum())), 0.0
    for (first, *_), (box, share) in zip(KINDS, vessels, strict=True):
        level = canvas.table[values()[first]]
        lift += float(share.sum()) * (level - plain) / voxels
        if places := shared(box, canvas.window, canvas.labels.shape):
            inner, part = places
            lay(hu[part], share[inner], level)
    np.subtract(hu, np.float32(lift), out=hu, where=fat[canvas.window])
    return hu


def belly_vessels_of(canvas: Canvas) -> Shares:
    """Of arteries and veins the box in which they lie and what they fill of its voxels; none without bowel."""
    hang_on = (FAT, *BOWEL, *(key for kind in KINDS for key in kind))
    return canvas.kept.get("belly vessels", hang_on, lambda: _grown(canvas.labels, canvas.spacing, canvas.seed))


def _grown(labels: NDArray[np.uint8], spacing: float, seed: int) -> Shares:
    bowel = select(labels, BOWEL)
    if not bowel.any():
        return []
    fat = labels == values()[FAT]
    rows = np.flatnonzero(bowel.any(axis=(1, 2)))
    reach = round(NEAR_MM / spacing)
    belly = slice(max(0, rows[0] - reach), rows[-1] + 1 + reach)
    space = np.zeros_like(bowel)
    space[belly] = fat[belly] | bowel[belly]
    box = box_of(space, 4)
    near = _near(bowel[box], spacing)
    found = []
    for number, keys in enumerate(KINDS):
        points = scattered(labels.shape, spacing, CELL_MM, (seed, 160, number))
        often = np.random.default_rng((seed, 161, number)).random(len(points)) < ELSEWHERE
        targets = np.concatenate(
            [within(points[often], space[box], box, spacing), within(points[~often], space[box] & near, box, spacing)]
        )
        tree = grow(_origins(labels, keys, box, spacing, (seed, 162, number)), targets, TIP_MM)
        thin = Tree(tree.points, tree.parents, np.minimum(tree.radii, np.float32(THICKEST_MM)))
        share = ndimage.gaussian_filter(filled_shares(thin, near.shape, spacing), BLUR) * fat[box]
        found.append((box, share))
    return found


def _near(bowel: NDArray[np.bool_], spacing: float) -> NDArray[np.bool_]:
    """What lies within NEAR_MM of the bowel."""
    coarse = bowel[::COARSE, ::COARSE, ::COARSE]
    close = ndimage.distance_transform_edt(~coarse) * (COARSE * spacing) <= NEAR_MM
    for axis in range(3):
        close = np.repeat(close, COARSE, axis)
    return close[tuple(slice(0, n) for n in bowel.shape)]


def _origins(
    labels: NDArray[np.uint8], keys: tuple[str, ...], box: Box, spacing: float, seed: tuple[int, ...]
) -> Points:
    """Where branches leave the great vessels that are shown, mm of the box [n, 3]."""
    vessel = np.zeros(labels.shape, bool)
    vessel[box] = select(labels[box], keys)
    places = np.argwhere(vessel)
    cells = places // max(1, round(ORIGIN_MM / spacing))
    order = np.random.default_rng(seed).permutation(len(places))
    _, first = np.unique(cells[order], axis=0, return_index=True)
    return within(places[order[np.sort(first)]], vessel[box], box, spacing)
