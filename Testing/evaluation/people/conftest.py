"""A pelvis of plates and balls at 3 mm, and the made-up torso of the population."""

from collections.abc import Callable

import numpy as np
import pytest

from GuideGenLib.anatomy.table import values
from Testing.population.conftest import torso

__all__ = ["pelvis", "torso"]
MIDDLE, HEADS, JOINT = 50, 31, (16, 25)
"""x of the midline, half the distance between the femoral heads, their z and y; in voxels."""


@pytest.fixture(scope="session")
def pelvis() -> Callable[..., np.ndarray]:
    """pelvis(inlet, radius): labels uint8 [60, 50, 100] whose hip bones stand `inlet` voxels apart (even), with femoral
    heads of that radius, 62 from each other; 80 voxels between the iliac crests."""

    def make(inlet: int, radius: float = 8.0) -> np.ndarray:
        labels = np.zeros((60, 50, 100), np.uint8)
        z, y, x = np.ogrid[:60, :50, :100]
        for name, side in (("left", 1), ("right", -1)):
            aside = side * (x - MIDDLE + 0.5)  # the midline lies between two voxels
            hip = (aside > inlet / 2) & (aside < inlet / 2 + 3) & (z >= 4) & (z < 50) & (y >= 18) & (y < 42)
            hip |= (aside > inlet / 2) & (aside < 40) & (z >= 44) & (z < 50) & (y >= 24) & (y < 34)
            hip |= (aside > 0) & (aside < inlet / 2 + 1) & (z >= 2) & (z < 8) & (y >= 14) & (y < 18)
            labels[hip] = values()[f"hip_{name}"]
            ball = (z - JOINT[0]) ** 2 + (y - JOINT[1]) ** 2 + (aside - HEADS) ** 2 < radius**2
            shaft = (z < JOINT[0] - 4) & (abs(y - JOINT[1]) < 4) & (abs(aside - HEADS) < 4)
            labels[(ball | shaft) & (labels == 0)] = values()[f"femur_{name}"]
        labels[30:50, 36:42, MIDDLE - 8 : MIDDLE + 8] = values()["sacrum"]
        return labels

    return make
