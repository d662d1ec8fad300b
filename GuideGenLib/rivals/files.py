"""A trained rival as one safetensors file, whose header names it, its configuration and the hash of its weights."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from GuideGenLib.core.errors import EvaluationError
from GuideGenLib.rivals.frame import Rival
from GuideGenLib.rivals.systems import RIVALS
from GuideGenLib.training.loop.checkpoint import read_about, write_state

FILE = "rival.safetensors"


def write_rival(rival: Rival, path: Path, training: Mapping[str, Any]) -> None:
    """Write weights and what is told of them, whole or not at all. training: how it was trained, for the report."""
    tensors = {key: value.detach().cpu() for key, value in rival.state_dict().items()}
    about = {"rival": rival.name, "config": rival.config, "sha256": hash_of(tensors), "training": dict(training)}
    write_state(path, tensors, about)


def read_rival(path: Path) -> tuple[Rival, dict[str, Any]]:
    """A rival and what is told of it. Raises EvaluationError for a file that is missing, damaged or of another kind."""
    if not path.is_file():
        raise EvaluationError(f"{path} is not there", f"train it: guidegen train rival {path.parent.name}")
    again = f"train it again: guidegen train rival {path.parent.name}"
    try:
        about, tensors = read_about(path), load_file(path)
        rival = RIVALS[about["rival"]](about["config"])
        expected, told = rival.state_dict(), about["sha256"]
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise EvaluationError(f"{path} is no rival of this version ({error})", again) from error
    check_tensors(str(path), tensors, expected, again)
    if hash_of(tensors) != told:
        raise EvaluationError(f"{path} was altered: its weights have another hash than it tells", again)
    rival.load_state_dict(tensors)
    rival.learn("")
    return rival, about


def check_tensors(name: str, found: Mapping[str, Tensor], expected: Mapping[str, Tensor], remedy: str) -> None:
    """Raises EvaluationError that tells which keys are missing, unknown or of another shape."""
    lacking, odd = sorted(set(expected) - set(found)), sorted(set(found) - set(expected))
    shapes = [
        f"{key} is {[*found[key].shape]}, not {[*value.shape]}"
        for key, value in expected.items()
        if key in found and found[key].shape != value.shape
    ]
    parts = [_few("it lacks", lacking), _few("it has besides", odd), _few("shapes differ:", shapes)]
    if any(parts):
        raise EvaluationError(f"the weights of {name} do not fit: {'; '.join(filter(None, parts))}", remedy)


def _few(what: str, names: list[str], most: int = 3) -> str:
    if not names:
        return ""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{what} {', '.join(names[:most])}{more}"


def hash_of(tensors: Mapping[str, Tensor]) -> str:
    """sha256 of names, shapes and values."""
    found = hashlib.sha256()
    for key in sorted(tensors):
        value = tensors[key].contiguous()
        found.update(f"{key} {value.dtype} {[*value.shape]}".encode())
        found.update(value.numpy().tobytes())
    return found.hexdigest()
