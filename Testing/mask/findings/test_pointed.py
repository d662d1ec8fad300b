"""A lesion where one points, as voxels of an anatomy."""

import numpy as np
import pytest

from GuideGenLib.anatomy.table import label, values
from GuideGenLib.mask.findings.pointed import grow_at
from GuideGenLib.mask.findings.shapes import longest_extent
from GuideGenLib.mask.findings.sites import LesionError
from GuideGenLib.mask.findings.solid import SMOOTH_MM, body_of

SPACING = (3.0, 3.0, 3.0)


@pytest.fixture
def anatomy() -> np.ndarray:
    """A liver of 72 mm with a vessel in it, beside a spleen."""
    array = np.full((30, 44, 60), values()["body"], np.uint8)
    array[3:27, 8:34, 6:34] = values()["liver"]
    array[10:16, 16:22, 6:20] = values()["portal_splenic_vein"]
    array[3:27, 8:34, 34:46] = values()["spleen"]
    return array


def test_it_has_its_size_and_takes_room_from_its_organ_alone(anatomy: np.ndarray) -> None:
    before = anatomy.copy()
    voxels = grow_at(anatomy, SPACING, np.array([15.0, 20.0, 32.0]), label("liver_tumor"), 30.0, seed=3)
    assert longest_extent(voxels, SPACING) == pytest.approx(30, abs=3)
    assert set(np.unique(before[voxels])) == {values()["liver"]} and np.array_equal(anatomy, before)


def test_a_point_far_off_and_an_absent_organ_are_told_with_the_remedy(anatomy: np.ndarray) -> None:
    with pytest.raises(LesionError, match="mm from the liver") as told:
        grow_at(anatomy, SPACING, np.array([15.0, 20.0, 55.0]), label("liver_tumor"), 20.0, seed=3)
    assert told.value.remedy.startswith("place it inside")
    with pytest.raises(LesionError, match="holds no"):
        grow_at(anatomy, SPACING, np.array([15.0, 20.0, 30.0]), label("pancreas_tumor"), 20.0, seed=3)


def test_small_lesions_are_smooth_and_other_organs_have_a_body_too() -> None:
    small, large = (body_of("lung", size, np.random.default_rng(1)) for size in (SMOOTH_MM, SMOOTH_MM + 1))
    assert not small.spike_height and large.spike_height
    assert body_of("colon", 30.0, np.random.default_rng(1)).heights.any()
