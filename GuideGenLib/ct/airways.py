"""Bronchi in the middle of the lungs, each beside an artery, drawn by rule from the end of the labelled trachea.

CT shows bronchi down to some 2 mm of lumen (Webb, Radiology 2006;239:323), in the inner half of the lung. Their trees
are grown as those of vessels are; the artery at their side is 1 / 0.68 as wide as the lumen (Matsuoka et al., AJR
2003;180:513, rounded). The trachea, which is labelled, is filled with air.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from GuideGenLib.anatomy.structures import LUNGS, lobes_of, select, table_of
from GuideGenLib.anatomy.table import values
from GuideGenLib.ct.canvas import Canvas
from GuideGenLib.ct.findings.open_lung import open_lung
from GuideGenLib.vessels.drawing import filled_shares, lay
from GuideGenLib.vessels.growth import Points, Tree, grow
from GuideGenLib.vessels.places import SIDES, Box, Mask, box_of, depth_of, scattered, shared

Field = NDArray[np.float32]
CELL_MM, INNER_MM = 18.0, 14.0
"""A bronchus comes to a point in each cube of CELL_MM that lies INNER_MM below the surface."""
TIP_MM, SEEN_MM = 0.72, 1.5
"""Radius of the lumen of the last branches; of the thinnest that are drawn. Voxels of 2 mm hold no thinner ones: with
those of .9 mm lungs had twice the grain of real ones."""
WALL_SHARE, WALL_MM = 0.15, 0.5
"""The wall has the thickness WALL_MM and a share of the lumen's radius."""
BESIDE, WIDEST_ARTERY_MM = 1 / 0.68, 3.0
"""An artery's radius, of the lumen's; wider ones are labelled."""
TISSUE = 30.0
"""HU of the wall."""
CARINA_MM = 20.0
"""The height of the end of the trachea in which the main bronchi leave it."""
COARSE = 2
"""Depths in the lung are taken on every second voxel."""
BLUR = 0.5
"""Standard deviation in voxels, as scanners are no sharper."""
MAY_HOLD = (*LUNGS, "lung_vessel", "body", "torso_fat")
"""Labels within which airways may be drawn."""


def with_airways(hu: Field, canvas: Canvas) -> Field:
    """HU [z, y, x] of the canvas's window with bronchi and the arteries at their side."""
    labels, table, spacing = open_lung(canvas.labels), canvas.table, canvas.spacing
    air = table[values()["trachea"]]
    levels = (table[values()["pulmonary_vein"]], TISSUE, air)
    allowed = table_of(MAY_HOLD)

    def grown() -> list[Tree]:
        return list(_trees(labels, spacing, canvas.seed))

    # of dense lung they hang on findings, too
    known = labels is canvas.labels
    for tree in canvas.kept.get("airways", (*LUNGS, "lung_vessel", "trachea"), grown) if known else grown():
        if not len(tree.points):
            continue
        outer = _wider(tree)
        box = _reach(outer, labels.shape, spacing)
        if not (places := shared(box, canvas.window, labels.shape)):
            continue
        inside = allowed[labels[box]]
        corner = np.array([part.start for part in box], np.float32) * np.float32(spacing)
        inner, part = places
        for one, level in zip((_beside(tree), outer, tree), levels, strict=True):
            moved = replace(one, points=one.points - corner)
            share = ndimage.gaussian_filter(filled_shares(moved, inside.shape, spacing), BLUR) * inside
            lay(hu[part], share[inner], level)
    trachea = labels == values()["trachea"]
    box = box_of(trachea)
    if places := shared(box, canvas.window, labels.shape):
        inner, part = places
        share = ndimage.gaussian_filter(trachea[box].astype(np.float32), BLUR) * trachea[box]
        lay(hu[part], share[inner], air)
    return hu


