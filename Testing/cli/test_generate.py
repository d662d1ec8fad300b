"""generate, mask, ct and regenerate: all files or none, one clear line for what goes wrong."""

import argparse
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections import namedtuple
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from GuideGenLib.anatomy import label_volumes, table
from GuideGenLib.cli.options import asked
from GuideGenLib.core import volumes
from GuideGenLib.core.errors import VolumeError
from GuideGenLib.core.progress import Cancelled
from GuideGenLib.description import parse
from GuideGenLib.description.report import to_json
from GuideGenLib.generator import RunSettings

TEXT = "A 60 year old man with a 48 mm tumor in the left upper lobe of the lung."
FILES = ["anatomy.nii.gz", "ct.nii.gz", "labels.csv", "preview.png", "provenance.json"]
Run = Callable[..., int]


def test_generate_writes_a_whole_case(guidegen: Run, generator, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = tmp_path / "new ü" / "case"
    assert guidegen("generate", TEXT, "-o", out, "--seed", 7, "--region", "chest", "--spacing", "3") == 0
    assert sorted(os.listdir(out)) == FILES
    anatomy = label_volumes.read_anatomy(out / "anatomy.nii.gz")
    assert np.array_equal(sitk.GetArrayFromImage(anatomy), sitk.GetArrayFromImage(generator.anatomy))
    assert np.array_equal(
        sitk.GetArrayFromImage(volumes.read_ct(out / "ct.nii.gz")), sitk.GetArrayFromImage(generator.hu)
    )
    assert (out / "labels.csv").read_text(encoding="utf-8").startswith("LabelValue,Name,")
    assert json.loads((out / "provenance.json").read_text(encoding="utf-8"))["synthetic"] is True
    assert generator.calls == [
        ("mask", {"text": TEXT, "seed": 7, "region": "chest", "sampler": "flow", "spacing": 1.5}),
        ("ct", {"text": TEXT, "seed": 7, "spacing": 3.0}),
    ]
    shown = capsys.readouterr()
    assert "Checks: 1 of 2 kept" in shown.out
    assert "volume:spleen: 12 ml" in shown.out
    assert "left lung upper_lobe, 48 mm" in shown.out
    assert "synthetic" in shown.out
    assert "making the CT" in shown.err


def test_options_that_were_not_given_are_left_to_the_library(guidegen: Run, generator, tmp_path: Path):
    assert guidegen("generate", TEXT, "-o", tmp_path / "a", "--steps", 9, "--ct-steps", 4, "--guidance", 2) == 0
    assert generator.calls == [
        ("mask", {"text": TEXT, "seed": 0, "sampler": "flow", "steps": 9, "guidance": 2.0, "spacing": 1.5}),
        ("ct", {"text": TEXT, "seed": 0, "spacing": 2.0, "steps": 4}),
    ]
    assert guidegen("generate", TEXT, "-o", tmp_path / "b") == 0
    assert generator.calls[2:] == [
        ("mask", {"text": TEXT, "seed": 0, "sampler": "flow", "spacing": 1.5}),
        ("ct", {"text": TEXT, "seed": 0, "spacing": 2.0}),
    ]


def test_the_same_command_twice_gives_the_same_bytes(guidegen: Run, tmp_path: Path):
    for name in "ab":
        assert guidegen("generate", TEXT, "-o", tmp_path / name) == 0
        time.sleep(0.01)
    for file in FILES:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes(), file


def test_nothing_is_overwritten_unless_asked(
    guidegen: Run, generator, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "ct.nii.gz").write_bytes(b"mine")
    (tmp_path / "notes.txt").write_text("mine")
    assert guidegen("generate", TEXT, "-o", tmp_path) == 2
    assert "has ct.nii.gz already: name another folder, or add --overwrite" in capsys.readouterr().err
    assert generator.calls == [], "it is told before the work"
    assert sorted(os.listdir(tmp_path)) == ["ct.nii.gz", "notes.txt"]
    assert guidegen("generate", TEXT, "-o", tmp_path, "--overwrite") == 0
    assert volumes.read_ct(tmp_path / "ct.nii.gz").GetSize() == generator.hu.GetSize()
    assert sorted(os.listdir(tmp_path)) == sorted([*FILES, "notes.txt"])


@pytest.mark.parametrize("stage", ["mask", "ct", "decode"])
@pytest.mark.parametrize("kind", [Cancelled, KeyboardInterrupt])
def test_cancel_at_each_stage_leaves_nothing(
    guidegen: Run, generator, tmp_path: Path, stage: str, kind: type[BaseException], capsys: pytest.CaptureFixture[str]
):
    def cancel(now: str) -> None:
        if now == stage:
            raise kind

    generator.at = cancel
    assert guidegen("generate", TEXT, "-o", tmp_path / "deep" / "case") == 130
    assert os.listdir(tmp_path) == []
    assert "cancelled, nothing was written" in capsys.readouterr().err


@pytest.mark.parametrize("name", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_real_process_cleanly_and_soon(tmp_path: Path, name: signal.Signals):
    code = """
        import sys, time
        from GuideGenLib.cli.main import main
        class Slow:
            def compute_as(self, name):
                pass
            def synthesize_mask(self, description, *, progress, **options):
                for step in range(1000):
                    progress("mask", step / 1000)
                    if step == 3:
                        print("running", flush=True)
                    time.sleep(0.05)
        sys.exit(main(sys.argv[1:], lambda args: Slow()))
    """
    out = tmp_path / "case"
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), "generate", TEXT, "-o", out],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        # a job in the background has SIGINT ignored and hands that down
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout is not None
    while process.stdout.readline().strip() != "running":
        assert process.poll() is None
    assert len(os.listdir(out)) == 1, "the private folder"
    process.send_signal(name)
    start = time.monotonic()
    _, errors = process.communicate(timeout=20)
    assert time.monotonic() - start < 10
    assert process.returncode == 130
    assert "cancelled, nothing was written" in errors
    assert "Traceback" not in errors
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("text", ["", "  ", "asdf qwer", "tumor in the left upper lobe of the right lung"])
def test_text_that_cannot_be_used_is_told_before_the_model_is_opened(
    guidegen: Run, generator, tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
):
    assert guidegen("generate", text, "-o", tmp_path / "case") == 2
    errors = capsys.readouterr().err.strip().splitlines()
    assert len(errors) == 1
    assert errors[0].startswith("guidegen: error: ")
    assert generator.calls == []
    assert os.listdir(tmp_path) == []


