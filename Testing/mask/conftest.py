"""A small synthetic trunk of ellipsoids and tubes, on which lesions and rules are tested without any patient data."""

from itertools import pairwise

import numpy as np
import pytest

from GuideGenLib.anatomy.table import values
from Testing.phantom import phantom, put

__all__ = ["phantom", "put"]

SPACING = (4.0, 4.0, 4.0)
SHAPE = (110, 68, 92)


def _trunk() -> np.ndarray:
    """uint8 [z, y, x] at 4 mm in the canonical frame: x grows to the patient's left, y backwards, z upwards."""
    labels = np.zeros(SHAPE, dtype=np.uint8)
    z, y, x = (g * 4.0 for g in np.meshgrid(*(np.arange(n) for n in SHAPE), indexing="ij"))
    x = x - 182.0

    def paint(key: str, where: np.ndarray) -> None:
        labels[where] = values()[key]

    def ellipsoid(key: str, centre: tuple[float, float, float], radii: tuple[float, float, float]) -> None:
        at = ((z - centre[0]) / radii[0]) ** 2 + ((y - centre[1]) / radii[1]) ** 2 + ((x - centre[2]) / radii[2]) ** 2
        paint(key, at <= 1)

    def tube(key: str, points: list[tuple[float, float, float]], radius: float, core: str | None = None) -> None:
        near = np.full(SHAPE, np.inf)
        for start, stop in pairwise(np.array(points)):
            way = stop - start
            along = ((z - start[0]) * way[0] + (y - start[1]) * way[1] + (x - start[2]) * way[2]) / (way @ way)
            along = np.clip(along, 0, 1)
            apart = (z - start[0] - along * way[0]) ** 2 + (y - start[1] - along * way[1]) ** 2
            near = np.minimum(near, np.sqrt(apart + (x - start[2] - along * way[2]) ** 2))
        paint(key, near <= radius)
        if core:
            paint(core, near <= 0.5 * radius)

    def round_slab(key: str, radii: tuple[float, float]) -> None:
        paint(key, ((y - 136) / radii[0]) ** 2 + (x / radii[1]) ** 2 <= 1)

    round_slab("subcutaneous_fat", (128, 176))
    round_slab("muscle", (112, 160))
    round_slab("torso_fat", (100, 148))
    for side, sign in (("right", -1), ("left", 1)):
        lung = ((z - 330) / 100) ** 2 + ((y - 130) / 88) ** 2 + ((x - sign * 82) / 62) ** 2 <= 1
        fissure = z - 320 + 0.6 * (130 - y)
        paint(f"lung_lower_lobe_{side}", lung & (fissure < 0))
        paint(f"lung_upper_lobe_{side}", lung & (fissure >= 0))
        if side == "right":
            paint("lung_middle_lobe_right", lung & (fissure >= 0) & (z < 320) & (y < 130))
        for level in range(240, 430, 32):
            wall = ((y - 136) / 106) ** 2 + (x / 154) ** 2
            paint(f"ribs_{side}", (np.abs(wall - 1) < 0.06) & (np.abs(z - level) < 7) & (sign * x > 20))
        ellipsoid(f"kidney_{side}", (176, 170, sign * 78), (55, 28, 28))
        ellipsoid(f"adrenal_{side}", (238, 160, sign * 58), (12, 6, 10))
        ellipsoid(f"hip_{side}", (60, 150, sign * 110), (50, 40, 20))
    ellipsoid("liver", (232, 120, -68), (55, 78, 74))
    ellipsoid("liver", (240, 90, 10), (30, 40, 60))
    ellipsoid("gallbladder", (186, 80, -50), (18, 12, 12))
    ellipsoid("spleen", (228, 165, 105), (40, 30, 22))
    ellipsoid("stomach", (225, 95, 80), (36, 30, 30))
    tube("duodenum", [(205, 100, -30), (160, 115, -30), (160, 120, 10)], 12)
    tube("pancreas", [(190, 112, -16), (195, 104, 20), (206, 130, 74)], 13)
    ellipsoid("heart", (300, 92, 24), (42, 38, 44))
    tube("aorta", [(30, 160, 8), (400, 160, 8)], 12)
    tube("inferior_vena_cava", [(30, 160, -22), (285, 150, -26)], 12)
    tube("trachea", [(345, 130, 0), (436, 120, 0)], 9)
    tube("vertebrae_thoracic", [(236, 196, 0), (436, 196, 0)], 20)
    tube("vertebrae_lumbar", [(84, 192, 0), (232, 192, 0)], 22)
    tube("sacrum", [(20, 216, 0), (80, 198, 0)], 24)
    tube("spinal_cord", [(90, 222, 0), (436, 222, 0)], 6)
    course: list[tuple[float, float, float]]
    course = [(84, 110, -100), (184, 140, -112), (190, 70, -70), (178, 56, 0), (200, 70, 70), (232, 120, 118),
              (110, 150, 112), (70, 110, 70), (60, 130, 0), (40, 170, 0), (8, 176, 0)]  # fmt: skip
    tube("colon", course, 17, core="colon_gas")
    return labels


@pytest.fixture(scope="session")
def trunk() -> np.ndarray:
    """A label volume with the organs in which lesions are drawn; read-only, as all tests share it."""
    labels = _trunk()
    labels.flags.writeable = False
    return labels


@pytest.fixture(scope="session")
def spacing() -> tuple[float, float, float]:
    return SPACING
