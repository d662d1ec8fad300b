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
MARGIN_MM, LEAST_MM, MOST_MM = 27.0, 60.0, 120.0
"""About a finding, and the width of its box at least; and the height at most of that of a change of the tissue."""
MIDDLE = 0.6
"""From this share of the deepest place on a voxel is of the middle of a finding."""
LEAST_CHANGE = 10.0
"""HU by which a voxel must change to count as changed by a finding of the tissue."""
MOST_CHANGED = 0.5
"""Share of those voxels that change the most: what is measured of them."""


@dataclass(frozen=True)
class Scan:
    """A box of a patient at 2 mm: labels and HU [z, y, x], of the same shape."""

    labels: Labels
    hu: HU


def box_about(masks: Sequence[NDArray[np.bool_]], whole: bool = True, margin_mm: float = MARGIN_MM) -> Box:
    """The box of an anatomy that holds all the masks and their surroundings; whole: however high that is."""
    (found,) = ndimage.find_objects(np.any(masks, axis=0).astype(np.uint8))
    sides = []
    for side, step, n in zip(found, STEP, masks[0].shape, strict=True):
        wide = max(side.stop - side.start + 2 * margin_mm / step, LEAST_MM / step)
        middle = (side.start + side.stop) / 2
        sides.append(slice(max(int(middle - wide / 2), 0), min(int(middle + wide / 2) + 1, n)))
    if not whole:
        centre, half = (sides[0].start + sides[0].stop) // 2, int(MOST_MM / 2 / STEP[0])
        sides[0] = slice(max(sides[0].start, centre - half), min(sides[0].stop, centre + half))
    return sides[0], sides[1], sides[2]


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
    return float(scan.hu[depth >= MIDDLE * depth.max()].mean())
