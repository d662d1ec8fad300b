"""A deformation makes no organ unusual that was drawn as a usual one."""

import numpy as np
import pytest
from scipy import ndimage

from GuideGenLib.anatomy.table import values
from GuideGenLib.mask.mends.usual_sizes import INSIDE, with_usual_sizes

VALUE = values()
MM = 3.0
LIVER = 4 / 3 * np.pi * 10**3 * MM**3 / 1000
"""ml of a ball of ten voxels."""


def balls(liver: float, spleen: float = 6.0) -> np.ndarray:
    """Fat [40, 40, 60] with a liver and a spleen of so many voxels radius, and a rib between them."""
    labels = np.full((40, 40, 60), VALUE["torso_fat"], np.uint8)
    z, y, x = np.ogrid[:40, :40, :60]
    for key, at, radius in (("liver", 20, liver), ("spleen", 46, spleen)):
        labels[(z - 20) ** 2 + (y - 20) ** 2 + (x - at) ** 2 <= radius**2] = VALUE[key]
    labels[:, 18:22, 34:36] = VALUE["ribs_left"]
    return labels


def ml(labels: np.ndarray, key: str = "liver") -> float:
    return float((labels == VALUE[key]).sum()) * MM**3 / 1000


@pytest.mark.parametrize("radius", [8.0, 12.0])
def test_what_left_its_range_comes_back_whole_and_no_other_organ_pays(radius: float) -> None:
    low, high = 0.85 * LIVER, 1.15 * LIVER
    deformed = balls(radius, 7.0)
    result = with_usual_sizes(balls(10), deformed, {"liver": (low, high)}, MM)
    end = low * (1 + INSIDE) if radius < 10 else high * (1 - INSIDE)
    assert ml(result) == pytest.approx(end, rel=0.001)
    liver = result == VALUE["liver"]
    assert ndimage.label(liver)[1] == 1
    assert np.array_equal(ndimage.binary_fill_holes(liver), liver)
    for key in ("spleen", "ribs_left"):
        assert np.array_equal(result == VALUE[key], deformed == VALUE[key])
    changed = result != deformed
    assert {*np.unique(result[changed]), *np.unique(deformed[changed])} == {VALUE["liver"], VALUE["torso_fat"]}


def test_what_was_drawn_unusual_stays_so_but_comes_no_further() -> None:
    ranges = {"liver": (0.5 * LIVER, 0.9 * LIVER)}
    assert ml(with_usual_sizes(balls(10), balls(12), ranges, MM)) == ml(balls(10))
    assert ml(with_usual_sizes(balls(10), balls(9.9), ranges, MM)) == ml(balls(9.9))


def test_sizes_in_the_range_asked_ones_and_cut_organs_stay_as_they_are() -> None:
    ranges = {"liver": (0.9 * LIVER, 1.1 * LIVER), "spleen": (1.0, 1000.0)}
    usual, large = balls(10.1, 7), balls(12)
    assert np.array_equal(with_usual_sizes(balls(10), usual, ranges, MM), usual)
    assert np.array_equal(with_usual_sizes(balls(10), large, ranges, MM, {VALUE["liver"]}), large)
    cut = large[12:]
    assert np.array_equal(with_usual_sizes(balls(10)[12:], cut, ranges, MM, whole=False), cut)
    assert ml(with_usual_sizes(balls(10)[12:], cut, ranges, MM)) < ml(cut)
