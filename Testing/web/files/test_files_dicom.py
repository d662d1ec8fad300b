"""DICOM that is sent to a session: a study, a series, and what is neither."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from pydicom.dataset import Dataset

pytest.importorskip("trame_slicer", reason="needs the extra web")

from GuideGenLib.core.dicom.series import found_in
from GuideGenLib.description import parse
from GuideGenLib.description.report import to_json
from GuideGenLib.export.dicom import export_dicom
from GuideGenLib.generator import Case
from GuideGenLib.scene.ct import read_ct
from GuideGenLib.scene.segments.segmentation import read_anatomy
from GuideGenLib.web.files.dicom_check import read_dicom
from Testing.dicom_series import ORIGIN, SHAPE, SPACING, write_series
from Testing.web.files_stage import same, upload


def test_a_dicom_study_becomes_one_case(panel: Any, small_anatomy: Any, small_ct: Any, tmp_path: Path):
    described = parse("A man.")
    record = {"settings": {}, "description": to_json(described)}
    case = Case(described, small_anatomy, small_ct, (), (), record)
    study = export_dicom(case, tmp_path / "study.zip", binary=True)
    status, text = upload(panel, study.read_bytes(), "study.zip")
    assert status == 200 and text.startswith("Opened study.zip."), text
    (run,) = panel.workspace.runs
    assert run.ct is panel.workspace.ct and run.segmentation is panel.workspace.segmentation
    assert same(read_ct(run.ct), small_ct)
    organs = sitk.GetArrayFromImage(small_anatomy)
    organs[organs == 1] = 0  # unnamed tissue is fat or muscle by the HU of the CT
    found = sitk.GetArrayFromImage(read_anatomy(run.segmentation))
    assert np.array_equal(np.where(organs, found, 0), organs)


def test_a_series_of_a_tilted_gantry_is_straightened_with_a_note(tmp_path: Path):
    def tilt(plane: Dataset, index: int) -> None:
        plane.ImagePositionPatient = [ORIGIN[0], ORIGIN[1] + index * 0.5, ORIGIN[2] + index * SPACING[0]]

    folder = write_series(tmp_path / "ct", tilt)
    volumes, notes = read_dicom(folder, "scan.zip", "ct")
    assert notes == (
        "scan.zip was taken with a gantry tilt of 11.3 degrees: its planes were moved onto a straight grid",
    )
    (series,) = found_in(folder)
    assert series.stack is not None and series.stack.grid.straight == volumes["ct"].GetSize()[::-1]
    assert series.stack.grid.straight[1] > SHAPE[1]


def test_of_a_study_the_ct_or_the_anatomy_alone_and_no_study_at_all(panel: Any, tmp_path: Path):
    series = write_series(tmp_path / "ct")
    with zipfile.ZipFile(tmp_path / "ct.zip", "w") as bundle:
        for path in series.iterdir():
            bundle.write(path, f"../{path.name}")
    assert upload(panel, (tmp_path / "ct.zip").read_bytes(), "scan.zip")[0] == 200
    assert panel.workspace.ct.GetName() == "scan" and panel.workspace.segmentation is None
    for data, name, kind, said in (
        ((tmp_path / "ct.zip").read_bytes(), "scan.zip", "anatomy", "scan.zip holds no segmentation"),
        (next(series.iterdir()).read_bytes(), "one.dcm", "auto", "has one plane only"),
        (b"PK\5\6" + bytes(18), "empty.zip", "auto", "empty.zip holds no DICOM file"),
        ((tmp_path / "ct.zip").read_bytes()[:900], "cut.zip", "auto", "cut.zip is a damaged zip"),
    ):
        status, text = upload(panel, data, name, kind=kind)
        assert status == 400 and said in text and str(panel.workspace.folder) not in text, text
