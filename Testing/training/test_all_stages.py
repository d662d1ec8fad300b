"""`guidegen train all` on a packed run folder, with tiny networks: however little time it has, a bundle comes out."""

import argparse
from pathlib import Path

import numpy as np
import pytest
import torch

from GuideGenLib.anatomy.table import values
from GuideGenLib.bundle import load_bundle
from GuideGenLib.cli.train import add_train_parsers, run_train
from GuideGenLib.generator.models import build
from GuideGenLib.training.inputs import PEOPLE, SCANS, TEMPLATE
from GuideGenLib.training.loop.checkpoint import averaged_state, steps_done
from GuideGenLib.training.mask_bank import MaskData, save_mask_data
from GuideGenLib.training.pack import pack_materials
from Testing.tiny_preset import NETWORKS, shrink
from Testing.tiny_trainings import material

pytestmark = pytest.mark.medium

GRID = (40, 16, 24)


@pytest.fixture
def packed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A packed run folder of one scan and a few people on a small grid."""
    shrink(monkeypatch, {**NETWORKS, "mask": {**NETWORKS["mask"], "grid": GRID}})
    run = tmp_path / "runs"
    run.mkdir()
    pack_materials([material()], run / SCANS, 2.0)
    labels = np.zeros((60, 30, 40), np.uint8)
    labels[:, 4:26, 4:36] = values()["muscle"]
    labels[20:60, 16:22, 17:23] = values()["vertebrae_thoracic"]
    labels[:20, 16:22, 17:23] = values()["vertebrae_lumbar"]
    labels[25:55, 8:15, 6:14] = values()["lung_upper_lobe_right"]
    labels[25:55, 8:15, 26:34] = values()["lung_upper_lobe_left"]
    hu = np.where(labels > 0, 40, -1000).astype(np.int16)
    np.savez(run / TEMPLATE, labels=labels, ct=hu, spacing=np.full(3, 3.0))
    people = np.zeros((5, *GRID), np.uint8)
    people[:, :, 3:13, 4:20] = values()["muscle"]
    people[:, 10:20, 5:10, 6:12] = values()["liver"]
    people[:, 0, 0, 0] = 67
    save_mask_data(MaskData(people, np.zeros((5, 16), np.float32), [[torch.ones(3, 384)]] * 5), run / PEOPLE)
    return run


def train(*words: object) -> None:
    parser = argparse.ArgumentParser()
    add_train_parsers(parser)
    threads = torch.get_num_threads()
    try:
        assert run_train(parser.parse_args([str(word) for word in words])) == 0
    finally:
        torch.set_num_threads(threads)


def test_the_shortest_time_ends_with_a_bundle_in_parts_that_can_be_trained_on(
    packed: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    train("all", "--run", packed, "--minutes", 0.0001, "--part-mb", 1, "--threads", 1)
    said = capsys.readouterr().out
    for stage in ("codec", "codec_grain", "mask", "ct_mean", "ct_flow"):
        assert steps_done(packed / stage) == 1
    assert "calibration, flow 1/4" in said and "calibration, categorical 1/4" in said
    assert "HU calibration, person 1 of" in said and "person 2 of" not in said
    made = load_bundle(packed / "bundle")
    assert len(made.files("mask")) > 1
    assert all(entry["bytes"] <= 1_000_000 for entry in made.config["files"].values())
    build(made, torch.device("cpu"))
    # goes on from a bundle of other sizes than the preset's
    shrink(monkeypatch, {"codec": {"latent": 16}, "mask": {"widths": (16, 16, 16)}})
    other = tmp_path / "other"
    other.mkdir()
    for name in (SCANS, PEOPLE, TEMPLATE):
        (other / name).symlink_to(packed / name)
    for stage in ("codec", "mask", "ct-mean", "ct-flow"):
        train(stage, "--run", other, "--init", packed / "bundle", "--minutes", 0.0001, "--threads", 1)
        folder = stage.replace("-", "_")
        before, after = averaged_state(packed / folder), averaged_state(other / folder)
        assert steps_done(other / folder) == 1
        assert {key: value.shape for key, value in after.items()} == {key: value.shape for key, value in before.items()}
