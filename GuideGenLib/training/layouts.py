"""The linear model of layouts that the mask stage draws from, fitted to the population in closed form."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from scipy import linalg

from GuideGenLib.anatomy.unknown import value_of
from GuideGenLib.core.files import atomic
from GuideGenLib.mask.layout import ATTRIBUTES, CELL, LayoutModel, layout_of, shares, tensors_of
from GuideGenLib.training.loop.checkpoint import RunError
from GuideGenLib.training.loop.processes import first_process_first
from GuideGenLib.training.mask_bank import MaskData

LAYOUTS = "layouts.safetensors"
"""In the run folder of the mask stage."""
RANK = 192
MOST_PEOPLE = 2000
"""The model is fitted to so many people at most, evenly chosen."""
LEAST_DEVIATION = 0.03
"""Standard deviation of a share below which a cell counts as the same in everybody."""
RIDGE = 1e-3


@dataclass(frozen=True)
class Fitted:
    """codes float32 [n, rank]: of the people that the model was fitted to and of all others; told: the share of the
    variance of the layouts that the codes tell."""

    model: LayoutModel
    codes: NDArray[np.float32]
    told: float


def fitted_in(run: Path, data: MaskData) -> Fitted:
    """What was fitted to these people before, or is now and is kept in the run folder."""
    path = run / LAYOUTS
    with first_process_first():
        if not path.is_file():
            run.mkdir(parents=True, exist_ok=True)
            fitted = fit_layouts(data.labels, data.typed, data.classes, whole=data.complete)
            kept = tensors_of(fitted.model) | {
                "codes": torch.from_numpy(fitted.codes),
                "told": torch.tensor(fitted.told),
            }
            with atomic(path) as private:
                save_file(kept, private)
    kept = load_file(path)
    if len(kept["codes"]) != len(data.labels):
        raise RunError(f"{path} was fitted to other people", "choose another run folder, or delete the file")
    model = layout_of(kept)
    assert model is not None
    return Fitted(model, kept["codes"].numpy(), float(kept["told"]))


def fit_layouts(
    labels: NDArray[np.uint8],
    typed: NDArray[np.float32],
    classes: int,
    rank: int = RANK,
    whole: Sequence[int] | None = None,
) -> Fitted:
    """Fit the model to label maps [n, z, y, x] at 6 mm and typed attributes [n, 16].

    whole: those that are known everywhere, None, or fewer than two, for all. The others, whose marks are ignored, have
    codes alone.

    Principal components of the layouts, each class weighted so that small organs count as well; then a regression of
    the codes on the attributes, and the covariance of what it leaves.
    """
    among = np.asarray(whole) if whole is not None and len(whole) > 1 else np.arange(len(labels))
    chosen = among[np.unique(np.linspace(0, len(among) - 1, min(len(among), MOST_PEOPLE)).astype(int))]
    sums = np.zeros((2, classes, *(n // CELL for n in labels.shape[1:])))
    for index in chosen:
        one = shares(value_of(labels[index]), classes)
        sums += np.stack([one, one**2])
    mean, square = sums / len(chosen)
    deviation = np.sqrt(np.maximum(square - mean**2, 0))
    support = np.flatnonzero(deviation.ravel() > LEAST_DEVIATION)
    centred = np.stack([_on(labels[index], classes, support) for index in chosen]) - mean.ravel()[support]
    of = support // mean[0].size
    weight = np.bincount(of, (centred**2).sum(0), minlength=classes)[of] ** -0.25
    weighted = centred * weight.astype(np.float32)
    _, vectors = np.linalg.eigh(weighted @ weighted.T)
    rank = min(rank, len(chosen) - 1)
    codes = vectors[:, ::-1][:, :rank] * np.sqrt(len(chosen))
    basis = codes.T @ centred / len(chosen)
    told = float(((codes @ basis) ** 2).sum() / max((centred**2).sum(), 1e-9))
    scale = np.abs(basis).max(1, initial=1e-6) / 127
    small = np.rint(basis / scale[:, None]).astype(np.int8)
    # codes of everybody by the same projection: of the weighted layout on the weighted components
    project = np.linalg.pinv(basis * weight).astype(np.float32)
    everybody = np.stack([(_on(one, classes, support) - mean.ravel()[support]) * weight @ project for one in labels])
    known = np.stack([typed[:, place] for place, _ in ATTRIBUTES], 1)
    design = np.concatenate([np.ones((len(known), 1)), known], 1)
    effects = np.linalg.lstsq(design[among], everybody[among], rcond=None)[0]
    rest = everybody - design @ effects
    factor = linalg.cholesky(rest[among].T @ rest[among] / len(among) + RIDGE * np.eye(rank), lower=True)
    model = LayoutModel(
        shape=np.array(mean.shape, np.int64),
        mean=np.rint(255 * mean).astype(np.uint8).ravel(),
        support=support.astype(np.int32),
        basis=small,
        scale=scale.astype(np.float32),
        effects=effects.astype(np.float32),
        factor=factor.astype(np.float32),
        spread=np.stack([known[among].mean(0), known[among].std(0)], 1).astype(np.float32),
        members=rest[chosen].astype(np.float16),
        traits=known[chosen].astype(np.float16),
    )
    return Fitted(model, everybody.astype(np.float32), told)


def _on(labels: NDArray[np.uint8], classes: int, support: NDArray[np.int64]) -> NDArray[np.float32]:
    return shares(value_of(labels), classes).ravel()[support]
