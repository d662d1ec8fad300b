"""Training of the segmenter that judges generated CTs, on renders of imagined people and on labelled scans.

The people are not those that the generator learned from (other seeds), the held-out scan is in no patch, and nothing
that a generator made is used. What stays shared: the people are deformed from a torso that was joined of both labelled
scans, so the shapes of the held-out scan's organs are not new to the network; its picture is.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor
from torch.nn import functional as nnf

from GuideGenLib.anatomy.table import values
from GuideGenLib.core.files import atomic
from GuideGenLib.core.progress import Progress, silent
from GuideGenLib.data.scans import Scan
from GuideGenLib.judges.agreement import HOSTS, ORGANS, compare_labels, compare_organs
from GuideGenLib.judges.renders import Renderer
from GuideGenLib.judges.segmenter import (
    SPACING,
    TUMOUR,
    Segmenter,
    SegmenterConfig,
    SegmenterNetwork,
    body_centre,
    cell_inputs,
    to_classes,
)
from GuideGenLib.mask.findings.lesions import LesionError, insert_lesions
from GuideGenLib.mask.network import as_cells, fold_cells
from GuideGenLib.population.findings import draw_findings
from GuideGenLib.population.sampling import Sample, draw_sample, generator_of
from GuideGenLib.training.loop.draws import Batch, torch_generator
from GuideGenLib.training.loop.trainer import Trainer
from GuideGenLib.training.networks.cutting import rotation
from GuideGenLib.training.networks.mask import class_weights

OTHER_PEOPLE = 1_000_003
"""Added to the seed of a run: the generator's people have small seeds, none of them may train its judge."""
ANATOMIES = 200
REAL_SHARE = 0.4
LESION_SHARE = 0.5
"""Share of the patches of anatomies with lesions that are laid about one."""
DEPTHS = (48, 64, 80)
PLANE = (96, 112)
"""Voxels of a patch: one of DEPTHS, then PLANE, the trunk of most people; a slab may be chest, abdomen or pelvis."""
TOKEN_SHARE = 0.2
"""Share of the cells on which the loss is taken at each step."""
DICE_WEIGHT = 0.5
LESION_WEIGHT = 0.7
"""Of the lesions' own soft Dice, where a patch shows any."""
Patch = tuple[np.ndarray, np.ndarray, tuple[float, float]]
"""HU float32 and label values uint8 [z, y, x], and the (y, x) index of the body's centre, which may lie outside."""


# ---------------------------------------------------------------- the people


def write_anatomies(
    torso: np.ndarray, n: int, folder: Path, seed: int, processes: int = 1, progress: Progress = silent
) -> list[Path]:
    """People 0..n-1, each with lesions as the population has them: `folder`/anatomy_0000.npz with labels uint8 at 3 mm.

    Those that are there already are left as they are.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"anatomy_seed{seed}_{index:04d}.npz" for index in range(n)]
    missing = [index for index, path in enumerate(paths) if not path.is_file()]
    if processes < 2 or len(missing) < 4:
        for done, index in enumerate(missing):
            progress("anatomies", done / len(missing))
            _write_anatomy(torso, index, seed, paths[index])
    else:
        with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
            futures = [pool.submit(_write_anatomy, torso, index, seed, paths[index]) for index in missing]
            for done, future in enumerate(futures):
                future.result()
                progress("anatomies", (done + 1) / len(missing))
    progress("anatomies", 1.0)
    return paths


def _write_anatomy(torso: np.ndarray, index: int, seed: int, path: Path) -> None:
    torch.set_num_threads(1)
    sample = draw_sample(torso, index, OTHER_PEOPLE + seed)
    labels = _with_lesions(sample, generator_of(OTHER_PEOPLE + seed, index, 1))
    with atomic(path) as private, private.open("wb") as file:
        np.savez_compressed(file, labels=labels)


def _with_lesions(sample: Sample, rng: np.random.Generator, attempts: int = 6) -> np.ndarray:
    """The person's labels with lesions; without, where this body has no room for what was drawn."""
    for _ in range(attempts):
        try:
            findings = draw_findings(rng, sample.attributes)
            return insert_lesions(sample.labels, (SPACING,) * 3, findings, rng)[0]
        except LesionError:
            continue
    return sample.labels


# ---------------------------------------------------------------- patches


