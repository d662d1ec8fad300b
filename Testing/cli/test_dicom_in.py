"""DICOM where a command takes a CT or an anatomy, and studies from a PACS, or one clear line."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import SimpleITK as sitk

from GuideGenLib.core.volumes import read_ct
from Testing.dicom_series import rewrite

Run = Callable[..., int]


@pytest.fixture
def study(guidegen: Run, tmp_path: Path) -> Path:
    """A study of a generated case, without any file of ours beside it."""
    assert guidegen("generate", "A 60 year old man.", "-o", tmp_path / "case") == 0
    assert guidegen("export", "dicom", tmp_path / "case", "-o", tmp_path / "pacs" / "study", "--binary") == 0
    return tmp_path / "pacs" / "study"


def test_a_study_is_made_into_a_ct_kept_from_and_made_again(
    guidegen: Run, generator: Any, study: Path, tmp_path: Path
) -> None:
    text = ("--text", "A man.")
    assert guidegen("ct", "--anatomy", study, *text, "-o", tmp_path / "ct") == 0
    assert guidegen("mask", "A man.", "--keep", study / "SEG.dcm", "--segments", "liver", "-o", tmp_path / "kept") == 0
    assert generator.calls[-1][1]["keep"] == ("liver",)
    files = ("--ct", study, "--anatomy", study / "SEG.dcm", "--edited", study)
    assert guidegen("regenerate", *files, *text, "-o", tmp_path / "again") == 0
    again = read_ct(tmp_path / "again" / "ct.nii.gz")
    assert (sitk.GetArrayFromImage(again) == sitk.GetArrayFromImage(generator.hu)).all()


def test_of_two_cts_one_is_named(guidegen: Run, study: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    shutil.copytree(study / "CT", study / "other")
    for number, path in enumerate(sorted((study / "other").iterdir())):
        rewrite(path, SeriesInstanceUID="1.2.3", SOPInstanceUID=f"1.2.3.{number}", RescaleIntercept="7")
    files = ("--ct", study, "--anatomy", study / "SEG.dcm", "--edited", study / "SEG.dcm", "--text", "A man.")
    assert guidegen("regenerate", *files, "-o", tmp_path / "again") == 2
    told = capsys.readouterr().err
    assert "2 series that may be meant" in told and "--series UID" in told and len(told.splitlines()) == 1
    assert guidegen("regenerate", *files, "-o", tmp_path / "again", "--series", "1.2.3") == 0
    shifted = read_ct(tmp_path / "again" / "ct.nii.gz") - read_ct(study / "CT")
    assert set(sitk.GetArrayFromImage(shifted).ravel().tolist()) == {7}


def test_a_pacs_that_is_not_there_and_a_study_without_a_folder_are_one_line(
    guidegen: Run, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    url = "http://127.0.0.1:1/dicom-web"
    assert guidegen("import", "dicomweb", url) == 2
    assert f"{url} cannot be reached" in capsys.readouterr().err
    assert guidegen("import", "dicomweb", url, "1.2.3") == 2
    assert "name one with -o DIR" in capsys.readouterr().err
    assert guidegen("import", "dicomweb", url, "1.2.3", "-o", tmp_path / "study") == 2
    assert f"{url} cannot be reached" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
