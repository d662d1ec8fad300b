"""A small made-up torso at 3 mm, and the people made of it."""

import numpy as np
import pytest

from GuideGenLib.anatomy.table import values

Triple = tuple[float, float, float]


def _ball(shape: tuple[int, int, int], centre: Triple, radii: Triple) -> np.ndarray:
    z, y, x = np.ogrid[tuple(slice(0, n) for n in shape)]
    parts = [((axis - c) / r) ** 2 for axis, c, r in zip((z, y, x), centre, radii, strict=True)]
    return parts[0] + parts[1] + parts[2] < 1


@pytest.fixture(scope="session")
def torso() -> np.ndarray:
    """uint8 [96, 56, 80]: fat, muscle, lungs, liver, kidneys, spine, aorta, hips, bladder, prostate."""
    key = values()
    shape = (96, 56, 80)
    labels = np.zeros(shape, np.uint8)

    def put(name: str, mask: np.ndarray) -> None:
        labels[mask] = key[name]

    tall = np.ones(shape[0], bool)[:, None, None]
    put("subcutaneous_fat", _ball(shape, (48, 29, 40), (1e6, 22, 35)) & tall)
    put("muscle", _ball(shape, (48, 29, 40), (1e6, 18, 31)) & tall)
    put("torso_fat", _ball(shape, (48, 27, 40), (1e6, 14, 27)) & tall)
    for side, x in (("right", 28), ("left", 52)):
        put(f"lung_lower_lobe_{side}", _ball(shape, (74, 26, x), (18, 11, 10)))
        put(f"lung_upper_lobe_{side}", _ball(shape, (74, 26, x), (18, 11, 10)) & (np.arange(96)[:, None, None] > 74))
        put(f"kidney_{side}", _ball(shape, (42, 32, x + (2 if side == "right" else -2)), (8, 4, 4)))
        put(f"hip_{side}", _ball(shape, (12, 32, 40 + (x - 40) * 1.8), (12, 7, 3)))
        put(f"femur_{side}", _ball(shape, (4, 30, 40 + (x - 40) * 1.6), (6, 4, 3)))
    put("heart", _ball(shape, (70, 20, 42), (8, 6, 6)))
    put("liver", _ball(shape, (52, 24, 30), (9, 9, 10)))
    put("spleen", _ball(shape, (53, 31, 56), (5, 4, 4)))
    put("small_bowel", _ball(shape, (34, 22, 41), (9, 7, 12)))
    column = _ball(shape, (48, 38, 40), (1e6, 4, 5)) & tall
    z = np.arange(96)[:, None, None]
    for name, low, high in (("sacrum", 4, 20), ("vertebrae_lumbar", 20, 48), ("vertebrae_thoracic", 48, 90)):
        put(name, column & (z >= low) & (z < high))
    put("spinal_cord", _ball(shape, (48, 39, 40), (1e6, 1.5, 1.5)) & (z > 30))
    put("aorta", _ball(shape, (48, 32, 41), (1e6, 2.5, 2.5)) & (z > 30) & (z < 76))
    put("sternum", _ball(shape, (74, 13, 40), (14, 1.5, 3)))
    put("urinary_bladder", _ball(shape, (17, 22, 40), (11, 9, 11)))
    put("prostate", _ball(shape, (4, 25, 40), (4, 5, 5)))
    return labels
