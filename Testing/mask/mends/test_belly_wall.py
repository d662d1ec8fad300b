"""Between the belly and the fat of the skin there is muscle in front, as thick as people have it."""

import numpy as np
import pytest

from GuideGenLib.anatomy.table import values
from GuideGenLib.mask.mends.belly_wall import belly, with_belly_wall

VALUE = values()
SPACING = 3.0

pytestmark = pytest.mark.small


def person() -> np.ndarray:
    """[60, 90, 110]: an oval of fat with no wall, a spine, bowel that reaches the skin's fat, hips and breastbone."""
    z, y, x = np.indices((60, 90, 110))
    away = np.hypot((y - 45) / 33, (x - 55) / 45)
    labels = np.zeros(z.shape, np.uint8)
    labels[away < 1] = VALUE["subcutaneous_fat"]
    labels[away < 0.8] = VALUE["torso_fat"]
    labels[(np.hypot(y - 23, x - 70) < 6) & (away < 0.86) & (z > 25) & (z < 45)] = VALUE["colon"]
    labels[np.hypot(y - 66, x - 55) < 6] = VALUE["vertebrae_lumbar"]
    labels[(np.abs(y - 60) < 5) & (np.abs(x - 30) < 4) & (z < 20)] = VALUE["hip_right"]
    labels[(np.abs(y - 60) < 5) & (np.abs(x - 80) < 4) & (z < 20)] = VALUE["hip_left"]
    labels[(np.abs(y - 20) < 2) & (np.abs(x - 55) < 5) & (z >= 55)] = VALUE["sternum"]
    return labels


def test_the_belly_lies_between_pubic_bones_and_breastbone() -> None:
    labels = person()
    assert belly(labels) == slice(7, 55)
    assert belly(labels[20:50]) == slice(0, 30)


def test_muscle_parts_both_fats_in_front_and_nowhere_else() -> None:
    labels = person()
    result = with_belly_wall(labels, SPACING)
    muscle = result == VALUE["muscle"]
    column = result[30, :, 55 - 12]
    first, last = np.flatnonzero(column == VALUE["muscle"])[[0, -1]]
    assert 2 <= last - first + 1 <= 4
    assert column[first - 1] == VALUE["subcutaneous_fat"]
    assert column[last + 1] == VALUE["torso_fat"]
    white_line = (result[30, :, 55] == VALUE["muscle"]).sum()
    assert 1 <= white_line < last - first + 1
    assert not muscle[:, 66:].any()
    assert not muscle[:7].any()
    assert not muscle[55:].any()


def test_bowel_that_reaches_the_border_stays_and_gets_the_wall_over_it() -> None:
    labels = person()
    result = with_belly_wall(labels, SPACING)
    colon = labels == VALUE["colon"]
    assert np.array_equal(result == VALUE["colon"], colon)
    top = int(np.flatnonzero(colon[35, :, 70])[0])
    assert result[35, top - 1, 70] == VALUE["muscle"]
    assert (result[35, top - 5 : top - 2, 70] == VALUE["subcutaneous_fat"]).any()


def test_a_volume_without_a_spine_stays() -> None:
    labels = person()
    labels[labels == VALUE["vertebrae_lumbar"]] = VALUE["torso_fat"]
    assert np.array_equal(with_belly_wall(labels, SPACING), labels)
