"""HU and noise of tissues that were painted for it."""

import numpy as np
import pytest
from scipy import ndimage

from GuideGenLib.anatomy.table import hu_mean, values
from GuideGenLib.data.torso_position import small
from GuideGenLib.evaluation.realism.texture import (  # fmt: skip
    LEAST_SLICES,
    SPACING_MM,
    mean_of,
    noise_power,
    quantiles,
    sd_of,
    similarity,
    spectrum_distance,
    table_means,
    texture,
    wasserstein,
)
from Testing.scans import body, rendered, with_hips

EVERYWHERE = np.ones((40, 60, 60), bool)


@pytest.fixture(scope="module")
def noise() -> np.ndarray:
    return np.random.default_rng(0).standard_normal(EVERYWHERE.shape)


def test_white_noise_has_the_same_power_at_each_frequency(noise: np.ndarray):
    """Its variance times the area of a pixel; the plane that is taken off each window costs the lowest ring most."""
    power = noise_power(100 + 15 * noise, EVERYWHERE)
    assert power is not None
    assert power[1:] == pytest.approx(15**2 * SPACING_MM**2, rel=0.1)
    assert 0.6 < power[0] / (15**2 * SPACING_MM**2) < 1


def test_slopes_are_no_noise(noise: np.ndarray):
    slope = np.add.outer(np.zeros(40), np.add.outer(3.0 * np.arange(60), -2.0 * np.arange(60)))
    before, after = (noise_power(one, EVERYWHERE) for one in (noise, noise + slope))
    assert before == pytest.approx(after)


def test_smoothing_takes_fine_noise(noise: np.ndarray):
    sharp, smooth = (noise_power(one, EVERYWHERE) for one in (noise, ndimage.gaussian_filter(noise, 1.0)))
    assert sharp is not None and smooth is not None
    ratios = smooth / sharp
    assert (np.diff(ratios) < 0).all() and ratios[-1] < 0.05
    assert spectrum_distance(10 * sharp, sharp) == pytest.approx(1)
    assert spectrum_distance(sharp, 10 * sharp) == pytest.approx(1)


def test_windows_must_lie_inside(noise: np.ndarray):
    hu = noise.copy()
    inside = EVERYWHERE.copy()
    hu[:, :25] = 5000.0  # outside the tissue, and in no window that lies in it
    inside[:, :25] = False
    power = noise_power(hu, inside)
    assert power is not None and power[1:] == pytest.approx(SPACING_MM**2, rel=0.15)
    assert noise_power(hu, np.zeros_like(inside)) is None


def test_the_hu_of_tissues_are_those_of_their_inside(phantom: np.ndarray):
    labels = phantom[36:58].copy()
    labels[:, 8:40, 8:40] = values()["liver"]
    hu = rendered(labels, 0)
    hu[ndimage.binary_dilation(labels != values()["liver"]) & (labels == values()["liver"])] = -500.0
    found = texture(hu, labels)
    assert mean_of(found.histograms["liver"]) == pytest.approx(hu_mean("portal_venous")[values()["liver"]], abs=1)
    assert sd_of(found.histograms["liver"]) == pytest.approx(20, abs=1.5)
    assert found.spectra.keys() == {"liver"} and "aorta" not in found.histograms
    assert found.spectra["liver"][1:] == pytest.approx(20**2 * SPACING_MM**2, rel=0.2)


def test_the_table_gives_the_mean_of_a_group_by_its_voxels():
    labels = np.array([values()["kidney_left"]] * 3 + [values()["liver"]], np.uint8)
    table = np.zeros(len(values()), np.float32)
    table[[values()["kidney_left"], values()["liver"]]] = 30, 60
    assert table_means(labels, table) == {"kidneys": 30, "liver": 60}
    both = np.array([values()["subcutaneous_fat"]] * 3 + [values()["torso_fat"]], np.uint8)
    table[[values()["subcutaneous_fat"], values()["torso_fat"]]] = -100, -80
    assert table_means(both, table) == {"fat": -95}


def histogram(hu: np.ndarray) -> np.ndarray:
    labels = np.full((30, 30, 30), values()["liver"], np.uint8)
    return texture(hu, np.pad(labels[1:-1, 1:-1, 1:-1], 1)).histograms["liver"]


def test_a_shift_is_a_distance_and_no_difference_in_shape():
    hu = 60 + 15 * np.random.default_rng(0).standard_normal((30, 30, 30))
    plain, shifted, wide = histogram(hu), histogram(hu + 40), histogram(60 + 2 * (hu - 60))
    assert wasserstein(plain, shifted) == pytest.approx(40, abs=1)
    assert wasserstein(plain, shifted, shape=True) < 1
    assert wasserstein(plain, wide, shape=True) == pytest.approx(15 * np.sqrt(2 / np.pi), abs=1)  # mean |normal|
    assert quantiles(plain)[50] == pytest.approx(60, abs=1)


def test_similarity_is_one_for_a_copy_and_falls_with_change():
    hu = body(0)
    steps = (6.0, 6.0, 6.0)
    one = small(hu, steps)
    copy, changed, other = (small(volume, steps) for volume in (hu[10:], 0.5 * (hu + body(1)), body(1)))
    assert similarity(one, copy, (10, 0, 0)) == pytest.approx(1, abs=1e-5)
    near, far = (similarity(one, another, (0, 0, 0)) for another in (changed, other))
    assert near is not None and far is not None and far < near < 0.98


def test_similarity_is_taken_in_the_slices_that_are_named():
    hu = body(0)
    half = np.concatenate([hu[:30], body(1)[30:]])
    one, other = (small(volume, (6.0, 6.0, 6.0)) for volume in (hu, half))
    assert similarity(one, other, (0, 0, 0), (0, 28)) == pytest.approx(1, abs=1e-3)
    upper = similarity(one, other, (0, 0, 0), (32, 60))
    assert upper is not None and upper < 0.8
    assert similarity(one, other, (0, 0, 0), (0, LEAST_SLICES - 1)) is None


def test_a_torso_of_boxes_has_no_noise_where_it_has_no_room(phantom: np.ndarray):
    labels = with_hips(phantom)[:4]
    assert texture(rendered(labels, 0), labels).spectra.keys() <= {"muscle", "fat"}
