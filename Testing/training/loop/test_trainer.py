"""The training loop: budgets, resumed runs, validation, passes."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from GuideGenLib.training.loop.checkpoint import (
    CHECKPOINT,
    RunError,
    averaged_state,
    core_minutes,
    read_about,
    steps_done,
)
from GuideGenLib.training.loop.checks import Check
from GuideGenLib.training.loop.draws import FITTING, VALIDATION, Batch
from GuideGenLib.training.loop.trainer import Trainer
from Testing.tiny_loop import Numbers, fit, silent, small_network, trainer


def test_a_resumed_run_ends_with_the_weights_of_an_uninterrupted_one(tmp_path: Path) -> None:
    whole = trainer(tmp_path / "whole")
    whole.run(fit, silent)

    def stops(network: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        if batch.step == 4:
            raise KeyboardInterrupt
        return fit(network, batch)

    with pytest.raises(KeyboardInterrupt):
        trainer(tmp_path / "broken").run(stops, silent)
    assert steps_done(tmp_path / "broken") == 3
    trainer(tmp_path / "broken").run(fit, silent)
    one, other = (load_file(tmp_path / run / CHECKPOINT) for run in ("whole", "broken"))
    assert one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)
    assert {key.split(".")[0] for key in one} == {"network", "average", "optimiser"}
    for key, value in whole.averaged_weights().items():
        assert torch.equal(averaged_state(tmp_path / "broken")[key], value)
    assert sorted(p.name for p in (tmp_path / "broken").iterdir()) == ["state.safetensors", "tensorboard"]


def test_the_average_is_that_of_the_ramp(tmp_path: Path) -> None:
    network, seen = small_network(), []
    weights = [network.state_dict()["2.weight"].clone()]

    def watched(network: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        seen.append(network.state_dict()["2.weight"].clone())
        return fit(network, batch)

    made = Trainer(network, tmp_path, steps=40, rate=0.01, average=0.6)
    made.run(watched, silent)
    average = weights[0]
    for step, value in enumerate([*seen[1:], network.state_dict()["2.weight"]], start=1):
        decay = min(0.6, (1 + step) / (10 + step))
        average = decay * average + (1 - decay) * value
    torch.testing.assert_close(made.averaged_weights()["2.weight"], average)


def test_a_finished_run_is_left_as_it_is(tmp_path: Path) -> None:
    trainer(tmp_path).run(fit, silent)
    before = (tmp_path / CHECKPOINT).read_bytes()
    lines: list[str] = []
    trainer(tmp_path).run(fit, lines.append)
    assert (tmp_path / CHECKPOINT).read_bytes() == before
    assert lines == []


def test_the_precision_of_a_run_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def measured(name: str) -> Callable[[str], object]:
        return lambda device: type("Speed", (), {"precision": name})

    for first, later in (("bfloat16", "float32"), ("float32", "bfloat16")):
        monkeypatch.setattr("GuideGenLib.training.loop.trainer.measure", measured(first))
        trainer(tmp_path / first).run(fit, silent)
        monkeypatch.setattr("GuideGenLib.training.loop.trainer.measure", measured(later))
        assert trainer(tmp_path / first, steps=9).precision == getattr(torch, first)
    assert trainer(tmp_path / "asked", precision="float32").precision == torch.float32


def test_a_budget_of_minutes_ends_with_weights_and_is_not_spent_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr("GuideGenLib.training.loop.trainer.time.monotonic", lambda: now[0])
    rates: list[float] = []

    def timed(steps: int) -> None:
        made = Trainer(small_network(), tmp_path, steps=steps, minutes=2, rate=0.01, save_every=4, warm_up=1)

        def slow(network: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, float]]:
            now[0] += 10
            rates.append(made.optimiser.param_groups[0]["lr"])
            if len(rates) == 6:
                raise KeyboardInterrupt
            return fit(network, batch)

        lines: list[str] = []
        made.run(slow, lines.append)
        assert "12, 2.0/2 min" in lines[-1]

    with pytest.raises(KeyboardInterrupt):
        timed(steps=1)
    assert steps_done(tmp_path) == 4
    now[0] += 1000  # not training
    timed(steps=1)
    assert rates[:5] == pytest.approx([0.01 * (1 - i / 12) ** 0.5 for i in range(5)])
    assert rates[6:] == pytest.approx([0.01 * (1 - i / 12) ** 0.5 for i in range(4, 12)])
    assert steps_done(tmp_path) == 12
    assert averaged_state(tmp_path)


def test_a_budget_that_is_over_at_once_ends_with_weights(tmp_path: Path) -> None:
    Trainer(small_network(), tmp_path, steps=5, minutes=1e-9, rate=0.01).run(fit, silent, check=Check(samples=2))
    assert steps_done(tmp_path) == 1 and averaged_state(tmp_path)


def test_training_lowers_the_loss_and_logs_it(tmp_path: Path) -> None:
    lines: list[str] = []
    x = torch.ones(1, 1, 4, 4, 4)
    steady = Trainer(small_network(), tmp_path, steps=50, rate=0.02, warm_up=5)
    steady.run(lambda network, _: ((network(x).float() - 2 * x).square().mean(), {}), lines.append)
    losses = [float(line.split("loss ")[1].split()[0]) for line in lines]
    assert len(losses) == 2
    assert losses[1] < 0.5 * losses[0]


def test_a_step_that_is_not_finite_changes_no_weight(tmp_path: Path) -> None:
    broken = trainer(tmp_path, steps=1)
    before = {key: value.clone() for key, value in broken.network.state_dict().items()}
    broken.run(lambda network, batch: (fit(network, batch)[0] * float("nan"), {}), silent)
    assert all(torch.equal(broken.network.state_dict()[key], value) for key, value in before.items())


def test_a_checkpoint_of_another_network_is_refused(tmp_path: Path) -> None:
    trainer(tmp_path).run(fit, silent)
    with pytest.raises(RunError, match="another network"):
        Trainer(nn.Linear(2, 2), tmp_path, steps=6, rate=0.01)


def test_no_checkpoint_is_told(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="guidegen train ct-mean"):
        averaged_state(tmp_path / "ct_mean")
    assert steps_done(tmp_path / "ct_mean") == 0


# ---------------------------------------------------------------- passes and numbers


def test_several_passes_are_one_larger_batch(tmp_path: Path) -> None:
    seen: dict[str, list[tuple[int, ...]]] = {}

    def trained(name: str, **how: int) -> dict[str, Tensor]:
        def watched(network: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, float]]:
            seen.setdefault(name, []).append(batch.samples)
            assert batch.total == 4 and batch.last == (batch.samples[-1] % 4 == 3)
            return fit(network, batch)

        made = trainer(tmp_path / name, precision="float32", **how)
        made.run(watched, silent)
        return made.averaged_weights()

    one, many = trained("one", batch=4), trained("many", batch=2, accumulate=2)
    assert seen["one"][1] == (4, 5, 6, 7) and seen["many"][2:4] == [(4, 5), (6, 7)]
    for key, value in one.items():
        torch.testing.assert_close(many[key], value, rtol=1e-4, atol=1e-6)


def test_data_are_read_by_number_and_a_resumed_run_reads_on(tmp_path: Path) -> None:
    seen: list[list[float]] = []

    def watched(network: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        assert batch.data.tolist() == list(batch.samples)
        seen.append(batch.data.tolist())
        return fit(network, batch)

    trainer(tmp_path, steps=2, batch=3).run(watched, silent, data=Numbers())
    trainer(tmp_path, steps=3, batch=3).run(watched, silent, data=Numbers())
    assert seen == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]


def test_other_processes_read_the_same_data(tmp_path: Path) -> None:
    seen: dict[int, list[list[float]]] = {0: [], 2: []}
    for workers, found in seen.items():

        def watched(
            network: nn.Module, batch: Batch, found: list[list[float]] = found
        ) -> tuple[Tensor, dict[str, float]]:
            assert batch.data.tolist() == list(batch.samples)
            found.append(batch.data.tolist())
            return fit(network, batch)

        made = trainer(tmp_path / str(workers), batch=2)
        made.workers = workers
        made.run(watched, silent, data=Numbers())
    assert seen[0] == seen[2] and len(seen[0]) == 6


def test_the_batch_of_a_gpu_is_tried_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[int] = []

    def hungry(network: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        assert len(batch.data) == len(batch.samples)
        tried.append(len(batch.samples))
        if len(batch.samples) > 3:
            raise torch.OutOfMemoryError("no room")
        assert batch.seeds.use == FITTING or all(p.grad is None for p in network.parameters())
        return fit(network, batch)

    def gpu(most: int | None) -> Trainer:
        made = trainer(tmp_path, steps=len(tried) or 2)
        made.most_batch = most
        return made

    gpu(8).run(hungry, silent, data=Numbers())
    assert tried == [8, 4, 2, 2, 2]
    assert read_about(tmp_path / CHECKPOINT)["batch"] == 2
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    again = Trainer(small_network(), tmp_path, steps=6, rate=0.01, batch=5)
    assert again.batch == 5  # a CPU has its own


def test_minutes_of_a_core_are_not_spent_by_what_else_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, core = [0.0], [0.0]
    monkeypatch.setattr("GuideGenLib.training.loop.trainer.time.monotonic", lambda: clock[0])
    monkeypatch.setattr("GuideGenLib.training.loop.trainer.time.process_time", lambda: core[0])

    def starved(network: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        clock[0] += 600
        core[0] += 10
        return fit(network, batch)

    lines: list[str] = []
    for minutes, steps in ((1.0, 6), (2.0, 12)):  # the second goes on
        made = Trainer(small_network(), tmp_path, steps=1, minutes=minutes, of_a_core=True, rate=0.01)
        made.run(starved, lines.append)
        assert made.step == steps and core_minutes(tmp_path) == pytest.approx(minutes)
    assert lines[-1].startswith("step 12, 2.0/2 min")


def test_few_minutes_are_not_spent_on_looking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("GuideGenLib.training.loop.trainer.time.monotonic", lambda: now[0])

    def looked(minutes: float) -> tuple[list[str], int]:
        lines: list[str] = []
        drawn: list[int] = []

        def slow(network: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, float]]:
            now[0] += 0.0 if batch.seeds.use == VALIDATION else 6.0
            return fit(network, batch)

        def pictures(_: nn.Module) -> dict[str, Tensor]:
            drawn.append(1)
            return {}

        made = Trainer(small_network(), tmp_path / str(minutes), steps=1, minutes=minutes, rate=0.01)
        made.run(slow, lines.append, check=Check(every=1, samples=1, pictures=pictures))
        return [line.split(",")[1].split("/")[0].strip() for line in lines if "validation" in line], len(drawn)

    assert looked(0.5) == (["0.5"], 0)
    assert looked(3) == (["1.0", "2.0", "3.0"], 3)
    assert looked(10) == (["2.0", "4.0", "6.0", "8.0", "10.0"], 5)
