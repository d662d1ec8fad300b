"""Labelled scans as the trainings of codec and CT stage take them, and the data set of patches that are cut of them.

Scans are at the spacing of the CT stage in the canonical frame, arrays [z, y, x]. A patch is cut on the CPU by slicing
alone, so that the volumes may as well lie on disk, and by other processes than the one that trains.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as nnf
from torch.utils.data import Dataset

from GuideGenLib.codec.network import FACTOR
from GuideGenLib.data.store import VOLUMES
from GuideGenLib.training.loop.draws import CUT, VALIDATION, Seeds

FILL = (-1000, 0, 0, 0, 0)
"""Of VOLUMES, beyond their edge."""
WARPED, OUTSIDE = 0.25, 0.05
"""Shares of the patches: turned and scaled; about any voxel instead of one of the body."""


class Volume(Protocol):
    """What a patch is cut of: a numpy array, or one on disk that gives numpy when it is sliced."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def dtype(self) -> Any: ...

    @property
    def ndim(self) -> int: ...

    def __getitem__(self, key: Any, /) -> Any: ...


@dataclass(frozen=True)
class Material:
    """A labelled scan with what is told of it.

    Volumes, noise, positions and voxels: see data.scan_measures.Measured; table float32 [labels]: mean HU of each
    label, also of those that it does not show; typed float32 [16]; texts: token states [L, 384] of wordings.
    """

    name: str
    hu: Volume
    labels: Volume
    coarse: Volume
    marks: Volume
    depth: Volume
    table: np.ndarray
    noise: float
    typed: np.ndarray
    texts: Sequence[Tensor]
    positions: np.ndarray
    voxels: int


class Cuts(Dataset[dict[str, Any]]):
    """Cut n of `size`^3 voxels for each number n, by the seeds and n alone.

    A cut: hu float32, labels, coarse and marks uint8 [P, P, P]; depth uint8 [P/4, P/4, P/4]; scan: its index in
    `scans`. validation: scans for the seeds' use VALIDATION; without any it has patches of the others, which are drawn
    by numbers that no training uses.
    """

    def __init__(
        self, materials: Sequence[Material], size: int, seeds: Seeds, validation: Sequence[Material] = ()
    ) -> None:
        self.materials, self.size, self.seeds, self.validation = materials, size, seeds, validation
        self.scans = [*materials, *validation]
        held = len(validation) > 0 and seeds.use == VALIDATION
        self.drawn = range(len(materials), len(self.scans)) if held else range(len(materials))
        # a torso counts more than a slab, not tenfold
        roots = np.sqrt([self.scans[scan].voxels for scan in self.drawn])
        self.share = roots / roots.sum()

    def __getitem__(self, number: int) -> dict[str, Any]:
        rng = self.seeds.generator(CUT, number)
        scan = int(rng.choice(self.drawn, p=self.share))
        return {**cut(self.scans[scan], self.size, rng), "scan": scan}

    def of(self, use: int) -> "Cuts":
        """The same scans for another use."""
        return Cuts(self.materials, self.size, Seeds(self.seeds.seed, use), self.validation)


def cut(material: Material, size: int, rng: np.random.Generator) -> dict[str, Tensor]:
    """VOLUMES [size, size, size], depth on latent cells, about a random voxel, mostly of the body; some are turned and
    scaled."""
    within = rng.random() > OUTSIDE
    shape = np.array(material.hu.shape)
    centre = material.positions[rng.integers(len(material.positions))] if within else rng.integers(0, shape)
    warped = rng.random() < WARPED
    room = FACTOR * int(np.ceil(size * 1.5 / FACTOR)) if warped else size
    parts = {
        name: crop(getattr(material, name), centre - room // 2, room, fill)
        for name, fill in zip(VOLUMES, FILL, strict=True)
    }
    parts["hu"] = parts["hu"].float()
    if warped:
        return _warped(parts, size / room, size, rng)
    parts["depth"] = parts["depth"][::FACTOR, ::FACTOR, ::FACTOR].contiguous()
    return parts


def _warped(parts: dict[str, Tensor], share: float, size: int, rng: np.random.Generator) -> dict[str, Tensor]:
    """The middle of larger parts, turned and scaled; share: of their edge that [size]^3 voxels take."""
    matrix = rotation(np.deg2rad(rng.normal(0, 6, 3))) * rng.uniform(0.85, 1.15, 3)[None]
    theta = torch.from_numpy(matrix[::-1, ::-1] * share).float()
    theta = torch.cat([theta, torch.zeros(3, 1)], dim=1)[None]
    grid = nnf.affine_grid(theta, [1, 1, size, size, size], align_corners=False)
    cells = grid[:, ::FACTOR, ::FACTOR, ::FACTOR]

    def sampled(volumes: Tensor, at: Tensor, mode: str) -> Tensor:
        return nnf.grid_sample(volumes[None], at, mode=mode, padding_mode="border", align_corners=False)[0]

    kinds = ("labels", "coarse", "marks")
    labels = sampled(torch.stack([parts[name].float() for name in kinds]), grid, "nearest").to(torch.uint8)
    return {
        "hu": sampled(parts["hu"][None], grid, "bilinear")[0],
        **dict(zip(kinds, labels, strict=True)),
        "depth": sampled(parts["depth"][None].float(), cells, "bilinear")[0].round().to(torch.uint8),
    }


def crop(volume: Volume, start: np.ndarray, size: int, fill: int) -> Tensor:
    """[size]^3 of a volume from `start` on, which may lie outside."""
    low = np.clip(start, 0, volume.shape)
    high = np.clip(start + size, low, volume.shape)
    part = np.full((size, size, size), fill, volume.dtype)
    if (high > low).all():
        inner = tuple(slice(int(a - s), int(b - s)) for a, b, s in zip(low, high, start, strict=True))
        part[inner] = volume[tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))]
    return torch.from_numpy(part)


def rotation(angles: np.ndarray) -> np.ndarray:
    """Rotation matrix of (z, y, x) coordinates by three small angles in radians about z, y and x."""
    (cz, cy, cx), (sz, sy, sx) = np.cos(angles), np.sin(angles)
    about_z = np.array([[1, 0, 0], [0, cz, -sz], [0, sz, cz]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_x = np.array([[cx, -sx, 0], [sx, cx, 0], [0, 0, 1]])
    return about_z @ about_y @ about_x
