"""The proportions of a pelvis, and the line between women and men in them."""

from collections.abc import Callable

import numpy as np
import pytest

from GuideGenLib.anatomy.table import values
from GuideGenLib.judges.pelvis import BONES, Line, held_out, proportions

Make = Callable[..., np.ndarray]


def test_proportions_are_those_of_the_bones(pelvis: Make) -> None:
    found = proportions(pelvis(36, 8.0), 3.0)
    assert found is not None
    inlet, heads, conjugate, height = found
    assert inlet == pytest.approx(36 / 80, abs=0.01)
    assert heads == pytest.approx(2 * 8 / 62, rel=0.1)
    # the upper third of the sacrum begins at y 36 and has z 42 to 49, the pubic bone ends at y 17 and z 7
    assert conjugate == pytest.approx(np.hypot(45.5 - 7, 36 - 17) / 62, rel=0.02)
    assert height == pytest.approx((49 - 16) / 80, rel=0.05)


def test_a_wider_inlet_and_larger_heads_show_alone(pelvis: Make) -> None:
    narrow, wide, strong = (proportions(pelvis(*how), 3.0) for how in ((32, 8.0), (38, 8.0), (32, 9.5)))
    assert wide[0] > narrow[0] + 0.05 and wide[1] == pytest.approx(narrow[1], abs=0.005)
    assert strong[1] > narrow[1] + 0.03 and strong[0] == narrow[0]


@pytest.mark.parametrize("bone", BONES)
def test_without_one_of_the_bones_there_is_nothing_to_tell(pelvis: Make, bone: str) -> None:
    labels = pelvis(34)
    labels[labels == values()[bone]] = 0
    assert proportions(labels, 3.0) is None


def test_heads_that_are_hardly_shown_tell_nothing(pelvis: Make) -> None:
    assert proportions(pelvis(34)[20:], 3.0) is None


def people(count: int, rng: np.random.Generator) -> tuple[list[tuple[float, ...]], list[bool], list[str]]:
    """Four rows each of `count` women and as many men, who differ in the first two proportions."""
    rows, women, names = [], [], []
    for n in range(2 * count):
        woman = n % 2 == 0
        own = np.array([0.51, 0.26, 0.6, 0.55] if woman else [0.45, 0.30, 0.6, 0.55]) + rng.normal(0, 0.008, 4)
        for _ in range(4):
            rows.append(tuple(own + rng.normal(0, 0.008, 4)))
            women.append(woman)
            names.append(str(n))
    return rows, women, names


def test_the_line_tells_people_whom_it_never_saw() -> None:
    rows, women, names = people(4, np.random.default_rng(0))
    told = held_out(rows, women, names)
    assert told is not None and np.mean(told) > 0.95
    line = Line.learned(rows, women)
    assert line.is_woman((0.51, 0.26, 0.6, 0.55)) and not line.is_woman((0.45, 0.30, 0.6, 0.55))


def test_nobody_is_told_by_the_own_bones() -> None:
    """Of people whose sexes do not differ at all, own rows would tell each of them."""
    rng = np.random.default_rng(1)
    names = [str(n) for n in range(6) for _ in range(10)]
    own = {name: rng.normal(0, 1, 4) for name in names}
    rows = [tuple(own[name] + rng.normal(0, 0.01, 4)) for name in names]
    told = held_out(rows, [int(name) % 2 == 0 for name in names], names)
    assert told is not None and np.mean(told) < 0.8


def test_two_of_each_sex_are_needed() -> None:
    rows, women, names = people(1, np.random.default_rng(0))
    assert held_out(rows, women, names) is None
    assert held_out([], [], []) is None