class RenderSource:
    """Random warped patches of anatomies, rendered, and of labelled scans at 3 mm, with other HU for each organ."""

    def __init__(self, anatomies: Sequence[Path], scans: Sequence[Scan], seed: Sequence[int]) -> None:
        self.anatomies, self.scans = anatomies, scans
        self.rng = np.random.default_rng(list(seed))
        self.renderer = Renderer(self.rng)
        self.value = values()

    def at(self, rng: np.random.Generator) -> "RenderSource":
        """The same source, which goes on with another generator."""
        self.rng = self.renderer.rng = rng
        return self

    def draw(self) -> Patch:
        """The next patch; its labels hold lesions by their organs."""
        real = not self.anatomies or (bool(self.scans) and self.rng.random() < REAL_SHARE)
        return self.from_scan() if real else self.from_anatomy()

    def from_anatomy(self) -> Patch:
        with np.load(self.anatomies[int(self.rng.integers(len(self.anatomies)))]) as stored:
            volume = stored["labels"]
        lesion = np.argwhere(volume >= TUMOUR)
        aimed = len(lesion) > 0 and self.rng.random() < LESION_SHARE
        matrix, offset, shape = self._place(volume.shape, lesion[self.rng.integers(len(lesion))] if aimed else None)
        warped = ndimage.affine_transform(volume, matrix, offset, shape, order=0, mode="constant", cval=0)
        hu, labels = self.renderer.render(warped)
        return hu, labels, self._centre(volume, matrix, offset)

    def from_scan(self) -> Patch:
        rng = self.rng
        scan = self.scans[int(rng.integers(len(self.scans)))]
        assert scan.labels is not None
        matrix, offset, shape = self._place(scan.labels.shape)
        labels = ndimage.affine_transform(scan.labels, matrix, offset, shape, order=0, mode="constant", cval=0)
        hu = ndimage.affine_transform(
            np.asarray(scan.hu), matrix, offset, shape, order=1, output=np.float32, mode="constant", cval=-1000
        )
        shift = rng.normal(0, 15, len(self.value)) * (rng.random() < 0.7)
        shift += rng.normal(0, 40, len(shift)) * (rng.random(len(shift)) < 0.1)
        shift[: self.value["subcutaneous_fat"] + 2] *= 0.2
        shift[0] = 0
        hu += ndimage.gaussian_filter(shift.astype(np.float32)[labels], 0.6, truncate=2.5)
        if rng.random() < 0.4:
            self._paste_lesion(hu, labels)
        if rng.random() < 0.3:
            hu = ndimage.gaussian_filter(hu, float(rng.uniform(0.3, 0.8)), truncate=2.5)
        if rng.random() < 0.5:
            hu += rng.standard_normal(hu.shape, dtype=np.float32) * np.float32(rng.uniform(2, 30))
        return hu, labels, self._centre(scan.labels, matrix, offset)

    def _place(
        self, shape: tuple[int, ...], aim: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray, tuple[int, ...]]:
        """(matrix, offset, patch shape): patch voxel p shows volume voxel matrix @ p + offset.

        aim: a voxel of the volume that the patch shall show, wherever in its depth.
        """
        rng = self.rng
        patch = (int(rng.choice(DEPTHS)), *PLANE)
        angles = np.deg2rad(rng.normal(0, 4, 3))
        matrix = rotation(angles) * rng.uniform(0.85, 1.15, 3)[None] if rng.random() < 0.8 else np.eye(3)
        centre = [
            float(rng.uniform(min(size, cover) / 2, max(size, cover) - min(size, cover) / 2))
            if size > cover
            else size / 2
            for size, cover in zip(shape, patch, strict=True)
        ]
        centre[0] = float(rng.uniform(0.1 * shape[0], 0.9 * shape[0]))  # slabs may reach beyond the scan: air
        if aim is not None:
            centre[0] = float(aim[0] + rng.uniform(-0.4, 0.4) * patch[0])
        centre[1:] = [c + float(rng.normal(0, 4)) for c in centre[1:]]
        return matrix, np.array(centre) - matrix @ ((np.array(patch) - 1) / 2), patch

    def _centre(self, volume: np.ndarray, matrix: np.ndarray, offset: np.ndarray) -> tuple[float, float]:
        """Where the middle of the body is in the patch, as it may be misjudged in a CT."""
        y, x = body_centre(volume > 0)
        source = np.array([(volume.shape[0] - 1) / 2, y, x])
        placed = np.linalg.solve(matrix, source - offset)
        jitter = self.rng.normal(0, 4, 2)
        return float(placed[1] + jitter[0]), float(placed[2] + jitter[1])

    def _paste_lesion(self, hu: np.ndarray, labels: np.ndarray) -> None:
        """A mottled blob within an organ: no labelled scan here shows a tumour that a label names."""
        rng = self.rng
        kind = list(HOSTS)[int(rng.integers(len(HOSTS)))]
        host = np.isin(labels, [self.value[key] for key in HOSTS[kind]])
        if not host.any():
            return
        places = np.argwhere(host)
        middle, radius = places[int(rng.integers(len(places)))], float(rng.uniform(1.5, 9))
        z, y, x = (np.arange(n) - c for n, c in zip(labels.shape, middle, strict=True))
        distance = np.sqrt(
            (z * rng.uniform(0.8, 1.3))[:, None, None] ** 2 + (y * rng.uniform(0.8, 1.3))[:, None] ** 2 + x**2
        )
        inside = (distance < radius) & (host | (distance < 0.6 * radius)) & (labels > 0)
        mean = rng.uniform(20, 110)
        soft = ndimage.gaussian_filter(inside.astype(np.float32), 0.5, truncate=2.5)
        mottle = rng.standard_normal(hu.shape, dtype=np.float32) * np.float32(rng.uniform(5, 25))
        core = np.float32(-rng.uniform(0, 50)) * (distance < 0.5 * radius)
        hu[...] = (1 - soft) * hu + soft * (np.float32(mean) + mottle + core)
        labels[inside] = self.value[kind]


