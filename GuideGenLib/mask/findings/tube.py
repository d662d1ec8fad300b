"""What widens a vessel over a length: an aneurysm of the aorta. It grows to the front, away from the spine."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.structures import select
from GuideGenLib.anatomy.table import values
from GuideGenLib.mask.findings.shapes import Spacing, push

Labels = NDArray[np.uint8]
Mask = NDArray[np.bool_]

HALF_LENGTH = 0.9
"""Half of the length of an aneurysm, in its diameters."""
SHORTEST_MM = 25.0
"""That half at least."""
FORWARD = 0.6
"""How far the middle moves away from the spine, in parts of the growth of the radius."""
CORE = 0.35
"""Part of the radius whose tissue gives way by disappearing; the rest is pushed."""


@dataclass(frozen=True)
class Slices:
    """A vessel slice by slice: z, the middle (y, x) in voxels and the radius in mm of each."""

    z: NDArray[np.int64]
    middle: NDArray[np.float64]
    radius: NDArray[np.float64]


def slices_of(labels: Labels, how: Mapping[str, Any], spacing: Spacing) -> Slices:
    """The slices in which a part of a vessel is seen, by the option `part`: abdominal, descending or ascending."""
    vessel = select(labels, (how["vessel"],))
    spine = select(labels, ("vertebrae_thoracic", "vertebrae_lumbar"))
    rows = np.flatnonzero(vessel.any(axis=(1, 2)))
    bounds = _bounds(labels, how["part"], rows)
    found: list[tuple[int, float, float, float]] = []
    for z in rows[(rows >= bounds[0]) & (rows <= bounds[1])]:
        parts, count = ndimage.label(vessel[z])
        if not count or not spine[z].any():
            continue
        middles = np.asarray(ndimage.center_of_mass(vessel[z], parts, range(1, count + 1)))
        back = np.asarray(ndimage.center_of_mass(spine[z]))
        away = np.linalg.norm(middles - back, axis=1)
        if how["part"] == "ascending" and count < 2:
            continue
        chosen = int(away.argmax() if how["part"] == "ascending" else away.argmin())
        area = (parts == chosen + 1).sum() * spacing[1] * spacing[2]
        found.append((int(z), *middles[chosen], float(np.sqrt(area / np.pi))))
    table = np.asarray(found).reshape(-1, 4)
    return Slices(table[:, 0].astype(int), table[:, 1:3], table[:, 3])


def _bounds(labels: Labels, part: str, rows: NDArray[np.int64]) -> tuple[int, int]:
    """The lowest and the highest slice of a part of the aorta: below the middle of the kidneys, above the diaphragm."""
    if not len(rows):
        return 1, 0
    kidneys = np.flatnonzero(select(labels, ("kidney_left", "kidney_right")).any(axis=(1, 2)))
    heart = np.flatnonzero(select(labels, ("heart",)).any(axis=(1, 2)))
    if part == "abdominal":
        return (int(rows[0]), int(kidneys.mean())) if len(kidneys) else (1, 0)
    if not len(heart):
        return 1, 0
    return (int(heart[0]), int(rows[-1])) if part == "descending" else (int(heart.mean()), int(rows[-1]))


def widen(
    labels: Labels, spacing: Spacing, key: str, how: Mapping[str, Any], slices: Slices, size: float, blocked: Mask,
    rng: np.random.Generator,
) -> tuple[Labels, Mask]:  # fmt: skip
    """A copy of labels with the vessel `size` mm wide at one place, and the voxels that carry label `key` there.

    how: `pushes`, the labels that give way.
    """
    half = max(HALF_LENGTH * size, SHORTEST_MM)
    at = (slices.z - slices.z[0]) * spacing[0]
    middle = at[-1] * (0.5 + 0.2 * rng.uniform(-1, 1))
    half = min(half, max(middle, at[-1] - middle))
    swollen = np.cos(np.pi / 2 * np.clip((at - middle) / half, -1, 1)) ** 2
    movable = select(labels, how["pushes"]) & ~blocked
    result, taken = labels.copy(), np.zeros(labels.shape, bool)
    y, x = np.mgrid[: labels.shape[1], : labels.shape[2]]
    for row, z in enumerate(slices.z):
        grown = (size / 2 - slices.radius[row]) * swollen[row]
        if grown <= 0.25 * spacing[1]:
            continue
        radius = slices.radius[row] + grown
        spine = select(labels[z], ("vertebrae_thoracic", "vertebrae_lumbar"))
        away = slices.middle[row] - (np.argwhere(spine).mean(axis=0) if spine.any() else slices.middle[row] + (1, 0))
        centre = slices.middle[row] + FORWARD * grown / spacing[1] * away / max(np.linalg.norm(away), 1e-3)
        offsets = (np.zeros((1, *y.shape)), (y - centre[0])[None] * spacing[1], (x - centre[1])[None] * spacing[2])
        gauge = np.sqrt(offsets[1] ** 2 + offsets[2] ** 2).astype(np.float32)
        own = ndimage.binary_dilation(labels[z] == values()["aorta"]) & (gauge[0] < radius + spacing[1])
        inside = (gauge[0] < radius) & (movable[z] | (labels[z] == values()["aorta"]))
        inside |= own & (labels[z] == values()["aorta"])
        result[z] = push(labels[z : z + 1], gauge, offsets, float(radius), CORE, movable[z : z + 1], spacing)[0]
        result[z][inside] = values()[key]
        taken[z] = inside
    return result, taken


def widest(taken: Mask, spacing: Spacing) -> float:
    """Diameter in mm of the disc that has the area of the largest slice."""
    return float(2 * np.sqrt(taken.sum(axis=(1, 2)).max() * spacing[1] * spacing[2] / np.pi))
