"""Training of the segmenter that judges generated CTs, on renders of imagined people and on labelled scans."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as nnf

from GuideGenLib.data.scans import Scan
from GuideGenLib.judges.agreement import ORGANS, compare_labels, compare_organs, with_hosts
from GuideGenLib.judges.segmenter import (
    TUMOUR,
    Segmenter,
    SegmenterConfig,
    SegmenterNetwork,
    cell_inputs,
    judge_config,
    to_classes,
)
from GuideGenLib.judges.segmenter_patches import RenderSource
from GuideGenLib.mask.network import as_cells, fold_cells
from GuideGenLib.training.loop.draws import Batch, torch_generator
from GuideGenLib.training.loop.trainer import Trainer
from GuideGenLib.training.networks.mask import class_weights

TOKEN_SHARE = 0.2
"""Share of the cells on which the loss is taken at each step."""
HARD_SHARE = 0.02
"""Share of the cells on which it is taken besides: those without lesion in which the network most sees one."""
DICE_WEIGHT = 0.5
LESION_WEIGHT = 0.7
"""Of the lesions' own loss."""
BEGUN_SHARE = 0.1
"""Of what tells lesions from the mean of all classes, as the first weights of the head for lesions."""
RATE, BEGUN_RATE = 3e-3, 1e-3
"""Learning rates of new weights, and of those that were trained before."""
OPEN = 255
"""A voxel about whose organ nothing is learnt."""

# ---------------------------------------------------------------- the loss


class SegmenterLoss:
    """Weighted cross-entropy and soft Dice of one patch, both on a random part of its cells."""

    def __init__(self, source: RenderSource, config: SegmenterConfig, weights: Tensor, device: torch.device) -> None:
        self.source, self.config, self.device = source, config, device
        self.weights = weights.to(device)

    def __call__(self, model: SegmenterNetwork, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        (rng,) = batch.each()
        hu, labels, centre = self.source.at(rng).draw()
        hidden_centre = rng.random() < 0.1
        volume = torch.from_numpy(np.ascontiguousarray(hu, np.float32))[None, None].to(self.device)
        inputs = cell_inputs(volume, None if hidden_centre else centre)
        wanted = fold_cells(torch.from_numpy(self.targets(labels)).to(self.device))
        lesion = fold_cells(torch.from_numpy(to_classes(labels) == TUMOUR).to(self.device))
        cells = torch.cat([as_cells(inputs), as_cells(model(inputs))], dim=1)
        hidden = model.hidden_of(*cells.split([inputs.shape[1], cells.shape[1] - inputs.shape[1]], dim=1))
        random = torch_generator(rng, self.device)
        chosen = torch.rand(len(wanted), device=self.device, generator=random) < TOKEN_SHARE
        if self.config.lesions:
            chosen |= lesion.any(dim=1) | _hardest(model, hidden, lesion)
        logits = model.class_logits(hidden[chosen]).float().flatten(0, 1)
        target = wanted[chosen].flatten().long()
        told = target != OPEN
        logits, target = logits[told], target[told]
        entropy = nnf.cross_entropy(logits, target, weight=self.weights)
        overlap = soft_dice(logits.softmax(dim=1), target)
        figures = {"entropy": float(entropy.detach()), "dice": float(overlap.mean().detach())}
        loss = entropy + DICE_WEIGHT * (1 - overlap.mean())
        if self.config.lesions:
            own = lesion_loss(model.lesion_logits(hidden[chosen]).float().flatten(), lesion[chosen].flatten().float())
            loss = loss + LESION_WEIGHT * own
            figures["lesion" if bool(lesion.any()) else "healthy"] = float(own.detach())
        return loss, figures

    def targets(self, labels: np.ndarray) -> np.ndarray:
        """The class of each voxel, a lesion's being its organ; OPEN where no organ that bears it is in the patch."""
        if not self.config.lesions:
            return to_classes(labels)
        classes = to_classes(with_hosts(labels, one_class=False))
        return np.where(classes == TUMOUR, np.uint8(OPEN), classes)


def _hardest(model: SegmenterNetwork, hidden: Tensor, lesion: Tensor) -> Tensor:
    """bool [cells]: the HARD_SHARE of the cells without lesion in which the network most sees one."""
    with torch.no_grad():
        seen = model.lesion_logits(hidden).float().amax(dim=1).masked_fill(lesion.any(dim=1), -torch.inf)
    hard = torch.zeros(len(lesion), dtype=torch.bool, device=lesion.device)
    hard[seen.topk(max(1, round(HARD_SHARE * len(seen)))).indices] = True
    return hard & ~lesion.any(dim=1)


def lesion_loss(logits: Tensor, lesion: Tensor) -> Tensor:
    """Of logits [n] against 0 or 1 [n]: entropy, and soft Dice of the lesions.

    Every voxel weighs alike: were lesions to weigh as much as all else, litres of healthy tissue would be called so.
    """
    entropy = nnf.binary_cross_entropy_with_logits(logits, lesion)
    count = lesion.sum()
    if not bool(count > 0):
        return entropy
    probability = logits.sigmoid()
    dice = (2 * (probability * lesion).sum() + 1) / (probability.sum() + count + 1)
    return entropy + 1 - dice


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
    rate: float | None = None,
    initial: Mapping[str, Tensor] | None = None,
    minutes: float | None = None,
    log: Callable[[str], None] = print,
) -> Trainer:
    """Train on rendered anatomies and labelled scans at 3 mm; resumes from `run`.

    initial: weights of an earlier segmenter to begin with, with a head for lesions or without.
    """
    config = judge_config()
    network = SegmenterNetwork(config)
    if initial is not None:
        begin_with(network, initial)
    rate = rate or (RATE if initial is None else BEGUN_RATE)
    trainer = Trainer(network, run, steps=steps, minutes=minutes, rate=rate, seed=seed, average=0.995)
    shown = [np.load(path)["labels"] for path in anatomies[:: max(1, len(anatomies) // 20)]]
    counted = np.concatenate(
        [to_classes(one).ravel() for one in [*shown, *(s.labels for s in scans if s.labels is not None)]]
    )
    source = RenderSource(anatomies, scans, [seed])
    trainer.run(SegmenterLoss(source, config, class_weights(counted, config.classes), trainer.device), log)
    return trainer


def begin_with(network: SegmenterNetwork, initial: Mapping[str, Tensor]) -> None:
    """Lay in the weights of an earlier segmenter; where it has no head for lesions, its class of them becomes it."""
    weights = {key: value.float() for key, value in initial.items()}
    classes = network.config.classes
    for part in ("weight", "bias"):
        if f"lesion_head.{part}" not in weights:
            voxels = weights[f"voxel_head.{part}"].unflatten(0, (8, classes)) + weights[f"cell_head.{part}"]
            weights[f"lesion_head.{part}"] = BEGUN_SHARE * (voxels[:, TUMOUR] - voxels[:, :TUMOUR].mean(dim=1))
    network.load_state_dict(weights)


def finished_weights(trained: Mapping[str, Tensor], initial: Mapping[str, Tensor] | None) -> dict[str, Tensor]:
    """The weights that a finished training gives: of one that began with a segmenter the mean of both.

    A training on other people finds in real scans what the earlier one does not and loses some of what that found;
    their mean is better than either (Wortsman, CVPR 2022, arXiv 2109.01903).
    """
    if initial is None:
        return dict(trained)
    begun = SegmenterNetwork(judge_config())
    begin_with(begun, initial)
    return {key: (value + trained[key]) / 2 for key, value in begun.state_dict().items()}


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
