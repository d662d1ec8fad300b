"""The look at a training every so many steps: what it measures, keeps and shows, and that it changes nothing."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from GuideGenLib.training.loop.checkpoint import BEST, CHECKPOINT, averaged_state, read_about
from GuideGenLib.training.loop.checks import Check
from GuideGenLib.training.loop.draws import VALIDATION, Batch
from Testing.tiny_loop import Numbers, fit, silent, trainer


def test_validation_changes_nothing_of_what_is_trained(tmp_path: Path) -> None:
    drawn: list[int] = []

    def pictures(network: nn.Module) -> dict[str, Tensor]:
        assert not network.training and not torch.is_grad_enabled()
        drawn.append(1)
        return {"a": torch.rand(3, 4, 4)}

    plain, checked = trainer(tmp_path / "plain"), trainer(tmp_path / "checked")
    plain.run(fit, silent)
    lines: list[str] = []
    checked.run(fit, lines.append, check=Check(every=2, samples=3, pictures=pictures))
    assert len(drawn) == 3 and sum("validation" in line for line in lines) == 3
    one, other = (load_file(tmp_path / run / CHECKPOINT) for run in ("plain", "checked"))
    assert all(torch.equal(one[key], other[key]) for key in one)


def test_validation_is_on_the_same_samples_which_are_not_those_of_the_training(tmp_path: Path) -> None:
    seen: list[list[float]] = []

    def watched(network: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        if batch.seeds.use == VALIDATION:
            seen.append([float(rng.random()) for rng in batch.each()] + batch.data.tolist())
        else:
            assert not {float(rng.random()) for rng in batch.each()} & {one for each in seen for one in each}
        return fit(network, batch)

    check = Check(data=Numbers(), every=3, samples=3)
    trainer(tmp_path, batch=2).run(watched, silent, data=Numbers(), check=check)
    assert [len(one) for one in seen] == [4, 2, 4, 2] and seen[:2] == seen[2:]
    assert len(set(seen[0] + seen[1])) == 6


def test_the_weights_of_the_lowest_validation_loss_are_kept(tmp_path: Path) -> None:
    found = iter([3.0, 1.0, 2.0])
    weights: list[Tensor] = []

    def rising(network: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        if batch.seeds.use != VALIDATION:
            return fit(network, batch)
        weights.append(network.state_dict()["2.weight"].clone())
        return torch.tensor(next(found)), {}

    check = Check(every=2, samples=1)
    made = trainer(tmp_path)
    made.run(rising, silent, check=check)
    assert torch.equal(averaged_state(tmp_path)["2.weight"], weights[1])
    assert not torch.equal(weights[1], made.averaged_weights()["2.weight"])
    assert read_about(tmp_path / BEST) == {"step": 4, "loss": 1.0}
    found = iter([2.5])
    trainer(tmp_path, steps=8).run(rising, silent, check=check)  # resumed: what was best stays
    assert torch.equal(averaged_state(tmp_path)["2.weight"], weights[1])
    (tmp_path / CHECKPOINT).unlink()
    trainer(tmp_path, steps=2).run(fit, silent)  # from the beginning: it does not
    assert not (tmp_path / BEST).exists()


def test_where_no_loss_tells_the_best_the_last_weights_count(tmp_path: Path) -> None:
    made = trainer(tmp_path)
    made.run(fit, silent, check=Check(every=2, samples=1, keep_best=False))
    assert torch.equal(averaged_state(tmp_path)["2.weight"], made.averaged_weights()["2.weight"])


def test_curves_and_pictures_are_written_for_tensorboard(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    def pictures(_: nn.Module) -> dict[str, Tensor]:
        return {"drawn": torch.rand(3, 8, 6)}

    trainer(tmp_path).run(fit, silent, check=Check(every=3, samples=2, pictures=pictures))
    written = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert {"training/loss", "training/figure", "validation/loss"} <= set(written.Tags()["scalars"])
    assert [event.step for event in written.Scalars("validation/loss")] == [3, 6]
    assert [(event.height, event.width) for event in written.Images("drawn")] == [(8, 6)] * 2


def test_without_tensorboard_the_log_says_so_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "torch.utils.tensorboard", None)
    monkeypatch.setattr("GuideGenLib.training.loop.board.Board.told", False)
    lines: list[str] = []
    for run in ("one", "two"):
        trainer(tmp_path / run).run(fit, lines.append, check=Check(samples=1, pictures=lambda _: {}))
    assert sum("guidegen[train]" in line for line in lines) == 1
    assert sum("validation" in line for line in lines) == 2
