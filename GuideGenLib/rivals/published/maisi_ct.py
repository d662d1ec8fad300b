"""`--ct-model maisi:DIR`: MAISI's published weights as stage 3, on anatomies of ours.

An anatomy is written in its 132 classes with the body envelope 200, at 2 mm, in its axes (right, front, up) and padded
with air to a size that it was trained on; the ControlNet reads the class's eight bits. Sampler, sizes and the range
-1000..1000 HU are those of NV-Generate-CT's own program (configs/config_infer.json); background is set to -1000 HU by
the mask, as there. None of our details by rule are drawn into it. On a GPU this takes about a minute, on CPUs hours.
"""

from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
import torch
from monai.inferers import sliding_window_inference
from numpy.typing import NDArray
from torch import Tensor

from GuideGenLib.anatomy.label_volumes import require_anatomy
from GuideGenLib.anatomy.maps import to_vocabulary
from GuideGenLib.core.errors import VolumeError
from GuideGenLib.core.progress import Progress, silent, within
from GuideGenLib.core.volumes import image_from_array
from GuideGenLib.ct.grid import labels_on_grid
from GuideGenLib.ct.synthesizer import SPACING
from GuideGenLib.description import Description
from GuideGenLib.generator import Generator
from GuideGenLib.generator.case import MaskResult
from GuideGenLib.generator.slices import scan_grid, sliced
from GuideGenLib.rivals.diffusion import flow, rectified
from GuideGenLib.rivals.frame import generator as seeded
from GuideGenLib.rivals.maisi import AIR_HU, coded
from GuideGenLib.rivals.published.maisi_networks import FACTOR, LATENT, MaisiNetworks, PublishedError, read_maisi

NAME = "maisi"
STEPS = 30
CT_CLASS = 1
"""Of the modalities that it knows: CT, with or without contrast."""
WIDTHS, HEIGHTS = (256, 384, 512), (128, 256, 384, 512, 640, 768)
"""Voxels in plane, the same in both directions, and along the body."""
TILE, OVERLAP = 48, 0.6666
"""Latent cells a side of what is decoded at once."""


class MaisiCT(Generator):
    """A generator whose CTs are MAISI's. Masks are ours; there is no CT around an edit."""

    def __init__(self, ours: Generator, networks: MaisiNetworks) -> None:
        super().__init__(ours.bundle, ours.models)
        self.networks = networks
        self.widths: tuple[int, ...] = WIDTHS
        self.heights: tuple[int, ...] = HEIGHTS

    def synthesize_ct(
        self,
        anatomy: sitk.Image,
        description: Description,
        *,
        seed: int = 0,
        spacing: float | None = SPACING,
        steps: int = STEPS,
        progress: Progress = silent,
    ) -> sitk.Image:
        """As that of `Generator`. Raises VolumeError also for an anatomy that is larger than MAISI makes."""
        labels, frame = labels_on_grid(require_anatomy(anatomy), SPACING)
        hu = self._made(to_vocabulary(labels, "maisi132"), seed, steps, progress)
        ct = image_from_array(hu, frame.spacing, frame.origin, frame.direction, labels=False)
        scan = description.acquisition
        if (scan.slice_mm, scan.field_of_view_mm, spacing) == (None, None, SPACING):
            return ct
        return sliced(ct, scan_grid(anatomy, spacing, scan), scan.slice_mm)

    def regenerate_ct(self, *_: Any, **__: Any) -> sitk.Image:
        """Raises PublishedError: its CTs are made as a whole."""
        raise PublishedError(
            "MAISI makes whole CTs and none around an edit", "make the CT anew (guidegen ct), or leave out --ct-model"
        )

    def provenance(
        self, description: Description, settings: dict[str, Any], mask: MaskResult | None = None
    ) -> dict[str, Any]:
        """That of `Generator`, with what made the CT."""
        if "ct_steps" in settings:
            settings = {**settings, "ct_steps": settings["ct_steps"] or STEPS}
        record = super().provenance(description, settings, mask)
        return {**record, "ct_model": {"name": NAME, "sha256": dict(self.networks.identity)}}

    @torch.no_grad()
    def _made(self, classes: NDArray[np.uint8], seed: int, steps: int, progress: Progress) -> NDArray[np.float32]:
        """HU [z, y, x] of classes [z, y, x]."""
        device = self.models.device
        width = _size(max(classes.shape[1:]), self.widths, "in plane")
        sides = (_size(len(classes), self.heights, "along the body"), width, width)
        room = [(n - old) // 2 for n, old in zip(sides, classes.shape, strict=True)]
        box = tuple(slice(first, first + old) for first, old in zip(room, classes.shape, strict=True))
        whole = np.zeros(sides, np.int64)
        whole[box] = classes
        bits = coded(torch.from_numpy(_to_maisi(whole))[None].to(device))
        latents = (1, LATENT, *(n // FACTOR for n in bits.shape[2:]))
        noise = torch.randn(latents, generator=seeded(seed, device), device=device)
        with torch.autocast(device.type, torch.float16, enabled=device.type == "cuda"):
            z = flow(rectified(), lambda x, t: self._velocity(x, t, bits), noise, steps, within(progress, 0.0, 0.7))
            roi = [min(TILE, n) for n in z.shape[2:]]
            made = sliding_window_inference(
                z / self.networks.scale, roi, 1, self.networks.autoencoder.decode_stage_2_outputs, OVERLAP, "gaussian"
            )
        assert isinstance(made, Tensor)
        progress("ct", 1.0)
        hu = _from_maisi(made[0, 0].float().clamp(0, 1).cpu().numpy() * 2000 - 1000)[box]
        return np.where(classes > 0, hu, AIR_HU).astype(np.float32)

    def _velocity(self, x: Tensor, times: Tensor, bits: Tensor) -> Tensor:
        kind = torch.full((1,), CT_CLASS, dtype=torch.long, device=x.device)
        spacing = torch.full((1, 3), 100 * SPACING, device=x.device)
        down, middle = self.networks.control(x, times, bits, class_labels=kind)
        return self.networks.unet(
            x, times, class_labels=kind, spacing_tensor=spacing,
            down_block_additional_residuals=down, mid_block_additional_residual=middle,
        ).float()  # fmt: skip


def with_ct_model(ours: Generator, told: str) -> Generator:
    """The generator with the CT model that `--ct-model` tells, as maisi:DIR. Raises PublishedError."""
    name, _, folder = told.partition(":")
    if name != NAME or not folder:
        raise PublishedError(f"there is no CT model {told}", f"give {NAME}:DIR, DIR being the folder of its weights")
    return MaisiCT(ours, read_maisi(Path(folder), ours.models.device))


def _to_maisi(volume: NDArray[Any]) -> NDArray[Any]:
    """[z, y, x] to superior, posterior and left -> [x, y, z] to right, anterior and superior."""
    return np.ascontiguousarray(volume.transpose(2, 1, 0)[::-1, ::-1])


def _from_maisi(volume: NDArray[Any]) -> NDArray[Any]:
    """The way back."""
    return np.ascontiguousarray(volume[::-1, ::-1].transpose(2, 1, 0))


def _size(voxels: int, allowed: tuple[int, ...], where: str) -> int:
    """The least size that holds so many voxels."""
    for size in allowed:
        if size >= voxels:
            return size
    most = allowed[-1] * SPACING
    raise VolumeError(f"the anatomy has {voxels * SPACING:g} mm {where}, MAISI makes {most:g}", "crop it")
