"""The classifiers see the body wherever it lies, and refuse what they cannot judge."""

import numpy as np
import pytest
import torch

from GuideGenLib.core.errors import EvaluationError
from GuideGenLib.judges.classifiers import (
    DECADES,
    GRID,
    Classifiers,
    PersonNetwork,
    SeenPerson,
    body_of,
    centred,
    decade_of,
    windowed,
)


@pytest.fixture
def classifiers() -> Classifiers:
    torch.manual_seed(0)
    return Classifiers(PersonNetwork((4, 8)))


@pytest.fixture
def hu() -> np.ndarray:
    """A trunk of 40 HU [50, 40, 56] at 6 mm with a lung of air within, off the middle, and a couch behind it."""
    volume = np.full((50, 40, 56), -1000, np.float32)
    volume[:, 4:28, 6:40] = 40
    volume[20:40, 10:18, 10:20] = -850
    volume[:, 34:36, :] = 100
    return volume


def test_the_network_is_small_enough_to_ship() -> None:
    assert sum(parameter.numel() for parameter in PersonNetwork().parameters()) <= 1_000_000


@pytest.mark.parametrize(("age", "decade"), [(18, 20), (29.9, 20), (30, 30), (67, 60), (80, 80), (95, 80)])
def test_decades_end_with_everybody_younger_and_older(age: float, decade: int) -> None:
    assert decade_of(age) == decade and decade in DECADES


def test_the_body_is_found_with_its_lungs_and_without_the_couch(hu: np.ndarray) -> None:
    body = body_of(hu)
    assert body[30, 14, 15] and body[[0, -1], 4, 20].all()
    assert not body[:, 33:].any()
    assert not body_of(np.full((8, 8, 8), -1000.0)).any()


def test_the_body_comes_into_the_middle_whatever_is_beside_it(hu: np.ndarray) -> None:
    one = centred(hu, body_of(hu))
    moved = np.roll(hu, (0, 3, 9), axis=(0, 1, 2))
    assert one.shape == GRID
    assert np.array_equal(one, centred(moved, body_of(moved)))
    shown = np.argwhere(one > -900)
    assert np.allclose((shown.min(axis=0) + shown.max(axis=0)) / 2, (np.array(GRID) - 1) / 2, atol=1)
    assert one.max() == 40


def test_a_body_larger_than_the_grid_is_cut_evenly() -> None:
    wide = np.full((20, 10, GRID[2] + 10), 40, np.float32)
    wide[:, :, : GRID[2] // 2 + 5] = 20
    row = centred(wide, wide > 0)[GRID[0] // 2, GRID[1] // 2]
    assert (row == 20).sum() == (row == 40).sum() == GRID[2] // 2


def test_windows_run_from_nought_to_one() -> None:
    x = windowed(torch.tensor([-1000.0, -200.0, 0.0, 200.0, 1000.0]).view(1, 1, 1, 5))
    assert x.shape == (1, 3, 1, 1, 5)
    assert x[0, 0].flatten().tolist() == [0, 1, 1, 1, 1]
    assert x[0, 2].flatten().tolist() == pytest.approx([0, 0, 0, 0.5, 1])


def test_a_reading_does_not_depend_on_side_place_or_spacing(classifiers: Classifiers, hu: np.ndarray) -> None:
    first = classifiers.read(hu, 6.0)
    assert classifiers.read(hu[..., ::-1].copy(), 6.0).female == pytest.approx(first.female, abs=1e-5)
    fine = hu.repeat(2, 0).repeat(2, 1).repeat(2, 2)
    assert classifiers.read(fine, 3.0).female == pytest.approx(first.female, abs=1e-5)
    assert sum(first.decades) == pytest.approx(1, abs=1e-5)


def test_a_reading_tells_the_likelier_sex_and_decade() -> None:
    reading = SeenPerson(0.7, (0.1, 0.1, 0.1, 0.1, 0.4, 0.1, 0.1))
    assert (reading.sex, reading.decade) == ("female", 60)
    assert SeenPerson(0.2, reading.decades).sex == "male"


def test_the_hu_of_bone_reach_the_output(classifiers: Classifiers, hu: np.ndarray) -> None:
    bony = hu.copy()
    bony[:, 20:26, 20:26] = 250
    denser = hu.copy()
    denser[:, 20:26, 20:26] = 300
    assert classifiers.read(bony, 6.0) != classifiers.read(denser, 6.0)


def test_the_weights_of_every_look_sum_to_one() -> None:
    logits, looks = PersonNetwork((4, 8)).read(torch.rand(2, 3, *GRID))
    assert logits.shape == (2, 1 + len(DECADES))
    assert torch.allclose(looks.exp().sum(dim=2), torch.ones(2, 4), atol=1e-4)


def test_a_volume_without_a_body_is_refused(classifiers: Classifiers) -> None:
    with pytest.raises(EvaluationError, match="no body"):
        classifiers.read(np.full((20, 20, 20), -1000, np.float32), 6.0)


def test_weights_come_back_in_half_precision_with_their_scores(classifiers: Classifiers, hu: np.ndarray) -> None:
    half = {key: value.half() for key, value in classifiers.network.state_dict().items()}
    real = {"sex": {"hits": 1, "cases": 2}}
    loaded = Classifiers.load(half, {"widths": [4, 8], "scores": {"sex": 0.9}, "real": real, "training": {}})
    assert loaded.scores == {"sex": 0.9} and loaded.real == real
    assert loaded.read(hu, 6.0).female == pytest.approx(classifiers.read(hu, 6.0).female, abs=1e-2)
    with pytest.raises(EvaluationError, match="do not fit"):
        Classifiers.load(half, {"widths": [4, 16]})
