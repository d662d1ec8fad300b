"""What is measured of sex and age has the size that was put in."""

import numpy as np
import pytest
from numpy.typing import NDArray

from GuideGenLib.anatomy.table import values
from GuideGenLib.judges.person_measures import SEX_MEASURES, age_measures, body_of, sex_measures

VALUE = values()
Ellipse = NDArray[np.bool_]


def _ellipse(y: float, x: float, depth: float, breadth: float) -> Ellipse:
    """bool [96, 128] of a section: middle and half axes in voxels of 3 mm."""
    at_y, at_x = np.mgrid[:96, :128]
    return np.asarray(((at_y - y) / depth) ** 2 + ((at_x - x) / breadth) ** 2 < 1)


def chest(breast: float = 0.0, breadth: float = 48.0) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """HU and labels of 30 slices of a chest: two lungs, ribs about them, back muscles, a vertebra, breasts so deep."""
    labels = np.zeros((30, 96, 128), np.uint8)
    trunk = _ellipse(52, 64, 36, breadth + 8)
    for side in (-24, 24):
        trunk |= _ellipse(26, 64 + side, 8 + breast, 18) if breast else trunk
    labels[:, trunk] = VALUE["subcutaneous_fat"]
    labels[:, _ellipse(52, 64, 31, breadth)] = VALUE["ribs_left"]
    labels[:, _ellipse(52, 64, 29, breadth - 2)] = VALUE["muscle"]
    lungs = _ellipse(52, 64, 28, breadth - 3)
    lungs[:, 56:73] = False
    labels[:, lungs] = VALUE["lung_upper_lobe_left"]
    labels[:, 66:78, 58:71] = VALUE["vertebrae_thoracic"]
    labels[:, 79:84, 50:62] = VALUE["autochthon_left"]
    hu = np.full(labels.shape, 40, np.float32)
    for key, mean in (
        ("background", -1000), ("subcutaneous_fat", -100), ("lung_upper_lobe_left", -850), ("ribs_left", 400),
        ("vertebrae_thoracic", 180), ("autochthon_left", 45),
    ):  # fmt: skip
        hu[labels == VALUE[key]] = mean
    return hu, labels


def test_breasts_and_breadth_are_measured() -> None:
    plain, deep, narrow = (
        dict(zip(SEX_MEASURES, sex_measures(*chest(*size), 3.0), strict=True)) for size in ((0,), (10,), (0, 40.0))
    )
    assert deep["breast"] > plain["breast"] + 0.3
    assert plain["rib cage breadth"] == pytest.approx(2 * 48 * 3, abs=9)
    assert plain["rib cage breadth"] - narrow["rib cage breadth"] == pytest.approx(48, abs=9)
    assert plain["chest depth"] == pytest.approx(2 * 28 * 3, abs=12)
    assert plain["thoracic vertebra"] == pytest.approx(12 * 13 * 0.09, abs=0.1)
    assert np.isnan(plain["pelvic inlet"])


def test_sizes_are_in_mm() -> None:
    hu, labels = chest()
    fine, coarse = (sex_measures(hu, labels, spacing) for spacing in (3.0, 6.0))
    assert coarse[1] == pytest.approx(2 * fine[1]) and coarse[3] == pytest.approx(4 * fine[3])


def test_a_label_map_shows_bones_alone() -> None:
    _, labels = chest()
    found = sex_measures(None, labels, 3.0)
    assert np.isnan([found[0], found[2]]).all() and found[1] > 250
    assert np.isnan(sex_measures(None, np.zeros_like(labels), 3.0)).all()


def test_bone_and_muscle_are_read_within_and_nothing_beside_the_body() -> None:
    hu, labels = chest()
    labels[:, :3, :3] = VALUE["vertebrae_thoracic"]  # a stray in the air
    assert age_measures(hu, labels, 3.0) == [180.0, 45.0]
    assert np.isnan(age_measures(hu, np.zeros_like(labels), 3.0)).all()
    assert not body_of(hu)[:, :3, :3].any() and body_of(hu)[:, 52, 64].all()
