"""Grain of tissues whose noise is known."""

import numpy as np
import pytest
from scipy import ndimage

from GuideGenLib.anatomy.table import values
from GuideGenLib.evaluation.realism.looks.grain import grain, tissue_grain

INSIDE = np.zeros((40, 60, 60), bool)
INSIDE[5:35, 5:55, 5:55] = True


@pytest.fixture(scope="module")
def white() -> np.ndarray:
    return np.random.default_rng(0).normal(0, 1, INSIDE.shape)


def measured(hu: np.ndarray) -> tuple[float, float]:
    found = tissue_grain(np.rint(hu).astype(np.int16), INSIDE)
    assert found is not None
    return found


def test_white_noise_has_the_power_that_the_two_means_leave(white: np.ndarray):
    coarse, fine = measured(50 + 100 * white)
    assert fine == pytest.approx(100**2 * (1 - 1 / 27), rel=0.02)
    assert coarse == pytest.approx(100**2 * (1 / 27 - 1 / 729), rel=0.05)


def test_smooth_lumps_are_coarse_and_not_fine(white: np.ndarray):
    lumps = ndimage.gaussian_filter(white, 2.0)
    coarse, fine = measured(100 * lumps / lumps.std())
    assert coarse > 10 * fine


def test_what_lies_outside_is_no_grain(white: np.ndarray):
    noisy = 20 * white
    beside = np.where(INSIDE, noisy, 3000)
    assert measured(beside) == measured(noisy)


def test_each_tissue_has_its_own(white: np.ndarray):
    labels = np.zeros(INSIDE.shape, np.uint8)
    labels[:, :30], labels[:, 30:] = values()["liver"], values()["subcutaneous_fat"]
    hu = np.where(labels == values()["liver"], 60 + 10 * white, -100 + 40 * white)
    found = grain(np.rint(hu).astype(np.int16), labels)
    assert set(found) == {"liver", "fat"}
    assert found["fat"][1] / found["liver"][1] == pytest.approx(16, rel=0.1)


def test_a_tissue_without_room_is_left_out(white: np.ndarray):
    labels = np.zeros(INSIDE.shape, np.uint8)
    labels[10:14] = values()["liver"]  # nothing is left of it once its rim is off
    assert grain(white.astype(np.int16), labels) == {}


def test_thick_vessels_are_no_grain_of_lungs_and_thin_ones_are(white: np.ndarray):
    labels = np.full(INSIDE.shape, values()["lung_upper_lobe_left"], np.uint8)
    quiet = -850 + 20 * white

    def powers(width: int) -> tuple[float, float]:
        hu = quiet.copy()
        hu[:, 30 : 30 + width, 30 : 30 + width] = 40
        return grain(np.rint(hu).astype(np.int16), labels)["lung"]

    without = powers(0)
    assert powers(6) == pytest.approx(without, rel=0.1)
    assert powers(1)[1] > 1.5 * without[1]
