"""dciodvfy, the validator of Debian's dicom3tools, on each object of a study."""

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pydicom
import pytest

from GuideGenLib.export.dicom import export_dicom
from GuideGenLib.generator import Case
from Testing.export.conftest import DIRECTIONS, MakeCase, edited

pytestmark = pytest.mark.skipif(
    shutil.which("dciodvfy") is None, reason="dciodvfy is not installed (Debian's package dicom3tools)"
)
NEWER = (
    r"\(0x0008,0x001c\)",  # Synthetic Data, of DICOM 2023b
    r"^Error - Information Object Not found$",  # Label Map Segmentation Storage, of DICOM 2024d
    r"with SegmentNumber of 0$",  # the background, which it alone may describe
    r"^Error - Shall not be present for Referenced SOP Class that is not segmentation",
)
"""What the validator says of parts of the standard that are younger than Debian's dicom3tools of 2022."""


def errors(path: Path) -> list[str]:
    done = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, check=False)
    told = [line for line in done.stderr.splitlines() if line.startswith(("Error", "Abort"))]
    return [line for line in told if not any(re.search(pattern, line) for pattern in NEWER)]


@pytest.mark.parametrize("phase", [None, "none", "portal_venous"])
@pytest.mark.parametrize(("enhanced", "binary"), [(False, True), (True, False)], ids=["classic", "enhanced"])
def test_the_validator_finds_no_error(case: Case, tmp_path: Path, phase: str, enhanced: bool, binary: bool) -> None:
    description = replace(case.description, phase=phase, sex=None, age=None, text="")
    export_dicom(replace(case, description=description), tmp_path / "study", enhanced=enhanced, binary=binary)
    paths = sorted((tmp_path / "study").rglob("*.dcm"))
    assert len(paths) == (3 if enhanced else 10)
    assert {path.name: found for path in paths if (found := errors(path))} == {}


@pytest.mark.parametrize("enhanced", [False, True], ids=["classic", "enhanced"])
def test_nor_in_an_edited_case_of_an_oblique_grid(make_case: MakeCase, tmp_path: Path, enhanced: bool) -> None:
    case = make_case(DIRECTIONS["oblique"])
    export_dicom(edited(case, case.anatomy, case.ct + 1), tmp_path / "study", enhanced=enhanced, binary=True)
    paths = sorted((tmp_path / "study").rglob("*.dcm"))
    assert {path.name: found for path in paths if (found := errors(path))} == {}


def test_the_validator_is_not_silent(tmp_path: Path, case: Case) -> None:
    export_dicom(case, tmp_path / "study")
    path = tmp_path / "study" / "CT" / "0001.dcm"
    broken = pydicom.dcmread(path)
    del broken.ImagePositionPatient
    broken.save_as(path)
    assert any("ImagePositionPatient" in line for line in errors(path))
