"""`guidegen train`: the stages in order, going on where they stopped, and what it says when it cannot."""

import argparse
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from GuideGenLib.cli import train as cli
from GuideGenLib.cli.train import add_train_parsers, run_train
from GuideGenLib.data.layouts import DataError
from GuideGenLib.description.encoder import TextEncoder
from GuideGenLib.population.attributes import draw_attributes
from GuideGenLib.training import inputs, stages
from GuideGenLib.training.loop.checkpoint import RunError, averaged_state, steps_done
from Testing.tiny_preset import small_patches


def train(*words: object) -> int:
    parser = argparse.ArgumentParser()
    add_train_parsers(parser)
    threads = torch.get_num_threads()
    try:
        return run_train(parser.parse_args([str(word) for word in words]))
    finally:
        torch.set_num_threads(threads)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small patches of the labelled scan alone."""
    monkeypatch.setattr(cli, "shipped_segmenter", None)
    small_patches(monkeypatch)


@pytest.mark.usefixtures("small")
def test_the_codec_in_two_phases_which_are_not_repeated(
    flat: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = ("--data", flat, "--run", tmp_path / "runs", "--threads", 1)
    with pytest.raises(RunError, match="guidegen train codec"):
        train("codec-grain", *call)
    assert train("codec", *call, "--steps", 2) == train("codec-grain", *call, "--steps", 1) == 0
    said = capsys.readouterr().out
    assert said.index("step 2/2") < said.index("step 1/1")
    assert steps_done(tmp_path / "runs" / "codec_grain") == 1
    encoder = [averaged_state(tmp_path / "runs" / run)["encoder_half.0.weight"] for run in ("codec", "codec_grain")]
    assert torch.equal(*encoder)
    assert train("codec", *call, "--steps", 2) == train("codec-grain", *call, "--steps", 1) == 0
    assert "step" not in capsys.readouterr().out


@pytest.mark.usefixtures("small")
def test_ctrl_c_says_how_to_go_on(
    flat: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(stages, "train_codec", interrupted)
    monkeypatch.setattr(cli, "shipped_segmenter", None)
    assert train("codec", "--data", flat, "--run", tmp_path / "runs") == 130
    assert "goes on from the last checkpoint" in capsys.readouterr().err


def test_all_runs_every_stage_in_order(flat: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[tuple[str, int]] = []
    told = {
        name: replace(stage, run=lambda job, name=name: ran.append((name, job.steps)))  # type: ignore[misc]
        for name, stage in cli.STAGES.items()
    }
    monkeypatch.setattr(cli, "STAGES", told)
    train("all", "--data", flat, "--run", tmp_path)
    assert [name for name, _ in ran] == ["population", "codec", "codec-grain", "mask", "ct-mean", "ct-flow", "bundle"]
    assert all(steps > 1000 for name, steps in ran if name not in ("population", "bundle"))
    ran.clear()
    train("all", "--data", flat, "--run", tmp_path, "--steps", 7)
    assert {steps for _, steps in ran} == {7}


def test_all_share_the_minutes_as_their_stages_need_them(
    flat: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, float | None] = {}
    told = {
        name: replace(stage, run=lambda job, name=name: given.update({name: job.minutes}))  # type: ignore[misc]
        for name, stage in cli.STAGES.items()
    }
    monkeypatch.setattr(cli, "STAGES", told)
    train("all", "--data", flat, "--run", tmp_path, "--minutes", 20)
    assert sum(minutes or 0 for minutes in given.values()) == pytest.approx(20)
    assert given["mask"] == pytest.approx(7) and given["bundle"] == 0
    train("ct-flow", "--data", flat, "--run", tmp_path, "--minutes", 3)
    assert given["ct-flow"] == 3


def test_data_come_from_the_environment(flat: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Path] = []
    monkeypatch.setattr(cli, "STAGES", {"codec": cli.Stage(lambda job: seen.append(job.data), 1, "x")})
    monkeypatch.setenv("GUIDEGEN_DATA", str(flat))
    train("codec", "--run", tmp_path)
    monkeypatch.delenv("GUIDEGEN_DATA")
    assert seen == [flat]
    with pytest.raises(RunError, match=r"--data.*GUIDEGEN_DATA"):
        train("codec", "--run", tmp_path)


def test_a_population_needs_scans_of_chest_and_pelvis(flat: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no labelled scan shows chest and loins: add one"):
        train("population", "--data", flat, "--run", tmp_path / "runs", "--people", 1)


def test_the_ct_stage_needs_labels_and_the_stages_before(
    flat: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(RunError, match="guidegen train ct-mean"):
        train("ct-flow", "--data", flat, "--run", tmp_path)
    with pytest.raises(RunError, match="guidegen train population"):
        train("bundle", "--data", flat, "--run", tmp_path)
    shutil.rmtree(flat / "labels")
    monkeypatch.setattr(cli, "shipped_segmenter", None)
    with pytest.raises(DataError, match="no scan that the CT stage can learn from"):
        train("ct-mean", "--data", flat, "--run", tmp_path)


def test_a_run_folder_that_cannot_be_made_is_told(flat: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match=r"cannot use .*file"):
        train("codec", "--data", flat, "--run", tmp_path / "file" / "runs")


@pytest.mark.parametrize("words", [("codec", "--steps", "0"), ("codec", "--seed", "-1"), ("nothing",), ()])
def test_arguments_that_are_wrong(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        train(*words)
    assert "usage" in capsys.readouterr().err


def test_the_bundle_takes_the_bank_the_noise_and_the_figures(
    flat: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bank = np.zeros((2, 4, 4, 4), np.uint8), [draw_attributes(np.random.default_rng(0))] * 2
    given: dict[str, Any] = {}

    class Made:
        path = tmp_path / "b"
        config = {"files": {"mask.safetensors": {"bytes": 2_500_000}}}  # noqa: RUF012

    def assembled(run: Path, target: Path, **arguments: Any) -> Made:
        given.update(arguments, run=run, target=target)
        return Made()

    wanted = ("population", 3)
    monkeypatch.setattr(inputs, "load_bank", lambda cache, seed: bank if (cache.name, seed) == wanted else None)
    monkeypatch.setattr(stages.assemble, "assemble_bundle", assembled)
    monkeypatch.setattr(stages, "is_newer", lambda *_: True)
    monkeypatch.setattr(TextEncoder, "load", lambda: type("Encoder", (), {"encode": lambda *_: torch.ones(1, 384)})())
    (tmp_path / "metrics.json").write_text(json.dumps({"mae": 12}))
    template = np.arange(8, dtype=np.uint8).reshape(2, 2, 2)
    np.savez(tmp_path / "torso.npz", labels=template, ct=template.astype(np.int16), spacing=np.full(3, 3.0))
    monkeypatch.setattr(cli, "shipped_segmenter", None)
    train("bundle", "--data", flat, "--run", tmp_path, "--seed", 3, "--people", 1, "--target", tmp_path / "b")
    assert given["anatomies"].shape == (1, 4, 4, 4)
    assert given["metrics"] == {"mae": 12}
    assert (given["run"], given["target"], given["scans"]) == (tmp_path, tmp_path / "b", ["anna"])
    assert 0.02 < given["ct_noise"] < 1
    assert "2.5 MB" in capsys.readouterr().out