def test_a_full_disk_while_writing_leaves_nothing(
    guidegen: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], generator
):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(stage: str) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, limits[1]))

    generator.at = fill
    try:
        assert guidegen("generate", TEXT, "-o", tmp_path / "case") == 2
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "disk" in capsys.readouterr().err
    assert os.listdir(tmp_path) == []


def test_a_disk_without_room_is_told_before_the_work(
    guidegen: Run, generator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**9, 10**9 - 5_000_000, 5_000_000))
    assert guidegen("generate", TEXT, "-o", tmp_path / "case") == 2
    assert "is full: 5 MB are free" in capsys.readouterr().err
    assert generator.calls == []
    assert os.listdir(tmp_path) == []


def test_a_target_that_cannot_be_a_folder_is_told(guidegen: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "file").write_text("x")
    assert guidegen("generate", TEXT, "-o", tmp_path / "file") == 2
    assert "is a file: name a folder" in capsys.readouterr().err
    assert guidegen("generate", TEXT, "-o", tmp_path / "file" / "case") == 2
    assert "folder does not exist" in capsys.readouterr().err


def test_a_folder_that_may_not_be_written_is_told(guidegen: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    tmp_path.chmod(0o500)
    try:
        if os.access(tmp_path, os.W_OK):
            pytest.skip("this user may write anywhere")
        assert guidegen("generate", TEXT, "-o", tmp_path / "case") == 2
        assert "not writable" in capsys.readouterr().err
    finally:
        tmp_path.chmod(0o700)


def test_a_missing_bundle_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    from GuideGenLib.cli.main import main

    assert main(["mask", TEXT, "-o", str(tmp_path / "case"), "--bundle", str(tmp_path / "none")]) == 2
    assert "guidegen: error: " in capsys.readouterr().err
    assert os.listdir(tmp_path) == []


def test_known_errors_are_lines_and_unknown_ones_keep_their_traceback(
    guidegen: Run, generator, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    def fail(error: Exception) -> Callable[[str], None]:
        def at(stage: str) -> None:
            raise error

        return at

    generator.at = fail(VolumeError("the CT is odd: do this"))
    assert guidegen("generate", TEXT, "-o", tmp_path / "case") == 2
    assert capsys.readouterr().err.strip().splitlines()[-1] == "guidegen: error: the CT is odd: do this"
    generator.at = fail(RuntimeError("DefaultCPUAllocator: can't allocate memory"))
    assert guidegen("generate", TEXT, "-o", tmp_path / "case") == 2
    assert "not enough memory: close other programs" in capsys.readouterr().err
    for error in (ValueError("operands"), RuntimeError("bug")):
        generator.at = fail(error)
        with pytest.raises(type(error), match=str(error)):
            guidegen("generate", TEXT, "-o", tmp_path / "case")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    "options",
    [
        ("--seed", "-1"),
        ("--seed", "x"),
        ("--spacing", "0.1"),
        ("--spacing", "nan"),
        ("--steps", "0"),
        ("--guidance", "nan"),
        ("--region", "head"),
        ("--sampler", "fast"),
    ],
)
def test_impossible_options_are_refused(guidegen: Run, tmp_path: Path, options: tuple[str, str]):
    with pytest.raises(SystemExit) as error:
        guidegen("generate", TEXT, "-o", tmp_path / "case", *options)
    assert error.value.code == 2
    assert os.listdir(tmp_path) == []


# ---------------------------------------------------------------- the single stages


def test_mask_writes_the_anatomy_alone(guidegen: Run, generator, tmp_path: Path):
    assert guidegen("mask", TEXT, "-o", tmp_path, "--sampler", "categorical", "--steps", 5) == 0
    assert sorted(os.listdir(tmp_path)) == [name for name in FILES if name != "ct.nii.gz"]
    assert generator.calls[0][1] == {"text": TEXT, "seed": 0, "sampler": "categorical", "steps": 5, "spacing": 1.5}
    settings = json.loads((tmp_path / "provenance.json").read_text())["settings"]
    assert settings["region"] == "torso"
    assert settings["mask_steps"] == 5


def test_ct_takes_text_and_seed_from_the_case_unless_given(guidegen: Run, generator, tmp_path: Path):
    assert guidegen("mask", TEXT, "-o", tmp_path / "case", "--seed", 11) == 0
    anatomy = tmp_path / "case" / "anatomy.nii.gz"
    assert guidegen("ct", "--anatomy", anatomy, "-o", tmp_path / "ct", "--spacing", "anatomy") == 0
    assert generator.calls[-1] == ("ct", {"text": TEXT, "seed": 11, "spacing": None})
    assert sorted(os.listdir(tmp_path / "ct")) == ["ct.nii.gz", "preview.png", "provenance.json"]
    settings = json.loads((tmp_path / "ct" / "provenance.json").read_text())["settings"]
    assert len(settings["anatomy_voxels_sha256"]) == 64
    shutil.move(anatomy, tmp_path / "alone.nii.gz")
    assert guidegen("ct", "--anatomy", tmp_path / "alone.nii.gz", "-o", tmp_path / "ct2") == 0
    assert generator.calls[-1] == ("ct", {"text": "", "seed": 0, "spacing": 2.0})
    other = "A woman with a liver tumor."
    assert (
        guidegen("ct", "--anatomy", tmp_path / "alone.nii.gz", "-o", tmp_path / "c", "--text", other, "--seed", 3) == 0
    )
    assert generator.calls[-1] == ("ct", {"text": other, "seed": 3, "spacing": 2.0})


def test_ct_refuses_what_is_no_anatomy(
    guidegen: Run, generator, tmp_path: Path, small_anatomy: sitk.Image, capsys: pytest.CaptureFixture[str]
):
    unknown = sitk.Cast(small_anatomy, sitk.sitkInt16) + 200
    body = sitk.Cast(small_anatomy > 0, sitk.sitkUInt8) * table.values()["body"]
    for image, message in ((unknown, "no known vocabulary has"), (body, "without any organ"), (body * 0, "is empty")):
        write = volumes.write_volume if image is unknown else label_volumes.write_anatomy
        write(image, tmp_path / "a.nii.gz")
        assert guidegen("ct", "--anatomy", tmp_path / "a.nii.gz", "-o", tmp_path / "out") == 2
        error = capsys.readouterr().err
        assert message in error
        assert "a.nii.gz" in error
    assert generator.calls == []
    assert os.listdir(tmp_path) == ["a.nii.gz"]


def test_regenerate_uses_the_text_and_seed_that_made_the_ct(guidegen: Run, generator, tmp_path: Path):
    assert guidegen("generate", TEXT, "-o", tmp_path / "case", "--seed", 5) == 0
    case = tmp_path / "case"
    arguments = ("regenerate", "--ct", case / "ct.nii.gz", "--anatomy", case / "anatomy.nii.gz", "--edited")
    assert guidegen(*arguments, case / "anatomy.nii.gz", "-o", tmp_path / "edit", "--margin", 15) == 0
    assert generator.calls[-1] == ("regenerate", {"text": TEXT, "seed": 5, "margin_mm": 15.0})
    assert (tmp_path / "edit" / "ct.nii.gz").read_bytes() == (case / "ct.nii.gz").read_bytes()


def test_ct_and_regenerate_go_by_all_of_the_earlier_run(guidegen: Run, generator, tmp_path: Path, small_ct: sitk.Image):
    """As the panel made it: with a corrected description, its quality, and the precision of its machine."""
    corrected = replace(parse(TEXT), age=71)
    earlier = {
        "text": TEXT,
        "description": to_json(corrected),
        "settings": {"seed": 11, "spacing_mm": 4.0, "ct_steps": 3, "mask_steps": 6, "guidance": 2.0},
        "precision": "bfloat16",
    }
    (tmp_path / "provenance.json").write_text(json.dumps(earlier))
    anatomy, ct = tmp_path / "anatomy.nii.gz", tmp_path / "ct.nii.gz"
    volumes.write_volume(generator.anatomy, anatomy)
    volumes.write_volume(small_ct, ct)
    _, settings = asked(argparse.Namespace(text=None), ct)
    assert settings == RunSettings(11, mask_steps=6, guidance=2.0, spacing_mm=4.0, ct_steps=3, arithmetic="bfloat16")
    assert guidegen("ct", "--anatomy", anatomy, "-o", tmp_path / "ct") == 0
    assert generator.calls[-1] == ("ct", {"text": TEXT, "seed": 11, "spacing": 4.0, "steps": 3})
    assert (generator.description, generator.arithmetic) == (corrected, "bfloat16")
    made = json.loads((tmp_path / "ct" / "provenance.json").read_text())
    assert made["description"]["age"] == 71 and made["settings"]["ct_steps"] == 3 and made["arithmetic"] == "bfloat16"

    generator.description = None
    files = ("--ct", ct, "--anatomy", anatomy, "--edited", anatomy)
    assert guidegen("regenerate", *files, "-o", tmp_path / "again", "--ct-steps", 5, "--arithmetic", "float32") == 0
    assert generator.calls[-1] == ("regenerate", {"text": TEXT, "seed": 11, "steps": 5})
    assert (generator.description, generator.arithmetic) == (corrected, "float32")
