"""Ascending and descending aorta are told apart by what lies in front."""

import numpy as np

from GuideGenLib.anatomy.aorta import beside_heart


def test_both_are_found_below_the_upper_end_of_the_heart() -> None:
    aorta = np.zeros((40, 60, 60), bool)
    aorta[:, 10:15, 20:25] = aorta[:, 40:45, 30:35] = True
    aorta[30:, 0:60, 0:10] = True  # too high to count
    assert beside_heart(aorta, 35.0, 2.0) == ((12.0, 22.0), (42.0, 32.0))


def test_a_row_of_voxels_tells_neither() -> None:
    aorta = np.zeros((40, 60, 60), bool)
    assert beside_heart(aorta, 35.0, 2.0) is None
    aorta[20, 30, 20:25] = True
    assert beside_heart(aorta, 35.0, 2.0) is None
