"""Latent anatomy codes: the rough layout of a person as a few numbers, drawn before the anatomy is.

A layout is the share of each class in each cell of 24 mm. Over a population it is described by a linear model,
layout = mean + code @ basis, in which code = effects of sex, age and build + a residual: that of somebody of the
population, shrunk, with Gaussian noise for the rest (a kernel density estimate). Volumes of organs are sums over cells
and so linear in the code: an organ of a wanted size, or one that is kept from another anatomy, is a condition that is
met in closed form (Matheron's rule). The denoiser turns a layout into an anatomy.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from GuideGenLib.description.conditioning import (
    AGE,
    AGE_KNOWN,
    HABITUS,
    HABITUS_KNOWN,
    SEX,
    SEX_KNOWN,
)

CELL = 4
"""Voxels of 6 mm a side of a cell."""
ML_PER_CELL = (CELL * 6.0) ** 3 / 1000
ATTRIBUTES = ((SEX, SEX_KNOWN), (AGE, AGE_KNOWN), (HABITUS, HABITUS_KNOWN))
"""Places of value and known-flag in the typed vector of the attributes that a layout follows."""
NOISE_SHARE = 0.4
"""Of the standard deviation of a residual; the rest is somebody's own. Of noise alone organs are drawn too much alike:
what is unusual in one of them takes many parts of the code together, which noise does not bring together."""
NEAR = np.array([0.1, 1.0, 0.25])
"""Standard deviations of sex, age and build, in the numbers of the typed vector, by which somebody whose residual is
taken is unlike who is asked for: that of an obese person on a thin one is two skins, one within the other."""
FURTHEST = 2.5
"""Standard deviations beyond which no part of a residual is drawn."""
FURTHEST_VOLUME = 5.0
"""Standard deviations to which a layout goes after a wanted volume: beyond, a linear model tells nothing."""
VOLUME_NOISE, SHARE_NOISE = np.float32(0.05), np.float32(0.3)
"""Standard deviations to which a wanted volume is met, in cells, and to which a code tells the share of a cell."""
LAYOUT = "layout."
"""Before the names of the model's tensors in a bundle."""
Array = NDArray[np.float32]


