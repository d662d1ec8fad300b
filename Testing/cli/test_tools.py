"""describe, bundle check, doctor, population, and that the command line starts quickly."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from GuideGenLib.bundle import write_bundle
from GuideGenLib.cli.main import build_parser, main
from GuideGenLib.core import arithmetic, device
from GuideGenLib.core.files import CACHE_VARIABLE
from GuideGenLib.core.measured import keep
from GuideGenLib.description import encoder
from GuideGenLib.generator.pace import TORSO, timed

TEXT = "A 60 year old man with a 48 mm tumor in the left upper lobe of the lung."
Run = Callable[..., int]
SPEED = {"peak_bytes": 4_000_000_000}


@pytest.fixture
def small_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A bundle of one file whose text encoder is a toy."""
    (tmp_path / "encoder").mkdir()
    (tmp_path / "encoder" / "model.safetensors").write_bytes(b"weights")
    monkeypatch.setattr(encoder, "default_folder", lambda: tmp_path / "encoder")
    return write_bundle(
        tmp_path / "bundle",
        {"mask": {"weight": torch.ones(3)}},
        name="toy",
        version="1",
        grid={},
        encoder={"package": "toy", "sha256": hashlib.sha256(b"weights").hexdigest()},
        networks={},
        data=[{"name": "scans", "licence": "CC BY 4.0", "url": "https://example.org"}],
        metrics={"speed": SPEED},
    ).path


def test_output_that_nobody_reads_to_its_end_is_no_error() -> None:
    text = " ".join(f"{size} mm nodule of the left lung." for size in range(3, 60))
    call = f'"{sys.executable}" -m GuideGenLib.cli.start describe --json "{text}" | head -c 10'
    ended = subprocess.run(["bash", "-c", f"set -o pipefail; {call}"], capture_output=True, text=True, timeout=120)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_describe_prints_a_table_and_json(guidegen: Run, capsys: pytest.CaptureFixture[str]):
    assert guidegen("describe", TEXT) == 0
    table = capsys.readouterr().out
    assert "60" in table
    assert "upper" in table
    assert guidegen("describe", TEXT, "--json") == 0
    record = json.loads(capsys.readouterr().out)
    assert record["age"] == 60
    assert record["sex"] == "male"


def test_describe_of_nothing_is_one_line(guidegen: Run, capsys: pytest.CaptureFixture[str]):
    assert guidegen("describe", "") == 2
    assert capsys.readouterr().err.startswith("guidegen: error: ")


@pytest.mark.parametrize("arguments", [["--help"], ["generate", "--help"], ["describe", TEXT]])
def test_help_and_describe_do_not_load_torch(arguments: list[str]):
    code = (
        "import sys\n"
        "from GuideGenLib.cli.main import main\n"
        "try:\n"
        "    main(sys.argv[1:])\n"
        "except SystemExit:\n"
        "    pass\n"
        "print('loaded', sorted({'torch', 'transformers', 'monai', 'matplotlib'} & sys.modules.keys()))\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, text=True, check=True, env=environment
    )
    assert done.stdout.splitlines()[-1] == "loaded []"


def test_all_commands_are_listed():
    text = build_parser().format_help()
    for command in (
        "generate", "mask", "ct", "regenerate", "describe", "bundle", "doctor", "population", "train", "check"
    ):  # fmt: skip
        assert f"\n    {command}" in text


