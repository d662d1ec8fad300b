"""Named sizes of networks and trainings, `guidegen train --preset`: presets.json beside this file.

small   what ships with the project: a few hours of two CPU cores
base    two to three times as large, for one GPU and some hundred scans
paper   as large as the networks of arXiv 2403.07247 (a mask denoiser of 54 M weights, latents of 8 channels, patches of
        128^3), for several GPUs and thousands of scans. Its anatomies have our grid, a whole torso at 6 mm, not 128^3.

A bundle tells the sizes of its own networks; no preset is needed to use it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("presets.json")
DEFAULT = "small"


@dataclass(frozen=True)
class Sizes:
    """Of one stage's network and training.

    network: arguments of its class or configuration; patch: edge in voxels of what it sees, 0 where it sees all;
    batch, most_batch: samples of a pass on a CPU, and at most on a GPU; accumulate: passes of a step; steps, rate: of
    the optimiser; share: of the time that all stages have together; check: steps between two validations.
    """

    batch: int
    most_batch: int
    steps: int
    rate: float
    share: float
    network: Mapping[str, Any] = field(default_factory=dict)
    patch: int = 0
    accumulate: int = 1
    check: int = 500

    @property
    def training(self) -> dict[str, Any]:
        """What the `Trainer` is told."""
        names = ("batch", "most_batch", "steps", "rate", "accumulate")
        return {name: getattr(self, name) for name in names}


@cache
def presets() -> dict[str, dict[str, Sizes]]:
    """The sizes of each stage, by the preset's name."""
    told = json.loads(FILE.read_text(encoding="utf-8"))
    return {name: {stage: _sizes(sizes) for stage, sizes in stages.items()} for name, stages in told.items()}


def _sizes(told: Mapping[str, Any]) -> Sizes:
    """JSON has lists where the configurations have tuples."""
    network = {key: tuple(v) if isinstance(v, list) else v for key, v in told.get("network", {}).items()}
    return Sizes(**{**told, "network": network})
