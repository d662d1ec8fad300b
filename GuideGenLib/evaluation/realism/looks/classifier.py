"""A small network that learns to tell generated crops from real ones: what it finds on patients that it never saw.

It is trained on the crops of half of the real scans and half of the generated CTs, tested on the other halves, and then
the other way round. In each half both kinds have as many crops of each place in the body. The same crops always give
the same figures on the same machine.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import stats
from torch import nn
from torch.nn import functional

from GuideGenLib.evaluation.realism.looks.crops import PLACES, Crops

SIZE, SLICES, EACH = 32, 3, 24
"""Voxels and slices of a crop, and crops of each place in a CT."""
WINDOWS = ((-1000, -200), (-150, 250), (-200, 1000))
"""HU of the network's channels: lung, soft tissue, bone."""
WIDTHS = (16, 32, 64)
STEPS, BATCH, RATE = 400, 64, 2e-3
LEAST = 4
"""CTs of each kind, so that each half has two."""


@dataclass(frozen=True)
class Told:
    """auc: chance that a generated crop looks more generated than a real one; accuracy: share told rightly, both kinds
    alike; crops: how many were judged; by_place: AUC of each place."""

    auc: float
    accuracy: float
    crops: int
    by_place: dict[str, float]


def tell_apart(real: Sequence[Crops], generated: Sequence[Crops], steps: int = STEPS) -> Told | None:
    """How well real and generated crops are told apart; None with fewer than LEAST CTs of either kind."""
    if min(len(real), len(generated)) < LEAST:
        return None
    rng = np.random.default_rng(0)
    halves = [_half(_shuffled(real, rng), _shuffled(generated, rng), which, rng) for which in (0, 1)]
    if any(not len(crops) for crops, _, _ in halves):
        return None
    scores, truth, places = [], [], []
    for train, test in ((0, 1), (1, 0)):
        network = trained(halves[train][0], halves[train][1], steps)
        scores.append(_scores(network, halves[test][0]))
        truth.append(halves[test][1])
        places.append(halves[test][2])
    # the two networks' scores are not on one scale
    auc = float(np.mean([area(one, of) for one, of in zip(scores, truth, strict=True)]))
    right = float(np.mean([np.mean((one > 0) == of) for one, of in zip(scores, truth, strict=True)]))
    by_place = {}
    for number, place in enumerate(PLACES):
        parts = [
            area(one[at == number], of[at == number])
            for one, of, at in zip(scores, truth, places, strict=True)
            if (at == number).any()
        ]
        if parts:
            by_place[place] = float(np.mean(parts))
    return Told(auc, right, sum(map(len, truth)), by_place)


def area(scores: NDArray[np.float64], generated: NDArray[np.bool_]) -> float:
    """Area under the ROC curve, by ranks (Mann and Whitney)."""
    ranks = stats.rankdata(scores)
    count = int(generated.sum())
    return float((ranks[generated].sum() - count * (count + 1) / 2) / (count * (len(scores) - count)))


def _shuffled(crops: Sequence[Crops], rng: np.random.Generator) -> list[Crops]:
    ordered = sorted(crops, key=lambda one: one.name)
    return [ordered[index] for index in rng.permutation(len(ordered))]


def _half(
    real: Sequence[Crops], generated: Sequence[Crops], which: int, rng: np.random.Generator
) -> tuple[NDArray[np.int16], NDArray[np.bool_], NDArray[np.int64]]:
    """Crops of every second CT, whether each is generated, and the index of its place in PLACES."""
    found, kinds, places = [], [], []
    for number, place in enumerate(PLACES):
        pools = [
            [one.by_place[place] for one in crops[which::2] if place in one.by_place] for crops in (real, generated)
        ]
        if not all(pools):
            continue
        both = [np.concatenate(pool) for pool in pools]
        count = min(map(len, both))
        for kind, pool in enumerate(both):
            found.append(pool[rng.permutation(len(pool))[:count]])
            kinds.append(np.full(count, bool(kind)))
            places.append(np.full(count, number))
    if not found:
        return np.zeros((0, SLICES, SIZE, SIZE), np.int16), np.zeros(0, bool), np.zeros(0, np.int64)
    return np.concatenate(found), np.concatenate(kinds), np.concatenate(places)


def _inputs(crops: NDArray[np.int16]) -> torch.Tensor:
    """[n, slices, y, x] -> float32 [n, slices x windows, y, x] in 0..1."""
    hu = torch.from_numpy(crops.astype(np.float32))
    return torch.cat([((hu - low) / (high - low)).clamp(0, 1) for low, high in WINDOWS], dim=1)


def trained(crops: NDArray[np.int16], generated: NDArray[np.bool_], steps: int = STEPS) -> nn.Module:
    """The network after its training; the state of torch's random numbers is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        layers: list[nn.Module] = []
        before = SLICES * len(WINDOWS)
        for width in WIDTHS:
            layers += [nn.Conv2d(before, width, 3, padding=1), nn.GroupNorm(4, width), nn.SiLU(), nn.AvgPool2d(2)]
            before = width
        network = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(before, 1))
        optimizer = torch.optim.AdamW(network.parameters(), RATE, weight_decay=1e-2)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, steps)
        wanted = torch.from_numpy(generated.astype(np.float32))
        for _ in range(steps):
            chosen = torch.randint(len(crops), (BATCH,))
            inputs = _inputs(crops[chosen.numpy()])
            if torch.rand(()) < 0.5:
                inputs = inputs.flip(-1)
            loss = functional.binary_cross_entropy_with_logits(network(inputs)[:, 0], wanted[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return network.eval()


@torch.inference_mode()
def _scores(network: nn.Module, crops: NDArray[np.int16]) -> NDArray[np.float64]:
    """Over 0: generated."""
    parts = [network(_inputs(crops[start : start + 256]))[:, 0] for start in range(0, len(crops), 256)]
    return torch.cat(parts).double().numpy()
