"""Latent anatomy codes: drawn to attributes and volumes, around what is kept, and told to the network."""

import numpy as np
import pytest
import torch

from GuideGenLib.description.conditioning import AGE, attributes_vector
from GuideGenLib.mask.layout import CELL, ML_PER_CELL, LayoutModel, layout_of, shares, tensors_of
from GuideGenLib.mask.network import Conditions, MaskConfig, MaskNetwork
from GuideGenLib.training.layouts import Fitted, fit_layouts

BALL, LUMP, CLASSES = 2, 3, 4


def people(count: int) -> tuple[np.ndarray, np.ndarray]:
    """A body (1) with a ball, lower and larger in men, and a lump beside it; labels and typed attributes."""
    rng = np.random.default_rng(0)
    z, y, x = np.mgrid[:32, :24, :24]
    labels, typed = [], []
    for number in range(count):
        man = number % 2 == 0
        one = np.where((y - 11.5) ** 2 + (x - 11.5) ** 2 < 110, 1, 0).astype(np.uint8)
        radius, height = (6 if man else 4) + rng.normal(0, 0.4), (12 if man else 19) + rng.normal(0, 1.5)
        one[(z - height) ** 2 + (y - 11.5) ** 2 + (x - 8) ** 2 < radius**2] = BALL
        one[(z - height) ** 2 + (y - 11.5) ** 2 + (x - 17) ** 2 < rng.uniform(4, 9)] = LUMP
        labels.append(one)
        typed.append(attributes_vector("male" if man else "female", rng.uniform(20, 90), rng.uniform(-1, 1.4)))
    return np.stack(labels), np.stack(typed)


@pytest.fixture(scope="module")
def fitted() -> Fitted:
    return fit_layouts(*people(60), CLASSES)


def volume(model: LayoutModel, code: np.ndarray, value: int) -> float:
    return float(model.layout(code)[value].sum()) * ML_PER_CELL


def test_shares_are_the_parts_of_each_cell() -> None:
    labels, _ = people(1)
    found = shares(labels[0], CLASSES)
    assert found.shape == (CLASSES, 8, 6, 6)
    assert np.allclose(found.sum(0), 1)
    assert found[BALL, 3, 2, 1] == (labels[0][12:16, 8:12, 4:8] == BALL).mean()


def test_a_code_tells_whom_it_is_of(fitted: Fitted) -> None:
    labels, _ = people(60)
    for index in (0, 7, 33):
        own = shares(labels[index], CLASSES)
        assert np.abs(fitted.model.layout(fitted.codes[index])[:-1].numpy() - own).mean() < 0.02
    assert fitted.told > 0.95


def test_who_is_not_known_everywhere_takes_no_part_in_the_fit() -> None:
    labels, typed = people(40)
    half = labels.copy()
    half[30:, 16:] = 0
    alone = fit_layouts(labels[:30], typed[:30], CLASSES).model
    beside = fit_layouts(half, typed, CLASSES, whole=range(30)).model
    for name in ("mean", "basis", "effects", "factor"):
        assert np.allclose(getattr(alone, name), getattr(beside, name), atol=1e-4), name


def test_who_is_drawn_follows_the_attributes_and_differs_from_the_next(fitted: Fitted) -> None:
    model = fitted.model
    for sex, low, high in (("male", 0, 16), ("female", 16, 32)):
        codes = [model.draw(attributes_vector(sex, 50, 0), np.random.default_rng(seed)) for seed in range(12)]
        balls = [model.layout(code)[BALL].numpy() for code in codes]
        middles = [(ball.sum((1, 2)) * (CELL * np.arange(8) + 1.5)).sum() / ball.sum() for ball in balls]
        assert low < np.median(middles) < high
        assert np.std(middles) > 0.5
    again = model.draw(attributes_vector("male", 50, 0), np.random.default_rng(3))
    assert np.array_equal(again, model.draw(attributes_vector("male", 50, 0), np.random.default_rng(3)))


def test_an_unknown_sex_is_one_of_the_two(fitted: Fitted) -> None:
    drawn = [fitted.model.draw(np.zeros(16, np.float32), np.random.default_rng(seed)) for seed in range(40)]
    volumes = np.array([volume(fitted.model, code, BALL) for code in drawn])
    between = (volumes.max() + volumes.min()) / 2
    assert 5 < (volumes > between).sum() < 35


def test_a_residual_is_mostly_somebodys_of_that_sex(fitted: Fitted) -> None:
    model = fitted.model
    typed = attributes_vector("female", 50, 0)
    mean = model.effects[0] + np.array([-1.0, typed[AGE], 0.0]) @ model.effects[1:]
    whitening = np.linalg.inv(model.factor)
    members = model.members.astype(np.float32) @ whitening.T
    members /= np.linalg.norm(members, axis=1, keepdims=True)
    for seed in range(5):
        drawn = whitening @ (model.draw(typed, np.random.default_rng(seed)) - mean)
        likeness = members @ (drawn / np.linalg.norm(drawn))
        nearest = likeness.argmax()
        assert model.traits[nearest, 0] == -1
        assert 0.5 < likeness[nearest] < 0.97, "most of it is one person's, and not all"


