"""Ribs from the template's map, on a chest of rings and blocks."""

import numpy as np
import pytest
from scipy import ndimage

from GuideGenLib.anatomy.table import values
from GuideGenLib.mask.ribs import RIBS, measure_ribs, with_ribs

VALUE = values()


def chest(ribs_apart: bool) -> np.ndarray:
    """[120, 80, 90]: an oval cage round two lungs, a column of vertebrae before the cord."""
    z, y, x = np.indices((120, 80, 90))
    labels = np.full(z.shape, VALUE["body"], np.uint8)
    radius = np.hypot((y - 38) / 28, (x - 45) / 36)
    labels[(radius < 1.15)] = VALUE["muscle"]
    labels[(radius < 0.94) & (z > 52) & (z < 112) & (x > 47)] = VALUE["lung_upper_lobe_left"]
    labels[(radius < 0.94) & (z > 52) & (z < 112) & (x < 43)] = VALUE["lung_upper_lobe_right"]
    shell = (radius > 0.95) & (radius < 1.03) & (z > 50) & (z < 114)
    ring = shell & ((z + np.abs(x - 45) // 6) % 8 < 4) if ribs_apart else shell
    labels[ring & (x > 45)] = VALUE["ribs_left"]
    labels[ring & (x <= 45)] = VALUE["ribs_right"]
    column = (np.abs(x - 45) <= 6) & (y > 44) & (y < 58)
    labels[column & (z > 0) & (z < 45)] = VALUE["vertebrae_lumbar"]
    labels[column & (z >= 45)] = VALUE["vertebrae_thoracic"]
    labels[(np.abs(x - 45) <= 2) & (y >= 58) & (y < 63)] = VALUE["spinal_cord"]
    return labels


def share_like(a: np.ndarray, b: np.ndarray, keys: tuple[str, ...]) -> float:
    """Dice of the voxels of some labels."""
    first, second = (np.isin(v, [VALUE[k] for k in keys]) for v in (a, b))
    return float(2 * (first & second).sum() / (first.sum() + second.sum()))


def test_a_shell_becomes_the_ribs_of_the_template() -> None:
    real, drawn = chest(True), chest(False)
    result = with_ribs(drawn, measure_ribs(real))
    shell, ribs, drawn_ribs = (np.isin(v, [VALUE[k] for k in RIBS]) for v in (drawn, real, result))
    assert drawn_ribs[ribs].mean() > 0.8 and drawn_ribs[shell & ~ribs].mean() < 0.35
    assert ndimage.label(np.isin(result, [VALUE[k] for k in RIBS]))[1] >= 8


def test_sides_of_the_ribs_stay() -> None:
    result = with_ribs(chest(False), measure_ribs(chest(True)))
    assert np.argwhere(result == VALUE["ribs_left"])[:, 2].min() >= 45
    assert np.argwhere(result == VALUE["ribs_right"])[:, 2].max() <= 46


def test_ribs_that_are_apart_are_left_alone() -> None:
    real = chest(True)
    result = with_ribs(real, measure_ribs(chest(True)))
    for key in RIBS:
        assert np.array_equal(result == VALUE[key], real == VALUE[key])


@pytest.mark.parametrize("missing", ["vertebrae_thoracic", "lung_upper_lobe_left"])
def test_a_volume_without_a_chest_is_left_as_it_is(missing: str) -> None:
    labels = chest(False)
    labels[np.isin(labels, [VALUE[missing], VALUE["lung_upper_lobe_right"], VALUE["vertebrae_lumbar"]])] = VALUE["body"]
    result = with_ribs(labels, measure_ribs(chest(True)))
    assert np.array_equal(result, labels)


def test_a_spine_that_the_volume_cuts_is_measured_by_the_rest_of_it() -> None:
    drawn, ribs = chest(False), measure_ribs(chest(True))
    whole, cut = with_ribs(drawn, ribs), with_ribs(drawn[:100], ribs)
    assert share_like(cut, whole[:100], RIBS) > 0.85
