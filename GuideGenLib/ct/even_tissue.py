"""Lung between its vessels and fat of the belly, made more even: rules draw the vessels that the networks only hint at.

The networks resolve no vessels as fine as those, and leave blots of their size: 20 HU of grain all over the lung, as
much as quiet scans have with all vessels; in fat as much below its mean as above it, where scans have little below.
With the vessels that are grown by rule (ct.fine_vessels, ct.belly_vessels) the same would be drawn twice, so most of it
is taken away where the tissue is of one kind and nothing else.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.structures import LUNGS, select
from GuideGenLib.ct.canvas import Canvas
from GuideGenLib.vessels.places import box_of

Field = NDArray[np.float32]
ENDS = 2.5
"""Standard deviations after which the Gaussians of the means are cut: what lies beyond costs time and is not seen."""


@dataclass(frozen=True)
class Tissue:
    """keys: its labels; kept: what is left of what differs from the mean about it, by eye and by the grain of scans;
    around_mm: standard deviation of the Gaussian of that mean; least: where the Gaussian holds less of the tissue than
    this, at its edges, nothing is changed; where it holds nothing else, all of it; between the two in part."""

    keys: tuple[str, ...]
    kept: float
    around_mm: float
    least: float


LUNG = Tissue(LUNGS, 0.1, 3.0, 0.9)
FAT = Tissue(("torso_fat",), 0.4, 4.0, 0.4)
"""Between coils of bowel there is little fat, of which the same holds as of more."""


def with_even_lungs(hu: Field, canvas: Canvas) -> Field:
    """HU [z, y, x] of the canvas's window with a part of its grain inside the lungs; means stay."""
    return _evened(hu, canvas, LUNG)


def with_even_fat(hu: Field, canvas: Canvas) -> Field:
    """The same in the fat about the organs."""
    return _evened(hu, canvas, FAT)


def _evened(hu: Field, canvas: Canvas, tissue: Tissue) -> Field:
    there = select(canvas.labels[canvas.window], tissue.keys)
    box = box_of(there)
    inside, part = there[box].astype(np.float32), hu[box]
    if not inside.size:
        return hu
    blur = tissue.around_mm / canvas.spacing
    share = ndimage.gaussian_filter(inside, blur, truncate=ENDS)
    mean = ndimage.gaussian_filter(part * inside, blur, truncate=ENDS) / np.maximum(share, tissue.least)
    weight = inside * np.clip((share - tissue.least) / (1 - tissue.least), 0, 1) * (1 - tissue.kept)
    np.add(part, weight * (mean - part), out=part, where=there[box])
    return hu
