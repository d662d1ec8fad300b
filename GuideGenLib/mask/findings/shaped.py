"""Findings that change the shape of an organ: by the option `shape` of their recipes."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from GuideGenLib.mask.findings.bowel import calibre, wide_colon, wide_loops
from GuideGenLib.mask.findings.prosthesis import cup_width, prosthesis
from GuideGenLib.mask.findings.shapes import Spacing
from GuideGenLib.mask.findings.vertebrae import height_lost, spur_length, spurs, wedge

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Shape:
    """draw: of labels, spacing, finding, recipe, count, size, what nothing is drawn over and random numbers the labels
    after each piece with its voxels, one after another; measured: of labels and a piece how large it is, in the unit
    of the recipe."""

    draw: Callable[..., list[tuple[NDArray[np.uint8], Mask]]]
    measured: Callable[[NDArray[np.uint8], Mask, Spacing], float]


SHAPES: dict[str, Shape] = {
    "wedge": Shape(wedge, height_lost), "spurs": Shape(spurs, spur_length),
    "wide_loops": Shape(wide_loops, calibre), "wide_colon": Shape(wide_colon, calibre),
    "prosthesis": Shape(prosthesis, cup_width),
}  # fmt: skip
"""Of findings with a label of their own."""
