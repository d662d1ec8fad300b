"""A lesion of an anatomy made larger or smaller about its place, given another border, or taken out and healed.

Labels are uint8 [z, y, x] in the canonical frame; spacing (z, y, x) in mm.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.structures import TUMOUR_ORGANS, table_of
from GuideGenLib.anatomy.table import values
from GuideGenLib.core.components import TOUCHING
from GuideGenLib.generator.change_beds import Bed, lesion_keys
from GuideGenLib.mask.findings.colon_wall import draw_colon_tumour, wall_thickness
from GuideGenLib.mask.findings.shapes import Box, Spacing, box_around, grow, longest_extent, offsets_mm, push
from GuideGenLib.mask.findings.sites import LesionError
from GuideGenLib.mask.findings.solid import Solid, body_of
from GuideGenLib.mask.findings.tissue import FILLERS

Labels = NDArray[np.uint8]
Mask = NDArray[np.bool_]

HEAL_MM = 30.0
"""Around a lesion, where its organ is looked for."""
STEPS = 40
"""Sizes of the body between the old lesion and the largest that is tried."""
FULL, SQUASHED = 0.92, 1.3
"""A lesion fills its room where it reaches this part of its size, with a body at most so much larger than that."""
LEAST = 0.85
"""Of the asked size: a smaller one is not what was asked."""
TRIES = 12


@dataclass(frozen=True)
class Lesion:
    """A lesion in a label volume: key of its label, its voxels (bool) in a box, and its longest extent in mm; side: of
    the body, where that is known; asked: the size that was asked of it, in the unit of its finding."""

    key: str
    box: Box
    voxels: Mask
    extent: float
    side: str | None = None
    asked: float | None = None

    @property
    def organ(self) -> str:
        return self.key.removesuffix("_tumor")

    @property
    def middle(self) -> NDArray[np.float64]:
        """In voxels of the volume (z, y, x)."""
        return np.argwhere(self.voxels).mean(axis=0) + [side.start for side in self.box]

    def same_as(self, other: "Lesion") -> bool:
        """Whether both are the same voxels."""
        return self.box == other.box and bool(np.array_equal(self.voxels, other.voxels))

    def whole(self, shape: tuple[int, ...]) -> Mask:
        """Its voxels in the whole volume."""
        result = np.zeros(shape, dtype=bool)
        result[self.box] = self.voxels
        return result


def lesion_of(key: str, mask: Mask, spacing: Spacing) -> Lesion:
    """Of a boolean volume that is not empty."""
    (box,) = ndimage.find_objects(mask.view(np.uint8))
    return Lesion(key, box, mask[box].copy(), longest_extent(mask[box], spacing))


def healed(labels: Labels, spacing: Spacing, lesion: Lesion, bed: Bed, gone: Mask | None = None) -> Labels:
    """A copy in which the voxels of a lesion (or those of them in `gone`, bool in its box) are what lies about it: its
    organ, or fat where that is clearly nearer. What the lesion pushed aside when it was drawn stays there."""
    gone = lesion.voxels if gone is None else gone
    margin = [int(np.ceil(HEAL_MM / step)) for step in spacing]
    wide = tuple(
        slice(max(s.start - m, 0), min(s.stop + m, n)) for s, m, n in zip(lesion.box, margin, labels.shape, strict=True)
    )
    part = labels[wide]
    inner = tuple(slice(s.start - w.start, s.stop - w.start) for s, w in zip(lesion.box, wide, strict=True))
    hole = np.zeros(part.shape, dtype=bool)
    hole[inner] = gone
    own, fat = table_of(bed.own)[part], table_of(FILLERS)[part]
    if not own.any() and not fat.any():
        own = ~hole & ~table_of(lesion_keys())[part] & (part != 0)
    to_own, at_own = _nearest(own, spacing)
    to_fat, at_fat = _nearest(fat, spacing)
    ours = to_own[hole] <= to_fat[hole] + bed.own_mm
    filled = np.where(ours, part[tuple(at_own[:, hole])], part[tuple(at_fat[:, hole])])
    if lesion.organ == "colon":  # gas lies within the wall
        filled[filled == values()["colon_gas"]] = values()["colon"]
    result = labels.copy()
    result[wide][hole] = filled
    return result


def _nearest(mask: Mask, spacing: Spacing) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Distance in mm to a mask and the place of its nearest voxel; endless where it is empty."""
    if not mask.any():
        return np.full(mask.shape, np.inf), np.zeros((3, *mask.shape), np.int32)
    return ndimage.distance_transform_edt(~mask, sampling=spacing, return_indices=True)


