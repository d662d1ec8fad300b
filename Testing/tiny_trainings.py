"""Every training of a bundle with tiny networks, in this process or in one of its own: `python -m` with arguments
FOLDER PROCESSES STEPS."""

import sys
from collections.abc import Callable
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from GuideGenLib.anatomy.table import labels, values
from GuideGenLib.codec.network import CodecNetwork
from GuideGenLib.ct.network import CTConfig, CTNetwork
from GuideGenLib.data.scan_measures import Measured, measure_scan
from GuideGenLib.training.loop import trainer as loop
from GuideGenLib.training.mask_bank import MaskData
from GuideGenLib.training.networks import adversary
from GuideGenLib.training.networks.codec import train_codec
from GuideGenLib.training.networks.ct import train_ct_flow, train_ct_mean
from GuideGenLib.training.networks.cutting import Material
from GuideGenLib.training.networks.mask import train_mask
from GuideGenLib.training.presets import Sizes

LABELS = len(labels())
GRID = (40, 8, 8)
PATCH = 24
"""Of the CT stage: oneDNN's convolutions in bfloat16 of 2^3 cells, those of 16 voxels, are not the same each time."""
STAGES = ["codec", "grain", "mean", "flow", "mask"]


def scan(
    hu: np.ndarray,
    organs: np.ndarray,
    spacing: float,
    *,
    typed: np.ndarray | None = None,
    unsure: np.ndarray | None = None,
) -> Material:
    """A labelled scan measured, in memory; nothing is told of it unless it is typed."""
    found = measure_scan(hu, organs, spacing, unsure)
    measured = {field.name: getattr(found, field.name) for field in fields(Measured) if field.name != "unsure"}
    measured["table"] = np.nan_to_num(found.table)
    told = np.zeros(16, np.float32) if typed is None else typed
    return Material("anna", **measured, typed=told, texts=[torch.ones(3, 384)])


@cache
def material() -> Material:
    """A trunk with a liver."""
    grid = np.indices((32, 32, 32)).astype(float)
    body = np.hypot(grid[1] - 16, grid[2] - 16) < 13
    organs = np.where(body, values()["muscle"], 0).astype(np.uint8)
    organs[8:24, 10:22, 8:16] = values()["liver"]
    hu = np.where(body, 50.0, -1000.0) + np.random.default_rng(0).normal(0, 20, body.shape)
    return scan(hu.astype(np.int16), organs, 6.0, typed=np.ones(16, np.float32))


def people() -> MaskData:
    """Twenty-one, one of whom is held out."""
    blocks = np.random.default_rng(1).integers(0, 68, (21, 10, 2, 2)).astype(np.uint8)
    maps = blocks.repeat(4, 1).repeat(4, 2).repeat(4, 3)
    return MaskData(maps, np.ones((21, 16), np.float32), [[torch.ones(2, 384)]] * 21)


def train(stage: str, folder: Path, steps: int, world: int = 1, log: Callable[[str], None] = print) -> None:
    """One training of two samples a step in all processes together."""

    def sizes(patch: int, **network: Any) -> Sizes:
        batch = 2 // world
        return Sizes(batch, batch, steps, 1e-3, 0, network=network, patch=patch, check=4)

    how: dict[str, Any] = {"log": log, "seed": 5}
    torch.manual_seed(1)
    codec = CodecNetwork(LABELS, 8, 8, 8)
    mean = CTNetwork(CTConfig(LABELS, 8, 8, widths=(8, 8)))
    if stage == "codec":
        train_codec([material()], folder, sizes(16, latent=8, wide=8, narrow=8), labels=LABELS, **how)
    elif stage == "grain":
        how |= {"labels": LABELS, "decoder_only": True, "adversarial": True, "initial": codec.state_dict()}
        train_codec([material()], folder, sizes(16), **how)
    elif stage == "mean":
        train_ct_mean(codec, [material()], folder, sizes(PATCH, widths=(8, 8)), labels=LABELS, **how)
    elif stage == "flow":
        train_ct_flow(codec, mean, [material()], folder, sizes(PATCH, widths=(8, 8)), labels=LABELS, **how)
    else:
        train_mask(people(), folder, sizes(0, grid=GRID, widths=(8, 8, 8)), **how)


def main(folder: str, world: str, steps: str) -> None:
    """All trainings in turn, each in a folder of its name, in float32, with a line for each step."""
    torch.set_num_threads(1)
    loop.LOG_EVERY, loop.SAVE_EVERY, adversary.WARM_UP = 1, 2, 2
    loop.measure = lambda _: type("Slow", (), {"precision": "float32"})()  # type: ignore[assignment]
    for stage in STAGES:
        train(stage, Path(folder) / stage, int(steps), int(world), lambda line, name=stage: print(name, line))  # type: ignore[misc]


if __name__ == "__main__":
    main(*sys.argv[1:])
