"""Ribs and discs from the template's maps, on a chest of rings and blocks."""

import numpy as np
import pytest
from scipy import ndimage

from GuideGenLib.anatomy.table import values
from GuideGenLib.mask.skeleton import RIBS, SPINE, detail_skeleton, measure_maps

VALUE = values()
SPACING = 3.0


def chest(ribs_apart: bool, discs: bool) -> np.ndarray:
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
    labels[column & (z < 46)] = VALUE["vertebrae_lumbar"]
    labels[column & (z >= 46)] = VALUE["vertebrae_thoracic"]
    if discs:
        labels[column & (z % 12 >= 3) & (z % 12 < 7)] = VALUE["body"]
    labels[(np.abs(x - 45) <= 2) & (y >= 58) & (y < 63)] = VALUE["spinal_cord"]
    return labels


def share_like(a: np.ndarray, b: np.ndarray, keys: tuple[str, ...]) -> float:
    """Dice of the voxels of some labels."""
    first, second = (np.isin(v, [VALUE[k] for k in keys]) for v in (a, b))
    return float(2 * (first & second).sum() / (first.sum() + second.sum()))


def test_a_shell_and_a_column_become_the_ribs_and_vertebrae_of_the_template() -> None:
    real, drawn = chest(True, True), chest(False, False)
    result = detail_skeleton(drawn, SPACING, measure_maps(real, SPACING))
    shell, ribs, drawn_ribs = (np.isin(v, [VALUE[k] for k in RIBS]) for v in (drawn, real, result))
    assert drawn_ribs[ribs].mean() > 0.8 and drawn_ribs[shell & ~ribs].mean() < 0.35
    assert share_like(result, real, SPINE) > max(0.8, share_like(drawn, real, SPINE))
    assert ndimage.label(np.isin(result, [VALUE[k] for k in RIBS]))[1] >= 8


def test_sides_of_the_ribs_stay() -> None:
    result = detail_skeleton(chest(False, False), SPACING, measure_maps(chest(True, True), SPACING))
    assert np.argwhere(result == VALUE["ribs_left"])[:, 2].min() >= 45
    assert np.argwhere(result == VALUE["ribs_right"])[:, 2].max() <= 46


def test_ribs_that_are_apart_are_left_alone() -> None:
    real = chest(True, False)
    result = detail_skeleton(real, SPACING, measure_maps(chest(True, True), SPACING))
    for key in RIBS:
        assert np.array_equal(result == VALUE[key], real == VALUE[key])


@pytest.mark.parametrize("missing", ["vertebrae_thoracic", "lung_upper_lobe_left"])
def test_a_volume_without_a_chest_is_left_as_it_is(missing: str) -> None:
    labels = chest(False, False)
    labels[np.isin(labels, [VALUE[missing], VALUE["lung_upper_lobe_right"], VALUE["vertebrae_lumbar"]])] = VALUE["body"]
    result = detail_skeleton(labels, SPACING, measure_maps(chest(True, True), SPACING))
    assert np.array_equal(result, labels)


def test_a_spine_that_the_volume_cuts_is_measured_by_the_rest_of_it() -> None:
    real, drawn = chest(True, True), chest(False, False)
    maps = measure_maps(real, SPACING)
    whole = detail_skeleton(drawn, SPACING, maps)
    cut = detail_skeleton(drawn[:100], SPACING, maps)
    assert share_like(cut, whole[:100], SPINE) > 0.85
