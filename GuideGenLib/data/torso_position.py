"""Where a CT lies in the torso: small copies of CTs that are laid over each other, and the levels of the torso.

Real scans show parts of the torso, generated ones all of it. What is compared must show the same parts, or a chest
would differ from a pelvis and that would be called a lack of realism.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from scipy import fft

from GuideGenLib.anatomy.table import hu_mean, values
from GuideGenLib.anatomy.tissues import body_mask, dilate, filled_slices
from GuideGenLib.core.resample import regrid
from GuideGenLib.core.volumes import read_ct

Spacing = tuple[float, float, float]

SMALL_MM = 6.0
CANVAS = (64, 84)
"""Rows and columns of a small copy: 384 x 504 mm, with room for the widest body."""
WINDOW = (-200.0, 300.0)
"""HU between which two CTs are laid over each other: lungs and air are one, organs, fat and bone are told apart."""
MARGIN_MM = 6.0
"""Kept about the body, so that the skin is whole."""
MASK_MM = 5.0
"""Grid on which the body is found."""
LEAST_OVERLAP_MM = 96.0
LEAST_SHARE = 0.6
"""Two CTs overlap by this part of the shorter one at least."""
FARTHEST = 8
"""Voxels of SMALL_MM by which two bodies may be shifted sideways and to the back."""
NEAR_MM = 48.0
"""So far along z two CTs may be shifted from where their landmarks put them."""
LEVELS = 6
"""Levels of the torso from the bottom up: two each of pelvis, abdomen and chest."""


def read_scan(path: Path) -> tuple[np.ndarray, Spacing]:
    """The CT of a file: HU float32 [z, y, x] in the canonical frame at its own spacing (z, y, x) in mm, body alone.

    Real scans and generated ones go the same way. Couch, clothes and what else lies outside the body become air.
    Raises VolumeError.
    """
    image = sitk.DICOMOrient(read_ct(path), "LPS")
    x, y, z = image.GetSpacing()
    return body_alone(sitk.GetArrayFromImage(image).astype(np.float32), (z, y, x)), (z, y, x)


def body_alone(hu: np.ndarray, spacing: Spacing) -> np.ndarray:
    """The CT with -1000 HU outside the body and a margin of MARGIN_MM."""
    coarse = regrid(hu, spacing, (MASK_MM,) * 3)
    body = dilate(body_mask(coarse.astype(np.int16), (MASK_MM,) * 3), MARGIN_MM, (MASK_MM,) * 3)
    near = [
        np.minimum(((np.arange(n) + 0.5) * s / MASK_MM).astype(int), m - 1)
        for n, s, m in zip(hu.shape, spacing, body.shape, strict=True)
    ]
    return np.where(body[np.ix_(*near)], hu, np.float32(-1000))


@dataclass(frozen=True)
class Small:
    """A CT at 6 mm: hu float32 [z, CANVAS], its body's centre in the middle of each slice, -1000 HU around it."""

    hu: np.ndarray

    @cached_property
    def clipped(self) -> np.ndarray:
        """HU within WINDOW, from 0 at its lower end."""
        return np.clip(self.hu, *WINDOW) - WINDOW[0]

    @cached_property
    def body(self) -> np.ndarray:
        """bool [z, y, x]: the body with the air in it."""
        return filled_slices(self.hu > -350)


def small(hu: np.ndarray, spacing: Spacing) -> Small:
    """The small copy of a CT whose surroundings are air (`body_alone`)."""
    coarse = regrid(hu, spacing, (SMALL_MM,) * 3)
    solid = np.argwhere((coarse > -350).any(axis=0))
    middle = solid.mean(axis=0) if len(solid) else np.array(coarse.shape[1:]) / 2
    canvas = np.full((len(coarse), *CANVAS), -1000, np.float32)
    here, there = [slice(None)], [slice(None)]
    for size, room, centre in zip(coarse.shape[1:], CANVAS, middle, strict=True):
        start = round(room / 2 - centre)
        here.append(slice(max(0, start), min(room, start + size)))
        there.append(slice(max(0, -start), min(size, room - start)))
    canvas[tuple(here)] = coarse[tuple(there)]
    return Small(canvas)


def painted(labels: np.ndarray, spacing: float) -> Small:
    """The small copy of an anatomy, each label in the HU of the table: its place does not hang on the CT stage."""
    return small(hu_mean("portal_venous")[labels], (spacing,) * 3)


@dataclass(frozen=True)
class Placement:
    """Voxel [z, y, x] of `moving` lies on voxel [z + shift z, y + .., x + ..] of `fixed`; r: correlation of the two."""

    shift: tuple[int, int, int]
    r: float


