"""A labelled case brought onto the torso frame (`anatomy.torso_frame`), for training."""

from dataclasses import dataclass

import numpy as np

from GuideGenLib.anatomy.table import values
from GuideGenLib.anatomy.torso_frame import (
    CANVAS,
    FRAME_MM,
    LEAST_VOXELS,
    Frame,
    Labels,
    PlacingError,
    fitted,
    marks_of,
    overlap,
    sideways,
    torso_frame,
)
from GuideGenLib.anatomy.unknown import OUTSIDE, UNLABELLED
from GuideGenLib.core.volumes import image_from_array, to_canonical

LEAST_ORGAN_ML = 3.0
"""Of a prostate or uterus, to tell the sex by."""


@dataclass(frozen=True)
class Placed:
    """A case in the frame.

    labels: uint8 on CANVAS with the marks of `anatomy.unknown`: UNLABELLED where nothing is named, OUTSIDE beyond the
    field of view; known: values that are labelled in it; scale: frame mm for each mm of the person; marks: by how many
    ends it was placed; off_mm: root mean square by which these miss their places.
    """

    labels: Labels
    known: frozenset[int]
    scale: float
    marks: int
    off_mm: float


def place(
    labels: Labels, spacing: tuple[float, float, float], known: frozenset[int], frame: Frame | None = None
) -> Placed:
    """A case on CANVAS. Raises PlacingError where it cannot be placed.

    labels: UNLABELLED where nothing is named; spacing: (z, y, x) in mm; known: values that its source labels.
    """
    frame = frame or torso_frame()
    scale, move, marks, off = fitted(marks_of(labels, spacing[0]), frame)
    image = image_from_array(labels, spacing, labels=True)
    small, _ = to_canonical(image, FRAME_MM / scale, labels=True, smooth=True)
    here, there = overlap(small.shape, CANVAS, (round(move / FRAME_MM), *sideways(small, frame)))
    shown = small[there]
    if not ((shown > 0) & (shown < UNLABELLED)).any():
        raise PlacingError("nothing of it lies in the torso from neck to hip joints")
    placed = np.full(CANVAS, OUTSIDE, np.uint8)
    placed[here] = shown
    counts = np.bincount(shown.ravel(), minlength=256)
    # what the source labels and is not there is absent; what is hardly there was cut off
    sure = frozenset(value for value in known if counts[value] == 0 or counts[value] >= LEAST_VOXELS)
    return Placed(placed, sure, scale, marks, off)


def measured_sex(placed: Placed) -> str | None:
    """Male by a labelled prostate; female by a bladder between hip bones that are shown whole without one, where the
    source would have labelled it; else None."""
    ml = {key: (placed.labels == values()[key]).sum() * FRAME_MM**3 / 1000 for key in ("prostate", "uterus")}
    if max(ml.values()) >= LEAST_ORGAN_ML:
        return "male" if ml["prostate"] > ml["uterus"] else "female"
    shown = np.flatnonzero((placed.labels != OUTSIDE).any((1, 2)))
    for hip in ("hip_left", "hip_right"):
        slices = np.flatnonzero((placed.labels == values()[hip]).any((1, 2)))
        if not len(slices) or (shown[0] > 0 and slices[0] <= shown[0]) or slices[-1] >= shown[-1]:
            return None
    return "female" if (placed.labels == values()["urinary_bladder"]).any() else None
