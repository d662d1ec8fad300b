"""Tracing the vessels of the template's lungs: which voxels are vessel, and the branches along them."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from GuideGenLib.anatomy.table import values
from GuideGenLib.core.components import TOUCHING
from GuideGenLib.mask.lung_vessels import PLEURA_MM, Mask, VesselMaps, fit_chart, sided_lungs

CONTRAST_HU = 175.0
"""A voxel so much brighter than the median of its surroundings belongs to a vessel. The joined torso's branches then
fill 38 ml of its own lungs, 39 ml are labelled vessel there, in thicker and shorter pieces and two nodules."""
WINDOW_MM = 27.0
CENTRAL = ("heart", "pulmonary_vein", "trachea", "superior_vena_cava", "aorta")
HILUM_MM = 25.0
"""Branches start at labelled vessels so near to one of the CENTRAL organs."""
OFF_VESSEL = 6.0
"""Cost of a way outside the vessels, where one inside costs 1: bridges the gaps that noise leaves."""
BRIDGE_MM, BRANCH_MM = 9.0, 12.0
"""Longest gap that is bridged, shortest branch that is kept."""
RADII_MM = (1.0, 4.5)
NODULE_MM = 8.0
"""Half the width from which on a labelled "vessel" is a nodule."""

Points = NDArray[np.int64]
Forest = tuple[Points, NDArray[np.float64], NDArray[np.int64]]


def measure_vessels(labels: NDArray[np.uint8], hu: NDArray[np.int16], spacing: float) -> VesselMaps:
    """The vessels of a template, labels and HU [z, y, x] of isotropic spacing in mm.

    A template without vessels, or whose lungs are not whole, gives empty maps.
    """
    points, radii, parents, sides, heights = [], [], [], [], [1.0, 1.0]
    central = _distance(np.isin(labels, [values()[key] for key in CENTRAL]), spacing)
    count = 0
    for index, (_, filled, box) in enumerate(sided_lungs(labels)):
        lung = filled > 0
        chart = fit_chart(lung)
        if chart is None:
            continue
        heights[index] = (chart.slices[1] - chart.slices[0]) / np.ptp(np.flatnonzero(lung.any(axis=(0, 2))))
        labelled = lung & (labels[box] == values()["lung_vessel"])
        vessels, brightness = _find(lung, labelled, hu[box].astype(np.float32), spacing)
        roots = _hubs(vessels, vessels & labelled & (central[box] <= HILUM_MM))
        if not roots.any():
            continue
        at, radius, parent = _trace(lung, vessels, roots, brightness, spacing)
        points.append(chart.to_shares(_smooth(at.astype(float), parent)))
        radii.append(radius)
        parents.append(parent + count)
        sides.append(np.full(len(at), index))
        count += len(at)
    return VesselMaps(
        np.concatenate([np.zeros((0, 3)), *points]).astype(np.float32),
        np.concatenate([np.zeros(0), *radii]).astype(np.float32),
        np.concatenate([np.zeros(0), *parents]).astype(np.int32),
        np.concatenate([np.zeros(0), *sides]).astype(np.uint8),
        np.array(heights, np.float32),
    )


def _distance(mask: Mask, spacing: float) -> NDArray[np.float64]:
    """mm to the mask; infinite where it is empty."""
    if not mask.any():
        return np.full(mask.shape, np.inf)
    return np.asarray(ndimage.distance_transform_edt(~mask) * spacing)


def _find(lung: Mask, labelled: Mask, hu: NDArray[np.float32], spacing: float) -> tuple[Mask, NDArray[np.float32]]:
    """Vessels: the labelled ones and what stands out as much; and how much each voxel does, in units of CONTRAST_HU."""
    tissue = np.where(lung, hu, np.median(hu[lung]))
    background = ndimage.median_filter(tissue, 2 * round(WINDOW_MM / spacing / 2) + 1)
    contrast = (tissue - background) / CONTRAST_HU
    depth = ndimage.distance_transform_edt(np.pad(lung, 1))[1:-1, 1:-1, 1:-1] * spacing
    found = labelled | (lung & (depth > PLEURA_MM + spacing / 2) & (contrast > 1))
    nodule = ndimage.distance_transform_edt(found) * spacing > NODULE_MM
    found &= _distance(nodule, spacing) > NODULE_MM + 2 * spacing
    parts, _ = ndimage.label(found, TOUCHING)
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    return (sizes >= 4)[parts], contrast


def _hubs(vessels: Mask, candidates: Mask) -> Mask:
    """The thickest voxel of each connected part of the candidates: branches leave from the middle of a trunk."""
    width = ndimage.distance_transform_edt(vessels)
    parts, count = ndimage.label(candidates, TOUCHING)
    hubs = np.zeros(vessels.shape, bool)
    if count:
        hubs[tuple(np.array(ndimage.maximum_position(width, parts, np.arange(1, count + 1))).T)] = True
    return hubs


def _trace(lung: Mask, vessels: Mask, roots: Mask, contrast: NDArray[np.float32], spacing: float) -> Forest:
    """Voxels [n, 3], radii in mm and parents [n] of branches from the roots to the ends of the vessels.

    TEASAR (Sato et al. 2000): the vessel voxel that is farthest from the roots is joined to the branches there are by
    the shortest way, what lies along that way is done with, and so on.
    """
    cost = np.where(vessels, 1.0, np.clip(OFF_VESSEL - (OFF_VESSEL - 2) * contrast, 2, OFF_VESSEL))
    places = np.argwhere(lung)
    far, before = dijkstra(
        _graph(lung, cost), indices=np.flatnonzero(roots[lung]), return_predecessors=True, min_only=True
    )[:2]
    vessel = vessels[lung]
    width = ndimage.distance_transform_edt(vessels)[lung]
    done = ~vessel | ~np.isfinite(far)
    number = np.full(len(places), -1)
    kept: list[int] = []
    parents: list[int] = []
    while not done.all():
        end = int(np.where(done, -1, far).argmax())
        way = [end]
        while number[way[-1]] < 0 and before[way[-1]] >= 0:
            way.append(int(before[way[-1]]))
        open_ends = np.array(places[way])
        length = np.linalg.norm(np.diff(open_ends, axis=0), axis=1).sum() * spacing
        if length >= BRANCH_MM and _longest_gap(vessel[way]) * spacing <= BRIDGE_MM:
            for voxel in way[::-1]:
                if number[voxel] < 0:
                    number[voxel] = len(kept)
                    parents.append(len(kept) if before[voxel] < 0 else int(number[before[voxel]]))
                    kept.append(voxel)
        else:
            way = way[:1]
        left = np.flatnonzero(~done)
        near = cKDTree(places[left]).query_ball_point(places[way], 1.5 * width[way] + 1.5)
        done[left[np.unique(np.concatenate([np.asarray(n, int) for n in near]))]] = True
    radii = np.clip((width[kept] - 0.5) * spacing, *RADII_MM)
    for index, parent in enumerate(parents):
        radii[index] = min(radii[index], radii[parent])  # vessels do not widen towards the periphery
    return places[kept], radii, np.array(parents, np.int64)


def _longest_gap(vessel: Mask) -> int:
    """Longest run of False."""
    edges = np.diff(np.concatenate([[0], ~vessel, [0]]).astype(int))
    return int((np.flatnonzero(edges < 0) - np.flatnonzero(edges > 0)).max(initial=0))


def _graph(mask: Mask, cost: NDArray[np.float64]) -> sparse.csr_matrix:
    """Neighbours of 26 within the mask; an edge costs its length times the mean cost of its ends."""
    number = np.full(mask.shape, -1)
    number[mask] = np.arange(mask.sum())
    first, second, weight = [], [], []
    steps = np.argwhere(TOUCHING) - 1
    for step in steps[14:]:
        here = tuple(slice(max(0, -k), n - max(0, k)) for k, n in zip(step, mask.shape, strict=True))
        there = tuple(slice(max(0, k), n - max(0, -k)) for k, n in zip(step, mask.shape, strict=True))
        both = mask[here] & mask[there]
        first.append(number[here][both])
        second.append(number[there][both])
        weight.append(np.linalg.norm(step) * (cost[here][both] + cost[there][both]) / 2)
    a, b, w = np.concatenate(first), np.concatenate(second), np.concatenate(weight)
    size = int(mask.sum())
    return sparse.csr_matrix((np.r_[w, w], (np.r_[a, b], np.r_[b, a])), (size, size))


def _smooth(points: NDArray[np.float64], parents: NDArray[np.int64]) -> NDArray[np.float64]:
    """Half of each point, half of its neighbours' mean: takes out the voxels' steps. Roots stay."""
    joined = np.arange(len(parents)) != parents
    total, count = np.zeros_like(points), np.zeros(len(points))
    for a, b in ((np.flatnonzero(joined), parents[joined]), (parents[joined], np.flatnonzero(joined))):
        np.add.at(total, a, points[b])
        np.add.at(count, a, 1)
    inside = (count == 2) & joined
    result = points.copy()
    result[inside] = 0.5 * points[inside] + 0.5 * total[inside] / count[inside, None]
    return result