def place(fixed: Small, moving: Small, near: tuple[float, float] | None = None) -> Placement | None:
    """The shift of the highest normalised correlation in the slices that both show; None where they cannot overlap.

    All shifts are tried, in Fourier space. Slices are compared whole, the air about the body included. near: where the
    shift along z must lie and how far from there it may, in voxels; without it the overlap is LEAST_SHARE of the
    shorter CT at least, as a low one fits by chance.
    """
    a, b = fixed.clipped, moving.clipped
    least = round(LEAST_OVERLAP_MM / SMALL_MM)
    if near is None:
        least = max(least, int(np.ceil(LEAST_SHARE * min(len(a), len(b)))))
    steps = np.arange(least - len(b), len(a) - least + 1)
    if near is not None:
        steps = steps[np.abs(steps - near[0]) <= near[1]]
    if min(len(a), len(b)) < least or not len(steps):
        return None
    depth = len(a) + len(b) - 1
    shape = (fft.next_fast_len(depth, real=True), *CANVAS)
    product = fft.rfftn(a, shape) * np.conj(fft.rfftn(b, shape))
    cross = fft.irfftn(product, shape)  # cross[s] = sum over z of a[z + s] b[z], sideways round the canvas
    starts, stops = np.maximum(0, steps), np.minimum(len(a), steps + len(b))
    sums = [_slabs(volume, starts - move, stops - move) for volume, move in ((a, 0), (b, steps))]
    count = (stops - starts) * CANVAS[0] * CANVAS[1]
    means = [first / count for first, _ in sums]
    spread = np.prod([second / count - mean**2 for (_, second), mean in zip(sums, means, strict=True)], axis=0)
    sideways = np.ix_(steps, *[np.arange(-FARTHEST, FARTHEST + 1)] * 2)
    covariance = cross[sideways] / count[:, None, None] - (means[0] * means[1])[:, None, None]
    r = covariance / np.sqrt(np.maximum(spread, 1e-6))[:, None, None]
    z, y, x = np.unravel_index(int(r.argmax()), r.shape)
    return Placement((int(steps[z]), int(y) - FARTHEST, int(x) - FARTHEST), float(r[z, y, x]))


def _slabs(volume: np.ndarray, starts: np.ndarray, stops: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sum and sum of squares of slices start..stop, float64, for each pair of them."""
    running = [
        np.concatenate([[0.0], np.cumsum((volume.astype(np.float64) ** power).sum(axis=(1, 2)))]) for power in (1, 2)
    ]
    return running[0][stops] - running[0][starts], running[1][stops] - running[1][starts]


def overlap(fixed: np.ndarray, moving: np.ndarray, shift: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """The parts [z, y, x] of two arrays on CANVAS that lie on each other after the shift."""
    mine, its = [], []
    for a, b, step in zip(fixed.shape, moving.shape, shift, strict=True):
        mine.append(slice(max(0, step), min(a, step + b)))
        its.append(slice(max(0, -step), min(b, a - step)))
    return fixed[tuple(mine)], moving[tuple(its)]


# ---------------------------------------------------------------- levels of the torso


@dataclass(frozen=True)
class Placed:
    """A CT with its landmarks (see `landmarks`), None where they are not known."""

    name: str
    small: Small
    marks: np.ndarray | None


def expected_shift(fixed: Placed, moving: Placed) -> tuple[float, float] | None:
    """The shift along z by which landmarks coincide, and how far off it may be, in voxels: `near` of `place`."""
    if fixed.marks is None or moving.marks is None:
        return None
    return float(np.median(fixed.marks - moving.marks)) / SMALL_MM, NEAR_MM / SMALL_MM


def landmarks(labels: np.ndarray, spacing: float) -> np.ndarray | None:
    """Heights in mm above the volume's bottom [4]: bottom of the hips, iliac crests, top of the liver, lung apices.

    labels uint8 [z, y, x] in the canonical frame. None where one is missing or they are out of order.
    """
    found = []
    for keys, top in (
        (("hip_left", "hip_right"), False),
        (("hip_left", "hip_right"), True),
        (("liver",), True),
        (("lung_upper_lobe_left", "lung_upper_lobe_right"), True),
    ):
        planes = np.flatnonzero(np.isin(labels, [values()[key] for key in keys]).any(axis=(1, 2)))
        if not len(planes):
            return None
        found.append((planes[-1] + 1 if top else planes[0]) * spacing)
    heights = np.array(found)
    return heights if (np.diff(heights) > 0).all() else None


def transferred(scan: Small, torsos: Sequence["Placed"]) -> np.ndarray | None:
    """Landmarks [4] of a scan in mm above its own bottom, also those that lie outside it; None where it fits nowhere.

    torsos: whole torsos with their landmarks; the median over them counts, as people differ.
    """
    found = []
    for torso in torsos:
        placement = place(torso.small, scan)
        if placement is not None and torso.marks is not None:
            found.append(torso.marks - placement.shift[0] * SMALL_MM)
    return np.median(found, axis=0) if found else None


def level_of(heights: np.ndarray, marks: np.ndarray) -> np.ndarray:
    """The level 0..LEVELS-1 of heights in mm above a volume's bottom; beyond the outer landmarks the outer levels."""
    edges = np.interp(np.arange(1, LEVELS) / 2, np.arange(len(marks)), marks)
    return np.searchsorted(edges, heights)