def _trees(labels: NDArray[np.uint8], spacing: float, seed: int) -> Iterator[Tree]:
    """Of both lungs the bronchi that are seen, points in mm of the volume."""
    trachea = np.argwhere(labels == values()["trachea"])
    lungs = select(labels, (*LUNGS, "lung_vessel"))
    if not len(trachea) or not lungs.any():
        return
    box = box_of(lungs)
    lungs[box] = ndimage.binary_fill_holes(lungs[box])  # a tumour leaves the tree about it as it is
    carina = trachea[trachea[:, 0] <= trachea[:, 0].min() + CARINA_MM / spacing]
    targets = _targets(lungs, spacing, seed)
    owner = labels[tuple(targets.T)]
    of_lobe = table_of(LUNGS)[owner]
    if not of_lobe.any():
        return
    owner = owner[of_lobe][cKDTree(targets[of_lobe]).query(targets)[1]]
    for side in SIDES:
        mine = targets[table_of(lobes_of(side))[owner]]
        lateral = carina[:, 2] * (1 if side == "left" else -1)
        if not len(mine):
            continue
        start = carina[lateral >= lateral.max() - 2].mean(0)
        hilum = _hilum(lungs, start, mine.mean(0))
        # one of the targets: where the hilum moves a little, the tree stays
        root = mine[((mine - hilum) ** 2).sum(1).argmin()]
        tree = grow((root[None] * spacing).astype(np.float32), (mine * spacing).astype(np.float32), TIP_MM)
        yield _seen(_led_to(tree, (start * spacing).astype(np.float32)))


def _targets(lungs: Mask, spacing: float, seed: int) -> NDArray[np.int64]:
    """Voxels [n, 3] in the inner part of the lungs that bronchi come to."""
    box = box_of(lungs)
    depth = depth_of(lungs[box][::COARSE, ::COARSE, ::COARSE], spacing * COARSE)
    points = scattered(lungs.shape, spacing, CELL_MM, (seed, 6))
    place = (points - [part.start for part in box]) // COARSE
    inside = ((place >= 0) & (place < depth.shape)).all(axis=1)
    points, place = points[inside], place[inside]
    return points[depth[tuple(place.T)] > INNER_MM]


def _hilum(lungs: Mask, start: Points, middle: Points) -> Points:
    """The first voxel of the lung on the way from the trachea to the middle of the bronchi."""
    way = start + np.linspace(0, 1, 100)[:, None] * (middle - start)
    inside = lungs[tuple(np.rint(way).astype(int).T)]
    return np.asarray(way[inside.argmax()] if inside.any() else start, np.float32)


def _led_to(tree: Tree, start: Points) -> Tree:
    """A tree whose first point, its root, hangs on another one before it."""
    parents = np.concatenate([[0], tree.parents + 1])
    parents[1] = 0
    return Tree(np.concatenate([start[None], tree.points]), parents, np.concatenate([tree.radii[:1], tree.radii]))


def _seen(tree: Tree) -> Tree:
    """Without the branches whose lumen is too narrow: all that hang on one are, too."""
    kept = tree.radii >= SEEN_MM
    number = np.cumsum(kept) - 1
    return Tree(tree.points[kept], number[tree.parents[kept]], tree.radii[kept])


def _wider(tree: Tree) -> Tree:
    """The outer surface of the wall."""
    return replace(tree, radii=(tree.radii * (1 + WALL_SHARE) + WALL_MM).astype(np.float32))


def _beside(tree: Tree) -> Tree:
    """Arteries that run along the bronchi."""
    way = tree.points - tree.points[tree.parents]
    across = np.cross(way, np.array([0.4, 1.0, 0.2], np.float32))
    across /= np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-3)
    radii = np.minimum(tree.radii * BESIDE, WIDEST_ARTERY_MM).astype(np.float32)
    shift = (_wider(tree).radii + 0.8 * radii)[:, None] * across
    return Tree((tree.points + shift).astype(np.float32), tree.parents, radii)


def _reach(tree: Tree, shape: tuple[int, ...], spacing: float) -> Box:
    """The box of a tree in a volume, with room for what runs beside it."""
    margin = 4 * float(tree.radii.max())
    low, high = ((tree.points.min(0) - margin) / spacing, (tree.points.max(0) + margin) / spacing)
    return tuple(slice(int(max(a, 0)), int(min(b + 2, n))) for a, b, n in zip(low, high, shape, strict=True))