# ---------------------------------------------------------------- the loss


class SegmenterLoss:
    """Weighted cross-entropy and soft Dice of one patch, both on a random part of its cells."""

    def __init__(self, source: RenderSource, config: SegmenterConfig, weights: Tensor, device: torch.device) -> None:
        self.source, self.config, self.device = source, config, device
        self.weights = weights.to(device)

    def __call__(self, model: SegmenterNetwork, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        (rng,) = batch.each()
        hu, labels, centre = self.source.at(rng).draw()
        hidden = rng.random() < 0.1
        volume = torch.from_numpy(np.ascontiguousarray(hu, np.float32))[None, None].to(self.device)
        inputs = cell_inputs(volume, None if hidden else centre)
        wanted = fold_cells(torch.from_numpy(to_classes(labels)).to(self.device))
        features = as_cells(model(inputs))
        random = torch_generator(rng, self.device)
        chosen = torch.rand(len(wanted), device=self.device, generator=random) < TOKEN_SHARE
        chosen |= (wanted == TUMOUR).any(dim=1)  # few cells, and the hardest
        logits = model.cell_logits(as_cells(inputs)[chosen], features[chosen]).float().flatten(0, 1)
        target = wanted[chosen].flatten().long()
        entropy = nnf.cross_entropy(logits, target, weight=self.weights)
        overlap = soft_dice(logits.softmax(dim=1), target)
        figures = {"entropy": float(entropy.detach()), "dice": float(overlap.mean().detach())}
        loss = entropy + DICE_WEIGHT * (1 - overlap.mean())
        if bool((target == TUMOUR).any()):
            lesion = overlap[-1]  # the last class; as one of many it would never be learnt
            loss = loss + LESION_WEIGHT * (1 - lesion)
            figures["lesion"] = float(lesion.detach())
        return loss, figures


def soft_dice(probability: Tensor, target: Tensor) -> Tensor:
    """Soft Dice of each class that is there, in order: probability [n, classes], target [n]."""
    classes = probability.shape[1]
    own = probability.gather(1, target[:, None])[:, 0]
    both = torch.zeros(classes, device=own.device).scatter_add(0, target, own)
    count = torch.bincount(target, minlength=classes)
    score = (2 * both + 1) / (probability.sum(dim=0) + count + 1)
    return score[count > 0]


# ---------------------------------------------------------------- the training


def train_segmenter(
    anatomies: Sequence[Path],
    scans: Sequence[Scan],
    run: Path,
    *,
    steps: int = 1500,
    seed: int = 0,
    rate: float = 3e-3,
    log: Callable[[str], None] = print,
) -> Trainer:
    """Train on rendered anatomies and labelled scans at 3 mm; resumes from `run`."""
    config = SegmenterConfig()
    trainer = Trainer(SegmenterNetwork(config), run, steps=steps, rate=rate, seed=seed, average=0.995)
    shown = [np.load(path)["labels"] for path in anatomies[:: max(1, len(anatomies) // 20)]]
    counted = np.concatenate(
        [to_classes(one).ravel() for one in [*shown, *(s.labels for s in scans if s.labels is not None)]]
    )
    source = RenderSource(anatomies, scans, [seed])
    trainer.run(SegmenterLoss(source, config, class_weights(counted, config.classes), trainer.device), log)
    return trainer


def score(segmenter: Segmenter, scan: Scan) -> dict[str, dict[str, float]]:
    """How well a labelled scan is segmented: {"dice", "mean_mm", "hd95_mm"} by organ, {"labels"} Dice by label.

    What a generated CT can reach at best with this judge. Organs and labels that neither shows are left out.
    """
    assert scan.labels is not None
    labels = np.asarray(scan.labels)
    found = segmenter.segment(np.asarray(scan.hu, np.float32), scan.spacing)
    organs = compare_organs(found, labels, scan.spacing)
    result: dict[str, dict[str, float]] = {
        name: {organ: organs[organ][index] for organ in ORGANS if np.isfinite(organs[organ][index])}
        for index, name in enumerate(("dice", "mean_mm", "hd95_mm"))
    }
    result["labels"] = {k: v for k, v in compare_labels(found, labels, scan.spacing).items() if np.isfinite(v)}
    return result
