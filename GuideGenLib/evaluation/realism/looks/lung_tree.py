"""The vessels that a CT shows in the lungs: their length, how often they branch, how near to the pleura they come.

Vessels are what is denser than the parenchyma around it by LEAST_HU, a few millimetres below the pleura. Their
centrelines are found as TEASAR does (Sato et al., Pacific Graphics 2000): from the thickest voxel of each connected
part the longest of the shortest paths is drawn, what lies about it is covered, and so on until nothing is left. Airway
walls, fissures and scars are counted as well where they are as dense, in real scans and generated CTs alike.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse
from scipy.sparse import csgraph
from scipy.spatial import cKDTree

from GuideGenLib.anatomy.structures import LUNGS, select
from GuideGenLib.evaluation.realism.texture import SPACING_MM

LEAST_HU = 130.0
"""Above the mean of the parenchyma about it: what a vessel of 1 mm adds to a voxel of 2 mm that it runs through. At 200
HU a third to a half of the vessels that one sees in real scans at 2 mm is lost."""
AROUND = 15
"""Voxels on each side of the cube whose parenchyma that is."""
PLEURA_MM = 4.0
"""So much below the surface of the lungs nothing is looked for: the chest wall and the heart shine in."""
LEAST_PART, LEAST_BRANCH_MM = 8, 8.0
"""Smaller parts, in voxels, are noise; shorter branches are bulges of what they leave."""
MASS_VOXELS = 5
"""What holds a ball of this radius is a tumour or consolidated lung, and no vessel."""
LEAST_ML, WHOLE_ML = 300.0, 1500.0
"""Of lung, for the length by ml; for generations and the distance of the pleura, which a slab cuts short."""
ENDS = 95
"""Percentile of the ends' generations, and of the pleura's distances."""


@dataclass(frozen=True)
class Tree:
    """Centrelines: nodes [n, 3] in voxels, mm of all, and the generation of each end, of the largest part alone."""

    nodes: NDArray[np.int64]
    mm: float
    end_generations: NDArray[np.int64]


@dataclass(frozen=True)
class LungVessels:
    """mm_per_ml of lung; generations that 95 % of the ends of the largest tree do not exceed; pleura_mm, within which
    95 % of the pleura has a vessel. The last two are None where the lungs are not shown whole."""

    mm_per_ml: float
    generations: float | None
    pleura_mm: float | None


def lung_vessels(hu: NDArray[np.int16], labels: NDArray[np.uint8]) -> LungVessels | None:
    """Of both lungs; None where less than LEAST_ML of them is shown. hu and labels [z, y, x] at SPACING_MM."""
    lungs = select(labels, (*LUNGS, "lung_vessel"))
    if not lungs.any():
        return None
    box = ndimage.find_objects(lungs.view(np.uint8))[0]
    lungs, hu = lungs[box], hu[box]
    # the ends of the volume are no pleura
    padded = np.pad(np.pad(lungs, ((1, 1), (0, 0), (0, 0)), mode="edge"), ((0, 0), (1, 1), (1, 1)))
    depth = ndimage.distance_transform_edt(padded)[1:-1, 1:-1, 1:-1] * SPACING_MM
    inner = depth > PLEURA_MM
    ml = float(inner.sum()) * SPACING_MM**3 / 1000
    if ml < LEAST_ML:
        return None
    tree = centrelines(vessel_mask(hu, inner))
    if ml < WHOLE_ML or not len(tree.end_generations):
        return LungVessels(tree.mm / ml, None, None)
    surface = np.argwhere(lungs & (depth <= SPACING_MM))
    far = cKDTree(tree.nodes).query(surface)[0] * SPACING_MM
    return LungVessels(tree.mm / ml, float(np.percentile(tree.end_generations, ENDS)), float(np.percentile(far, ENDS)))


def vessel_mask(hu: NDArray[np.int16], inner: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """What stands out of the parenchyma, without masses and specks."""
    middle = float(np.median(hu[inner]))
    # what is much denser than the parenchyma is no part of its mean
    quiet = (inner & (hu < middle + LEAST_HU)).astype(np.float32)
    share = ndimage.uniform_filter(quiet, AROUND, mode="constant")
    mean = ndimage.uniform_filter(hu * quiet, AROUND, mode="constant") / np.maximum(share, 1e-6)
    dense = inner & (hu > np.where(share > 0, mean, middle) + LEAST_HU)
    deep = ndimage.distance_transform_edt(np.pad(dense, 1))[1:-1, 1:-1, 1:-1] > MASS_VOXELS
    if deep.any():
        dense &= ndimage.distance_transform_edt(~deep) > MASS_VOXELS + 1
    parts, _ = ndimage.label(dense, np.ones((3, 3, 3)))
    large = np.bincount(parts.ravel()) >= LEAST_PART
    large[0] = False
    return large[parts]


def centrelines(mask: NDArray[np.bool_]) -> Tree:
    """The centrelines of everything in a mask of voxels of SPACING_MM."""
    nodes = np.argwhere(mask)
    if not len(nodes):
        return Tree(nodes, 0.0, np.zeros(0, np.int64))
    radius = ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1, 1:-1][mask]
    graph = _graph(mask, nodes, radius)
    count, part = csgraph.connected_components(graph, directed=False)
    thickest = np.lexsort((radius, part))
    roots = thickest[np.flatnonzero(np.diff(part[thickest], append=count))]
    far, before, _ = csgraph.dijkstra(graph, directed=False, indices=roots, return_predecessors=True, min_only=True)
    kept = _paths(nodes, radius, far, before, roots.tolist())
    order = np.array(sorted(kept, key=lambda node: far[node]), np.int64)
    parents = before[order]
    steps = np.where(parents < 0, 0.0, np.linalg.norm(nodes[order] - nodes[np.maximum(parents, 0)], axis=1))
    lengths = np.bincount(part[order], steps, minlength=count)
    shown = order[lengths[part[order]] > 0]
    largest = part[shown] == lengths.argmax()
    return Tree(nodes[shown], float(lengths.sum() * SPACING_MM), _generations(shown[largest], before))


def _graph(mask: NDArray[np.bool_], nodes: NDArray[np.int64], radius: NDArray[np.float64]) -> sparse.csr_array:
    """Edges between all neighbours, the longer the nearer they run to the wall, so that paths keep to the middle."""
    index = np.full(np.array(mask.shape) + 2, -1)
    index[1:-1, 1:-1, 1:-1][mask] = np.arange(len(nodes))
    cost = 1 + 4 / radius**2
    rows, columns, weights = [], [], []
    for step in product((-1, 0, 1), repeat=3):
        if step <= (0, 0, 0):
            continue
        other = index[tuple((nodes + 1 + step).T)]
        here = np.flatnonzero(other >= 0)
        rows.append(here)
        columns.append(other[here])
        weights.append(np.linalg.norm(step) * (cost[here] + cost[other[here]]) / 2)
    edges = (np.concatenate(rows), np.concatenate(columns))
    return sparse.csr_array((np.concatenate(weights), edges), shape=(len(nodes),) * 2)


def _paths(
    nodes: NDArray[np.int64],
    radius: NDArray[np.float64],
    far: NDArray[np.float64],
    before: NDArray[np.int32],
    roots: list[int],
) -> set[int]:
    """The nodes of all paths, the farthest end first; an end that a path covers makes none of its own."""
    kept, covered = set(roots), np.zeros(len(nodes), bool)
    index = cKDTree(nodes)
    for end in np.argsort(-far, kind="stable"):
        if covered[end] or int(end) in kept:
            continue
        path = [int(end)]
        while before[path[-1]] not in kept:
            path.append(int(before[path[-1]]))
        joined = int(before[path[-1]])
        run = np.linalg.norm(np.diff(nodes[[*path, joined]], axis=0), axis=1).sum() - radius[joined]
        covered[end] = True
        if run * SPACING_MM < LEAST_BRANCH_MM:
            continue
        kept.update(path)
        for near in index.query_ball_point(nodes[path], radius[path] + 1.5):
            covered[near] = True
    return kept


def _generations(order: NDArray[np.int64], before: NDArray[np.int32]) -> NDArray[np.int64]:
    """Of each end of one tree, how many branches one goes through from the root; order: its nodes, the root first."""
    children: dict[int, int] = {}
    for node in order:
        parent = int(before[node])
        children[parent] = children.get(parent, 0) + 1
    generation: dict[int, int] = {}
    for node in order.tolist():
        parent = int(before[node])
        above = generation.get(parent, 1)
        generation[node] = above + (parent in generation and children[parent] > 1)
    return np.array([generation[node] for node in order.tolist() if node not in children], np.int64)
