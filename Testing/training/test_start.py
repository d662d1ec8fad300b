"""A run folder that begins with a bundle: what is trained on, what stays, and what a bundle made of it holds."""

import json
import os
import shutil
from pathlib import Path

import pytest
import torch

from GuideGenLib.bundle.reading import load_bundle
from GuideGenLib.codec.network import CodecNetwork
from GuideGenLib.training.assemble import assemble_bundle, training_commands
from GuideGenLib.training.calibrate import read_calibration
from GuideGenLib.training.calibrate_ct import OFFSET, read_offset
from GuideGenLib.training.loop.checkpoint import RunError, averaged_state, is_newer, steps_done
from GuideGenLib.training.loop.trainer import Trainer
from GuideGenLib.training.start import initial_bundle, start_from
from Testing.tiny_bundle import CODEC, write_tiny_bundle


@pytest.fixture
def run(tmp_path: Path) -> Path:
    write_tiny_bundle(tmp_path / "bundle")
    start_from(load_bundle(tmp_path / "bundle"), tmp_path / "runs")
    return tmp_path / "runs"


def test_the_checkpoints_are_the_bundles_weights_at_step_0(run: Path) -> None:
    bundle = load_bundle(run.parent / "bundle")
    for key, value in bundle.tensors("codec").items():
        assert torch.equal(averaged_state(run / "codec")[key], value.float())
    assert [steps_done(run / stage) for stage in ("codec", "mask", "ct_mean", "ct_flow")] == [0] * 4
    bias, offset = read_calibration(run / "mask"), read_offset(run / "ct_flow")
    assert bias is not None and bias.keys() == {"flow", "categorical"}
    assert all(torch.allclose(one, bundle.tensors("mask")["class_bias"].float()) for one in bias.values())
    assert offset is not None and torch.allclose(offset, bundle.tensors("ct")["hu_offset"].float().expand(4, -1))
    assert is_newer(run / "ct_flow" / OFFSET, run / "ct_flow", run / "codec", run / "ct_mean")


def test_a_training_goes_on_from_them_and_makes_the_offset_stale(run: Path) -> None:
    before = averaged_state(run / "codec")
    trainer = Trainer(CodecNetwork(**CODEC), run / "codec", steps=2, rate=1e-2)
    for key, value in before.items():
        assert torch.equal(trainer.network.state_dict()[key], value)
    hu = torch.zeros(1, 1, 8, 8, 8)
    noise = torch.zeros(1, CODEC["latent"], 2, 2, 2)
    trainer.run(lambda model, _: (model(hu, None, noise)[0].square().mean(), {}), log=lambda _: None)
    assert steps_done(run / "codec") == 2
    assert not is_newer(run / "ct_flow" / OFFSET, run / "ct_flow", run / "codec", run / "ct_mean")
    start_from(load_bundle(run.parent / "bundle"), run)  # once more: what was trained stays
    assert steps_done(run / "codec") == 2


def test_a_mask_that_was_trained_on_is_calibrated_anew(run: Path) -> None:
    calibration = run / "mask" / "calibration.json"
    assert is_newer(calibration, run / "mask")
    os.utime(run / "mask" / "state.safetensors", ns=(calibration.stat().st_mtime_ns + 1,) * 2)
    assert not is_newer(calibration, run / "mask")
    assert not is_newer(run / "mask" / "nothing.json", run / "mask")


def test_a_bundle_of_it_keeps_the_first_stage_of_the_one_before(run: Path, tmp_path: Path) -> None:
    initial = initial_bundle(run)
    assert initial is not None
    made = assemble_bundle(
        run,
        tmp_path / "made",
        metrics={},
        anatomies=None,
        ct_noise=0.4,
        scans=["lidc_0001"],
        notes={},
        initial=initial,
        encoder_sha256=initial.config["encoder"]["sha256"],
    )
    for key, value in initial.tensors("mask").items():
        assert torch.equal(made.tensors("mask")[key], value)
    assert made.config["volumes_ml"] == initial.config["volumes_ml"]
    assert made.config["training"]["initial"]["name"] == initial.name
    assert training_commands(run, 0, 3, initial) == ["guidegen train bundle --seed 3 --init BUNDLE"]


def test_the_grain_goes_on_where_it_stopped(run: Path, tmp_path: Path) -> None:
    (run / "codec_grain").mkdir()
    shutil.copy(run / "codec" / "state.safetensors", run / "codec_grain")
    start_from(load_bundle(tmp_path / "bundle"), run, "codec-grain")


def test_what_was_trained_from_nothing_stays_and_is_told_so(tmp_path: Path) -> None:
    """The CT stage anew, the mask as it is in a bundle."""
    write_tiny_bundle(tmp_path / "bundle")
    bundle, run = load_bundle(tmp_path / "bundle"), tmp_path / "runs"
    torch.manual_seed(1)
    trainer = Trainer(CodecNetwork(**CODEC), run / "codec", steps=1, rate=1e-2)
    noise, hu = torch.zeros(1, CODEC["latent"], 2, 2, 2), torch.zeros(1, 1, 8, 8, 8)
    trainer.run(lambda model, _: (model(hu, None, noise)[0].square().mean(), {}), log=lambda _: None)
    mine = averaged_state(run / "codec")
    with pytest.raises(RunError, match="did not begin with a bundle"):
        start_from(bundle, run, "codec")
    start_from(bundle, run)
    assert all(torch.equal(value, averaged_state(run / "codec")[key]) for key, value in mine.items())
    assert steps_done(run / "mask") == 0 and read_offset(run / "ct_flow") is not None
    assert training_commands(run, 0, 3, initial_bundle(run)) == [
        "guidegen train codec --steps 1 --seed 3",
        "guidegen train bundle --seed 3 --init BUNDLE",
    ]


def test_a_folder_that_began_otherwise_is_refused(run: Path, tmp_path: Path) -> None:
    note = run / "initial.json"
    told = json.loads(note.read_text())
    note.write_text(json.dumps(told | {"identity": "0" * 64}))
    with pytest.raises(RunError, match="no longer the bundle"):
        initial_bundle(run)
    note.unlink()
    with pytest.raises(RunError, match="choose another run folder for --init"):
        start_from(load_bundle(tmp_path / "bundle"), run, "ct-mean")
