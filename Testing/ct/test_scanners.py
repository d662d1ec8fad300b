"""The scanners that are drawn for patients of whom it is not told how they were scanned."""

import numpy as np
import pytest

from GuideGenLib.ct.scanner_noise import F0
from GuideGenLib.ct.scanners import NOISE, SHARPEST, Scanner, scanner_of


def test_patients_have_their_own_kernel_and_noise_which_stay_theirs() -> None:
    drawn = [scanner_of(seed) for seed in range(200)]
    assert drawn == [scanner_of(seed) for seed in range(200)]
    noises, sharp = np.array([(one.noise, one.sharpness) for one in drawn]).T
    assert np.median(noises) == pytest.approx(NOISE, rel=0.3)
    assert 5 < np.percentile(noises, 84) / np.percentile(noises, 16) < 20
    assert np.abs(sharp).max() <= SHARPEST and (sharp > 0.03).any() and (sharp < -0.06).any()


def test_a_kernel_changes_edges_in_plane_and_no_means() -> None:
    step = np.zeros((4, 20, 20), np.float32)
    step[:, :, 10:] = 100
    soft, sharp = (Scanner(1, share).filtered(step.copy()) for share in (-0.1, 0.1))
    assert soft[2, 5, 10] == pytest.approx(90) and sharp[2, 5, 10] == pytest.approx(110)
    assert soft.mean() == pytest.approx(sharp.mean()) == pytest.approx(50)
    assert np.array_equal(Scanner(1, 0).filtered(step.copy()), step) and Scanner(1, 0).f0 == F0
    assert Scanner(1, -0.06).f0 < F0 < Scanner(1, 0.1).f0
