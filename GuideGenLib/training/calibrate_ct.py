"""What is added to the reference HU of each label so that its mean in the finished CT is that of the anatomy table.

The networks learn from few scans, in which bones are brighter on one side of their mean and gas lies beside walls, and
hardly any is arterial; what they make of a generated anatomy is a few tens of HU off, otherwise in each phase. The
remedy is measured, as for the volumes of the mask: make the CT of a person with all that rules draw in it, compare each
organ's inside with the table, move its reference by the difference, and go on with another person.
"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from GuideGenLib.anatomy.label import PHASES
from GuideGenLib.anatomy.table import by_group, hu_mean, values
from GuideGenLib.ct.canvas import Canvas
from GuideGenLib.ct.details import with_details
from GuideGenLib.ct.offsets import as_lists, as_tensor
from GuideGenLib.ct.styles import scan_style
from GuideGenLib.ct.synthesizer import SPACING, CTSynthesizer
from GuideGenLib.data.scan_measures import organ_means

OFFSET = "hu_offsets.json"
LARGEST_HU = 80.0
LATER_SHARE = 0.5
"""Of what a label is off in a person after the first who shows it: the end lies between the two."""
NOT_MOVED = ("background", "body", "lung_vessel", "stomach_gas", "colon_gas")
"""Air needs no help, `body` is whatever has no name, vessels and levels of gas are drawn by rules."""


@torch.inference_mode()
def calibrate_hu(
    synthesizer: CTSynthesizer,
    people: Sequence[NDArray[np.uint8]],
    noise: float,
    encode: Callable[[str], Tensor],
    run: Path,
    *,
    minutes: float | None = None,
    log: Callable[[str], None] = print,
) -> Tensor:
    """The offsets [phases, network labels] in HU, kept in `run`/OFFSET; they begin with the synthesizer's.

    people: labels [z, y, x] at 2 mm; noise: the style's (standard deviation in soft tissue / 20 HU); encode: text to
    token states; minutes: time after which no further person is begun. Labels that nobody has (lesions) and NOT_MOVED
    keep theirs.
    """
    offset = synthesizer.offset.clone()
    device, count = offset.device, offset.shape[1]
    kept = [row.value for row in by_group()["lesions"]] + [values()[key] for key in NOT_MOVED]
    seen = np.zeros(count, bool)
    began = time.monotonic()
    for number, labels in enumerate(people):
        if number > 0 and minutes is not None and time.monotonic() - began > 60 * minutes:
            break
        present = np.setdiff1d(np.unique(labels[labels < count]), kept)
        stage, off = replace(synthesizer, offset=offset), np.zeros((len(PHASES), count), np.float32)
        for row, phase in enumerate(PHASES):
            table, style = hu_mean(phase), scan_style(encode, _sex(labels), phase, noise, device)
            hu = stage.synthesize(labels, table, style, stage.noise(labels.shape, number), phase=phase)
            hu = with_details(hu, Canvas(labels, table, phase, SPACING, number))
            off[row] = np.nan_to_num(organ_means(hu, labels, np.zeros(labels.shape, bool)) - table)[:count]
        off[:, np.setdiff1d(np.arange(count), present)] = 0
        told = ", ".join(f"{phase} {np.abs(off[row, present]).mean():.1f}" for row, phase in enumerate(PHASES))
        log(f"HU calibration, person {number + 1} of {len(people)}: labels off by {told} HU (mean)")
        off[:, seen] *= LATER_SHARE
        seen[present] = True
        offset = (offset - torch.from_numpy(off).to(device)).clamp(-LARGEST_HU, LARGEST_HU)
    run.mkdir(parents=True, exist_ok=True)
    (run / OFFSET).write_text(json.dumps(as_lists(offset)))
    return offset.cpu()


def _sex(labels: NDArray[np.uint8]) -> str | None:
    """male or female by what is shown of the sex."""
    for key, sex in (("prostate", "male"), ("uterus", "female")):
        if (labels == values()[key]).any():
            return sex
    return None


def read_offset(run: Path) -> Tensor | None:
    """The offsets of a run folder, None before they were calibrated."""
    path = run / OFFSET
    return as_tensor(json.loads(path.read_text())) if path.is_file() else None
