"""The two diffusion processes of stage 1 against their textbook forms."""

from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from GuideGenLib.mask import categorical, flow, sampler
from GuideGenLib.mask.network import Conditions, MaskConfig, MaskNetwork, unfold_cells
from GuideGenLib.mask.sampler import Denoiser, bias_tensors, laid_out, read_bias, sample_categorical, sample_flow


def textbook_posterior(x_t: int, p0: torch.Tensor, keep_t: float, keep_s: float) -> torch.Tensor:
    """sum_k p0_k q(x_s | x_t, x_0 = k) with explicit N x N transition matrices."""
    n = len(p0)
    uniform = torch.full((n, n), 1 / n, dtype=torch.float64)
    eye = torch.eye(n, dtype=torch.float64)
    step = keep_t / keep_s
    one = step * eye + (1 - step) * uniform  # q(x_t = j | x_s = i)
    many = keep_s * eye + (1 - keep_s) * uniform  # q(x_s = i | x_0 = k)
    joint = one[:, x_t][:, None] * many.T  # [x_s, x_0]
    return (joint / joint.sum(dim=0, keepdim=True)) @ p0


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 12), st.floats(0.001, 0.98), st.floats(0.01, 0.99), st.integers(0, 10_000))
def test_the_closed_form_is_the_textbook_posterior(classes: int, keep_s: float, ratio: float, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    p0 = torch.rand(classes, 5, generator=generator, dtype=torch.float64).softmax(dim=0)
    x_t = torch.randint(classes, (5,), generator=generator)
    result = categorical.averaged_posterior(x_t, p0, keep_s * ratio, keep_s)
    for voxel in range(5):
        expected = textbook_posterior(int(x_t[voxel]), p0[:, voxel], keep_s * ratio, keep_s)
        torch.testing.assert_close(result[:, voxel], expected, rtol=1e-8, atol=1e-10)


def test_the_last_step_of_the_schedule_draws_from_the_prediction() -> None:
    steps = list(categorical.schedule(20))
    assert len(steps) == 20 and steps[-1][1] == 1.0
    assert all(keep_t < keep_s for keep_t, keep_s in steps)
    p0 = torch.tensor([[0.2], [0.5], [0.3]], dtype=torch.float64)
    keep_t, keep_s = steps[-1]
    posterior = categorical.averaged_posterior(torch.tensor([0]), p0, keep_t, keep_s)
    # with keep_s = 1 the posterior of each x_0 = k stands at k, so their average is the prediction itself
    torch.testing.assert_close(posterior, p0)


def test_corruption_keeps_the_asked_share() -> None:
    labels = torch.zeros((2, 40, 40, 40), dtype=torch.uint8)
    noisy = categorical.corrupt(labels, torch.tensor([0.3, 0.9]), 10, torch.Generator().manual_seed(0))
    shares = (noisy == 0).float().mean(dim=(1, 2, 3))
    torch.testing.assert_close(shares, torch.tensor([0.3 + 0.07, 0.9 + 0.01]), atol=0.01, rtol=0)


def test_draw_follows_the_probabilities() -> None:
    probabilities = torch.tensor([0.1, 0.6, 0.3])[:, None].expand(3, 50_000)
    drawn = categorical.draw(probabilities, torch.Generator().manual_seed(1))
    shares = torch.bincount(drawn.long(), minlength=3) / len(drawn)
    torch.testing.assert_close(shares, torch.tensor([0.1, 0.6, 0.3]), atol=0.01, rtol=0)


def test_a_true_end_point_is_reached_exactly_by_the_flow() -> None:
    clean = torch.randn(1, 8, 4, 4, 4)
    x = torch.randn(1, 8, 4, 4, 4)
    times = flow.times(7)
    assert times[0] == 0 and times[-1] == pytest.approx(1)
    for t, t_next in pairwise(times):
        x = flow.euler_step(x, clean, t, t_next)
    torch.testing.assert_close(x, clean, atol=1e-5, rtol=1e-5)


class Recorded(Denoiser):
    """A denoiser of a fixed prediction, which keeps what it is shown."""

    def logits(self, x: torch.Tensor, previous: torch.Tensor, time: float, process: int, guided: bool):
        self.seen = [*getattr(self, "seen", []), (x.clone(), time, process)]
        return self.prediction

    def expected(self, *shown: object) -> torch.Tensor:
        return self.expected_code(self.probability(self.logits(*shown)))  # type: ignore[arg-type]

    def log_probability(self, *shown: object) -> torch.Tensor:
        return laid_out(self.logits(*shown).log_softmax(dim=-1), self.cells)  # type: ignore[arg-type]

    prediction: torch.Tensor


def recorded() -> Recorded:
    torch.manual_seed(0)
    network = MaskNetwork(MaskConfig(5, grid=(8, 8, 8), widths=(8, 8, 8)))
    empty = Conditions(torch.zeros(1, 16), torch.zeros(1, 1, 384), torch.zeros(1, 1, dtype=torch.bool))
    denoiser = Recorded(network, empty, 1.5, torch.zeros(5), (0, 8))
    denoiser.prediction = (3 * torch.randn(64, 8, 5)).log_softmax(dim=-1)
    return denoiser


def test_each_draw_of_the_categorical_sampler_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn, denoiser = [], recorded()
    draw = categorical.draw
    monkeypatch.setattr(categorical, "draw", lambda *given: drawn.append(draw(*given)) or drawn[-1])
    result = sample_categorical(denoiser, torch.Generator().manual_seed(0), steps=6)
    assert len(drawn) == 5 and len(denoiser.seen) == 6
    for labels, (x, _, process) in zip(drawn, denoiser.seen[1:], strict=True):
        assert torch.equal(x[0], unfold_cells(denoiser.network.codes[labels], denoiser.cells)) and process == 1
    keep_t, keep_s = list(categorical.schedule(6))[-1]
    last = categorical.averaged_posterior(drawn[-1], denoiser.prediction.exp().movedim(-1, 0), keep_t, keep_s)
    torch.testing.assert_close(laid_out(last.movedim(0, -1), denoiser.cells).log(), result, atol=1e-4, rtol=0)


@pytest.mark.parametrize("guidance", [1.0, 1.5])
def test_the_mean_code_and_the_result_are_those_of_the_logits(guidance: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampler, "PART", 20)
    denoiser = Denoiser(recorded().network, recorded().conditions, guidance, torch.arange(5) / 5, (0, 8))
    torch.nn.init.normal_(denoiser.network.head.weight)
    shown = (torch.randn(1, 8, 8, 8, 8), torch.randn(1, 8, 8, 8, 8), 0.4, 0, True)
    with torch.inference_mode():
        logits = denoiser.logits(*shown)
        wanted = denoiser.expected_code(denoiser.probability(logits))
        torch.testing.assert_close(denoiser.expected(*shown), wanted, atol=1e-4, rtol=1e-4)
        result = laid_out(logits.log_softmax(dim=-1), denoiser.cells)
        torch.testing.assert_close(denoiser.log_probability(*shown), result, atol=1e-4, rtol=1e-4)


def test_the_flow_begins_at_the_time_that_it_was_taught() -> None:
    denoiser = recorded()
    sample_flow(denoiser, torch.Generator().manual_seed(0), steps=4)
    assert [time for _, time, _ in denoiser.seen] == [flow.FIRST, *flow.times(4)[1:-1]]


def test_older_bundles_have_one_bias_for_all_samplers() -> None:
    flow_bias, other = torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0])
    both = {"flow": flow_bias, "categorical": other}
    assert all(torch.equal(read_bias(bias_tensors(both))[name], bias) for name, bias in both.items())
    assert all(torch.equal(bias, flow_bias) for bias in read_bias({"class_bias": flow_bias.half()}).values())
