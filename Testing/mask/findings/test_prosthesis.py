"""A hip prosthesis in a pelvis of simple shapes: a ball on a shaft in a hollow of the hip bone, on both sides."""

from dataclasses import replace

import numpy as np
import pytest

from GuideGenLib.anatomy.structures import select
from GuideGenLib.anatomy.table import values
from GuideGenLib.description.model import Finding
from GuideGenLib.mask.findings.others import draw_others
from GuideGenLib.mask.findings.others_check import check_others
from GuideGenLib.mask.findings.pointed_shape import shape_at
from GuideGenLib.mask.findings.sites import LesionError

STEP = (3.0, 3.0, 3.0)
HEAD = {"left": (25, 20, 65), "right": (25, 20, 25)}
FINDING = Finding("prosthesis", "hip", side="left")


@pytest.fixture(scope="module")
def pelvis() -> np.ndarray:
    labels = np.full((45, 40, 90), values()["muscle"], np.uint8)
    z, y, x = np.ogrid[:45, :40, :90]
    labels[10:30, 30:36, 40:50] = values()["sacrum"]
    for side, (a, b, c) in HEAD.items():
        outward = 1 if side == "left" else -1
        ball = (z - a) ** 2 + (y - b) ** 2 + (x - c) ** 2
        labels[(ball < 13**2) & (z + outward * (c - x) > a + 2)] = values()[f"hip_{side}"]
        labels[ball < 8**2] = values()[f"femur_{side}"]
        shaft = abs(y - b) + abs(x - c - outward * 9) < 7
        labels[shaft & (z < 20)] = values()[f"femur_{side}"]
    return labels


def of(labels: np.ndarray, key: str) -> np.ndarray:
    return select(labels, (key,))


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize(("word", "low", "high"), [("small", 44, 51), ("large", 54, 64)])
def test_it_is_in_the_hip_of_its_side_and_as_wide_as_asked(
    pelvis: np.ndarray, side: str, word: str, low: int, high: int
) -> None:
    finding = replace(FINDING, side=side, size_word=word)
    labels, (record,) = draw_others(pelvis, STEP, [finding], np.random.default_rng(1))
    assert all(kept for _, kept, _ in check_others(labels, STEP, [finding], [record]))
    metal = of(labels, "hip_prosthesis")
    across = np.ptp(np.argwhere(metal.any(axis=(0, 2)))) + 1
    assert low <= 3 * across <= high
    a, b, c = HEAD[side]
    assert metal[a, b, c] and metal[0].any(), "a head, and a stem down to the end of the volume"
    assert not (of(labels, f"femur_{side}") & (np.indices(labels.shape)[0] > a)).any(), "the bone's own head is gone"
    changed = labels != pelvis
    assert not changed[:, :, 45:].any() if side == "right" else not changed[:, :, :45].any()


def test_both_sides_are_two(pelvis: np.ndarray) -> None:
    labels, records = draw_others(pelvis, STEP, [replace(FINDING, side=None, count=2)], np.random.default_rng(1))
    assert {one.side for one in records} == {"left", "right"}
    assert all(of(labels, "hip_prosthesis")[:, :, half].any() for half in (slice(0, 45), slice(45, 90)))


def test_it_comes_on_the_side_where_one_points(pelvis: np.ndarray) -> None:
    recipe = FINDING.recipe
    assert recipe is not None
    labels = shape_at(pelvis, 3.0, recipe, np.array([20.0, 20.0, 30.0]), 52.0, 1)
    assert np.argwhere(of(labels, "hip_prosthesis"))[:, 2].max() < 45


def test_without_a_femur_it_is_told(pelvis: np.ndarray) -> None:
    bare = np.where(pelvis == values()["femur_left"], values()["muscle"], pelvis)
    with pytest.raises(LesionError, match="does not show the left hip"):
        draw_others(bare, STEP, [FINDING], np.random.default_rng(1))
