"""What a training leaves in its run folder: its whole state to go on from, and the best weights that it had.

Both are safetensors whose header tells the step and what else belongs to them, so that a file is never of another step
than what is told of it, whenever a run is killed.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, as_tensor, empty_like
from torch.optim import Optimizer

from GuideGenLib.core.errors import GuideGenError
from GuideGenLib.core.files import atomic

CHECKPOINT, BEST = "state.safetensors", "best.safetensors"
ABOUT = "about"


class RunError(GuideGenError):
    """A run folder does not fit what shall be trained or shipped; the message names it and the remedy."""


def write_state(path: Path, tensors: Mapping[str, Tensor], about: Mapping[str, Any]) -> None:
    """Write tensors and what is told of them into one file, whole or not at all."""
    with atomic(path) as private:
        plain = {key: value.detach().cpu().contiguous() for key, value in tensors.items()}
        save_file(plain, private, metadata={ABOUT: json.dumps(dict(about), sort_keys=True)})


def read_about(path: Path) -> dict[str, Any]:
    """What is told of the tensors of a file, without reading them. Raises RunError for a file of another program."""
    with safe_open(path, framework="pt") as file:
        told = (file.metadata() or {}).get(ABOUT)
    if told is None:
        raise RunError(f"{path} was written by another version of GuideGen", "choose another run folder")
    return dict(json.loads(told))


def steps_done(run: Path) -> int:
    """Steps that the checkpoint of a run folder has behind it; 0 without one."""
    file = run / CHECKPOINT
    return int(read_about(file)["step"]) if file.is_file() else 0


def core_minutes(run: Path) -> float:
    """Minutes of one core that the training in a run folder took, as far as its checkpoints counted them."""
    file = run / CHECKPOINT
    return float(read_about(file).get("cpu_seconds", 0.0)) / 60 if file.is_file() else 0.0


def averaged_state(run: Path) -> dict[str, Tensor]:
    """The averaged weights of a finished or interrupted run folder: those of the lowest validation loss if it was
    validated, else the last ones. Raises RunError when there are none."""
    if (run / BEST).is_file():
        return load_file(run / BEST)
    if not (run / CHECKPOINT).is_file():
        raise RunError(f"{run} holds no checkpoint: run `guidegen train {run.name.replace('_', '-')}` first")
    return part_of(load_file(run / CHECKPOINT), "average")


def is_newer(file: Path, *runs: Path) -> bool:
    """Whether a file is there and was written after the last checkpoint of each run folder."""
    states = [run / CHECKPOINT for run in runs]
    return file.is_file() and file.stat().st_mtime_ns >= max(state.stat().st_mtime_ns for state in states)


def named(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors under `prefix`.key."""
    return {f"{prefix}.{key}": value for key, value in tensors.items()}


def part_of(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The inverse of `named`."""
    start = prefix + "."
    return {key.removeprefix(start): value for key, value in tensors.items() if key.startswith(start)}


def optimiser_tensors(optimiser: Optimizer) -> dict[str, Tensor]:
    """The state of an optimiser by the number of the parameter and its own name."""
    states = optimiser.state_dict()["state"]
    return {f"{number}.{key}": as_tensor(value) for number, state in states.items() for key, value in state.items()}


def load_optimiser(optimiser: Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Put back what `optimiser_tensors` gave, each value laid out in memory as its parameter is."""
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        number, key = name.split(".", 1)
        state.setdefault(int(number), {})[key] = value
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
    for parameter, values in optimiser.state.items():
        for key, value in values.items():
            if value.shape == parameter.shape:
                values[key] = empty_like(parameter, requires_grad=False).copy_(value)
