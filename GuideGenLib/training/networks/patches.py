"""What is varied of the patches for the trainings of codec and CT stage, on the training's own device.

Nothing but torch runs on the voxels, so the same code feeds two CPU cores and a GPU. What is drawn for a patch comes
from the generator of its number (`draws`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as nnf

from GuideGenLib.anatomy.table import values
from GuideGenLib.codec.network import FACTOR
from GuideGenLib.data.scan_measures import NOISE_UNIT, UNSURE, VESSEL
from GuideGenLib.training.loop.draws import VARY, VARY_STEP, Batch, normal, torch_generator
from GuideGenLib.training.networks.cutting import Material

TUMORS = ("lung_tumor", "liver_tumor", "kidney_tumor", "pancreas_tumor", "colon_tumor")
COARSE, WITH_VESSELS, NOISIER, WITH_TUMOR, WITH_UTERUS = 0.35, 0.6, 0.6, 0.3, 0.5
"""Shares of the patches."""
MOST_NOISE_HU = 30.0


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


class Variation:
    """Cuts of scans (`cutting.Cuts`, those of a batch together) -> patches of another contrast, noise and lesions."""

    def __init__(self, materials: Sequence[Material], device: torch.device) -> None:
        self.materials, self.device, self.value = materials, device, values()
        self.tables = torch.stack([torch.from_numpy(material.table) for material in materials]).to(device)
        self.noises = torch.tensor([material.noise for material in materials], dtype=torch.float32, device=device)

    @torch.no_grad()
    def __call__(self, batch: Batch) -> Patches:
        data, rngs = batch.data, batch.each(VARY)
        hu, fine, coarse, marks, depth = (
            data[name].to(self.device, non_blocking=True) for name in ("hu", "labels", "coarse", "marks", "depth")
        )
        scans = data["scan"].tolist()
        labels = torch.where(self._some(rngs, COARSE), coarse, fine)
        labels[(marks.int() & VESSEL).bool() & self._some(rngs, WITH_VESSELS)] = self.value["lung_vessel"]
        shift = self._shift(rngs)
        hu = hu[:, None] + smooth(_looked_up(shift, labels), 0.6)
        reference = _looked_up(self.tables[scans] + shift, labels)
        for index, rng in enumerate(rngs):
            if rng.random() < WITH_TUMOR:
                self._paste_tumor(hu[index, 0], labels[index], reference[index, 0], rng)
        hu, noise = self._noisier(hu, self.noises[scans], rngs, batch.once(VARY_STEP))
        # no labelled scan holds a uterus: it borrows the texture
        prostate = (labels == self.value["prostate"]) & self._some(rngs, WITH_UTERUS)
        labels[prostate] = self.value["uterus"]
        clean = 1 - nnf.max_pool3d((marks.int() & UNSURE).bool().float()[:, None], FACTOR)
        materials = [self.materials[scan] for scan in scans]
        return Patches(hu, labels, reference, depth.float()[:, None] / 255, clean, noise, materials)

    def _some(self, rngs: Sequence[np.random.Generator], share: float) -> Tensor:
        """bool [B, 1, 1, 1], true for about `share` of them."""
        return self._told([rng.random() < share for rng in rngs]).view(-1, 1, 1, 1)

    def _told(self, numbers: Sequence[object] | np.ndarray) -> Tensor:
        """An array on the device; float64 becomes float32."""
        array = np.asarray(numbers)
        return torch.from_numpy(array.astype(np.float32) if array.dtype == np.float64 else array).to(self.device)

    def _shift(self, rngs: Sequence[np.random.Generator]) -> Tensor:
        """[B, labels] HU by which each organ is brighter: the network learns to follow the reference, so that a
        contrast phase is only a table."""
        labels = self.tables.shape[1]
        shifts = []
        for rng in rngs:
            shift = rng.normal(0, 15, labels) * (rng.random() < 0.7)
            shifts.append(shift + rng.normal(0, 40, labels) * (rng.random(labels) < 0.1))
        shift = np.stack(shifts)
        shift[:, : self.value["subcutaneous_fat"] + 2] *= 0.2
        shift[:, self.value["background"]] = 0
        return self._told(shift)

    def _noisier(
        self, hu: Tensor, noise: Tensor, rngs: Sequence[np.random.Generator], step: np.random.Generator
    ) -> tuple[Tensor, Tensor]:
        """Noise of its own in some patches, never twice the same, so that it cannot be learnt by heart.

        Returns the HU and the noise that a style tells of them.
        """
        wanted = self._told([rng.uniform(0, MOST_NOISE_HU) * rng.random() * (rng.random() < NOISIER) for rng in rngs])
        field = smooth(normal(rngs, hu.shape[1:], self.device), float(step.uniform(0.3, 0.8)))
        field = field * (wanted / field.flatten(1).std(dim=1)).view(-1, 1, 1, 1, 1)
        fine = (field - nnf.avg_pool3d(field, 3, 1, 1)).flatten(1).std(dim=1) / NOISE_UNIT
        return hu + field, (noise.square() + fine.square()).sqrt()

    def _paste_tumor(self, hu: Tensor, labels: Tensor, reference: Tensor, rng: np.random.Generator) -> None:
        """A blob with mottled inside and sometimes a dark core: no scan here has labelled tumours."""
        size, random = len(hu), torch_generator(rng, self.device)
        axis = torch.arange(size, device=self.device, dtype=torch.float32)
        centre, radii = rng.uniform(0.1 * size, 0.9 * size, 3), rng.uniform(3, 20) * rng.uniform(0.7, 1.0, 3)
        kind, core_hu, mean = int(rng.integers(len(TUMORS))), rng.uniform(0, 60), rng.uniform(20, 110)
        z, y, x = ((axis - c).div(r).square() for c, r in zip(centre, radii, strict=True))
        distance = (z[:, None, None] + y[:, None] + x).sqrt() + 0.04 * self._grain(3.0, size, random)
        body = labels > 0
        inside = (distance < 1) & body
        if not bool(inside.any()):
            return
        texture = self._grain(2.0, size, random) * rng.uniform(3, 10) + self._grain(0.7, size, random) * 8
        core = (0.6 - distance).clamp(0, 1) * -core_hu
        soft = ((1.06 - distance) / 0.12).clamp(0, 1) * body
        hu.copy_((1 - soft) * hu + soft * (mean + texture + core))
        labels[inside] = self.value[TUMORS[kind]]
        reference[inside] = hu[inside].mean()

    def _grain(self, sigma: float, size: int, random: torch.Generator) -> Tensor:
        """[size, size, size] smooth noise of unit variance."""
        field = smooth(torch.randn((1, 1, size, size, size), generator=random, device=self.device), sigma)[0, 0]
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


def _looked_up(tables: Tensor, labels: Tensor) -> Tensor:
    """tables [B, labels] at labels [B, D, H, W] -> float32 [B, 1, D, H, W]."""
    return torch.gather(tables, 1, labels.flatten(1).long()).view(len(labels), 1, *labels.shape[1:])