@dataclass(frozen=True)
class Resized:
    """labels with the lesion as it is now; note: what could not be had, or what gave way."""

    labels: Labels
    lesion: Lesion
    note: str = ""


def resized(
    labels: Labels, spacing: Spacing, lesion: Lesion, size: float, bed: Bed, t: str | None, rng: np.random.Generator
) -> Resized:
    """A lesion with a longest extent of `size` mm about its place, in its own shape. It grows within its organ; where
    that has no room into fat, and only then it pushes others aside. t: for the wall of the colon, whose tumours are
    drawn anew at their place. Raises LesionError where there is no room."""
    if lesion.organ == "colon":
        return _colon_again(labels, spacing, lesion, size, bed, t, rng)
    if size < lesion.extent:
        return _shrunk(labels, spacing, lesion, size, bed)
    return _grown(labels, spacing, lesion, size, bed)


def reshaped(
    labels: Labels, spacing: Spacing, lesion: Lesion, bed: Bed, looks: Iterable[str], rng: np.random.Generator
) -> Resized:
    """A lesion of an organ of `MANNERS` with another border (looks: of description.looks.LOOKS), about its place and of
    its size; nothing but its organ and fat gives way."""
    without = healed(labels, spacing, lesion, bed)
    body = body_of(lesion.organ, lesion.extent, rng, looks)
    solid = Solid(without, spacing, body, lesion.middle, lesion.extent)
    free = ~_others(without, solid.box, np.zeros(solid.part.shape, bool))
    voxels, _, extent = solid.grow((table_of(bed.home)[solid.part] | bed.beside(solid.part)) & free)
    if extent < LEAST * lesion.extent:
        return Resized(labels, lesion, "its outline stays: there is no room for another one")
    without[solid.box][voxels] = values()[lesion.key]
    return Resized(without, _in_box(lesion, solid.box, voxels, extent))


def _shrunk(labels: Labels, spacing: Spacing, lesion: Lesion, size: float, bed: Bed) -> Resized:
    gauge = _gauge(lesion, lesion.box, spacing, size / lesion.extent)
    kept, _, extent = grow(gauge, lesion.voxels, size, spacing)
    if not kept.any():
        raise LesionError(f"a lesion of {size:g} mm is less than a voxel", "give a larger size, or remove it")
    smaller = healed(labels, spacing, lesion, bed, lesion.voxels & ~kept)
    return Resized(smaller, _in_box(lesion, lesion.box, kept, extent))


def _grown(labels: Labels, spacing: Spacing, lesion: Lesion, size: float, bed: Bed) -> Resized:
    ratio = size / lesion.extent
    box = box_around(lesion.middle, 1.1 * size + 2 * max(spacing), labels.shape, spacing)
    part = labels[box]
    old = lesion.whole(labels.shape)[box]
    gauge = _gauge(lesion, box, spacing, ratio)
    free = ~_others(labels, box, old)
    home, fat, soft = table_of(bed.home)[part], bed.beside(part), bed.soft(part)
    rooms = [home, home | fat, soft | fat]
    best: tuple[Mask, float, float, int] | None = None
    for number, room in enumerate(rooms):
        voxels, scale, extent = grow(gauge, (room & free) | old, size, spacing)
        voxels = voxels | old
        extent = longest_extent(voxels, spacing)
        if best is None or abs(extent - size) < abs(best[2] - size) - 0.01 * size:
            best = voxels, scale, extent, number
        if extent >= FULL * size and scale <= SQUASHED * 0.5 * size:
            best = voxels, scale, extent, number
            break
    assert best is not None
    voxels, scale, extent, number = best
    if extent < LEAST * size:
        raise LesionError(
            f"a lesion of {size:.0f} mm does not fit into the {lesion.organ} there, at most {extent:.0f} mm do",
            "ask for a smaller one, or move it",
        )
    result = part.copy()
    if number == 2:
        core = 1 / ratio + (1 - 1 / ratio) * bed.core
        moving = soft & free & ~old
        result = push(part, gauge, offsets_mm(box, lesion.middle, spacing), scale, core, moving, spacing)
    result[voxels] = values()[lesion.key]
    whole = labels.copy()
    whole[box] = result
    return Resized(whole, _in_box(lesion, box, voxels, extent), "its neighbours give way" if number == 2 else "")


