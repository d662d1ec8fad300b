"""Patches of labelled scans for the trainings of codec and CT stage, drawn and varied on the training's own device.

Scans are at the spacing of the CT stage in the canonical frame, arrays [z, y, x]. Nothing but torch runs in a draw, so
the same code feeds two CPU cores and a GPU.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as nnf

from GuideGenLib.anatomy.structures import LUNGS, select
from GuideGenLib.anatomy.table import values
from GuideGenLib.codec.network import FACTOR
from GuideGenLib.data.scan_measures import (
    NOISE_UNIT,
    coarse_labels,
    metal_mask,
    organ_means,
    skin_depth_map,
    soft_tissue_noise,
)
from GuideGenLib.data.tissues import nearest

TUMORS = ("lung_tumor", "liver_tumor", "kidney_tumor", "pancreas_tumor", "colon_tumor")
VESSEL, UNSURE = 1, 2
"""Bits of `Material.marks`."""
POSITIONS = 20_000

WARPED, COARSE, WITH_VESSELS, NOISIER, WITH_TUMOR, WITH_UTERUS = 0.25, 0.35, 0.6, 0.6, 0.3, 0.5
"""Shares of the patches."""
MOST_NOISE_HU = 30.0


@dataclass(frozen=True)
class Material:
    """A labelled scan made ready.

    hu int16; labels uint8 with the lung vessels given to their lobes; coarse uint8: the same with the borders that
    stage 1 draws; marks uint8: VESSEL, and UNSURE where nothing shall be learnt (metal and its streaks, labels that
    are not sure); depth uint8: 0..255 over DEPTH_MM below the skin. table float32 [labels]: mean HU of each label;
    noise: fine texture of its soft tissue / NOISE_UNIT; typed float32 [16]; texts: token states [L, 384] of wordings.
    """

    name: str
    hu: np.ndarray
    labels: np.ndarray
    coarse: np.ndarray
    marks: np.ndarray
    depth: np.ndarray
    table: np.ndarray
    noise: float
    typed: np.ndarray
    texts: Sequence[Tensor]


def prepare(
    name: str,
    hu: np.ndarray,
    labels: np.ndarray,
    spacing: float,
    *,
    fallback: np.ndarray,
    typed: np.ndarray,
    texts: Sequence[Tensor],
    unsure: np.ndarray | None = None,
) -> Material:
    """Measure what the trainings need of a labelled scan.

    fallback: HU [labels] of labels that it does not show; unsure: bool of its shape, where the labels are not sure.
    """
    metal = metal_mask(hu, spacing)
    table = organ_means(hu, labels, fallback, metal)
    vessels = select(labels, ("lung_vessel",))
    lobes = nearest(labels, select(labels, LUNGS), vessels, (spacing,) * 3)
    marks = VESSEL * vessels.astype(np.uint8) + UNSURE * (metal if unsure is None else metal | unsure).astype(np.uint8)
    noise = soft_tissue_noise(hu, labels)
    depth = skin_depth_map(labels > 0, spacing)
    return Material(
        name, hu.astype(np.int16), lobes, coarse_labels(lobes, spacing), marks, depth, table, noise, typed, texts
    )


@dataclass(frozen=True)
class Patches:
    """hu, reference float32 [B, 1, P, P, P] in HU; labels uint8 [B, P, P, P]; on latent cells [B, 1, P/4, P/4, P/4]
    depth 0..1 and clean 1 (to be learnt) or 0; noise float32 [B]; materials: whose they are."""

    hu: Tensor
    labels: Tensor
    reference: Tensor
    depth: Tensor
    clean: Tensor
    noise: Tensor
    materials: Sequence[Material]


@dataclass(frozen=True)
class _Loaded:
    """The volumes of a material on the device, and where its body is: int64 [n, 3] voxels."""

    volumes: tuple[Tensor, Tensor, Tensor, Tensor, Tensor]
    table: Tensor
    body: np.ndarray


FILL = (-1000, 0, 0, 0, 0)
"""Beyond the edge of hu, labels, coarse, marks and depth."""


class PatchSource:
    """Random patches of `size`^3 voxels: turned, of another contrast, noise and lesions each time."""

    def __init__(self, materials: Sequence[Material], device: torch.device, seed: Sequence[int], size: int) -> None:
        self.materials, self.device, self.size = materials, device, size
        self.rng = np.random.default_rng(list(seed))
        self.random = torch.Generator(device=device).manual_seed(int(self.rng.integers(2**62)))
        self.value = values()
        self.loaded = [self._load(material) for material in materials]
        voxels = np.array([np.count_nonzero(material.labels) for material in materials], float)
        self.share = np.sqrt(voxels) / np.sqrt(voxels).sum()  # a whole torso counts more than a slab, not tenfold

    def _load(self, material: Material) -> _Loaded:
        arrays = (material.hu, material.labels, material.coarse, material.marks, material.depth)
        inside = np.flatnonzero(material.labels)
        chosen = inside[self.rng.integers(len(inside), size=min(POSITIONS, len(inside)))]
        body = np.stack(np.unravel_index(chosen, material.labels.shape), axis=1)
        tensors = tuple(torch.from_numpy(np.ascontiguousarray(array)).to(self.device) for array in arrays)
        return _Loaded(tensors, torch.from_numpy(material.table).to(self.device), body)  # type: ignore[arg-type]

    @torch.no_grad()
    def draw(self, count: int) -> Patches:
        """`count` patches."""
        rng = self.rng
        chosen = rng.choice(len(self.materials), size=count, p=self.share)
        parts = [self._cut(self.loaded[index]) for index in chosen]
        hu, fine, coarse, marks, depth = (torch.stack(part) for part in zip(*parts, strict=True))
        labels = torch.where(self._some(count, COARSE), coarse, fine)
        labels[(marks.int() & VESSEL).bool() & self._some(count, WITH_VESSELS)] = self.value["lung_vessel"]
        tables = torch.stack([self.loaded[index].table for index in chosen])
        shift = self._shift(count)
        hu = hu.float()[:, None] + smooth(_looked_up(shift, labels), 0.6)
        reference = _looked_up(tables + shift, labels)
        for index in np.flatnonzero(rng.random(count) < WITH_TUMOR):
            self._paste_tumor(hu[index, 0], labels[index], reference[index, 0])
        noise = torch.tensor([self.materials[index].noise for index in chosen], device=self.device)
        hu, noise = self._noisier(hu, noise)
        # no labelled scan holds a uterus: it borrows the texture
        prostate = (labels == self.value["prostate"]) & self._some(count, WITH_UTERUS)
        labels[prostate] = self.value["uterus"]
        clean = 1 - nnf.max_pool3d((marks.int() & UNSURE).bool().float()[:, None], FACTOR)
        cells = nnf.avg_pool3d(depth.float()[:, None] / 255, FACTOR)
        materials = [self.materials[index] for index in chosen]
        return Patches(hu, labels, reference, cells, clean, noise, materials)

    def _some(self, count: int, share: float) -> Tensor:
        """bool [count, 1, 1, 1], true for about `share` of them."""
        return torch.from_numpy(self.rng.random(count) < share).to(self.device)[:, None, None, None]

    def _cut(self, loaded: _Loaded) -> list[Tensor]:
        """hu, labels, coarse, marks, depth [P, P, P] about a random voxel, mostly of the body."""
        rng, size = self.rng, self.size
        shape = np.array(loaded.volumes[0].shape)
        inside = rng.random() > 0.05
        centre = loaded.body[rng.integers(len(loaded.body))] if inside else rng.integers(0, shape)
        if rng.random() >= WARPED:
            return [_crop(v, centre - size // 2, size, fill) for v, fill in zip(loaded.volumes, FILL, strict=True)]
        matrix = rotation(np.deg2rad(rng.normal(0, 6, 3))) * rng.uniform(0.85, 1.15, 3)[None]
        room = FACTOR * int(np.ceil(size * 1.5 / FACTOR))
        theta = torch.from_numpy(matrix[::-1, ::-1] * (size / room)).float()
        theta = torch.cat([theta, torch.zeros(3, 1)], dim=1)[None]
        grid = nnf.affine_grid(theta, [1, 1, size, size, size], align_corners=False).to(self.device)
        parts = []
        for index, (volume, fill) in enumerate(zip(loaded.volumes, FILL, strict=True)):
            around = _crop(volume, centre - room // 2, room, fill).float()[None, None]
            mode = "bilinear" if index in (0, 4) else "nearest"
            warped = nnf.grid_sample(around, grid, mode=mode, padding_mode="border", align_corners=False)[0, 0]
            parts.append(warped if index == 0 else warped.round().to(torch.uint8))
        return parts

    def _shift(self, count: int) -> Tensor:
        """[count, labels] HU by which each organ is brighter: the network learns to follow the reference, so that a
        contrast phase is only a table."""
        rng, labels = self.rng, len(self.loaded[0].table)
        shift = rng.normal(0, 15, (count, labels)) * (rng.random((count, 1)) < 0.7)
        shift += rng.normal(0, 40, shift.shape) * (rng.random(shift.shape) < 0.1)
        shift[:, : self.value["subcutaneous_fat"] + 2] *= 0.2
        shift[:, self.value["background"]] = 0
        return torch.from_numpy(shift.astype(np.float32)).to(self.device)

    def _noisier(self, hu: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Noise of its own in some patches, never twice the same, so that it cannot be learnt by heart.

        Returns the HU and the noise that a style tells of them.
        """
        rng, count = self.rng, len(hu)
        field = smooth(torch.randn(hu.shape, generator=self.random, device=self.device), float(rng.uniform(0.3, 0.8)))
        wanted = rng.uniform(0, MOST_NOISE_HU, count) * rng.random(count) * (rng.random(count) < NOISIER)
        field = field / field.std() * torch.from_numpy(wanted.astype(np.float32)).to(self.device).view(-1, 1, 1, 1, 1)
        fine = (field - nnf.avg_pool3d(field, 3, 1, 1)).flatten(1).std(dim=1) / NOISE_UNIT
        return hu + field, (noise.square() + fine.square()).sqrt()

    def _paste_tumor(self, hu: Tensor, labels: Tensor, reference: Tensor) -> None:
        """A blob with mottled inside and sometimes a dark core: no scan here has labelled tumours."""
        rng, size = self.rng, self.size
        axis = torch.arange(size, device=self.device, dtype=torch.float32)
        centre, radii = rng.uniform(0.1 * size, 0.9 * size, 3), rng.uniform(3, 20) * rng.uniform(0.7, 1.0, 3)
        z, y, x = ((axis - c).div(r).square() for c, r in zip(centre, radii, strict=True))
        bumps = self._grain(3.0)
        distance = (z[:, None, None] + y[:, None] + x).sqrt() + 0.04 * bumps
        body = labels > 0
        inside = (distance < 1) & body
        if not bool(inside.any()):
            return
        texture = self._grain(2.0) * rng.uniform(3, 10) + self._grain(0.7) * 8
        core = (0.6 - distance).clamp(0, 1) * -rng.uniform(0, 60)
        soft = ((1.06 - distance) / 0.12).clamp(0, 1) * body
        hu.copy_((1 - soft) * hu + soft * (rng.uniform(20, 110) + texture + core))
        labels[inside] = self.value[TUMORS[int(rng.integers(len(TUMORS)))]]
        reference[inside] = hu[inside].mean()

    def _grain(self, sigma: float) -> Tensor:
        """[P, P, P] smooth noise of unit variance."""
        shape = (1, 1, self.size, self.size, self.size)
        field = smooth(torch.randn(shape, generator=self.random, device=self.device), sigma)[0, 0]
        return field / field.std().clamp_min(1e-6)


