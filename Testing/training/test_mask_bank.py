"""The mask's training data as one file, and steps of many people at once."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from GuideGenLib.mask.network import MaskConfig, MaskNetwork
from GuideGenLib.training.loop.checkpoint import averaged_state
from GuideGenLib.training.loop.draws import Batch, Seeds
from GuideGenLib.training.mask_bank import MaskData, load_mask_data, save_mask_data
from GuideGenLib.training.networks import mask
from GuideGenLib.training.presets import Sizes

GRID = (40, 8, 16)


@pytest.fixture
def data() -> MaskData:
    """Five people, two of whom share their texts; labels in blocks."""
    rng = np.random.default_rng(0)
    blocks = rng.integers(0, 68, (5, 10, 2, 4)).astype(np.uint8)
    labels = blocks.repeat(4, 1).repeat(4, 2).repeat(4, 3)
    shared = [torch.randn(n, 384).half() for n in (3, 7)]
    texts = [shared, shared, *([torch.randn(5, 384).half()] for _ in range(3))]
    return MaskData(labels, rng.normal(size=(5, 16)).astype(np.float32), texts)


def test_the_file_gives_back_what_was_written(data: MaskData, tmp_path: Path) -> None:
    size = save_mask_data(data, tmp_path / "bank.safetensors")
    assert size == (tmp_path / "bank.safetensors").stat().st_size < 0.5 * data.labels.size
    read = load_mask_data(tmp_path / "bank.safetensors")
    assert (read.labels == data.labels).all()
    assert (read.typed == data.typed).all()
    assert [[len(text) for text in texts] for texts in read.texts] == [[3, 7], [3, 7], [5], [5], [5]]
    assert read.texts[0][1] is read.texts[1][1]
    for found, wanted in zip(read.texts, data.texts, strict=True):
        for one, other in zip(found, wanted, strict=True):
            assert (one.float() - other.float()).abs().max() < 0.02 * other.abs().max()


def make(data: MaskData) -> tuple[MaskNetwork, mask.MaskLoss]:
    torch.manual_seed(0)
    config = MaskConfig(68, grid=GRID, widths=(8, 8, 8))
    return MaskNetwork(config), mask.MaskLoss(data, config, torch.device("cpu"))


def batch(step: int, samples: range) -> Batch:
    return Batch(Seeds(3), step, tuple(samples), total=4)


def test_a_loss_depends_on_step_and_samples_alone(data: MaskData) -> None:
    network, loss = make(data)
    values = [loss(network, batch(step, range(4 * step, 4 * step + 4)))[0].item() for step in range(3)]
    torch.manual_seed(9)
    again = [loss(network, batch(step, range(4 * step, 4 * step + 4)))[0].item() for step in (2, 0, 1)]
    assert again == [values[2], values[0], values[1]] and len(set(values)) == 3
    halves = [loss(network, batch(1, samples))[0].item() for samples in (range(4, 6), range(6, 8))]
    assert sum(halves) / 2 == pytest.approx(values[1], rel=1e-5)


def test_a_step_shows_several_people_with_their_own_times(data: MaskData, monkeypatch: pytest.MonkeyPatch) -> None:
    network, loss = make(data)
    seen: list[tuple[Tensor, Tensor, Tensor]] = []
    forward = MaskNetwork.forward

    def watched(self: MaskNetwork, x: Tensor, previous: Tensor, time: Tensor, *rest: object) -> Tensor:
        seen.append((x, previous, time))
        return forward(self, x, previous, time, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(MaskNetwork, "forward", watched)
    step = 0
    while len(seen) != 2:  # until some are shown their own first estimate
        seen.clear()
        value = loss(network, batch(step, range(6 * step, 6 * step + 6)))[0]
        step += 1
    value.backward()
    x, previous, time = seen[-1]
    assert len(x) == len(set(time.tolist())) == 6
    again = [bool(one.any()) for one in previous]
    assert sum(again) == len(seen[0][0]) < 6
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in network.head.parameters())


def test_training_by_minutes_ends_with_weights(data: MaskData, tmp_path: Path) -> None:
    lines: list[str] = []
    sizes = Sizes(batch=2, most_batch=2, steps=9, rate=1e-3, share=0, network={"grid": GRID, "widths": (8, 8, 8)})
    mask.train_mask(data, tmp_path, sizes, minutes=0.02, log=lines.append)
    assert "min" in lines[-1]
    assert averaged_state(tmp_path)["position.0"].shape[2:] == tuple(n // 2 for n in GRID)
