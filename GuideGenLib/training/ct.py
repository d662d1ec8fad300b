"""Training of the CT stage: first the expected latents, then a rectified flow on what is left over."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor, nn
from torch.nn import functional as nnf

from GuideGenLib.anatomy.table import values
from GuideGenLib.codec.network import FACTOR, CodecNetwork
from GuideGenLib.ct.network import CTConfig, CTNetwork, Style, expected_latents
from GuideGenLib.ct.reference import skin_depth
from GuideGenLib.data.scans import METAL_HU, Scan
from GuideGenLib.training.loop import Trainer

PATCH = 72
BATCH = 2
LEAST_VOXELS = 50
METAL_MARGIN_MM = 10.0
SPREAD = "spread.json"
FLOW_WIDTHS = (64, 120)
"""Of the flow: what the 45 MB of a bundle leave for it."""
TUMORS = ("lung_tumor", "liver_tumor", "kidney_tumor", "pancreas_tumor", "colon_tumor")


@dataclass
class Material:
    """A labelled scan made ready: organ means of its HU, its noise, typed attributes and prompt states.

    metal: bool of the shape of the scan, an implant with the streaks about it, from which nothing shall be learnt.
    """

    scan: Scan
    table: np.ndarray
    noise: float
    depth: np.ndarray
    metal: np.ndarray
    typed: np.ndarray
    texts: Sequence[Tensor]


def organ_means(hu: np.ndarray, labels: np.ndarray, fallback: np.ndarray, metal: np.ndarray) -> np.ndarray:
    """Mean HU of each label of a scan inside its outermost voxels, which is what the anatomy table gives.

    A label too thin for that (under LEAST_VOXELS inside) has the mean of all its voxels, and the HU of `fallback` when
    these are too few as well. Voxels of `metal` do not count.
    """
    means = fallback.astype(np.float32).copy()
    for value, box in enumerate(ndimage.find_objects(labels, max_label=len(fallback) - 1), start=1):
        if box is None:
            continue
        whole = labels[box] == value
        for mask in (ndimage.binary_erosion(whole) & ~metal[box], whole & ~metal[box]):
            if mask.sum() >= LEAST_VOXELS:
                means[value] = hu[box][mask].mean(dtype=np.float64)
                break
    return means


def metal_mask(hu: np.ndarray, spacing: float) -> np.ndarray:
    """Where an implant and its streaks spoil the HU: METAL_MARGIN_MM about voxels at the top of the scale."""
    implant = ndimage.binary_opening(hu >= METAL_HU)  # not the single voxels of dense bone
    return ndimage.binary_dilation(implant, iterations=round(METAL_MARGIN_MM / spacing))


def soft_tissue_noise(hu: np.ndarray, labels: np.ndarray) -> float:
    """Standard deviation, in HU / 20, of the fine texture inside liver and muscle: tells smooth from sharp kernels."""
    value = values()
    inside = ndimage.binary_erosion(
        np.isin(labels, [value["liver"], value["autochthon_left"], value["autochthon_right"]]), iterations=2
    )
    fine = hu.astype(np.float32) - ndimage.uniform_filter(hu.astype(np.float32), 3)
    return float(fine[inside].std() / 20)


def prepare(scan: Scan, fallback: np.ndarray, typed: np.ndarray, texts: Sequence[Tensor]) -> Material:
    """Measure what the training needs of one labelled scan."""
    assert scan.labels is not None
    labels, hu = np.asarray(scan.labels), np.asarray(scan.hu)
    metal = metal_mask(hu, scan.spacing)
    table = organ_means(hu, labels, fallback, metal)
    cells = labels[::FACTOR, ::FACTOR, ::FACTOR] != 0
    depth = skin_depth(torch.from_numpy(cells), scan.spacing * FACTOR)[0, 0].numpy()
    return Material(scan, table, soft_tissue_noise(hu, labels), depth, metal, typed, texts)


class PatchSource:
    """Random warped patches of labelled scans: HU, labels, reference HU, depth below the skin, where to learn."""

    def __init__(self, materials: Sequence[Material], seed: Sequence[int]) -> None:
        self.materials = materials
        self.rng = np.random.default_rng(list(seed))
        self.value = values()

    def draw(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, Material]:
        """hu, labels, reference [P]^3, depth [P/4]^3 and clean bool [P/4]^3 (no metal there).

        Half of the patches are turned and scaled a little.
        """
        rng = self.rng
        material = self.materials[int(rng.integers(len(self.materials)))]
        scan = material.scan
        shape = np.array(scan.hu.shape)
        for _ in range(10):
            centre = rng.integers(0, shape)
            if scan.labels[tuple(centre)] > 0 or rng.random() < 0.05:  # type: ignore[index]
                break
        matrix = np.eye(3)
        if rng.random() < 0.5:
            angles = np.deg2rad(rng.normal(0, 5, 3))
            matrix = _rotation(angles) * rng.uniform(0.85, 1.12, 3)[None]
        offset = centre - matrix @ (np.full(3, PATCH) / 2)
        labels = ndimage.affine_transform(scan.labels, matrix, offset, (PATCH,) * 3, order=0, mode="constant", cval=0)
        hu = ndimage.affine_transform(
            np.asarray(scan.hu),
            matrix,
            offset,
            (PATCH,) * 3,
            order=int(not np.allclose(matrix, np.eye(3))),
            output=np.float32,
            mode="constant",
            cval=-1000,
        )
        cells = PATCH // FACTOR
        depth = ndimage.affine_transform(
            material.depth, matrix, offset / FACTOR, (cells,) * 3, order=1, output=np.float32
        )
        metal = ndimage.affine_transform(material.metal, matrix, offset, (PATCH,) * 3, order=0)
        clean = ~metal.reshape((cells, FACTOR) * 3).any(axis=(1, 3, 5))
        # Each organ at another mean HU: the network learns to follow the reference, so a contrast phase is only a table
        shift = rng.normal(0, 15, len(material.table)).astype(np.float32) * (rng.random() < 0.7)
        shift += rng.normal(0, 40, len(shift)).astype(np.float32) * (rng.random(len(shift)) < 0.1)
        shift[: self.value["subcutaneous_fat"] + 2] *= 0.2
        shift[self.value["background"]] = 0
        reference = (material.table + shift)[labels]
        softened = ndimage.gaussian_filter(shift[labels], 0.6)
        hu = hu + softened
        if rng.random() < 0.3:
            self._paste_tumor(hu, labels, reference)
        prostate = labels == self.value["prostate"]
        if rng.random() < 0.5:
            labels[prostate] = self.value["uterus"]  # no labelled scan holds a uterus: it borrows the texture
        return hu, labels, reference, depth, clean, material

    def _paste_tumor(self, hu: np.ndarray, labels: np.ndarray, reference: np.ndarray) -> None:
        """A blob with mottled inside and sometimes a dark core: no scan here has labelled tumours."""
        rng = self.rng
        zyx = np.stack(np.meshgrid(*[np.arange(PATCH)] * 3, indexing="ij")).astype(np.float32)
        centre = rng.uniform(10, PATCH - 10, 3)
        radii = rng.uniform(3, 20) * rng.uniform(0.7, 1.0, 3)
        bumps = ndimage.gaussian_filter(rng.normal(size=(PATCH,) * 3).astype(np.float32), 3) * 8
        distance = (
            np.sqrt((((zyx - centre[:, None, None, None]) / radii[:, None, None, None]) ** 2).sum(0)) + 0.15 * bumps
        )
        inside = (distance < 1) & (labels > 0)
        mean = rng.uniform(20, 110)
        mottle = ndimage.gaussian_filter(rng.normal(size=(PATCH,) * 3).astype(np.float32), 2.0) * rng.uniform(60, 180)
        fine = ndimage.gaussian_filter(rng.normal(size=(PATCH,) * 3).astype(np.float32), 0.7) * 30
        core = -np.clip(0.6 - distance, 0, 1) * rng.uniform(0, 60)
        soft = np.clip((1.06 - distance) / 0.12, 0, 1) * (labels > 0)
        hu[...] = (1 - soft) * hu + soft * (mean + mottle + fine + core)
        labels[inside] = self.value[TUMORS[int(rng.integers(len(TUMORS)))]]
        reference[inside] = float(hu[inside].mean()) if inside.any() else 0.0


def _rotation(angles: np.ndarray) -> np.ndarray:
    """Rotation matrix from three small Euler angles in radians."""
    (cz, cy, cx), (sz, sy, sx) = np.cos(angles), np.sin(angles)
    about_z = np.array([[1, 0, 0], [0, cz, -sz], [0, sz, cz]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_x = np.array([[cx, -sx, 0], [sx, cx, 0], [0, 0, 1]])
    return about_z @ about_y @ about_x


@dataclass(frozen=True)
class Batch:
    """latents, reference [B, 8, d, d, d]; labels [B, P, P, P]; depth, clean [B, 1, d, d, d] (1: to be learnt)."""

    latents: Tensor
    labels: Tensor
    reference: Tensor
    depth: Tensor
    clean: Tensor
    style: Style


class CTLoss:
    """Batches of patches as latents, for both trainings. `mean` and `spread` are None while the mean is trained."""

    def __init__(
        self,
        codec: CodecNetwork,
        source: PatchSource,
        device: torch.device,
        mean: CTNetwork | None = None,
        spread: Tensor | None = None,
    ) -> None:
        self.codec, self.source, self.device = codec.to(device).eval(), source, device
        self.mean = mean.to(device).eval() if mean is not None else None
        self.spread = spread

    def batch(self) -> Batch:
        """Patches of BATCH draws; text and typed attributes are left out of some."""
        drawn = [self.source.draw() for _ in range(BATCH)]
        rng = self.source.rng
        hu, labels, reference, depth, clean = (
            torch.from_numpy(np.stack([np.asarray(d[i]) for d in drawn])).to(self.device) for i in range(5)
        )
        materials = [d[5] for d in drawn]
        with torch.no_grad():
            latents = self.codec.encode(hu[:, None])
            reference_latents = self.codec.encode_linear(reference[:, None].float())
        typed = np.stack([m.typed * (rng.random() > 0.2) for m in materials]).astype(np.float32)
        noise = torch.tensor([m.noise for m in materials], dtype=torch.float32)
        texts = [m.texts[int(rng.integers(len(m.texts)))].float() for m in materials]
        length = max(len(t) for t in texts)
        text = torch.stack([nnf.pad(t, (0, 0, 0, length - len(t))) for t in texts])
        keep = [len(t) if rng.random() > 0.2 else 0 for t in texts]
        mask = torch.arange(length)[None] < torch.tensor(keep)[:, None]
        style = Style(
            torch.from_numpy(typed).to(self.device), noise.to(self.device), text.to(self.device), mask.to(self.device)
        )
        return Batch(latents, labels, reference_latents, depth[:, None], clean[:, None].float(), style)

    def residual(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """(expected latents, latents - expected) by the trained mean network."""
        assert self.mean is not None
        with torch.no_grad():
            expected = expected_latents(self.mean, batch.labels, batch.reference, batch.depth, batch.style)
        return expected, batch.latents - expected

    def regression(self, model: nn.Module, step: int) -> tuple[Tensor, dict[str, float]]:
        assert isinstance(model, CTNetwork)
        batch = self.batch()
        features = model.anatomy(batch.labels, batch.reference, batch.depth)
        output = model(batch.reference, features, torch.zeros(BATCH, device=self.device), batch.style)
        weight = self.codec.importance.view(1, -1, 1, 1, 1) * batch.clean
        error = (batch.reference + output.float() - batch.latents).abs() * weight
        rendered = (batch.reference - batch.latents).abs() * weight
        return error.mean(), {"plain": float(rendered.mean())}

    def flow(self, model: nn.Module, step: int) -> tuple[Tensor, dict[str, float]]:
        assert isinstance(model, CTNetwork)
        assert self.spread is not None
        batch = self.batch()
        expected, residual = self.residual(batch)
        clean = residual / self.spread.view(1, -1, 1, 1, 1)
        noise = torch.randn_like(clean)
        t = torch.sigmoid(torch.randn(BATCH, device=self.device) * 1.0)
        mixed = (1 - t).view(-1, 1, 1, 1, 1) * noise + t.view(-1, 1, 1, 1, 1) * clean
        features = model.anatomy(batch.labels, batch.reference, batch.depth)
        output = model(torch.cat([mixed, expected], dim=1), features, t, batch.style).float()
        weight = self.codec.importance * self.spread
        weight = (weight / weight.mean()).sqrt().view(1, -1, 1, 1, 1) * batch.clean
        error = ((output - (clean - noise)).square() * weight).mean(dim=(1, 2, 3, 4))
        figures = {}
        for time, value in zip(t.tolist(), error.tolist(), strict=True):
            figures["v<.3" if time < 0.3 else "v<.7" if time < 0.7 else "v>.7"] = value
        return error.mean(), figures


def train_ct_mean(
    codec: CodecNetwork,
    materials: Sequence[Material],
    run: Path,
    *,
    labels: int,
    steps: int = 1500,
    seed: int = 0,
    log: Callable[[str], None] = print,
) -> Trainer:
    """Train the regression of the expected latents."""
    trainer = Trainer(CTNetwork(CTConfig(labels, inputs=8)), run, steps=steps, rate=1e-3)
    source = PatchSource(materials, [seed, trainer.rank, trainer.step])
    trainer.run(CTLoss(codec, source, trainer.device).regression, log)
    return trainer


def residual_spread(loss: CTLoss, batches: int = 30) -> Tensor:
    """Standard deviation [8] of the residual latents, a channel."""
    with torch.autocast(loss.device.type, dtype=torch.bfloat16):
        residuals = [loss.residual(loss.batch())[1] for _ in range(batches)]
    return torch.cat(residuals).float().pow(2).mean(dim=(0, 2, 3, 4)).sqrt()


def train_ct_flow(
    codec: CodecNetwork,
    mean: CTNetwork,
    materials: Sequence[Material],
    run: Path,
    *,
    labels: int,
    steps: int = 4000,
    seed: int = 0,
    log: Callable[[str], None] = print,
) -> tuple[Trainer, Tensor]:
    """Train the rectified flow on the standardised residual; returns the trainer and the spread [8].

    The spread is kept in `run`/spread.json: a resumed run goes on with it, and the bundle takes it from there.
    """
    network = CTNetwork(CTConfig(labels, inputs=16, widths=FLOW_WIDTHS))
    trainer = Trainer(network, run, steps=steps, rate=1e-3, average=0.998)
    source = PatchSource(materials, [seed + 1, trainer.rank, trainer.step])
    loss = CTLoss(codec, source, trainer.device, mean)
    kept = run / SPREAD
    if kept.is_file():
        spread = torch.tensor(json.loads(kept.read_text()))
    else:
        spread = residual_spread(CTLoss(codec, PatchSource(materials, [seed]), trainer.device, mean))
        if trainer.rank == 0:
            kept.write_text(json.dumps(spread.tolist()))
    loss.spread = spread.to(trainer.device)
    trainer.run(loss.flow, log)
    return trainer, loss.spread.cpu()
