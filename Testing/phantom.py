"""A torso of boxes at 6 mm, with enough landmarks for the judge, and tumours to put into it."""

from collections.abc import Callable

import numpy as np
import pytest

from GuideGenLib.anatomy.table import values

SPACING = (6.0, 6.0, 6.0)
Put = Callable[[np.ndarray, str, tuple[int, int, int], float], np.ndarray]
SHAPE = (96, 56, 64)
BOXES: dict[str, tuple[tuple[int, int], tuple[int, int], tuple[int, int]]] = {
    "body": ((0, 96), (4, 52), (4, 60)),
    "lung_upper_lobe_left": ((62, 88), (8, 44), (37, 56)),
    "lung_lower_lobe_left": ((54, 62), (8, 44), (37, 56)),
    "lung_upper_lobe_right": ((70, 88), (8, 44), (8, 27)),
    "lung_middle_lobe_right": ((62, 70), (8, 26), (8, 27)),
    "lung_lower_lobe_right": ((56, 62), (8, 44), (8, 27)),
    "heart": ((56, 70), (10, 24), (28, 36)),
    "vertebrae_thoracic": ((48, 92), (36, 42), (29, 35)),
    "vertebrae_lumbar": ((22, 48), (32, 40), (29, 35)),
    "sacrum": ((10, 22), (42, 48), (26, 38)),
    "liver": ((38, 54), (8, 34), (8, 40)),
    "gallbladder": ((40, 43), (10, 13), (20, 23)),
    "inferior_vena_cava": ((24, 54), (27, 30), (27, 30)),
    "spleen": ((46, 54), (34, 44), (48, 57)),
    "stomach": ((44, 54), (10, 30), (41, 50)),
    "pancreas": ((38, 42), (24, 27), (28, 47)),
    "kidney_right": ((28, 38), (34, 42), (12, 20)),
    "kidney_left": ((30, 42), (34, 42), (43, 50)),
    "urinary_bladder": ((2, 10), (14, 24), (26, 38)),
    "femur_left": ((0, 6), (24, 30), (48, 54)),
    "femur_right": ((0, 6), (24, 30), (10, 16)),
}


@pytest.fixture(scope="session")
def phantom() -> np.ndarray:
    """Labels uint8 [z, y, x] with a colon that runs up on the right, across, and down on the left to the rectum."""
    labels = np.zeros(SHAPE, np.uint8)
    for key, box in BOXES.items():
        labels[tuple(slice(*side) for side in box)] = values()[key]
    colon = values()["colon"]
    labels[20:37, 22:28, 9:12] = colon
    labels[33:37, 10:14, 9:55] = colon
    labels[20:45, 28:33, 52:55] = colon
    labels[17:20, 26:30, 32:55] = colon
    labels[4:17, 40:42, 30:34] = colon
    return labels


@pytest.fixture(scope="session")
def put() -> Put:
    """put(labels, key, centre, mm): a copy with a ball of `mm` diameter of that label about a voxel."""

    def paint(labels: np.ndarray, key: str, centre: tuple[int, int, int], mm: float) -> np.ndarray:
        z, y, x = (np.arange(n) - c for n, c in zip(labels.shape, centre, strict=True))
        distance = SPACING[0] * np.sqrt(z[:, None, None] ** 2 + y[:, None] ** 2 + x**2)
        result = labels.copy()
        result[distance <= (mm - SPACING[0]) / 2] = values()[key]
        return result

    return paint
