"""Anatomies of which not all is known: nothing is learned from what nobody saw."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from GuideGenLib.anatomy.table import values
from GuideGenLib.anatomy.unknown import FILLED, OUTSIDE, UNLABELLED
from GuideGenLib.mask.network import MaskConfig, MaskNetwork, as_cells, unfold_cells
from GuideGenLib.population.people import Person
from GuideGenLib.training.loop.draws import FITTING, Batch, Seeds
from GuideGenLib.training.mask_bank import MaskData, joined, load_mask_data, save_mask_data
from GuideGenLib.training.materials import partial_data
from GuideGenLib.training.networks import mask
from GuideGenLib.training.presets import Sizes

GRID = (40, 8, 8)
LIVER, HEART = values()["liver"], values()["heart"]
TEXT = [[torch.ones(2, 384).half()]]
SIZES = Sizes(batch=2, most_batch=2, steps=60, rate=5e-3, share=0, network={"grid": GRID, "widths": (8, 8, 8)})
BOX = (slice(8, 16), slice(2, 6), slice(2, 6))


def anatomy() -> np.ndarray:
    """Muscle, a heart, and a box where the liver is."""
    labels = np.full(GRID, values()["muscle"], np.uint8)
    labels[24:32, 2:6, 2:6] = HEART
    labels[BOX] = LIVER
    return labels


def known(*keys: str) -> np.ndarray:
    row = np.zeros((1, FILLED), bool)
    row[0, [values()[key] for key in keys]] = True
    return row


def learned(data: MaskData, monkeypatch: pytest.MonkeyPatch, folder: Path) -> MaskNetwork:
    monkeypatch.setattr(MaskData, "classes", 68)
    torch.manual_seed(0)
    network = mask.train_mask(data, folder, SIZES, log=lambda _: None).network
    assert isinstance(network, MaskNetwork)
    return network


def odds(network: MaskNetwork, data: MaskData, first: int, second: int) -> float:
    """Mean difference of the logits of two classes in the liver's box, of pure noise."""
    conditions = mask.MaskLoss(data, network.config, torch.device("cpu")).conditions([0], [np.random.default_rng(0)])
    x = torch.randn((1, 8, *GRID), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        zero = torch.zeros(1)
        features = network(x, torch.zeros_like(x), zero + 0.05, zero, conditions)
        logits = unfold_cells(network.cell_logits(as_cells(features)).float(), features.shape[2:])
    return float((logits[first][BOX] - logits[second][BOX]).mean())


def test_an_unlabelled_liver_is_not_learned_to_be_air(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    as_air, unknown = anatomy(), anatomy()
    as_air[BOX] = 0
    unknown[BOX] = UNLABELLED
    typed = np.zeros((1, 16), np.float32)
    plain = MaskData(as_air[None], typed, TEXT)
    partial = MaskData(unknown[None], typed, TEXT, known("muscle", "heart"))
    taught = learned(plain, monkeypatch, tmp_path / "plain")
    assert odds(taught, plain, LIVER, 0) < -2
    spared = learned(partial, monkeypatch, tmp_path / "partial")
    assert abs(odds(spared, partial, LIVER, 0)) < 1


def loss_of(labels: np.ndarray, row: np.ndarray | None = None) -> mask.MaskLoss:
    data = MaskData(labels[None], np.zeros((1, 16), np.float32), TEXT, row)
    return mask.MaskLoss(data, MaskConfig(68, grid=GRID, widths=(8, 8, 8)), torch.device("cpu"))


def voxel_losses(loss: mask.MaskLoss, marked: list[int], logits: Tensor) -> tuple[Tensor, Tensor]:
    return loss._losses(logits, torch.tensor(marked, dtype=torch.uint8), np.array([0]), torch.zeros(len(marked)).long())


def test_beyond_the_field_of_view_nothing_moves() -> None:
    labels = anatomy()
    labels[20:] = OUTSIDE  # a pelvis alone
    loss = loss_of(labels, known("muscle", "liver"))
    network = MaskNetwork(loss.config)
    seen: list[Tensor] = []

    class Watched(MaskNetwork):
        def forward(self, *args: object, **kwargs: object) -> Tensor:  # type: ignore[override]
            features = super().forward(*args, **kwargs)  # type: ignore[arg-type]
            if features.requires_grad:
                features.retain_grad()
                seen.append(features)
            return features

    network.__class__ = Watched
    value, _ = loss(network, Batch(Seeds(0, FITTING), 0, (0,)))
    value.backward()
    gradient = seen[-1].grad
    assert gradient is not None and torch.isfinite(value)
    assert gradient.shape[2] == GRID[0] // 2
    assert gradient[:, :, 10:].abs().max() == 0 and gradient[:, :, :10].abs().max() > 0


def test_losses_of_single_voxels() -> None:
    logits = torch.zeros(4, 68)
    logits[:, LIVER] = 2.0
    labels = anatomy()
    labels[0] = UNLABELLED
    loss = loss_of(labels, known("heart"))
    each, weight = voxel_losses(loss, [UNLABELLED, OUTSIDE, LIVER, LIVER + FILLED], logits)
    p = logits[0].softmax(0)
    assert each[0].item() == pytest.approx(-float(torch.log(1 - p[HEART])), rel=1e-4)
    assert (each[1].item(), weight[1].item()) == (0.0, 0.0)
    assert each[2].item() == pytest.approx(float(-torch.log(p[LIVER]) * weight[2]), rel=1e-4)
    assert each[3].item() == pytest.approx(mask.FILLED_WEIGHT * each[2].item())
    whole = loss_of(anatomy())
    assert whole.possible is None
    seen, filled = voxel_losses(whole, [LIVER, LIVER + FILLED], logits[:2])[0].tolist()
    assert filled == pytest.approx(mask.FILLED_WEIGHT * seen) and seen > 0


def test_marks_and_what_is_known_survive_the_file(tmp_path: Path) -> None:
    partial = anatomy()
    partial[:8] = UNLABELLED
    partial[32:] = OUTSIDE
    partial[16:20] |= FILLED
    typed = np.zeros((1, 16), np.float32)
    both = joined(
        MaskData(anatomy()[None], typed, TEXT),
        MaskData(partial[None], typed, TEXT, known("heart")),
        tmp_path / "both.npy",
    )
    assert both.classes == LIVER + 1
    assert both.complete == [0]
    save_mask_data(both, tmp_path / "bank")
    read = load_mask_data(tmp_path / "bank")
    assert (read.labels == both.labels).all()
    assert read.known is not None and read.known.sum(1).tolist() == [FILLED, 1]


def test_real_maps_become_data_with_what_is_known_of_them(tmp_path: Path) -> None:
    labels = np.full((40, 128, 144), OUTSIDE, np.uint8)
    labels[4:, 20:100, 10:130] = UNLABELLED
    labels[8:32, 40:80, 40:100] = LIVER
    known = frozenset([LIVER]), frozenset(["liver"])
    people = [Person(name, sex, labels, *known) for name, sex in (("a", "male"), ("b", None))]

    class Encoder:
        def encode(self, text: str) -> Tensor:
            return torch.full((2, 384), float(len(text)))

    data = partial_data(people, 3, Encoder(), 0, tmp_path / "maps.npy")  # type: ignore[arg-type]
    assert data.labels.shape == (3, 20, 64, 72)
    assert set(np.unique(data.labels)) == {LIVER, UNLABELLED, OUTSIDE}
    assert data.typed[0].any() and not data.typed[1].any()
    assert data.known is not None and [np.flatnonzero(row).tolist() for row in data.known] == [[LIVER]] * 3
    assert (data.labels[0] != data.labels[2]).any()
    assert 0.7 < (data.labels[0] == LIVER).sum() * 8 / (labels == LIVER).sum() < 1.4