def _gauge(lesion: Lesion, box: Box, spacing: Spacing, ratio: float) -> NDArray[np.float32]:
    """The half-length in mm that the lesion must have, scaled about its middle, to reach each voxel of a box; endless
    where it would have to be far larger (or, shrinking, smaller) than is asked."""
    low, high = (1.0, 2.2 * ratio) if ratio >= 1 else (0.5 * ratio, 1.0)
    middle = lesion.middle - [side.start for side in lesion.box]
    shift = np.array([side.start for side in box]) - [side.start for side in lesion.box] - middle
    smooth = np.pad(lesion.voxels, 1).astype(np.float32)
    places = np.stack(np.meshgrid(*(np.arange(s.stop - s.start) for s in box), indexing="ij")).astype(np.float32)
    offsets = places + shift.astype(np.float32)[:, None, None, None]
    gauge = np.full(places.shape[1:], np.inf, np.float32)
    for scale in np.geomspace(high, low, STEPS):
        at = offsets / np.float32(scale) + (middle + 1).astype(np.float32)[:, None, None, None]
        inside = ndimage.map_coordinates(smooth, at, order=1, mode="constant") > 0.5
        gauge[inside] = 0.5 * lesion.extent * scale
    return gauge


def _others(labels: Labels, box: Box, own: Mask) -> Mask:
    """Other lesions in a box with two voxels about them, which keep this one apart."""
    taken = table_of(lesion_keys())[labels[box]] & ~own
    return ndimage.binary_dilation(taken, TOUCHING, iterations=2) if taken.any() else taken


def _in_box(lesion: Lesion, box: Box, voxels: Mask, extent: float) -> Lesion:
    return replace(lesion, box=box, voxels=voxels, extent=extent)


def _colon_again(
    labels: Labels, spacing: Spacing, lesion: Lesion, size: float, bed: Bed, t: str | None, rng: np.random.Generator
) -> Resized:
    """A tumour of the bowel wall drawn anew about its place: the nearest to the size of some tries."""
    without = healed(labels, spacing, lesion, bed)
    bowel = np.argwhere(table_of(TUMOUR_ORGANS["colon"])[without[lesion.box]]) + [side.start for side in lesion.box]
    away = np.linalg.norm((bowel - lesion.middle) * np.asarray(spacing), axis=1)
    candidates = bowel[np.argsort(away, kind="stable")[: max(20, int(2000 / np.prod(spacing)))]]
    if not len(candidates):
        raise LesionError("the colon about the tumor is gone", "add a tumor where there is colon")
    box: Box = (slice(0, labels.shape[0]), slice(0, labels.shape[1]), slice(0, labels.shape[2]))
    blocked = _others(without, box, np.zeros(labels.shape, dtype=bool))
    best: tuple[float, Resized] | None = None
    for _ in range(TRIES):
        growth = draw_colon_tumour(without, spacing, candidates, size, wall_thickness(t), blocked, rng)
        if growth is None or (best is not None and abs(growth.extent - size) >= best[0]):
            continue
        whole = without.copy()
        whole[growth.box] = growth.labels
        best = abs(growth.extent - size), Resized(whole, _in_box(lesion, growth.box, growth.voxels, growth.extent))
        if best[0] <= 0.08 * size:
            break
    if best is None or best[0] > (1 - LEAST) * size:
        found = "" if best is None else f", {best[1].lesion.extent:.0f} mm do"
        raise LesionError(f"a lesion of {size:.0f} mm does not fit into the colon there{found}", "ask for another size")
    return best[1]
