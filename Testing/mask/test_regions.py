"""Where a region is cut."""

import numpy as np

from GuideGenLib.anatomy.table import values
from GuideGenLib.mask.regions import crop_range


def anatomy(**slices: tuple[int, int]) -> np.ndarray:
    labels = np.zeros((200, 3, 3), np.uint8)
    for key, (first, last) in slices.items():
        labels[first:last, 1] = values()[key]
    return labels


def test_regions_are_cut_by_their_landmarks() -> None:
    labels = anatomy(hip_left=(10, 60), liver=(80, 130), lung_lower_lobe_left=(131, 180))
    assert crop_range(labels, "torso", 3.0) == (0, 200)
    assert crop_range(labels, "chest", 3.0) == (121, 200)
    assert crop_range(labels, "abdomen", 3.0) == (49, 140)
    assert crop_range(labels, "pelvis", 3.0) == (0, 67)


def test_a_missing_landmark_leaves_its_end_and_a_senseless_order_both() -> None:
    assert crop_range(anatomy(liver=(80, 130)), "abdomen", 3.0) == (0, 140)
    assert crop_range(anatomy(liver=(5, 20), hip_left=(100, 150)), "abdomen", 3.0) == (0, 200)
