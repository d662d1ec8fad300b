"""What is added to the reference HU of each label so that its mean in the finished CT is that of the anatomy table.

The networks learn from two scans in which bones are brighter on one side of their mean and gas lies beside walls; what
they make of a generated anatomy is a few tens of HU off. The remedy is measured, as for the volumes of the mask: make
the CT of the template, compare each organ's inside with the table, move its reference by the difference, and repeat.
"""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from GuideGenLib.anatomy.table import by_group, hu_mean, values
from GuideGenLib.ct.network import Style
from GuideGenLib.ct.synthesizer import CTSynthesizer
from GuideGenLib.data.scan_measures import organ_means

OFFSET = "hu_offset.json"
PHASES = ("none", "portal_venous")
ROUNDS = 2
LARGEST_HU = 80.0
TISSUES = ("background", "body")
"""Not moved: air needs no help, and `body` is whatever has no name."""


@torch.inference_mode()
def calibrate_hu(
    synthesizer: CTSynthesizer,
    labels: NDArray[np.uint8],
    noise: float,
    run: Path,
    *,
    rounds: int = ROUNDS,
    minutes: float | None = None,
    log: Callable[[str], None] = print,
) -> Tensor:
    """The offset [network labels] in HU, kept in `run`/hu_offset.json.

    labels: the template [z, y, x] at 2 mm; noise: the style's (standard deviation in soft tissue / 20 HU); minutes:
    time after which no further round begins. Labels that the template lacks (lesions, the other sex) and TISSUES
    keep 0.
    """
    device = synthesizer.spread.device
    offset = torch.zeros(synthesizer.mean.config.labels, device=device)
    nothing = torch.zeros((1, 1), dtype=torch.bool, device=device)
    style = Style(
        torch.zeros((1, synthesizer.mean.config.typed), device=device),
        torch.full((1,), noise, device=device),
        torch.zeros((1, 1, synthesizer.mean.config.text), device=device),
        nothing,
    )
    kept = [row.value for row in by_group()["lesions"]] + [values()[key] for key in TISSUES]
    present = np.setdiff1d(np.unique(labels), kept)
    began = time.monotonic()
    for turn in range(rounds):
        if turn > 0 and minutes is not None and time.monotonic() - began > 60 * minutes:
            break
        stage = replace(synthesizer, offset=offset)
        off = np.zeros(len(offset), np.float32)
        for phase in PHASES:
            table = hu_mean(phase)  # type: ignore[arg-type]
            hu = stage.synthesize(labels, table, style, stage.noise(labels.shape, turn))
            means = organ_means(hu, labels, np.zeros(labels.shape, bool))
            off += np.nan_to_num(means - table)[: len(off)] / len(PHASES)
        off[np.setdiff1d(np.arange(len(off)), present)] = 0
        log(f"HU calibration {turn + 1}/{rounds}: organs off by {float(np.abs(off[present]).mean()):.1f} HU (mean)")
        offset = (offset - torch.from_numpy(off).to(device)).clamp(-LARGEST_HU, LARGEST_HU)
    run.mkdir(parents=True, exist_ok=True)
    (run / OFFSET).write_text(json.dumps([round(float(hu), 1) for hu in offset]))
    return offset.cpu()


def read_offset(run: Path) -> Tensor | None:
    """The offset of a run folder, None before it was calibrated."""
    path = run / OFFSET
    return torch.tensor(json.loads(path.read_text())) if path.is_file() else None
