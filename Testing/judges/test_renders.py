"""Randomised-contrast renders: HU that a CT may have, other ones at each drawing, labels that tell what is shown."""

import numpy as np
import pytest

from GuideGenLib.anatomy.table import values
from GuideGenLib.judges import renders
from GuideGenLib.judges.renders import Renderer

VALUE = values()


@pytest.fixture(scope="module")
def volume() -> np.ndarray:
    """Labels of boxes in muscle [40, 40, 40] with air about them."""
    labels = np.zeros((40, 40, 40), np.uint8)
    labels[:, 4:36, 4:36] = VALUE["muscle"]
    labels[4:20, 6:20, 6:34] = VALUE["liver"]
    labels[22:36, 6:20, 6:34] = VALUE["lung_upper_lobe_left"]
    labels[4:36, 22:34, 6:18] = VALUE["colon"]
    labels[4:36, 22:34, 20:32] = VALUE["vertebrae_lumbar"]
    return labels


def _inside(hu: np.ndarray, labels: np.ndarray, key: str) -> float:
    from scipy import ndimage

    return float(hu[ndimage.binary_erosion(labels == VALUE[key], iterations=2)].mean())


def test_a_picture_like_a_ct_has_its_hu(volume: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renders, "LIKE_CT", 1.0)
    for seed in range(5):
        hu, labels = Renderer(np.random.default_rng(seed)).render(volume)
        assert hu.dtype == np.float32 and hu.shape == volume.shape
        assert hu.min() >= -1024 and hu.max() <= 3071
        assert np.abs(hu[:, :2].mean() + 1000) < 30
        assert 0 < _inside(hu, labels, "liver") < 180  # fat livers and arterial ones too
        assert -950 < _inside(hu, labels, "lung_upper_lobe_left") < -650


def test_random_means_are_wide_but_keep_air_fat_lung_and_bone(monkeypatch: pytest.MonkeyPatch) -> None:
    tables = np.stack([Renderer(np.random.default_rng(seed)).random_means() for seed in range(40)])
    liver, lung = tables[:, VALUE["liver"]], tables[:, VALUE["lung_lower_lobe_right"]]
    assert liver.min() < 0 and liver.max() > 200
    assert lung.max() < -400 and (tables[:, 0] == -1000).all()
    assert tables[:, VALUE["torso_fat"]].max() < 0
    assert (tables[:, VALUE["costal_cartilages"]] < 0).any()  # not with the bones, which are bright
    assert tables[:, VALUE["femur_left"]].mean() > 200


def test_two_pictures_of_one_anatomy_differ_and_leave_it_alone(volume: np.ndarray) -> None:
    renderer, before = Renderer(np.random.default_rng(0)), volume.copy()
    first, second = renderer.render(volume)[0], renderer.render(volume)[0]
    assert np.abs(first - second)[volume > 0].mean() > 5
    assert np.array_equal(volume, before)


def test_gas_put_into_the_colon_is_labelled_as_gas(volume: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renders, "FILLED", {"colon": 1.0})
    seen = 0
    for seed in range(30):
        hu, labels = Renderer(np.random.default_rng(seed)).render(volume)
        changed = labels != volume
        assert set(np.unique(labels[changed])) <= {VALUE["colon_gas"]}
        if changed.any():
            seen += 1
            assert (volume[changed] == VALUE["colon"]).all()
            assert hu[changed].mean() < -300
    assert 1 <= seen < 30
