"""Each rival: as many weights as ours, a loss that teaches the part that learns, and a sample of the asked shape."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from GuideGenLib.anatomy.table import values
from GuideGenLib.core.progress import silent
from GuideGenLib.rivals.frame import LABELS, Asked, Phase, Sample, our_samples, our_weights, scaled, weights_of
from GuideGenLib.rivals.maisi import coded
from GuideGenLib.rivals.medsyn import shapes
from GuideGenLib.rivals.systems import RIVALS
from GuideGenLib.training.loop.draws import Batch, Seeds
from Testing.rivals.tiny import CANVAS, SIZES, tiny_rival


@pytest.fixture
def text() -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).normal(size=(5, 384))).float()


def _sample(phase: Phase, text: torch.Tensor) -> Sample:
    """A batch of one as a phase's feed gives it, smaller."""
    shape = {"patches": (48,) * 3, "crops": (16,) * 3, "torsos": tuple(n // 2 for n in CANVAS), "fine": CANVAS}
    rng = np.random.default_rng(1)
    side = shape[phase.feed]
    labels = torch.from_numpy(rng.integers(0, LABELS, (1, *side)))
    hu = scaled(torch.from_numpy(rng.normal(0, 300, (1, 1, *side))))
    states = torch.zeros(1, 64, 384)
    states[0, : len(text)] = text
    return Sample(hu, labels, torch.ones_like(hu), torch.ones(1, 16), states)


@pytest.mark.parametrize("name", RIVALS)
def test_a_rival_has_as_many_weights_as_ours_within_a_fifth(name: str):
    kind = RIVALS[name].kind
    assert 0.8 < weights_of(RIVALS[name]()) / our_weights(kind) < 1.2
    assert sum(phase.share for phase in RIVALS[name].PHASES) == pytest.approx(1)


def test_ours_are_those_of_the_shipped_preset():
    assert our_weights("mask") == 2_318_032 + 4_452_440 + 4_137_040
    assert our_samples("mask") == 4 * 1600 + 4 * 1600 + 2 * 1400 + 2 * 4000
    assert our_samples("text") - our_samples("mask") == 4000


@pytest.mark.parametrize("name", RIVALS)
def test_each_phase_teaches_its_part_alone_and_the_same_draws_give_the_same_loss(
    name: str, text: torch.Tensor, monkeypatch: pytest.MonkeyPatch
):
    torch.manual_seed(0)
    rival = tiny_rival(name, monkeypatch)
    for phase in rival.PHASES:
        rival.learn(phase.part)
        batch, sample = Batch(Seeds(3), 0, (0,)), _sample(phase, text)
        value, _ = rival.loss(phase, sample, batch)
        value.backward()
        taught = {key.split(".")[0] for key, weights in rival.named_parameters() if weights.grad is not None}
        assert taught == {phase.part} and torch.isfinite(value)
        rival.zero_grad(set_to_none=True)
        rival.eval()
        twice = [float(rival.loss(phase, sample, batch)[0].detach()) for _ in range(2)]
        assert twice[0] == twice[1]


@pytest.mark.parametrize("name", RIVALS)
def test_a_sample_follows_its_seed_and_has_the_shape_that_is_asked(
    name: str, text: torch.Tensor, monkeypatch: pytest.MonkeyPatch
):
    torch.manual_seed(0)
    rival = tiny_rival(name, monkeypatch)
    rival.learn("")
    labels = None
    if rival.kind == "mask":
        labels = np.zeros((19, 22, 26), np.uint8)
        labels[:, 4:18, 4:20] = values()["muscle"]
    made = [rival.sample(Asked(labels, torch.ones(16), text, seed, steps=2), silent) for seed in (1, 1, 2)]
    assert made[0].shape == (CANVAS if labels is None else labels.shape) and made[0].dtype == np.float32
    assert np.array_equal(made[0], made[1]) and not np.array_equal(made[0], made[2])
    assert made[0].min() >= -1000 and made[0].max() <= 1000


@pytest.mark.parametrize(("name", "told"), [("pinaya", "typed"), ("medsyn", "text"), ("generatect", "text")])
def test_what_a_rival_is_told_changes_what_its_networks_say(
    name: str, told: str, text: torch.Tensor, monkeypatch: pytest.MonkeyPatch
):
    torch.manual_seed(0)
    rival = tiny_rival(name, monkeypatch)
    for weights in rival.parameters():  # the last layers of MONAI's networks begin with zeros
        torch.nn.init.normal_(weights, std=0.1)
    rival.eval()
    phase = {"pinaya": 1, "medsyn": 0, "generatect": 1}[name]
    sample = _sample(rival.PHASES[phase], text)
    other = Sample(**{**vars(sample), told: 3 - getattr(sample, told)})
    losses = [
        float(rival.loss(rival.PHASES[phase], one, Batch(Seeds(3), 0, (0,)))[0].detach()) for one in (sample, other)
    ]
    assert losses[0] != losses[1]


@pytest.mark.parametrize("name", ["pinaya", "generatect"])
def test_what_is_coded_before_is_what_the_loss_would_code(
    name: str, text: torch.Tensor, monkeypatch: pytest.MonkeyPatch
):
    torch.manual_seed(0)
    rival = tiny_rival(name, monkeypatch)
    phase = rival.PHASES[1]
    rival.learn(phase.part)
    rival.eval()
    sample = _sample(phase, text)
    kept = replace(sample, hu=sample.hu * 0, code=rival.code(phase, sample.hu))
    losses = [float(rival.loss(phase, one, Batch(Seeds(3), 0, (0,)))[0].detach()) for one in (sample, kept)]
    assert losses[0] == losses[1]
    assert rival.code(rival.PHASES[0], sample.hu) is None


def test_an_unknown_setting_is_named():
    with pytest.raises(KeyError, match="medddpm has no setting colour"):
        RIVALS["medddpm"]({"colour": 1})


def test_masks_are_coded_bit_by_bit_and_lobes_in_even_steps():
    labels = torch.tensor([0, 5, 130]).view(1, 1, 1, 3)
    assert coded(labels)[0, :, 0, 0].T.tolist() == [[0] * 8, [1, 0, 1, 0, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0, 0, 1]]
    keys = ("background", "lung_upper_lobe_left", "lung_lower_lobe_right", "trachea", "lung_vessel")
    lobes, airways, vessels = shapes(torch.tensor([values()[key] for key in keys]).view(1, 1, 1, -1))[0, :, 0, 0]
    assert lobes[0] == -1 and lobes[2] == 1 and -1 < lobes[1] < 1
    assert airways.tolist() == [-1, -1, -1, 1, -1] and vessels.tolist() == [-1, -1, -1, -1, 1]


def test_tiny_sizes_are_settings_of_every_rival():
    assert set(SIZES) == set(RIVALS)
