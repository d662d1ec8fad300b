"""Smooth deformations: of the asked size, true to their velocity, never too steep."""

import numpy as np
import pytest

from GuideGenLib.core.deformation import exponential, limited, random_field


def test_exponential_of_a_scaling_is_a_scaling() -> None:
    z, y, x = (np.arange(24, dtype=np.float32) * 6 - 69 for _ in range(3))
    velocity = np.log(1.2).astype(np.float32) * np.stack(np.meshgrid(z, y, x, indexing="ij"))
    flow = exponential(velocity, 6.0)
    middle = slice(6, 18)
    expected = 0.2 * np.stack(np.meshgrid(z, y, x, indexing="ij"))
    assert np.abs(flow - expected)[:, middle, middle, middle].max() < 0.3


def test_random_field_has_the_asked_size() -> None:
    fields = [random_field((32, 32, 32), 6.0, 60.0, 5.0, np.random.default_rng(i)) for i in range(20)]
    assert np.std(fields) == pytest.approx(5.0, rel=0.15)


def test_limited_tames_a_steep_velocity_and_keeps_a_gentle_one() -> None:
    line = np.arange(32, dtype=np.float32)
    gentle = np.zeros((3, 32, 32, 32), np.float32)
    gentle[0] = 0.3 * line[:, None, None]
    steep = np.zeros_like(gentle)
    steep[0] = 12 * np.tanh((line - 16) / 1.5)[:, None, None]
    assert (limited(gentle, 6.0) == gentle).all()
    assert np.abs(np.diff(limited(steep, 6.0)[0], axis=0)).max() < 0.8 * np.abs(np.diff(steep[0], axis=0)).max()
