"""guidegen mask --keep: what is kept of a file, and what is told where it cannot be."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import SimpleITK as sitk

from GuideGenLib.anatomy.table import values
from GuideGenLib.core.volumes import write_volume

TEXT = "A 60 year old man."
Run = Callable[..., int]


@pytest.fixture
def file(small_anatomy: sitk.Image, tmp_path: Path) -> Path:
    path = tmp_path / "mine.nii.gz"
    write_volume(small_anatomy, path)
    return path


def test_segments_of_a_file_are_kept(guidegen: Run, generator, file: Path, tmp_path: Path):
    chosen = ["--keep", file, "--segments", "liver, lung_tumor"]
    assert guidegen("mask", TEXT, *chosen, "-o", tmp_path / "a", "--seed", 5, "--region", "torso") == 0
    asked = {"text": TEXT, "keep": ("liver", "lung_tumor"), "size": (32, 28, 48), "seed": 5}
    assert generator.calls == [("complete", {**asked, "region": "torso", "sampler": "flow"})]
    assert sorted(os.listdir(tmp_path / "a")) == ["anatomy.nii.gz", "labels.csv", "preview.png", "provenance.json"]
    told = json.loads((tmp_path / "a" / "provenance.json").read_text(encoding="utf-8"))["settings"]
    assert told["kept"] == ["liver", "lung_tumor"] and len(told["source_voxels_sha256"]) == 64


def test_without_segments_all_of_the_file_is_kept(guidegen: Run, generator, file: Path, tmp_path: Path):
    assert guidegen("mask", TEXT, "--keep", file, "-o", tmp_path / "a") == 0
    kept = generator.calls[0][1]["keep"]
    assert {"liver", "heart", "lung_tumor"} <= set(kept) and "body" not in kept


@pytest.mark.parametrize(
    ("segments", "told"),
    [
        ("leber", "no segment is called 'leber': use keys of labels.csv, for example liver"),
        ("uterus", "the anatomy holds no uterus: keep what it holds: body, lung_upper_lobe_left"),
        (",", "no segment is chosen to be kept: choose at least one"),
    ],
)
def test_what_cannot_be_kept_is_told_before_any_work(
    guidegen: Run, generator, file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], segments: str, told: str
):
    assert guidegen("mask", TEXT, "--keep", file, "--segments", segments, "-o", tmp_path / "a") == 2
    assert told in capsys.readouterr().err
    assert not generator.calls and not (tmp_path / "a").exists()


def test_segments_need_a_file(guidegen: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert guidegen("mask", TEXT, "--segments", "liver", "-o", tmp_path / "a") == 2
    assert "give the file with --keep" in capsys.readouterr().err


def test_a_map_of_another_vocabulary_is_read_by_its_name(
    guidegen: Run, generator, small_anatomy: sitk.Image, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    heart = sitk.Cast(small_anatomy == values()["heart"], sitk.sitkUInt8) * 51
    write_volume(heart, tmp_path / "heart.nii.gz")
    arguments = ("mask", TEXT, "--keep", tmp_path / "heart.nii.gz", "-o", tmp_path / "a")
    assert guidegen(*arguments) == 2
    error = capsys.readouterr().err
    assert "it may be" in error and "totalsegmentator (heart: " in error and "--labels" in error
    assert not generator.calls and not (tmp_path / "a").exists()
    assert guidegen(*arguments, "--labels", "totalsegmentator") == 0
    assert generator.calls[0][1]["keep"] == ("heart",), "no body that was grown about it"


def test_one_segment_is_taken_as_such_when_it_is_named(
    guidegen: Run, generator, small_anatomy: sitk.Image, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert guidegen("generate", TEXT, "-o", tmp_path / "case") == 0
    heart = sitk.Cast(small_anatomy == values()["heart"], sitk.sitkUInt8) * values()["heart"]
    write_volume(heart, tmp_path / "case" / "heart.nii.gz")
    files = [f"--{name}={tmp_path / 'case' / name}.nii.gz" for name in ("ct", "anatomy")]
    arguments = ("regenerate", *files, "--edited", tmp_path / "case" / "heart.nii.gz", "-o", tmp_path / "again")
    assert guidegen(*arguments) == 2
    assert "holds one segment only (heart)" in capsys.readouterr().err
    assert guidegen(*arguments, "--segment", "heart") == 0
    assert "was taken as the new heart" in capsys.readouterr().err


def test_an_output_without_a_name_is_refused(guidegen: Run, generator, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as stopped:
        guidegen("generate", TEXT, "-o", "")
    assert stopped.value.code == 2 and "-o/--output: it is empty" in capsys.readouterr().err
    assert generator.calls == []
