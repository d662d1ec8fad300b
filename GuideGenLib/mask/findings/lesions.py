"""Second stage of the mask: lesions drawn into an anatomy, at the asked place and of their stage's size."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from GuideGenLib.anatomy.structures import LUNGS, TUMOUR_ORGANS, table_of
from GuideGenLib.anatomy.table import values
from GuideGenLib.core.components import TOUCHING
from GuideGenLib.mask.components import largest_share
from GuideGenLib.mask.findings.colon_wall import draw_colon_tumour, wall_thickness
from GuideGenLib.mask.findings.invading import LEAST_TAKEN, OWN_SHARE, invades, neighbours, reached, reached_keys
from GuideGenLib.mask.findings.shapes import Growth, Spacing, shares
from GuideGenLib.mask.findings.sites import LesionError, Place, find_place
from GuideGenLib.mask.findings.solid import MANNERS, Solid, body_of
from GuideGenLib.mask.findings.tissue import FILLERS, lung_margin, movable, soft_keys

if TYPE_CHECKING:
    from GuideGenLib.description.model import Finding

__all__ = ["LesionError", "LesionRecord", "insert_lesions"]

ATTEMPTS = 8
CANDIDATES = 256
LARGE_LUNG_MM = 55.0
"""Masses of this size may cut a neighbouring lobe in two, which is looked for."""


@dataclass(frozen=True)
class LesionRecord:
    """One lesion as drawn.

    `label` key of the table, `finding` index in the findings; `side` and `site` as realised; lengths in mm, volume in
    ml; `center_voxel` (z, y, x) in the volume and `center_mm` the same times the spacing, from the first voxel's
    centre; `note` says, in words, what could not be had as asked, else it is empty.
    """

    label: str
    finding: int
    organ: str
    side: str | None
    site: str | None
    size_mm: float
    measured_mm: float
    volume_ml: float
    center_voxel: tuple[float, float, float]
    center_mm: tuple[float, float, float]
    note: str = ""


def insert_lesions(
    labels: np.ndarray,
    spacing: Spacing,
    findings: Sequence["Finding"],
    rng: np.random.Generator,
    kept: np.ndarray | None = None,
) -> tuple[np.ndarray, list[LesionRecord]]:
    """Draw the findings that are to be seen (`Finding.drawn`) into a label volume.

    labels uint8 [z, y, x] in the canonical frame (superior, posterior, patient-left), spacing (z, y, x) in mm; the
    input stays as it is. The longest diameter of each lesion is drawn uniformly from `stage_size_mm(finding)`; lesions
    that stand in the volume are kept and never touched, nor are the voxels of `kept` (bool). The same generator state
    gives the same volume.
    Raises LesionError (a ValueError) if the organ, or the asked side of it, is not in the volume.
    """
    from GuideGenLib.description.stage import stage_size_mm

    labels = labels.copy()
    records: list[LesionRecord] = []
    for index, finding in enumerate(findings):
        if not finding.drawn:
            continue
        for number in range(finding.count):
            low, high = stage_size_mm(finding)
            place = find_place(_without(labels, kept, str(finding.organ)), spacing, finding, rng)
            drawn = _draw(labels, spacing, finding, place, (float(low), float(high)), rng, kept)
            if drawn is None and number:
                records[-1] = replace(records[-1], note=f"room for {number} of {finding.count} lesions only")
                break
            if drawn is None:
                msg = f"no room for a lesion in the {finding.organ}: ask for a smaller one or another place"
                raise LesionError(msg)
            labels = drawn.labels
            records.append(_record(drawn, index, place, spacing))
    return labels, records


def _without(labels: np.ndarray, kept: np.ndarray | None, organ: str) -> np.ndarray:
    """The labels without what is kept of an organ, in which no lesion has its place."""
    return labels if kept is None else np.where(kept & table_of(TUMOUR_ORGANS[organ])[labels], np.uint8(0), labels)


@dataclass(frozen=True)
class DrawnLesion:
    """A volume with one more lesion: its voxels, the size asked of it, and how far it is from what was asked."""

    labels: np.ndarray
    voxels: np.ndarray
    size_mm: float
    measured_mm: float
    fault: float
    note: str = ""


def _record(drawn: DrawnLesion, finding: int, place: Place, spacing: Spacing) -> LesionRecord:
    middle = drawn.voxels.mean(axis=0)
    at = middle * np.asarray(spacing)
    return LesionRecord(
        label=f"{place.organ}_tumor",
        finding=finding,
        organ=place.organ,
        side=place.side,
        site=place.site,
        size_mm=round(drawn.size_mm, 2),
        measured_mm=round(drawn.measured_mm, 2),
        volume_ml=round(len(drawn.voxels) * float(np.prod(spacing)) / 1000, 3),
        center_voxel=(float(middle[0]), float(middle[1]), float(middle[2])),
        center_mm=(float(at[0]), float(at[1]), float(at[2])),
        note="; ".join(note for note in (place.note, drawn.note) if note),
    )


def tolerance_mm(size_mm: float, spacing: Spacing) -> float:
    """How far the measured extent may be from the asked size: 8 %, or half a voxel where voxels are coarser."""
    return max(0.08 * size_mm, 0.5 * float(np.prod(spacing)) ** (1 / 3))


def _draw(
    labels: np.ndarray, spacing: Spacing, finding: "Finding", place: Place, sizes: tuple[float, float],
    rng: np.random.Generator, kept: np.ndarray | None,
) -> DrawnLesion | None:  # fmt: skip
    """The best of some attempts; later ones go to the small end of the size range, where more fits."""
    asked = rng.uniform(*sizes)
    blocked = _around_tumours(labels) if kept is None else _around_tumours(labels) | kept
    best: DrawnLesion | None = None
    for attempt in range(ATTEMPTS):
        size = asked
        if attempt >= ATTEMPTS // 2:
            size = sizes[0] + (asked - sizes[0]) * (1 - attempt / (ATTEMPTS - 1))
        if place.organ == "colon":
            growth = draw_colon_tumour(labels, spacing, place.voxels, size, wall_thickness(finding.t), blocked, rng)
        else:
            growth = _grow_solid(labels, spacing, finding, place, size, blocked, rng)
        if growth is None:
            continue
        fault = _fault(labels, growth, place, size, spacing)
        if best is None or fault < best.fault:
            best = _paste(labels, growth, size, fault, spacing)
        if fault == 0 or (attempt == 2 and best is not None and best.measured_mm < 0.85 * sizes[0]):
            break  # as asked, or far too large for this place wherever it starts
    return best


def _around_tumours(labels: np.ndarray) -> np.ndarray:
    """Lesions that stand in the volume with two voxels about them, which keep a new one apart."""
    taken = table_of(key for key in values() if key.endswith("_tumor"))[labels]
    return ndimage.binary_dilation(taken, TOUCHING, iterations=2) if taken.any() else taken


def _grow_solid(
    labels: np.ndarray, spacing: Spacing, finding: "Finding", place: Place, size: float, blocked: np.ndarray,
    rng: np.random.Generator,
) -> Growth | None:  # fmt: skip
    """A solid body in lung, liver, kidney or pancreas, with mass effect unless it invades."""
    invading = invades(finding)
    body = body_of(place.organ, size, rng, finding.looks)
    core = 1.0 if invading else 1 - (1 - MANNERS[place.organ].core) * min(1.0, size / 30)
    centre = _choose_centre(labels, spacing, place, 0.5 * size, core, rng, invading)
    solid = Solid(labels, spacing, body, centre, size)
    free = ~blocked[solid.box]
    moving = movable(solid.part, spacing, place.organ, place.side) & free
    allowed = moving
    if place.organ == "lung":
        allowed = moving | lung_margin(solid.part, spacing, place.side) & free
    if invading:
        allowed = allowed | reached(solid.part, spacing, place.organ) & free
    voxels, scale, extent = solid.grow(allowed)
    if not voxels.any():
        return None
    result = solid.pushed(scale, core, moving)
    result[voxels] = values()[f"{place.organ}_tumor"]
    return Growth(solid.box, result, voxels, extent)


def _choose_centre(
    labels: np.ndarray, spacing: Spacing, place: Place, radius: float, core: float, rng: np.random.Generator,
    invading: bool,
) -> np.ndarray:  # fmt: skip
    """A random position (voxels, z y x) among those of the place where a ball of that radius fits best.

    It fits where the ball starts inside its own tissue, meets little that cannot move, and what it consumes is its own.
    """
    manner = MANNERS[place.organ]
    inside = rng.uniform(*(OWN_SHARE[place.organ] if invading else manner.inside))
    home = [*place.home, "lung_vessel"]
    soft_ones = reached_keys(place.organ, place.side) if invading else soft_keys(place.organ, place.side)
    spared = soft_ones if invading else [*home, *FILLERS]
    beside = neighbours(place.organ, place.home) if invading else []
    tables = np.stack([table_of(keys) for keys in (home, soft_ones, spared, beside)])
    few = place.voxels[rng.integers(len(place.voxels), size=CANDIDATES)] + rng.uniform(-0.5, 0.5, (CANDIDATES, 3))
    own, soft, _, taken = shares(labels, few, radius, spacing, tables)
    own_core, _, harmless, _ = shares(labels, few, core * radius, spacing, tables)
    fit = -np.maximum(inside - own, 0) - 2 * np.maximum(0.97 - soft, 0) - 2 * (1 - harmless)
    fit -= np.maximum(own - inside, 0) if manner.exophytic or invading else np.maximum(0.9 - own_core, 0)
    fit += 2 * np.minimum(taken, LEAST_TAKEN)
    good = np.nonzero(fit >= fit.max() - 0.04)[0]
    return np.asarray(few[good[rng.integers(len(good))]])


def _fault(labels: np.ndarray, growth: Growth, place: Place, size: float, spacing: Spacing) -> float:
    """How far a lesion is from what was asked, 0 if nothing is wrong: size, squashed shape, harm to other organs."""
    off = max(0.0, abs(growth.extent - size) - tolerance_mm(size, spacing)) / size
    fullness = growth.voxels.sum() * float(np.prod(spacing)) / (np.pi / 6 * growth.extent**3)
    squashed = 0.0 if place.organ == "colon" else max(0.0, 0.2 - fullness)
    parted = _parted(labels, growth) if place.organ == "lung" and size > LARGE_LUNG_MM else 0.0
    return off + squashed + parted + 4 * _harm(labels, labels[growth.box], growth.labels, table_of(place.home))


def _parted(labels: np.ndarray, growth: Growth) -> float:
    """How much of the worst lobe a mass cuts off, beyond a twentieth."""
    whole = labels.copy()
    whole[growth.box] = growth.labels
    boxes = ndimage.find_objects(whole)
    cut = 0.0
    for key in LUNGS:
        box = boxes[values()[key] - 1]
        if box is not None:
            cut = max(cut, 1 - largest_share(table_of([key, "lung_tumor"])[whole[box]]))
    return max(0.0, cut - 0.05)


def _harm(labels: np.ndarray, before: np.ndarray, after: np.ndarray, home: np.ndarray) -> float:
    """Loss beyond what is bearable: half of any organ, or four fifths of the lesion's own."""
    whole = np.bincount(labels.ravel(), minlength=256)
    change = np.bincount(after.ravel(), minlength=256) - np.bincount(before.ravel(), minlength=256)
    kept = (whole + change) / np.maximum(whole, 1)
    anatomy = whole > 0
    anatomy[[values()[key] for key in ("background", *FILLERS)]] = False
    return float(np.maximum(np.where(home, 0.2, 0.5) - kept, 0)[anatomy].sum())


def _paste(labels: np.ndarray, growth: Growth, size: float, fault: float, spacing: Spacing) -> DrawnLesion:
    whole = labels.copy()
    whole[growth.box] = growth.labels
    corner = np.array([s.start for s in growth.box])
    misfit = abs(growth.extent - size) > tolerance_mm(size, spacing)
    note = f"{size:.0f} mm asked, {growth.extent:.0f} mm drawn" if misfit else ""
    return DrawnLesion(whole, np.argwhere(growth.voxels) + corner, size, growth.extent, fault, note)
