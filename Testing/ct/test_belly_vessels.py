"""Vessels in a belly of fat with an aorta, a vein and coils of bowel."""

import numpy as np
import pytest

from GuideGenLib.anatomy.table import values
from GuideGenLib.ct.belly_vessels import NEAR_MM, belly_vessels_of, with_belly_vessels
from GuideGenLib.ct.canvas import Canvas
from GuideGenLib.ct.reference import reference_table

VALUE = values()
SPACING = 2.0


@pytest.fixture(scope="module")
def labels() -> np.ndarray:
    found = np.full((70, 60, 80), VALUE["muscle"], np.uint8)
    found[2:68, 4:50, 4:76] = VALUE["torso_fat"]
    found[:, 44:50, 36:43] = VALUE["aorta"]
    found[30:40, 38:42, 44:60] = VALUE["portal_splenic_vein"]
    for z in (10, 20, 30):
        found[z : z + 6, 10:18, 15:65] = VALUE["small_bowel"]
    return found


def canvas(labels: np.ndarray, phase: str = "none", window: tuple[slice, ...] = (slice(None),) * 3) -> Canvas:
    return Canvas(labels, reference_table(phase), phase, SPACING, 1, window)  # type: ignore[arg-type]


def drawn(labels: np.ndarray, phase: str = "none", window: tuple[slice, ...] = (slice(None),) * 3) -> np.ndarray:
    one = canvas(labels, phase, window)
    return with_belly_vessels(one.table[labels[window]].astype(np.float32), one)


def test_vessels_lie_in_fat_near_the_bowel_and_leave_its_mean(labels: np.ndarray) -> None:
    hu = reference_table("none")[labels].astype(np.float32)
    fat = labels == VALUE["torso_fat"]
    with_it = drawn(labels)
    assert np.array_equal(with_it[~fat], hu[~fat])
    assert with_it[fat].mean() == pytest.approx(hu[fat].mean(), abs=0.5)
    vessel = with_it > -75
    assert 0.01 < (vessel & fat).sum() / fat.sum() < 0.1
    rows = np.flatnonzero((vessel & fat).any(axis=(1, 2)))
    assert rows.max() <= 36 + NEAR_MM / SPACING + 1


def test_arteries_are_bright_in_the_arterial_phase(labels: np.ndarray) -> None:
    fat = labels == VALUE["torso_fat"]
    (_, artery), (_, vein) = belly_vessels_of(canvas(labels))
    assert artery.sum() > 300 < vein.sum() and not np.array_equal(artery, vein)
    brightest = [np.percentile(drawn(labels, phase)[fat], 99.5) for phase in ("none", "arterial")]
    assert brightest[1] > brightest[0] + 50


def test_branches_come_from_the_great_vessels(labels: np.ndarray) -> None:
    none = np.where(np.isin(labels, [VALUE["aorta"], VALUE["portal_splenic_vein"]]), VALUE["muscle"], labels)
    hu = reference_table("none")[none].astype(np.float32)
    assert np.array_equal(drawn(none.astype(np.uint8)), hu)  # nothing that they could come from
    no_bowel = np.where(labels == VALUE["small_bowel"], VALUE["torso_fat"], labels).astype(np.uint8)
    assert belly_vessels_of(canvas(no_bowel)) == []


def test_a_moved_coil_leaves_most_vessels_and_a_window_shows_what_the_whole_has(labels: np.ndarray) -> None:
    moved = labels.copy()
    moved[10:16, 10:18, 15:65] = VALUE["torso_fat"]
    moved[10:16, 12:20, 15:65] = VALUE["small_bowel"]
    before, after = drawn(labels), drawn(moved)
    assert (np.abs(before - after)[40:] > 20).mean() < 0.02
    window = np.s_[5:40, 3:50, 10:60]
    assert np.array_equal(before[window], drawn(labels, window=window))
