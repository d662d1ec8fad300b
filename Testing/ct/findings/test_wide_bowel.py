"""Gas over fluid in wide bowel."""

import numpy as np
import pytest

from GuideGenLib.anatomy.table import hu_mean, values
from GuideGenLib.ct.canvas import Canvas
from GuideGenLib.ct.findings.wide_bowel import with_wide_bowel


@pytest.fixture(scope="module")
def belly() -> np.ndarray:
    """Two loops of small bowel that do not touch, in fat."""
    labels = np.full((50, 50, 80), values()["torso_fat"], np.uint8)
    labels[10:40, 12:32, 6:34] = values()["dilated_small_bowel"]
    labels[10:40, 18:44, 44:72] = values()["dilated_small_bowel"]
    return labels


def laid(labels: np.ndarray, phase: str = "portal_venous") -> np.ndarray:
    table = hu_mean(phase)  # type: ignore[arg-type]
    return with_wide_bowel(table[labels], Canvas(labels, table, phase, 2.0, 4))


def test_each_loop_has_gas_in_front_a_level_and_fluid_behind(belly: np.ndarray) -> None:
    hu = laid(belly)
    for x, front, back in ((20, 12, 32), (58, 18, 44)):
        column = hu[25, front + 2 : back - 2, x]
        gas = column < -500
        assert gas[0] and not gas[-1] and np.diff(gas.astype(int)).sum() == -1, "one border"
        assert column[-3] == pytest.approx(16, abs=20)
        across = hu[25, front + 3, x - 8 : x + 8]
        assert (across < -500).mean() > 0.8, "gas is in front all along"


def test_the_wall_is_bright_and_what_is_around_stays(belly: np.ndarray) -> None:
    hu = laid(belly)
    assert hu[10:40, 31, 8:32].mean() > 35
    outside = belly == values()["torso_fat"]
    assert np.array_equal(hu[outside], hu_mean("portal_venous")[belly][outside])


def test_a_loop_does_not_change_with_another_one(belly: np.ndarray) -> None:
    alone = belly.copy()
    alone[:, :, 40:] = values()["torso_fat"]
    assert np.array_equal(laid(belly)[:, :, 6:34], laid(alone)[:, :, 6:34])