def test_a_command_is_needed_and_the_version_is_told(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as error:
        main([])
    assert error.value.code == 2
    with pytest.raises(SystemExit) as done:
        main(["--version"])
    assert done.value.code == 0
    assert "guidegen 0." in capsys.readouterr().out


def test_a_whole_bundle_is_told_whole(guidegen: Run, small_bundle: Path, capsys: pytest.CaptureFixture[str]):
    assert guidegen("bundle", "check", small_bundle) == 0
    shown = capsys.readouterr().out
    assert "toy 1 in" in shown
    assert "mask.safetensors" in shown
    assert "scans (CC BY 4.0)" in shown
    assert "complete and unaltered" in shown


def test_an_altered_bundle_is_told_altered(guidegen: Run, small_bundle: Path, capsys: pytest.CaptureFixture[str]):
    path = small_bundle / "mask.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert guidegen("bundle", "check", small_bundle) == 2
    assert "mask.safetensors is altered: its sha256 is" in capsys.readouterr().err


def test_another_encoder_is_told(guidegen: Run, small_bundle: Path, capsys: pytest.CaptureFixture[str]):
    (small_bundle.parent / "encoder" / "model.safetensors").write_bytes(b"other")
    assert guidegen("bundle", "check", small_bundle) == 2
    assert "is not the one that the bundle was trained with" in capsys.readouterr().err


@pytest.fixture
def known_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """200 GFLOP/s and 16 GB."""
    monkeypatch.setattr(device, "measure", lambda name: device.Speed(float32=50, bfloat16=200))
    monkeypatch.setattr(device, "free_memory", lambda: 16_000_000_000)


def test_the_doctor_finds_a_healthy_machine(
    guidegen: Run, small_bundle: Path, known_machine: None, capsys: pytest.CaptureFixture[str]
):
    assert guidegen("doctor", "--bundle", small_bundle, "--device", "cpu") == 0
    shown = capsys.readouterr().out
    assert "FAIL" not in shown
    assert "bfloat16 (measured: float32 50, bfloat16 200 GFLOP/s)" in shown
    assert "told after the first run here" in shown
    assert "16.0 GB free, at 2 mm torso 4.0 GB, chest 3.2 GB, pelvis 2.2 GB" in shown


def test_the_doctor_tells_what_earlier_runs_measured(
    guidegen: Run,
    small_bundle: Path,
    tmp_path: Path,
    known_machine: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setattr(device, "openvino_version", lambda: "2026.1")
    monkeypatch.setattr(arithmetic, "openvino_version", lambda: "2026.1")
    guidegen("doctor", "--bundle", small_bundle, "--device", "cpu")
    assert "the first run measures which is faster" in capsys.readouterr().out
    keep(arithmetic.gain_of("bfloat16"), [1.6])
    for stage, share in (("mask", 0.5), ("ct", 0.1)):
        with timed(stage, "bfloat16+openvino", int(share * TORSO[stage])):
            pass
    guidegen("doctor", "--bundle", small_bundle, "--device", "cpu")
    shown = capsys.readouterr().out
    assert "OpenVINO makes CTs, torch anatomies (measured: 1.6 times as fast as torch, openvino 2026.1)" in shown
    assert "about 0 s for a torso anatomy, as the last ones took here" in shown


def test_the_doctor_says_what_is_missing_and_what_to_do(
    guidegen: Run, tmp_path: Path, known_machine: None, capsys: pytest.CaptureFixture[str]
):
    assert guidegen("doctor", "--bundle", tmp_path / "none", "--device", "tpu") == 1
    lines = {line.split()[1]: line for line in capsys.readouterr().out.splitlines() if line[:4] in ("ok  ", "FAIL")}
    assert lines["bundle"].startswith("FAIL")
    assert "name another one with --bundle" in lines["bundle"]
    assert lines["device"].startswith("FAIL")
    assert "use one of" in lines["device"]
    assert lines["python"].startswith("ok")


def test_the_doctor_warns_of_little_memory(
    guidegen: Run,
    small_bundle: Path,
    known_machine: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.setattr(device, "free_memory", lambda: 3_000_000_000)
    assert guidegen("doctor", "--bundle", small_bundle, "--device", "cpu") == 1
    assert "close other programs, or use a smaller --region" in capsys.readouterr().out


def test_population_needs_the_scans(
    guidegen: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.delenv("GUIDEGEN_DATA", raising=False)
    assert guidegen("population", "--n", 2, "-o", tmp_path / "p") == 2
    assert "--data or $GUIDEGEN_DATA" in capsys.readouterr().err
    assert guidegen("population", "--n", 0, "-o", tmp_path / "p", "--data", tmp_path) == 2
    assert "give at least 1" in capsys.readouterr().err
    assert not (tmp_path / "p").exists()


def test_population_draws_from_the_joined_torso_where_there_are_no_others(
    guidegen: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from GuideGenLib.data.store import Store
    from GuideGenLib.population import torso, write

    calls = []
    joined = torso.Torso(np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4, 4), np.int16), (3.0, 3.0, 3.0))
    monkeypatch.setattr(torso, "cached_torso", lambda store, folder, progress: joined)
    monkeypatch.setattr(write, "write_population", lambda *arguments: calls.append(arguments[:4]))
    monkeypatch.setenv("GUIDEGEN_DATA", str(Store.begin(tmp_path / "store").folder))
    assert guidegen("population", "--n", 3, "-o", tmp_path / "p", "--seed", 4) == 0
    ((bases, *rest),) = calls
    assert [(base.name, base.load().labels.shape) for base in bases] == [("torso", (4, 128, 144))]
    assert rest == [3, tmp_path / "p", 4]


def test_train_and_check_are_reached_with_their_own_options(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    from GuideGenLib.cli import train as cli
    from GuideGenLib.evaluation.prompts import check as prompt_checks

    seen = []
    monkeypatch.setattr(cli, "run_train", lambda args: seen.append((args.stage, args.run)) or 0)
    monkeypatch.setattr(prompt_checks, "run_check", lambda args: seen.append(("check", args.output)) or 0)
    assert main(["train", "codec", "--data", str(tmp_path), "--run", str(tmp_path / "runs")]) == 0
    assert main(["check", "-o", str(tmp_path / "figures")]) == 0
    assert seen == [("codec", tmp_path / "runs"), ("check", tmp_path / "figures")]
    with pytest.raises(SystemExit):
        main(["train", "--help"])
    assert "codec" in capsys.readouterr().out
