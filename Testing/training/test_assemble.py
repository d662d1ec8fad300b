"""Run folders become a bundle that the generator loads, with weights that it can trust."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from GuideGenLib.anatomy.label import PHASES
from GuideGenLib.anatomy.table import labels as anatomy_rows
from GuideGenLib.bundle import load_bundle
from GuideGenLib.codec.network import CodecNetwork
from GuideGenLib.ct.network import CTConfig, CTNetwork
from GuideGenLib.data.notes import read_notes
from GuideGenLib.generator.models import build
from GuideGenLib.mask.network import MaskConfig, MaskNetwork
from GuideGenLib.training.assemble import assemble_bundle, training_commands
from GuideGenLib.training.loop.checkpoint import RunError, averaged_state
from GuideGenLib.training.loop.trainer import Trainer
from GuideGenLib.training.presets import presets
from GuideGenLib.training.sizes import codec_arguments, ct_config, mask_config

CLASSES, LABELS = 68, len(anatomy_rows())
BIAS = [0.01 * k for k in range(CLASSES)]
MASK = MaskConfig(CLASSES, grid=(16, 8, 24), code=4, widths=(8, 12, 16), queries=2)
MEAN = CTConfig(LABELS, inputs=8, latent=8, widths=(8, 16), code=2, queries=3)
FLOW = CTConfig(LABELS, inputs=16, latent=8, widths=(12, 16))
CODEC = {"labels": LABELS, "latent": 8, "wide": 16, "narrow": 8, "code": 3}
SPREAD = [0.1 * channel for channel in range(1, 9)]
OFFSET = {phase: [0.5 * value + row for value in range(73)] for row, phase in enumerate(PHASES)}


def finish(network: nn.Module, run: Path) -> None:
    """A run folder whose average is the network itself."""
    trainer = Trainer(network, run, steps=2, rate=0.0, weight_decay=0.0)
    trainer.run(
        lambda model, _: (sum((p.sum() for p in model.parameters()), torch.zeros(())) * 0.0, {}), lambda _: None
    )


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    run = tmp_path_factory.mktemp("runs")
    finish(MaskNetwork(MASK), run / "mask")
    (run / "mask" / "calibration.json").write_text(json.dumps({"bias": {"flow": BIAS, "categorical": BIAS[::-1]}}))
    finish(CodecNetwork(**CODEC), run / "codec")
    finish(CTNetwork(MEAN), run / "ct_mean")
    finish(CTNetwork(FLOW), run / "ct_flow")
    (run / "ct_flow" / "spread.json").write_text(json.dumps(SPREAD))
    (run / "ct_flow" / "hu_offsets.json").write_text(json.dumps(OFFSET))
    return run


@pytest.fixture(scope="module")
def anatomies() -> np.ndarray:
    return np.random.default_rng(0).integers(0, CLASSES, (5, 8, 8, 8)).astype(np.uint8)


def arguments(anatomies: np.ndarray) -> dict[str, object]:
    return {
        "metrics": {"codec_mae_hu": 12.0},
        "anatomies": anatomies,
        "ct_noise": 0.75,
        "scans": ["lidc_0001", "lidc_0314", "mine"],
        "notes": read_notes(Path("nowhere")),
        "seed": 4,
    }


@pytest.mark.parametrize("masked", [False, True])
def test_the_generator_gets_the_networks_that_were_trained(
    masked: bool, runs: Path, anatomies: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if masked:
        other = tmp_path / "runs"
        other.mkdir()
        for run in runs.iterdir():
            (other / run.name).symlink_to(run)
        finish(CodecNetwork(**CODEC), other / "codec_grain")
        runs = other
    made = assemble_bundle(runs, tmp_path / "bundle", **arguments(anatomies))  # type: ignore[arg-type]
    models = build(load_bundle(tmp_path / "bundle"), torch.device("cpu"))
    folder = "codec_grain" if masked else "codec"
    for network, stage in (
        (models.mask.network, "mask"),
        (models.ct.codec, folder),
        (models.ct.mean, "ct_mean"),
        (models.ct.flow, "ct_flow"),
    ):
        for key, trained in averaged_state(runs / stage).items():
            assert torch.allclose(network.state_dict()[key], trained, rtol=1e-3, atol=1e-6), key
    for key in ("linear_in.weight", "linear_out.bias"):
        assert torch.equal(models.ct.codec.state_dict()[key], averaged_state(runs / folder)[key])
    assert torch.equal(models.mask.network.codes, averaged_state(runs / "mask")["codes"])
    assert torch.allclose(models.ct.spread, torch.tensor(SPREAD))
    assert torch.allclose(models.ct.offset, torch.tensor(list(OFFSET.values())))
    torch.testing.assert_close(models.mask.class_bias["flow"], torch.tensor(BIAS))
    torch.testing.assert_close(models.mask.class_bias["categorical"], torch.tensor(BIAS[::-1]))
    assert (made.config["training"]["steps"][folder], made.config["ct_noise"]) == (2, 0.75)


def test_the_bundle_says_what_it_was_made_from(runs: Path, anatomies: np.ndarray, tmp_path: Path) -> None:
    config = assemble_bundle(runs, tmp_path / "bundle", **arguments(anatomies)).config  # type: ignore[arg-type]
    assert config["networks"]["mask"] == {**MASK.to_json(), "grid": [16, 8, 24], "widths": [8, 12, 16]}
    assert config["networks"]["codec"] == CODEC
    assert [(row["name"], row["licence"]) for row in config["data"]] == [
        ("LIDC-IDRI", "CC BY 3.0"),
        ("1 scans of the trainer's own", "not told"),
    ]
    assert config["training"]["held_out"] == ["acrin_flt_013", "crlm_1006"]
    assert "guidegen train mask --people 5 --steps 2 --seed 4" in config["training"]["commands"]
    assert config["metrics"] == {"codec_mae_hu": 12.0}
    assert config["volumes_ml"].keys() >= {"liver", "spleen"}
    kinds = {k: v.dtype for k, v in load_bundle(tmp_path / "bundle").tensors("codec").items()}
    assert kinds["linear_in.weight"] == torch.float32
    assert kinds["decoder_stem.weight"] == torch.float16


def test_the_commands_of_another_preset_name_it(runs: Path) -> None:
    commands = training_commands(runs, 5, 4, preset="base")
    assert "guidegen train mask --people 5 --steps 2 --preset base --seed 4" in commands
    assert all(("--preset base" in one) == ("--steps" in one) for one in commands)


def test_sizes_are_read_off_the_weights(runs: Path) -> None:
    assert mask_config(averaged_state(runs / "mask")) == MASK
    assert ct_config(averaged_state(runs / "ct_mean")) == MEAN
    assert ct_config(averaged_state(runs / "ct_flow")) == FLOW
    assert codec_arguments(averaged_state(runs / "codec")) == CODEC


def refused(message: str, run: Path, anatomies: np.ndarray, target: Path) -> None:
    with pytest.raises(RunError, match=message):
        assemble_bundle(run, target, **arguments(anatomies))  # type: ignore[arg-type]
    assert not target.exists()


def linked(runs: Path, to: Path, without: str) -> Path:
    """The runs without one of them, into which something else may go."""
    to.mkdir()
    for folder in runs.iterdir():
        if folder.name != without:
            (to / folder.name).symlink_to(folder)
    return to


@pytest.mark.parametrize("stage", ["mask", "codec", "ct_mean", "ct_flow"])
def test_a_missing_run_is_told(stage: str, runs: Path, anatomies: np.ndarray, tmp_path: Path) -> None:
    some = linked(runs, tmp_path / "runs", stage)
    refused(f"guidegen train {stage.replace('_', '-')}", some, anatomies, tmp_path / "bundle")


def test_a_flow_whose_hu_was_not_calibrated_is_refused(runs: Path, anatomies: np.ndarray, tmp_path: Path) -> None:
    some = linked(runs, tmp_path / "runs", "ct_flow")
    finish(CTNetwork(FLOW), some / "ct_flow")
    (some / "ct_flow" / "spread.json").write_text(json.dumps(SPREAD))
    refused(r"ct_flow is not calibrated", some, anatomies, tmp_path / "bundle")


def test_a_flow_without_its_spread_is_refused(runs: Path, anatomies: np.ndarray, tmp_path: Path) -> None:
    some = linked(runs, tmp_path / "runs", "ct_flow")
    finish(CTNetwork(FLOW), some / "ct_flow")
    refused(r"spread.json is missing", some, anatomies, tmp_path / "bundle")


def test_runs_of_different_tables_are_refused(runs: Path, anatomies: np.ndarray, tmp_path: Path) -> None:
    some = linked(runs, tmp_path / "runs", "codec")
    finish(CodecNetwork(**{**CODEC, "labels": 12}), some / "codec")
    refused("different numbers of labels", some, anatomies, tmp_path / "bundle")


def test_a_users_own_bundle_may_have_any_size_and_be_in_parts(
    runs: Path, anatomies: np.ndarray, tmp_path: Path
) -> None:
    some = linked(runs, tmp_path / "runs", "mask")
    wide = MaskConfig(CLASSES, grid=(16, 8, 24), widths=presets()["base"]["mask"].network["widths"])
    finish(MaskNetwork(wide), some / "mask")
    (some / "mask" / "calibration.json").write_text(json.dumps({"bias": {"flow": BIAS, "categorical": BIAS}}))
    made = assemble_bundle(some, tmp_path / "bundle", part_mb=15, **arguments(anatomies))  # type: ignore[arg-type]
    files = made.config["files"]
    assert made.files("mask")[0] == "mask-00001-of-00004.safetensors" and made.files("ct") == ["ct.safetensors"]
    assert sum(entry["bytes"] for entry in files.values()) > 45e6
    assert max(file.stat().st_size for file in (tmp_path / "bundle").iterdir()) <= 15e6
    models = build(load_bundle(tmp_path / "bundle"), torch.device("cpu"))
    assert models.mask.network.config == wide
    for key, trained in averaged_state(some / "mask").items():
        assert torch.allclose(models.mask.network.state_dict()[key], trained, rtol=1e-3, atol=1e-6), key


def test_a_mask_that_was_not_calibrated_is_refused(runs: Path, anatomies: np.ndarray, tmp_path: Path) -> None:
    some = linked(runs, tmp_path / "runs", "mask")
    finish(MaskNetwork(MASK), some / "mask")
    refused("not calibrated", some, anatomies, tmp_path / "bundle")
