"""CT synthesis with untrained networks: padding, tiles, slabs."""

import numpy as np
import pytest
import torch

from GuideGenLib.codec.network import CodecNetwork
from GuideGenLib.ct import synthesizer
from GuideGenLib.ct.network import CTConfig, CTNetwork, Style
from GuideGenLib.ct.synthesizer import CTSynthesizer, integrate, times

LABELS = 5


@pytest.fixture
def stage() -> CTSynthesizer:
    torch.manual_seed(0)
    mean = CTNetwork(CTConfig(LABELS, inputs=8, latent=8, widths=(8, 16))).eval()
    flow = CTNetwork(CTConfig(LABELS, inputs=16, latent=8, widths=(8, 16))).eval()
    codec = CodecNetwork(LABELS, latent=8, wide=8, narrow=8).eval()
    codec.set_linear_path(torch.randn(500, 64))
    for network in (mean, flow):
        torch.nn.init.normal_(network.head.weight, std=0.05)
    torch.nn.init.normal_(codec.decoder_last.weight, std=0.02)
    return CTSynthesizer(codec, mean, flow, torch.full((8,), 0.3), torch.zeros((4, LABELS)))


@pytest.fixture
def style() -> Style:
    return Style(torch.zeros(1, 16), torch.zeros(1), torch.zeros(1, 1, 384), torch.zeros(1, 1, dtype=torch.bool))


TABLE = np.array([-1000, 40, -100, 200, -800], np.float32)


def blocks(shape: tuple[int, int, int]) -> np.ndarray:
    rng = np.random.default_rng(1)
    coarse = rng.integers(0, LABELS, [-(-n // 8) for n in shape])
    return np.kron(coarse, np.ones((8, 8, 8)))[tuple(slice(n) for n in shape)].astype(np.uint8)


def test_any_size_comes_back_in_its_own_size(stage: CTSynthesizer, style: Style) -> None:
    labels = blocks((21, 30, 17))
    hu = stage.synthesize(labels, TABLE, style, stage.noise(labels.shape, 0), steps=2)
    assert hu.shape == labels.shape and np.isfinite(hu).all()


def test_slabs_of_the_decoder_leave_no_seam(
    stage: CTSynthesizer, style: Style, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = blocks((160, 16, 16))
    noise = stage.noise(labels.shape, 0)
    whole = stage.synthesize(labels, TABLE, style, noise, steps=1)
    monkeypatch.setattr(synthesizer, "DECODE_CELLS", 16)
    slabs = stage.synthesize(labels, TABLE, style, noise, steps=1)
    np.testing.assert_allclose(slabs, whole, atol=0.05)


def test_slabs_are_alike_and_keep_each_slice_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synthesizer, "DECODE_CELLS", 40)
    for depth in (2, 38, 40, 42, 72, 80, 82, 121, 200):
        found = list(synthesizer.slabs(depth))
        assert [z for _, start, stop, _ in found for z in range(start, stop)] == list(range(depth))
        assert len({high - low for low, _, _, high in found}) == 1
        for low, start, stop, high in found:
            assert low == 0 or start - low >= synthesizer.DECODE_OVERLAP
            assert high == depth or high - stop >= synthesizer.DECODE_OVERLAP


def test_tiles_fade_into_each_other(stage: CTSynthesizer, style: Style, monkeypatch: pytest.MonkeyPatch) -> None:
    labels = blocks((192, 32, 32))
    noise = stage.noise(labels.shape, 0)
    whole = stage.synthesize(labels, TABLE, style, noise, steps=1)
    monkeypatch.setattr(synthesizer, "TILE", (32, 8, 8))
    tiled = stage.synthesize(labels, TABLE, style, noise, steps=1)
    steps = np.abs(np.diff(tiled - whole, axis=0)).mean(axis=(1, 2))
    usual = np.abs(np.diff(whole, axis=0)).mean()
    assert 0 < np.abs(tiled - whole).mean() < 0.02 * whole.std()
    assert steps.max() < 0.1 * usual


def test_the_noise_of_a_crop_is_the_crop_of_the_noise(stage: CTSynthesizer) -> None:
    whole = stage.noise((60, 30, 25), 7)
    assert whole.shape == (1, 8, 16, 8, 8)
    part = stage.noise((60, 30, 25), 7, (slice(16, 57), slice(0, 30), slice(8, 16)))
    assert torch.equal(part, whole[:, :, 4:16, 0:8, 2:4])


def test_air_far_from_what_is_labelled_is_not_made(stage: CTSynthesizer, style: Style) -> None:
    labels = np.zeros((72, 80, 64), np.uint8)
    labels[40:56, 33:50, 24:40] = blocks((16, 17, 16)) + 1
    labels[labels == LABELS] = 1
    noise = stage.noise(labels.shape, 0)
    hu = stage.synthesize(labels, TABLE, style, noise, steps=2)
    box = (slice(24, 72), slice(16, 72), slice(8, 56))
    assert synthesizer.shown(labels) == box
    part = stage.synthesize(labels[box], TABLE, style, stage.noise(labels.shape, 0, box), steps=2)
    np.testing.assert_allclose(hu[box], part, atol=0.01)
    air = np.ones(labels.shape, bool)
    air[box] = False
    assert (hu[air] == TABLE[0]).all() and (hu[box] != TABLE[0]).mean() > 0.9
    nothing = np.zeros((16, 16, 16), np.uint8)
    assert (stage.synthesize(nothing, TABLE, style, stage.noise(nothing.shape, 0)) == TABLE[0]).all()


def test_zero_steps_give_the_expected_ct_without_texture(stage: CTSynthesizer, style: Style) -> None:
    labels = blocks((16, 16, 16))
    first = stage.synthesize(labels, TABLE, style, stage.noise(labels.shape, 0), steps=0)
    second = stage.synthesize(labels, TABLE, style, stage.noise(labels.shape, 1), steps=0)
    np.testing.assert_array_equal(first, second)


def test_the_network_is_asked_once_a_step_and_never_of_noise_alone() -> None:
    asked = []

    def velocity(x: torch.Tensor, time: float) -> torch.Tensor:
        asked.append(time)
        return torch.zeros_like(x)

    for steps in (1, 2, 5):
        asked.clear()
        integrate(velocity, torch.ones(1), steps)
        assert asked == times(steps)[1:-1] and len(asked) == steps and asked[0] > 0


@pytest.mark.parametrize("deviation", [0.2, 0.5, 1.0])
def test_six_steps_keep_the_contrast_of_a_texture(deviation: float) -> None:
    """The flow from unit noise to a Gaussian of another deviation is known: x goes to deviation * x."""

    def velocity(x: torch.Tensor, time: float) -> torch.Tensor:
        return (time * deviation**2 - (1 - time)) * x / ((time * deviation) ** 2 + (1 - time) ** 2)

    fractions: list[float] = []
    kept = integrate(velocity, torch.ones(1), 6, fractions.append).item() / deviation
    assert 0.88 < kept < 1.02
    assert fractions == pytest.approx([i / 6 for i in range(1, 7)])
    assert integrate(velocity, torch.ones(1), 64, fractions.append).item() == pytest.approx(deviation, rel=0.01)
