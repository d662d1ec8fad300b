"""The training loop: resumed runs end where uninterrupted ones do, processes share their gradients."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from GuideGenLib.training.loop import RunError, Trainer, averaged_state, steps_done


def small_network() -> nn.Module:
    torch.manual_seed(3)
    return nn.Sequential(nn.Conv3d(1, 4, 3, padding=1), nn.SiLU(), nn.Conv3d(4, 1, 1))


def fit(network: nn.Module, step: int) -> tuple[Tensor, dict[str, float]]:
    """Another sample each step, the same at the same step."""
    x = torch.randn(1, 1, 4, 4, 4, generator=torch.Generator().manual_seed(step))
    loss = (network(x).float() - x.flip(2)).square().mean()
    return loss, {"figure": float(step)}


def trainer(run: Path, steps: int = 6) -> Trainer:
    return Trainer(small_network(), run, steps=steps, rate=0.01, save_every=3, warm_up=2)


def test_a_resumed_run_ends_with_the_weights_of_an_uninterrupted_one(tmp_path: Path) -> None:
    whole = trainer(tmp_path / "whole")
    whole.run(fit, log=lambda _: None)

    def stops(network: nn.Module, step: int) -> tuple[Tensor, dict[str, float]]:
        if step == 4:
            raise KeyboardInterrupt
        return fit(network, step)

    with pytest.raises(KeyboardInterrupt):
        trainer(tmp_path / "broken").run(stops, log=lambda _: None)
    assert steps_done(tmp_path / "broken") == 3
    resumed = trainer(tmp_path / "broken")
    resumed.run(fit, log=lambda _: None)
    for key, value in whole.network.state_dict().items():
        assert torch.equal(resumed.network.state_dict()[key], value)
        assert torch.equal(resumed.averaged_weights()[key], whole.averaged_weights()[key])
        assert torch.equal(averaged_state(tmp_path / "broken")[key], whole.averaged_weights()[key])
    assert sorted(p.name for p in (tmp_path / "broken").iterdir()) == ["state.json", "state.safetensors"]


def test_a_finished_run_is_left_as_it_is(tmp_path: Path) -> None:
    trainer(tmp_path).run(fit, log=lambda _: None)
    before = (tmp_path / "state.safetensors").read_bytes()
    lines: list[str] = []
    trainer(tmp_path).run(fit, log=lines.append)
    assert (tmp_path / "state.safetensors").read_bytes() == before
    assert lines == []


def test_a_budget_of_minutes_ends_with_weights_and_is_not_spent_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr("GuideGenLib.training.loop.time.monotonic", lambda: now[0])
    rates: list[float] = []

    def timed(steps: int) -> Trainer:
        made = Trainer(small_network(), tmp_path, steps=steps, minutes=2, rate=0.01, save_every=4, warm_up=1)

        def slow(network: nn.Module, step: int) -> tuple[Tensor, dict[str, float]]:
            now[0] += 10
            rates.append(made.optimiser.param_groups[0]["lr"])
            if len(rates) == 6:
                raise KeyboardInterrupt
            return fit(network, step)

        lines: list[str] = []
        made.run(slow, log=lines.append)
        assert "12, 2.0/2 min" in lines[-1]
        return made

    with pytest.raises(KeyboardInterrupt):
        timed(steps=1)
    assert steps_done(tmp_path) == 4
    now[0] += 1000  # not training
    timed(steps=1)
    assert rates[:5] == pytest.approx([0.01 * (1 - i / 12) ** 0.5 for i in range(5)])
    assert rates[6:] == pytest.approx([0.01 * (1 - i / 12) ** 0.5 for i in range(4, 12)])
    assert steps_done(tmp_path) == 12
    assert averaged_state(tmp_path)


def test_training_lowers_the_loss_and_logs_it(tmp_path: Path) -> None:
    lines: list[str] = []
    x = torch.ones(1, 1, 4, 4, 4)
    steady = Trainer(small_network(), tmp_path, steps=50, rate=0.02, warm_up=5)
    steady.run(lambda network, step: ((network(x).float() - 2 * x).square().mean(), {}), log=lines.append)
    losses = [float(line.split("loss ")[1].split()[0]) for line in lines]
    assert len(losses) == 2
    assert losses[1] < 0.5 * losses[0]


def test_a_step_that_is_not_finite_changes_no_weight(tmp_path: Path) -> None:
    broken = trainer(tmp_path, steps=1)
    before = {key: value.clone() for key, value in broken.network.state_dict().items()}
    broken.run(lambda network, step: (fit(network, step)[0] * float("nan"), {}), log=lambda _: None)
    assert all(torch.equal(broken.network.state_dict()[key], value) for key, value in before.items())


def test_a_checkpoint_of_another_network_is_refused(tmp_path: Path) -> None:
    trainer(tmp_path).run(fit, log=lambda _: None)
    with pytest.raises(RunError, match="another network"):
        Trainer(nn.Linear(2, 2), tmp_path, steps=6, rate=0.01)


def test_no_checkpoint_is_told(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="guidegen train ct-mean"):
        averaged_state(tmp_path / "ct_mean")
    assert steps_done(tmp_path / "ct_mean") == 0


PROCESS = """
import sys, torch
from pathlib import Path
from torch import nn
from GuideGenLib.training.loop import Trainer, first_process_first
rank, folder = int(sys.argv[1]), Path(sys.argv[2])
with first_process_first():
    cached = (folder / "cache").exists()
    (folder / "cache").touch()
torch.manual_seed(rank)
network = nn.ModuleDict({"first": nn.Linear(3, 4), "second": nn.Linear(4, 1), "unused": nn.Linear(1, 1)})
trainer = Trainer(network, folder / "run", steps=3, rate=0.01)
def loss(network, step):
    x = torch.full((1, 3), float(rank + step))
    return network["second"](network["first"](x)).float().square().mean(), {}
trainer.run(loss, log=print)
torch.save((cached, network.state_dict()), folder / f"rank{rank}.pt")
"""


def test_two_processes_end_with_the_same_weights(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS, str(rank), str(tmp_path)],
            env=os.environ
            | {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "2", "OMP_NUM_THREADS": "1"}
            | {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    said = [process.communicate(timeout=300)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert "step 3/3" in said[0]
    assert "step" not in said[1]
    (first_cached, first), (second_cached, second) = (torch.load(tmp_path / f"rank{rank}.pt") for rank in range(2))
    assert (first_cached, second_cached) == (False, True)
    assert all(torch.equal(first[key], second[key]) for key in first)
    torch.manual_seed(0)
    alone = nn.Linear(3, 4)
    assert not torch.equal(first["first.weight"], alone.weight)
