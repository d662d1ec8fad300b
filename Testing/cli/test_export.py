"""`guidegen export`: a case folder as a DICOM study, or one clear line."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import pydicom
import pytest

Run = Callable[..., int]


@pytest.fixture
def case(guidegen: Run, tmp_path: Path) -> Path:
    assert guidegen("generate", "A 60 year old man.", "-o", tmp_path / "case") == 0
    return tmp_path / "case"


def test_a_sentence_becomes_a_study(guidegen: Run, case: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert guidegen("export", "dicom", case, "-o", tmp_path / "study") == 0
    assert "The study is synthetic" in capsys.readouterr().out
    assert {path.name for path in (tmp_path / "study").iterdir()} == {"CT", "SEG.dcm", "SR.dcm"}
    assert len(list((tmp_path / "study" / "CT").iterdir())) == 48
    assert guidegen("export", "dicom", case, "-o", tmp_path / "study") == 2
    assert "add --overwrite" in capsys.readouterr().err
    form = ("--enhanced", "--binary", "--overwrite")
    assert guidegen("export", "dicom", case, "-o", tmp_path / "study", *form) == 0
    (image,) = (tmp_path / "study" / "CT").iterdir()
    assert pydicom.dcmread(image).NumberOfFrames == 48
    assert pydicom.dcmread(tmp_path / "study" / "SEG.dcm").SegmentationType == "BINARY"


def test_an_archive(guidegen: Run, case: Path, tmp_path: Path) -> None:
    assert guidegen("export", "dicom", case, "-o", tmp_path / "study.zip", "--enhanced") == 0
    with zipfile.ZipFile(tmp_path / "study.zip") as archive:
        assert sorted(archive.namelist()) == ["CT/0001.dcm", "SEG.dcm", "SR.dcm"]


def test_an_anatomy_alone_is_no_study(guidegen: Run, case: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    (case / "ct.nii.gz").unlink()
    assert guidegen("export", "dicom", case, "-o", tmp_path / "study") == 2
    assert "the case has no CT" in capsys.readouterr().err
    assert not (tmp_path / "study").exists()
    assert guidegen("export", "dicom", tmp_path / "nothing", "-o", tmp_path / "study") == 2
    assert "is no folder" in capsys.readouterr().err


def test_a_pacs_that_is_not_there_is_one_line(guidegen: Run, case: Path, capsys: pytest.CaptureFixture) -> None:
    assert guidegen("export", "dicomweb", case, "http://127.0.0.1:1/dicom-web", "--enhanced") == 2
    assert "http://127.0.0.1:1/dicom-web cannot be reached" in capsys.readouterr().err