def test_whose_residual_it_is_is_alike_in_build(fitted: Fitted) -> None:
    model = fitted.model
    for build in (-0.8, 1.2):
        for seed in range(10):
            member = model._member(
                np.array([True, False, True]), np.array([1.0, 0.0, build]), np.random.default_rng(seed)
            )
            assert model.traits[member, 0] == 1 and abs(model.traits[member, 2] - build) < 0.8


def test_a_model_without_members_draws_noise_alone(fitted: Fitted) -> None:
    kept = {key: one for key, one in tensors_of(fitted.model).items() if not key.endswith(("members", "traits"))}
    model = layout_of(kept)
    assert model is not None
    typed = attributes_vector("female", 50, 0)
    codes = np.stack([model.draw(typed, np.random.default_rng(seed)) for seed in range(300)])
    covariance = model.factor @ model.factor.T
    assert np.allclose(codes.std(0), np.sqrt(np.diag(covariance)), rtol=0.2)


@pytest.mark.parametrize("wanted", [150.0, 200.0, 250.0])
def test_volumes_that_are_asked_for_are_met(fitted: Fitted, wanted: float) -> None:
    typed = attributes_vector("male", 50, 0)
    code = fitted.model.draw(typed, np.random.default_rng(1), {BALL: wanted, LUMP: 3.0})
    assert volume(fitted.model, code, BALL) == pytest.approx(wanted, abs=6)
    assert volume(fitted.model, code, LUMP) == pytest.approx(3.0, abs=3)


def test_a_volume_that_nobody_has_is_gone_after_some_way(fitted: Fitted) -> None:
    typed = attributes_vector("male", 50, 0)
    usual, huge = (
        volume(fitted.model, fitted.model.draw(typed, np.random.default_rng(1), wanted), BALL)
        for wanted in ({}, {BALL: 9000.0})
    )
    assert 1.5 * usual < huge < 3000


def off_kept(fitted: Fitted, wanted: dict[int, float] | None = None, keep: bool = True) -> tuple[float, float]:
    """How far the ball of somebody drawn is off the kept one (mean share), and ml of the lump; means of 12."""
    labels, typed = people(60)
    own = shares(labels[4], CLASSES)
    kept = np.full_like(own, np.nan)
    kept[BALL] = own[BALL]
    model = fitted.model
    codes = [model.draw(typed[4], np.random.default_rng(n), wanted, kept if keep else None) for n in range(12)]
    off = [np.abs(model.layout(code)[BALL].numpy() - own[BALL]).mean() for code in codes]
    return float(np.mean(off)), float(np.mean([volume(model, code, LUMP) for code in codes]))


def test_the_rest_is_drawn_around_what_is_kept(fitted: Fitted) -> None:
    assert off_kept(fitted)[0] < 0.4 * off_kept(fitted, keep=False)[0]


def test_a_wanted_volume_does_not_undo_what_is_kept(fitted: Fitted) -> None:
    lump = float(shares(people(60)[0][4], CLASSES)[LUMP].sum()) * ML_PER_CELL
    (alone, _), (both, met) = off_kept(fitted), off_kept(fitted, {LUMP: 4 * lump})
    assert both < 1.2 * alone, "one condition after the other gives 1.64"
    assert met > 2 * lump


def test_a_file_holds_the_model(fitted: Fitted) -> None:
    again = layout_of(tensors_of(fitted.model))
    assert again is not None
    assert torch.equal(again.layout(fitted.codes[5]), fitted.model.layout(fitted.codes[5]))
    assert layout_of({}) is None


def test_a_network_follows_its_layout_once_it_has_learned_to() -> None:
    config = MaskConfig(CLASSES, grid=(16, 16, 16), widths=(8, 8, 8), queries=1, layout=True)
    torch.manual_seed(0)
    network = MaskNetwork(config)
    states, mask = torch.zeros(1, 1, 384), torch.ones(1, 1, dtype=torch.bool)
    x = torch.randn(1, 8, 16, 16, 16)

    def drawn(layout: torch.Tensor | None) -> torch.Tensor:
        conditions = Conditions(torch.zeros(1, 16), states, mask, layout)
        return network(x, torch.zeros_like(x), torch.zeros(1), torch.zeros(1), conditions)

    some = torch.rand(1, CLASSES + 1, 4, 4, 4)
    with torch.no_grad():
        assert torch.equal(drawn(some), drawn(None)), "it begins as a network that was never told any"
        torch.nn.init.normal_(network.layout_middle.weight)
        torch.nn.init.normal_(network.layout_fine.weight)
        assert not torch.allclose(drawn(some), drawn(None))
        assert torch.equal(drawn(torch.zeros_like(some)), drawn(None)), "zeros are no layout"