def smooth(x: Tensor, sigma: float) -> Tensor:
    """[B, 1, D, H, W] after a Gaussian of `sigma` voxels; beyond the edge its voxels go on."""
    radius = max(1, round(3 * sigma))
    kernel = torch.exp(-0.5 * (torch.arange(-radius, radius + 1, device=x.device) / sigma) ** 2)
    kernel = (kernel / kernel.sum()).to(x.dtype)
    with torch.autocast(x.device.type, enabled=False):
        for axis in range(3):
            shape, pad = [1, 1, 1, 1, 1], [0] * 6
            shape[2 + axis] = len(kernel)
            pad[4 - 2 * axis] = pad[5 - 2 * axis] = radius
            x = nnf.conv3d(nnf.pad(x, pad, mode="replicate"), kernel.view(shape))
    return x


def rotation(angles: np.ndarray) -> np.ndarray:
    """Rotation matrix of (z, y, x) coordinates by three small angles in radians about z, y and x."""
    (cz, cy, cx), (sz, sy, sx) = np.cos(angles), np.sin(angles)
    about_z = np.array([[1, 0, 0], [0, cz, -sz], [0, sz, cz]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_x = np.array([[cx, -sx, 0], [sx, cx, 0], [0, 0, 1]])
    return about_z @ about_y @ about_x


def _looked_up(tables: Tensor, labels: Tensor) -> Tensor:
    """tables [B, labels] at labels [B, D, H, W] -> float32 [B, 1, D, H, W]."""
    return torch.gather(tables, 1, labels.flatten(1).long()).view(len(labels), 1, *labels.shape[1:])


def _crop(volume: Tensor, start: np.ndarray, size: int, fill: int) -> Tensor:
    """[size]^3 of a volume from `start` on, which may lie outside."""
    low = np.maximum(start, 0)
    high = np.maximum(np.minimum(start + size, volume.shape), low)
    part = volume[low[0] : high[0], low[1] : high[1], low[2] : high[2]]
    pad = [int(n) for a in (2, 1, 0) for n in (low[a] - start[a], start[a] + size - high[a])]
    return nnf.pad(part, pad, value=fill) if any(pad) else part.clone()
