"""Trainings in processes of their own: several at once, and one that is killed."""

import os
import random
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from GuideGenLib.training.loop import trainer as loop
from GuideGenLib.training.loop.checkpoint import CHECKPOINT, averaged_state, steps_done
from GuideGenLib.training.loop.draws import Batch
from GuideGenLib.training.networks import adversary
from Testing.tiny_trainings import STAGES, train

pytestmark = pytest.mark.medium

TRAININGS = "import sys; from Testing.tiny_trainings import main; main(*sys.argv[1:])"
STEPS = 10


def start(code: str, arguments: list[object], rank: int = 0, world: int = 1, port: int = 0) -> subprocess.Popen[str]:
    several = {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(world), "MASTER_PORT": str(port)}
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        env=os.environ
        | {"OMP_NUM_THREADS": "1", "MASTER_ADDR": "127.0.0.1", "PYTHONPATH": os.pathsep.join(sys.path)}
        | several,
        stdout=subprocess.PIPE,
        text=True,
    )


def together(code: str, arguments: list[object], world: int) -> list[str]:
    """What each of `world` processes says."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    processes = [start(code, arguments, rank, world, port) for rank in range(world)]
    said = [process.communicate(timeout=300)[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * world
    return said


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The trainings by one process that is not disturbed, and what it says."""
    folder = tmp_path_factory.mktemp("alone")
    return folder, together(TRAININGS, [folder, 1, STEPS], 1)[0]


def losses(said: str, stage: str, word: str = " loss ") -> list[float]:
    lines = [line for line in said.splitlines() if line.startswith(stage + " ") and word in line]
    return [float(line.split(word)[1].split()[0]) for line in lines]


def test_two_processes_see_what_one_would(alone: tuple[Path, str], tmp_path: Path) -> None:
    first, second = together(TRAININGS, [tmp_path, 2, STEPS], 2)
    assert "step" not in second
    for stage in STAGES:
        assert len(losses(first, stage)) == STEPS
        assert losses(first, stage) == pytest.approx(losses(alone[1], stage), rel=0.01), stage
        found = losses(first, stage, " validation ")
        assert len(found) == 3 and found == pytest.approx(losses(alone[1], stage, " validation "), rel=0.01), stage
        one, two = (averaged_state(folder / stage) for folder in (alone[0], tmp_path))
        for key, value in one.items():
            torch.testing.assert_close(two[key], value, rtol=0.02, atol=2e-3, msg=f"{stage} {key}")


def test_a_run_that_is_killed_goes_on_as_if_nothing_had_been(alone: tuple[Path, str], tmp_path: Path) -> None:
    """Killed twice at random: somewhere in the first stages, and somewhere later."""
    chosen = random.Random()
    for stage in (chosen.choice(STAGES[:2]), chosen.choice(STAGES[2:])):
        step = chosen.randrange(2, STEPS - 1)
        killed = start(TRAININGS, [tmp_path, 1, STEPS])
        while killed.poll() is None and steps_done(tmp_path / stage) < step:
            time.sleep(0.002)
        killed.send_signal(signal.SIGKILL)
        assert killed.wait(timeout=60) == -signal.SIGKILL, f"{stage} {step}: it was over before"
    together(TRAININGS, [tmp_path, 1, STEPS], 1)
    for stage in STAGES:
        same(alone[0] / stage, tmp_path / stage)


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_each_stage_goes_on_from_any_step(
    stage: str, precision: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "measure", lambda _: type("Speed", (), {"precision": precision}))
    monkeypatch.setattr(loop, "SAVE_EVERY", 1)
    monkeypatch.setattr(adversary, "WARM_UP", 2)
    train(stage, tmp_path / "whole", 6, log=lambda _: None)
    step = loop.Trainer._step
    left = 4

    def stops(self: loop.Trainer, *arguments: Any) -> Any:
        nonlocal left
        left -= 1
        if left == 0:
            raise KeyboardInterrupt
        return step(self, *arguments)

    monkeypatch.setattr(loop.Trainer, "_step", stops)
    with pytest.raises(KeyboardInterrupt):
        train(stage, tmp_path / "broken", 6, log=lambda _: None)
    torch.randn(7)  # other numbers than those that an uninterrupted run would have had
    train(stage, tmp_path / "broken", 6, log=lambda _: None)
    same(tmp_path / "whole", tmp_path / "broken")
    kinds = {key.split(".")[0] for key in load_file(tmp_path / "broken" / CHECKPOINT)}
    assert kinds == {"network", "average", "optimiser"} | ({"adversary"} if stage == "grain" else set())


