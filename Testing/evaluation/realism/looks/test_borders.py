"""Borders of balls and plates that were blurred by a known width."""

import numpy as np
import pytest
from scipy import ndimage
from scipy.special import erfinv

from GuideGenLib.anatomy.table import values
from GuideGenLib.evaluation.realism.looks.borders import BONE, edges, step_edge
from GuideGenLib.evaluation.realism.texture import SPACING_MM

GRID = np.indices((60, 60, 60)) - 29.5
BALL = np.sqrt((GRID**2).sum(0)) < 20
WIDTH = 2 * np.sqrt(2) * erfinv(0.8)
"""Of a step blurred by a Gaussian, from 10 to 90 %, in its sigmas."""


def blurred(sigma_mm: float, noise: float = 0.0) -> np.ndarray:
    """A ball of 60 HU in fat, sharp far below a voxel and then blurred."""
    fine = np.clip(20 - np.sqrt((GRID**2).sum(0)) + 0.5, 0, 1)
    hu = -100 + 160 * ndimage.gaussian_filter(fine, sigma_mm / SPACING_MM)
    hu += noise * np.random.default_rng(0).standard_normal(hu.shape)
    return np.rint(hu).astype(np.int16)


def test_a_blurred_edge_is_wider_and_less_steep():
    found = [step_edge(blurred(sigma), BALL, ~BALL, 60) for sigma in (2.0, 3.0)]
    assert all(found)
    assert found[0].width_mm < found[1].width_mm and found[0].gradient > found[1].gradient
    # interpolation between voxels and the partial volume add a little
    assert found[1].width_mm == pytest.approx(WIDTH * 3.0, rel=0.15)
    assert found[1].gradient == pytest.approx(1 / (3.0 * np.sqrt(2 * np.pi)), rel=0.12)


def test_neither_contrast_nor_a_label_that_is_off_changes_it():
    plain = step_edge(blurred(2.0), BALL, ~BALL, 60)
    denser = step_edge((blurred(2.0) * 2).astype(np.int16), BALL, ~BALL, 60)
    off = np.roll(BALL, 1, axis=0)
    shifted = step_edge(blurred(2.0), off, ~off, 60)
    assert denser.gradient == pytest.approx(plain.gradient, rel=0.02)
    assert shifted.gradient == pytest.approx(plain.gradient, rel=0.05)


def test_noise_changes_it_little():
    plain, noisy = (step_edge(blurred(2.0, noise), BALL, ~BALL, 60) for noise in (0.0, 15.0))
    assert noisy.gradient == pytest.approx(plain.gradient, rel=0.1)


def test_a_border_without_contrast_is_none():
    assert step_edge(np.zeros(BALL.shape, np.int16), BALL, ~BALL, 60) is None
    assert step_edge(blurred(2.0), np.zeros_like(BALL), ~BALL, 60) is None


def test_each_border_by_its_name_and_bone_in_hu():
    labels = np.where(BALL, values()["liver"], values()["torso_fat"]).astype(np.uint8)
    assert set(edges(blurred(2.0), labels)) == {"liver to fat"}
    labels = np.where(BALL, values()["hip_left"], values()["muscle"]).astype(np.uint8)
    sharp, soft = (edges(blurred(sigma), labels)[BONE] for sigma in (1.0, 3.0))
    assert sharp.gradient > 1.5 * soft.gradient and sharp.width_mm is None
    assert soft.gradient == pytest.approx(160 / (3.0 * np.sqrt(2 * np.pi)), rel=0.15)
