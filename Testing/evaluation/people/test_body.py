"""Girth, borders and volumes of one body."""

import numpy as np
import pytest

from GuideGenLib.anatomy.table import values
from GuideGenLib.evaluation.people.body import PUBLISHED, Body, armpits


@pytest.fixture
def trunk() -> np.ndarray:
    """uint8 [100, 60, 80] at 3 mm: a box of muscle with spine, hip, shoulder blade and a liver of 1.5 litres."""
    labels = np.zeros((100, 60, 80), np.uint8)
    labels[:, 10:50, 10:70] = values()["muscle"]
    labels[10:60, 40:44, 38:42] = values()["vertebrae_lumbar"]
    labels[:20, 36:40, 20:24] = values()["hip_left"]
    labels[70:95, 46:48, 20:30] = values()["scapula_left"]
    labels[40:65, 12:36, 20:56] = values()["liver"]
    labels[45:47, 12:36, 20:24] = values()["kidney_left"]
    return labels


def test_a_body_in_the_middle_is_not_cut(trunk: np.ndarray) -> None:
    body = Body.of(trunk, 3.0)
    assert not body.is_cut and body.at_sides == body.at_front_or_back == 0
    assert body.waist == pytest.approx(np.pi * 2 / np.pi * 3 * (40 + 60), rel=0.05)  # mean width of a box
    assert body.ml["liver"] == pytest.approx((25 * 24 * 36 - 2 * 24 * 4) * 0.027)
    assert body.pelvis is None  # there is but one hip


def test_what_touches_a_border_is_cut_but_for_the_arms(trunk: np.ndarray) -> None:
    assert armpits(trunk, 3.0) == 70
    trunk[75:90, 20:40, :] = values()["subcutaneous_fat"]  # an arm
    assert not Body.of(trunk, 3.0).is_cut
    trunk[20:34, 20:40, 70:] = values()["subcutaneous_fat"]  # a flank
    aside = Body.of(trunk, 3.0)
    assert aside.is_cut and aside.at_sides == pytest.approx(14 / 70) and aside.at_front_or_back == 0
    trunk[20:27, :20, 30:40] = values()["subcutaneous_fat"]
    assert Body.of(trunk, 3.0).at_front_or_back == pytest.approx(0.1)


def test_without_shoulder_blades_the_top_may_hold_arms(trunk: np.ndarray) -> None:
    trunk[trunk == values()["scapula_left"]] = values()["muscle"]
    assert armpits(trunk, 3.0) == 100 - 83
    assert armpits(trunk[:40], 3.0) == 1
    trunk[:, 46:48, 20:30] = values()["scapula_left"]  # a chest alone
    assert armpits(trunk, 3.0) == 1 and not Body.of(trunk, 3.0).is_cut
    assert Body.of(np.zeros_like(trunk), 3.0).waist is None


def test_volumes_are_judged_by_the_ranges_of_the_sex(trunk: np.ndarray) -> None:
    body = Body.of(trunk, 3.0)
    assert body.within("male")["liver"] == (PUBLISHED["liver"].men[0] < body.ml["liver"] < PUBLISHED["liver"].men[1])
    assert not body.within("male")["left kidney"] and body.ml["left kidney"] < 10
    small = Body(None, 0, 0, dict.fromkeys(PUBLISHED, 100.0), None)
    assert small.within("female")["right kidney"] and not small.within("male")["right kidney"]


def test_ranges_are_those_of_their_sources() -> None:
    for one in PUBLISHED.values():
        assert one.source and 0 < one.women[0] <= one.men[0] < one.men[1] and one.women[1] <= one.men[1]
    assert PUBLISHED["right kidney"].men == pytest.approx((111.5, 236.5), abs=1)
    assert PUBLISHED["liver"].men == pytest.approx((824.5, 2000), abs=1)