@dataclass(frozen=True)
class LayoutModel:
    """The linear model of a population; m entries of the layout vary, the others are as in the mean.

    shape int64 [4]: classes, z, y, x of the layout; mean uint8 (255 is a share of 1), flat; support int32 [m]: flat
    indices; basis int8 [rank, m] times scale float32 [rank]: what one unit of each part of the code changes; effects
    float32 [1 + attributes, rank]: code of the mean person and what each attribute adds; factor float32 [rank, rank]:
    the Cholesky factor of the residual's covariance; spread float32 [attributes, 2]: mean and standard deviation of
    each attribute in the population; members float16 [n, rank]: residuals of its people, none in older bundles; traits
    float16 [n, attributes]: of them, as in the typed vector.
    """

    shape: NDArray[np.int64]
    mean: NDArray[np.uint8]
    support: NDArray[np.int32]
    basis: NDArray[np.int8]
    scale: Array
    effects: Array
    factor: Array
    spread: Array
    members: NDArray[np.float16]
    traits: NDArray[np.float16]

    @property
    def rank(self) -> int:
        """Numbers in a code."""
        return len(self.scale)

    def layout(self, code: Array) -> Tensor:
        """float32 [classes + 1, z, y, x] of a code [rank], as `Conditions` have it; shares are not cut to 0..1."""
        size = int(np.prod(self.shape[1:]))
        flat = np.ones(len(self.mean) + size, np.float32)
        flat[: len(self.mean)] = self.mean * np.float32(1 / 255)
        flat[self.support] += (code * self.scale) @ self.basis
        return torch.from_numpy(flat.reshape(-1, *self.shape[1:]))

    def draw(
        self,
        typed: Array,
        rng: np.random.Generator,
        volumes: Mapping[int, float] | None = None,
        kept: NDArray[np.float32] | None = None,
    ) -> Array:
        """A code [rank] of somebody with the typed attributes [16]; what is not known is drawn, or somebody's own.

        volumes: ml that the structure of a label value shall have, 0 for one that is not there; kept, shares of the
        classes [classes, z, y, x]: of the cells in which something is given, NaN elsewhere.
        """
        noise = self.factor @ np.clip(rng.standard_normal(self.rank), -FURTHEST, FURTHEST)
        known = np.array([typed[flag] > 0 for _, flag in ATTRIBUTES])
        asked = np.array([typed[place] for place, _ in ATTRIBUTES])
        if len(self.members):
            member = self._member(known, asked, rng)
            others = self.traits[member].astype(np.float64)
            own = (1 - NOISE_SHARE**2) ** 0.5 * self.members[member].astype(np.float64)
            residual = own + NOISE_SHARE * noise
        else:
            others = self.spread[:, 0] + self.spread[:, 1] * rng.uniform(-1.5, 1.5, len(ATTRIBUTES))
            residual = noise
        attributes = np.where(known, asked, others)
        attributes[0] = np.sign(attributes[0]) or 1.0  # nobody is between the sexes
        mean = self.effects[0] + attributes @ self.effects[1:]
        code = (mean + residual).astype(np.float32)
        conditions = [self._observed(kept)] if kept is not None else []
        if volumes:
            rows, wanted = self._summed(volumes)
            reach = FURTHEST_VOLUME * np.linalg.norm(rows @ self.factor, axis=1)
            conditions.append((rows, np.clip(wanted, rows @ mean - reach, rows @ mean + reach)))
        if not conditions:
            return code
        # all at once: one after the other, the later would undo the earlier
        return self._conditioned(code, *map(np.concatenate, zip(*conditions, strict=True)))

    def _member(self, known: NDArray[np.bool_], asked: NDArray[np.float64], rng: np.random.Generator) -> int:
        """Somebody of the population at random, the likelier the more alike in what is known."""
        off = np.where(known, (self.traits.astype(np.float64) - asked) / NEAR, 0)
        likeness = -0.5 * (off**2).sum(1)
        weight = np.exp(likeness - likeness.max())
        return int(rng.choice(len(weight), p=weight / weight.sum()))

    def _conditioned(self, code: Array, rows: Array, wanted: Array) -> Array:
        """The code moved so that rows [k, rank] @ code is within about 1 of wanted [k], as likely as can be (Matheron's
        rule)."""
        whitened = rows @ self.factor
        gram = whitened.T @ whitened + np.eye(self.rank, dtype=np.float32)
        step = np.linalg.solve(gram, whitened.T @ (wanted - rows @ code))
        return (code + self.factor @ step).astype(np.float32)

    def _summed(self, volumes: Mapping[int, float]) -> tuple[Array, Array]:
        """Volumes as linear functions of the code, in VOLUME_NOISE cells."""
        size = int(np.prod(self.shape[1:]))
        rows, wanted = [], []
        of = self.support // size
        for value, ml in volumes.items():
            rows.append(self.basis[:, of == value].sum(1, dtype=np.float32) * self.scale)
            base = self.mean[value * size : (value + 1) * size].sum(dtype=np.float64) / 255
            wanted.append(ml / ML_PER_CELL - base)
        return np.array(rows, np.float32) / VOLUME_NOISE, np.array(wanted, np.float32) / VOLUME_NOISE

    def _observed(self, kept: NDArray[np.float32]) -> tuple[Array, Array]:
        """Given shares of cells as linear functions of the code, in SHARE_NOISE."""
        flat = kept.reshape(-1)[self.support]
        given = np.isfinite(flat)
        rows = self.basis[:, given].T.astype(np.float32) * self.scale
        wanted = flat[given] - self.mean[self.support][given].astype(np.float32) / 255
        return rows / SHARE_NOISE, wanted.astype(np.float32) / SHARE_NOISE


def shares(labels: NDArray[np.uint8], classes: int) -> NDArray[np.float32]:
    """The layout of labels [z, y, x] at 6 mm: share of each class in each cell, [classes, z/4, y/4, x/4]."""
    z, y, x = (n // CELL for n in labels.shape)
    cell = np.arange(z * y * x, dtype=np.int64).reshape(z, y, x)
    cell = cell.repeat(CELL, 0).repeat(CELL, 1).repeat(CELL, 2)
    counts = np.bincount((labels.astype(np.int64) * (z * y * x) + cell).ravel(), minlength=classes * z * y * x)
    return (counts / CELL**3).reshape(classes, z, y, x).astype(np.float32)


def tensors_of(model: LayoutModel) -> dict[str, Tensor]:
    """The model as it lies in a file."""
    return {LAYOUT + f.name: torch.from_numpy(np.ascontiguousarray(getattr(model, f.name))) for f in fields(model)}


def layout_of(tensors: Mapping[str, Tensor]) -> LayoutModel | None:
    """The model among the tensors of a stage; None where there is none, as in the first bundle."""
    if LAYOUT + "mean" not in tensors:
        return None
    found: dict[str, Any] = {
        f.name: tensors[LAYOUT + f.name].numpy() for f in fields(LayoutModel) if LAYOUT + f.name in tensors
    }
    nobody: dict[str, Any] = {
        "members": np.zeros((0, len(found["scale"])), np.float16),
        "traits": np.zeros((0, len(ATTRIBUTES)), np.float16),
    }
    return LayoutModel(**(nobody | found))
