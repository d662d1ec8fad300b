"""Noise has the power that it is said to have, and repeats."""

import numpy as np
import pytest

from GuideGenLib.ct import scanner_noise as module
from GuideGenLib.ct.scanner_noise import F0, POWER, Paths, scanner_noise
from GuideGenLib.evaluation.realism.texture import FREQUENCIES, noise_power

SHAPE = (40, 90, 110)


def test_its_power_is_that_of_the_law_in_every_plane() -> None:
    noise = scanner_noise(SHAPE, 2.0, 1)
    found = noise_power(noise, np.ones(SHAPE, bool))
    share = FREQUENCIES / F0
    wanted = POWER * share**2 * np.exp(1 - share**2)
    assert found is not None
    assert found[1:] == pytest.approx(wanted[1:], rel=0.15)
    assert found[0] < 0.4 * POWER
    assert abs(noise.mean()) < 0.05


def test_each_seed_has_its_own() -> None:
    first, again, other = (scanner_noise(SHAPE, 2.0, seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert abs(np.corrcoef(first.ravel(), other.ravel())[0, 1]) < 0.02


def test_neighbouring_slices_are_alike() -> None:
    noise = scanner_noise(SHAPE, 2.0, 1)
    near, far = (np.corrcoef(noise[:-step].ravel(), noise[step:].ravel())[0, 1] for step in (1, 3))
    assert 0.5 < near < 0.8 and abs(far) < 0.05


def test_slices_of_it_are_those_of_the_whole() -> None:
    whole = scanner_noise(SHAPE, 2.0, 1)
    for part in (slice(0, 9), slice(7, 30), slice(31, None)):
        assert np.array_equal(scanner_noise(SHAPE, 2.0, 1, slices=part), whole[part])


def test_how_many_slices_are_filtered_at_once_changes_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    paths = Paths(np.full((SHAPE[0], SHAPE[1], 1), 2, np.float32), np.full((SHAPE[0], 1, SHAPE[2]), 3, np.float32))
    wanted = [scanner_noise(SHAPE, 2.0, 1, paths=one) for one in (None, paths)]
    monkeypatch.setattr(module, "SLICES", 1000)
    for one, noise in zip((None, paths), wanted, strict=True):
        assert np.array_equal(scanner_noise(SHAPE, 2.0, 1, paths=one), noise)
