"""Sheets and threads fill what their thickness tells, wherever they lie between the voxels."""

import numpy as np
import pytest
from scipy import ndimage

from GuideGenLib.ct.thin_structures import about_the_middle, sheets, threads


def grid(step: float, mm: float = 60.0) -> np.ndarray:
    """Places [3, n] in mm."""
    axis = np.arange(0, mm, step, dtype=np.float32)
    return np.stack([part.ravel() for part in np.meshgrid(axis, axis, axis, indexing="ij")])


@pytest.mark.parametrize("kind", ["sheet", "thread"])
def test_coarse_voxels_hold_as_much_as_fine_ones_and_twice_the_thickness_twice_as_much(kind: str) -> None:
    def mean(step: float, thick: float) -> float:
        places = grid(step)
        wide = np.full(places.shape[1], thick, np.float32)
        if kind == "sheet":
            return float(sheets(places, (30, 25, 14), wide, (3,)).mean())
        return float(threads(places, 14, np.sqrt(wide), (3,)).mean())

    assert mean(2.0, 0.3) == pytest.approx(mean(1.0, 0.3), rel=0.05)
    assert mean(2.0, 0.6) == pytest.approx(2 * mean(2.0, 0.3), rel=0.02)
    assert mean(2.0, 0.0) == 0


def test_a_sheet_has_its_thickness() -> None:
    """Across it its shares add up to it, as those of a plane do that is thinner than the blur."""
    places = np.zeros((3, 1200), np.float32)
    places[2] = 0.5 * np.arange(1200)
    share = sheets(places, (4000, 4000, 14), np.full(1200, 0.5, np.float32), (5,))
    runs, count = ndimage.label(share > 0)
    found = 0.5 * ndimage.sum_labels(share, runs, np.arange(1, count + 1))
    assert count > 10 and np.median(found) == pytest.approx(0.5, rel=0.15)


def test_places_about_the_middle_follow_a_circle() -> None:
    voxels = np.array([[5, 40, 20], [5, 20, 20 + 26], [5, 20, 20 - 26]])
    height, around, away = about_the_middle(voxels, (10, 41, 41), 2.0)
    assert np.allclose(height, 10) and np.allclose(away, 52, atol=0.5)
    assert around[0] == 0 and around[1] == pytest.approx(-around[2])
