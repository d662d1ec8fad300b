"""A picture of a labelled scan, to see at a glance whether its labels and its place are right."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from GuideGenLib.anatomy.table import labels as anatomy_rows
from GuideGenLib.anatomy.unknown import OUTSIDE, UNLABELLED, value_of
from GuideGenLib.core.files import atomic

WINDOW_HU = (-200.0, 300.0)
OPACITY = 0.45
UNSURE_OPACITY = 0.15
LEVELS = (0.2, 0.5, 0.8)
"""Heights of the axial slices, as shares of the scan."""
UNKNOWN_GREY, UNSEEN_GREY = 0.25, 0.12
"""Of voxels that nothing names, and of those beyond the field of view."""
Panel = NDArray[np.float64]
"""[rows, columns, 3] of 0..1."""


def write_picture(panels: list[Panel], path: Path) -> None:
    """PNG of panels side by side."""
    from matplotlib.image import imsave

    tallest = max(len(panel) for panel in panels)
    padded = [np.pad(panel, ((0, tallest - len(panel)), (0, 2), (0, 0))) for panel in panels]
    with atomic(path) as private:
        imsave(private, np.concatenate(padded, axis=1), format="png")


def scan_panels(hu: NDArray[np.number], labels: NDArray[np.uint8], unsure: NDArray[np.bool_]) -> list[Panel]:
    """A coronal and three axial slices, each plain and with the labels; where they are not sure they are pale.

    All arrays [z, y, x] on one isotropic grid in the canonical frame.
    """
    depth, height, _ = hu.shape
    cuts = [(slice(None, None, -1), height // 2), *((round(share * (depth - 1)),) for share in LEVELS)]
    panels = []
    for cut in cuts:
        low, high = WINDOW_HU
        grey = np.repeat(np.clip((hu[cut] - low) / (high - low), 0, 1)[..., None], 3, axis=-1)
        opacity = np.where(unsure[cut], UNSURE_OPACITY, OPACITY) * (labels[cut] > 0)
        panels += [grey, grey + opacity[..., None] * (_colours()[labels[cut]] - grey)]
    return panels


def placed_panels(labels: NDArray[np.uint8]) -> list[Panel]:
    """Two coronal and a sagittal slice of a map on the torso frame, the marks of `anatomy.unknown` in grey."""
    _, height, width = labels.shape
    panels = []
    for plane in (labels[::-1, height // 2], labels[::-1, 5 * height // 8], labels[::-1, :, width // 2]):
        panel = _colours()[value_of(plane)]
        panel[plane == UNLABELLED] = UNKNOWN_GREY
        panel[plane == OUTSIDE] = UNSEEN_GREY
        panels.append(panel)
    return panels


def _colours() -> NDArray[np.float64]:
    colours = np.zeros((256, 3))
    for row in anatomy_rows():
        colours[row.value] = np.array(row.color) / 255
    return colours
