"""The CT about a finding, and the HU in its middle: what the sheet shows and the table of HU lists.

Only a box of the anatomy gets a CT, with MARGIN_MM about the finding, so that all of them take minutes.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from GuideGenLib.anatomy.structures import select
from GuideGenLib.anatomy.table import values
from GuideGenLib.core.volumes import image_from_array
from GuideGenLib.ct.grid import labels_on_grid
from GuideGenLib.ct.synthesizer import SPACING
from GuideGenLib.description import Description
from GuideGenLib.description.model import Finding
from GuideGenLib.findings.recipe import Recipe
from GuideGenLib.generator import Generator
from Testing.benchmarks.findings_drawn import STEP, Labels, keys_of

Box = tuple[slice, slice, slice]
HU = NDArray[np.float32]
MARGIN_MM, LEAST_MM, HIGHEST_MM = 27.0, 60.0, 110.0
"""About a finding, the width of its box at least, and its height at most."""
NEAR_MM = 40.0
"""About the deepest place of a finding, where it is measured and not shown."""
MIDDLE = 0.6
"""From this share of the deepest place on a voxel is of the middle of a finding."""
LEAST_CHANGE = 10.0
"""HU by which a voxel must change to count as changed by a finding of the tissue."""
MOST_CHANGED = 0.5
"""Share of those voxels that change the most: what is measured of them."""


WIDE, GAS_HU = "obstruction", -200.0
"""Of wide bowel the fluid is measured: what is darker is gas."""


@dataclass(frozen=True)
class Scan:
    """A box of a patient at 2 mm: labels and HU [z, y, x], of the same shape."""

    labels: Labels
    hu: HU


def boxes_about(masks: Sequence[NDArray[np.bool_]], recipe: Recipe) -> list[Box]:
    """The box of an anatomy about each of the masks, all of one size, with their surroundings; of what is high the part
    about the slice that shows the most of it, of a changed tissue about its middle."""
    tight = [_slab(mask, recipe) for mask in masks]
    wide = [
        max(max(box[axis].stop - box[axis].start for box in tight) + 2 * MARGIN_MM / step, LEAST_MM / step)
        for axis, step in enumerate(STEP)
    ]
    found = []
    for box in tight:
        middles = ((side.start + side.stop) / 2 for side in box)
        z, y, x = (
            slice(max(int(middle - width / 2), 0), min(int(middle + width / 2) + 1, n))
            for middle, width, n in zip(middles, wide, masks[0].shape, strict=True)
        )
        found.append((z, y, x))
    return found


def _slab(mask: NDArray[np.bool_], recipe: Recipe) -> Box:
    """The tight box of a mask, no higher than HIGHEST_MM."""
    half = int(HIGHEST_MM / 2 / STEP[0])
    slices = np.flatnonzero(mask.any(axis=(1, 2)))
    shown = int(mask.sum(axis=(1, 2)).argmax() if recipe.label is not None else slices.mean())
    low = max(shown - half, 0)
    (found,) = ndimage.find_objects(mask[low : shown + half].astype(np.uint8))
    return slice(low + found[0].start, low + found[0].stop), found[1], found[2]


def box_within(mask: NDArray[np.bool_]) -> Box:
    """The box about the deepest place of a mask."""
    (tight,) = ndimage.find_objects(mask.astype(np.uint8))
    depth = ndimage.distance_transform_edt(np.pad(mask[tight], 1))[1:-1, 1:-1, 1:-1]
    place = np.unravel_index(int(depth.argmax()), depth.shape)
    more = int(NEAR_MM / STEP[0])
    z, y, x = (
        slice(max(t.start + int(at) - more, 0), t.start + int(at) + more) for t, at in zip(tight, place, strict=True)
    )
    return z, y, x


def of_finding(labels: Labels, recipe: Recipe) -> NDArray[np.bool_]:
    """Its voxels; those of its organ where it changes a tissue."""
    if recipe.label is not None:
        return np.asarray(labels == values()[recipe.label["key"]])
    return select(labels, keys_of(recipe.options["home"]))


def scanned(generator: Generator, part: Labels, findings: Sequence[Finding], phase: str, seed: int) -> Scan:
    """The CT of a box of an anatomy."""
    image = image_from_array(part, STEP, (0.0, 0.0, 0.0), labels=True)
    labels, _ = labels_on_grid(image, SPACING)
    description = Description(text="", phase=phase, findings=tuple(findings))
    ct = generator.synthesize_ct(image, description, seed=seed)
    return Scan(labels, sitk.GetArrayFromImage(ct).astype(np.float32))


def measured(scan: Scan, recipe: Recipe, without: Scan | None = None) -> float:
    """Mean HU in the middle of a finding; of one of the tissue, where it changes the HU of `without` the most.

    The middle is what lies deep, as a reader places a region of interest; NaN where nothing of it is left at 2 mm.
    """
    there = of_finding(scan.labels, recipe)
    if without is not None:
        changed = np.where(there, np.abs(scan.hu - without.hu), 0)
        strong = changed > LEAST_CHANGE
        there = strong & (changed >= np.quantile(changed[strong], 1 - MOST_CHANGED)) if strong.any() else strong
        return float(scan.hu[there].mean()) if there.any() else float("nan")
    if not there.any():
        return float("nan")
    depth = ndimage.distance_transform_edt(np.pad(there, 1))[1:-1, 1:-1, 1:-1]
    middle = depth >= MIDDLE * depth.max()
    if WIDE in recipe.kinds:
        middle &= scan.hu > GAS_HU
    return float(scan.hu[middle].mean())