def same(one: Path, other: Path) -> None:
    """Two run folders hold the same state and the same best weights."""
    files = sorted(file.name for file in one.glob("*.safetensors"))
    assert files == sorted(file.name for file in other.glob("*.safetensors"))
    validated = [] if one.name == "grain" else ["best.safetensors"]
    fitted = ["layouts.safetensors"] if one.name == "mask" else []
    assert one.name == "whole" or files == [*validated, *fitted, "state.safetensors"]
    for file in files:
        first, second = (load_file(folder / file) for folder in (one, other))
        assert first.keys() == second.keys()
        assert [key for key in first if not torch.equal(first[key], second[key])] == [], f"{one.name} {file}"


FIRST = """
import sys, time
from pathlib import Path
import torch
from torch import nn
from GuideGenLib.training.loop.checkpoint import averaged_state
from GuideGenLib.training.loop.checks import Check
from GuideGenLib.training.loop.trainer import Trainer
from GuideGenLib.training.loop.processes import first_process_first, process_rank
folder = Path(sys.argv[1])
rank = process_rank()[0]
with first_process_first():
    cached = (folder / "cache").exists()
    (folder / "cache").touch()
torch.manual_seed(rank)
network = nn.ModuleDict({"first": nn.Linear(3, 4), "second": nn.Linear(4, 1), "unused": nn.Linear(1, 1)})
class Slow(Trainer):
    def _save(self):
        if rank == 0:
            time.sleep(1)
        super()._save()
trainer = Slow(network, folder / "run", steps=3, rate=0.01)
def loss(network, batch):
    x = torch.full((1, 3), float(rank + batch.step))
    return network["second"](network["first"](x)).float().square().mean(), {}
trainer.run(loss, log=lambda _: None, check=Check(samples=2))
read = averaged_state(folder / "run")  # what the next stage does: it must be there, and the same for all
torch.manual_seed(4)
passes = Trainer(nn.Linear(3, 1), folder / "passes", steps=3, rate=0.01, accumulate=2, precision="float32")
def drawn(network, batch):
    x = torch.stack([torch.from_numpy(rng.normal(size=3)).float() for rng in batch.each()])
    return (network(x) - 1).square().mean(), {}
passes.run(drawn, log=lambda _: None)
torch.save((cached, network.state_dict(), read, passes.network.state_dict()), folder / f"rank{rank}.pt")
"""


def test_no_process_goes_on_before_the_weights_are_written(tmp_path: Path) -> None:
    together(FIRST, [tmp_path], 2)
    first, second = (torch.load(tmp_path / f"rank{rank}.pt") for rank in range(2))
    assert (first[0], second[0]) == (False, True)
    for one, other in ((first[1], second[1]), (first[2], second[2])):
        assert one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)
    torch.manual_seed(0)
    assert not torch.equal(first[1]["first.weight"], torch.nn.Linear(3, 4).weight)
    # two processes with two passes of one sample are one with four samples
    torch.manual_seed(4)
    begin = torch.nn.Linear(3, 1)

    def drawn(network: torch.nn.Module, batch: Batch) -> tuple[torch.Tensor, dict[str, float]]:
        x = torch.stack([torch.from_numpy(rng.normal(size=3)).float() for rng in batch.each()])
        return (network(x) - 1).square().mean(), {}

    alone = loop.Trainer(begin, tmp_path / "alone", steps=3, rate=0.01, batch=4, precision="float32")
    alone.run(drawn, log=lambda _: None)
    for key, value in alone.network.state_dict().items():
        torch.testing.assert_close(first[3][key], value)
        assert torch.equal(first[3][key], second[3][key])
