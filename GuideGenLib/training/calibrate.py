"""What a sampler adds to the logits of each label so that organs come out in the sizes of the population.

The loss weighs rare labels more and a half-trained network is unsure of thin ones, so that samples draw some organs too
large and others too small. The remedy is measured: draw people of the population anew, compare the volume of each
label with theirs, move its bias by the logarithm of the ratio, and repeat. The volumes are those of the finished 3 mm
map, for the interpolation from 6 mm takes more off thin organs than off thick ones.
"""

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from GuideGenLib.anatomy.unknown import value_of
from GuideGenLib.core.files import write_json
from GuideGenLib.mask.components import keep_largest
from GuideGenLib.mask.network import Conditions, MaskNetwork
from GuideGenLib.mask.refine import refine
from GuideGenLib.mask.sampler import SAMPLERS, Denoiser
from GuideGenLib.mask.synthesizer import COARSE_SPACING, SPACING
from GuideGenLib.training.layouts import Fitted, fitted_in
from GuideGenLib.training.mask_bank import MaskData

CALIBRATION = "calibration.json"
ROUNDS, PEOPLE, LEAST_PEOPLE = 4, 16, 1
LARGEST_MOVE = 0.7


def calibrate(
    network: MaskNetwork,
    data: MaskData,
    run: Path,
    *,
    rounds: int = ROUNDS,
    people: int = PEOPLE,
    minutes: float | None = None,
    log: Callable[[str], None] = print,
) -> dict[str, Tensor]:
    """The class bias [classes] of each sampler, measured on other people in each round and kept in
    `run`/calibration.json.

    minutes: for all samplers; afterwards nobody further is drawn, once a sampler has drawn LEAST_PEOPLE. The result has
    its effect as `logits - bias` at each step of the sampler.
    """
    found, fitted = {}, fitted_in(run, data) if network.config.layout else None
    for name in SAMPLERS:
        share = None if minutes is None else minutes / len(SAMPLERS)
        found[name] = _calibrate_sampler(network, data, fitted, name, rounds, people, share, log)
    told = {name: [round(float(one), 4) for one in bias] for name, bias in found.items()}
    write_json({"bias": told}, run / CALIBRATION)
    return found


def _calibrate_sampler(
    network: MaskNetwork,
    data: MaskData,
    fitted: Fitted | None,
    sampler: str,
    rounds: int,
    people: int,
    minutes: float | None,
    log: Callable[[str], None],
) -> Tensor:
    """The bias of one sampler."""
    bias = torch.zeros(network.config.classes)
    complete = data.complete
    end = None if minutes is None else time.monotonic() + 60 * minutes
    for turn in range(rounds):
        if turn > 0 and end is not None and time.monotonic() > end:
            log(f"calibration, {sampler}: {minutes:.2g} min are over after {turn} of {rounds} rounds")
            break
        chosen = [complete[(turn * people + i) * 7 % len(complete)] for i in range(people)]
        ratio = _volume_ratio(network, data, fitted, bias, chosen, sampler, end)
        off = float(ratio.abs().mean())
        log(f"calibration, {sampler} {turn + 1}/{rounds}: volumes off by {off:.3f} (mean |log ratio|)")
        gain = 1.0 if turn < rounds - 1 else 0.5
        bias = bias + gain * ratio.clamp(-LARGEST_MOVE, LARGEST_MOVE)
    return bias


def read_calibration(run: Path) -> dict[str, Tensor] | None:
    """The bias of each sampler in a run folder, None before it was calibrated."""
    path = run / CALIBRATION
    if not path.is_file():
        return None
    return {name: torch.tensor(bias) for name, bias in json.loads(path.read_text())["bias"].items()}


@torch.inference_mode()
def _volume_ratio(
    network: MaskNetwork,
    data: MaskData,
    fitted: Fitted | None,
    bias: Tensor,
    people: Sequence[int],
    sampler: str,
    end: float | None,
) -> Tensor:
    """log(volume drawn / volume of the same people) [classes], 0 for labels that none of them has."""
    network.eval()
    classes, device = network.config.classes, network.codes.device
    drawn, real = np.zeros(classes), np.zeros(classes)
    for number, index in enumerate(people):
        if number >= LEAST_PEOPLE and end is not None and time.monotonic() > end:
            break
        text = data.texts[index][0].float()[None].to(device)
        mask = torch.ones(text.shape[:2], dtype=torch.bool, device=device)
        layout = None if fitted is None else fitted.model.layout(fitted.codes[index])[None].to(device)
        conditions = Conditions(torch.from_numpy(data.typed[index])[None].to(device), text, mask, layout)
        denoiser = Denoiser(network, conditions, network.config.guidance, bias.to(device), (0, network.config.grid[0]))
        sampled = SAMPLERS[sampler](denoiser, torch.Generator(device=device).manual_seed(index))
        labels = keep_largest(refine(sampled.float()).cpu().numpy())
        drawn += np.bincount(labels.ravel(), minlength=classes) * (SPACING / COARSE_SPACING) ** 3
        real += np.bincount(value_of(data.labels[index]).ravel(), minlength=classes)
    least = 20.0  # voxels of 6 mm, all people together: a label that vanished moves by a bounded step
    return torch.from_numpy(np.where(real > 0, np.log((drawn + least) / (real + least)), 0.0)).float()
