"""What a tumour that keeps no border grows into: a T4 tumour, or one that is called infiltrating.

A T4 tumour invades by definition (AJCC Cancer Staging Manual, 8th edition: of the lung mediastinum, oesophagus and
diaphragm, of the kidney what lies beyond the fascia of Gerota, of the liver the organs beside it). What it reaches
is consumed where it lies and not pushed aside. Great vessels, heart and spine stay whole and are surrounded.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from GuideGenLib.anatomy.structures import LUNGS, TUMOUR_ORGANS, select
from GuideGenLib.mask.findings.shapes import Spacing
from GuideGenLib.mask.findings.tissue import FILLERS, soft_keys

if TYPE_CHECKING:
    from GuideGenLib.description.model import Finding

REACHED = {
    "lung": (*FILLERS, "esophagus", "muscle", "ribs_left", "ribs_right"),
    "liver": ("muscle",), "kidney": ("muscle",), "pancreas": ("muscle", "esophagus"),
}  # fmt: skip
"""Tissue into which tumours of an organ grow, beside what their neighbours hold."""
REACH_MM = 12.0
"""So far beyond the surface of their organ they grow into what does not give way."""
OWN_SHARE = {"lung": (0.6, 0.8), "liver": (0.6, 0.85), "kidney": (0.4, 0.75), "pancreas": (0.4, 0.85)}
"""The share of such a tumour that starts in its own organ: it begins near the surface."""

LEAST_TAKEN = 0.2
"""The share of such a tumour that is sought to lie in a neighbour."""


def invades(finding: "Finding") -> bool:
    """Whether a tumour grows through the surface of its organ."""
    return (finding.t or "").startswith("4") or "infiltrating" in finding.looks


def reached_keys(organ: str, side: str | None) -> tuple[str, ...]:
    """The labels that may become tumour."""
    return (*soft_keys(organ, side), *REACHED[organ])


def neighbours(organ: str, home: Sequence[str]) -> list[str]:
    """The labels of what is worth growing into: not fat, but for a lung, whose neighbour is the mediastinum."""
    keys = REACHED["lung"] if organ == "lung" else reached_keys(organ, None)
    return [
        key for key in keys if key not in home and (organ == "lung" or key not in (*FILLERS, "lung_vessel", *LUNGS))
    ]


def reached(part: np.ndarray, spacing: Spacing, organ: str) -> np.ndarray:
    """Boolean volume of what does not give way and is grown into, in a part of a label volume [z, y, x]."""
    own = select(part, TUMOUR_ORGANS[organ])
    if not own.any():
        return own
    near = ndimage.distance_transform_edt(~own, sampling=spacing) <= REACH_MM
    return np.asarray(near & select(part, REACHED[organ]))
