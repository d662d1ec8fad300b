"""The case of a scene as a DICOM study, by the panel's button. No worker runs."""

import sys
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from GuideGenLib.core.volumes import read_ct
from Testing.desktop import host
from Testing.desktop.driver import Driver


@pytest.fixture
def study_folder(case: Driver, tmp_path: Path) -> Path:
    """The empty folder that the form names."""
    folder = tmp_path / "for studies"
    folder.mkdir()
    case.ui.exportFolderEdit.currentPath = str(folder)
    return folder


def test_a_study_is_written_beside_the_window_and_read_back(case: Driver, study_folder: Path):
    case.press("exportDicomButton")
    assert not case.ui.exportDicomButton.enabled and "run goes on" in case.ui.exportDicomButton.toolTip
    case.wait(lambda: "Wrote the study" in case.ui.exportLabel.text, "the study is written")
    assert np.array_equal(sitk.GetArrayFromImage(read_ct(study_folder / "DICOM")), sitk.GetArrayFromImage(case.ct()))
    report = (study_folder / "DICOM" / "SR.dcm").read_bytes()
    (study_folder / "DICOM" / "SR.dcm").write_bytes(b"mine")
    host.DIALOGS.answers[:] = [False]
    case.press("exportDicomButton")
    assert "Replace CT, SEG.dcm, SR.dcm" in host.DIALOGS.questions[-1]
    assert (study_folder / "DICOM" / "SR.dcm").read_bytes() == b"mine"
    case.press("exportDicomButton")
    case.wait(lambda: not case.logic.busy, "the study is written again")
    assert (study_folder / "DICOM" / "SR.dcm").read_bytes() == report
    assert not host.DIALOGS.errors


def test_a_study_that_is_cancelled_leaves_nothing(case: Driver, study_folder: Path):
    case.press("exportDicomButton")
    case.logic.cancel()
    case.logic.background._thread.submit(lambda: None).result()  # the thread is through
    assert list(study_folder.iterdir()) == [] and not host.DIALOGS.errors


def test_the_packages_of_dicom_are_asked_for(case: Driver, study_folder: Path, monkeypatch: pytest.MonkeyPatch):
    setup = sys.modules[type(case.widget.exportPanel).__module__].Setup
    monkeypatch.setattr(setup, "missingForDicom", lambda: setup.Missing(False, ("highdicom>=0.28",)))
    monkeypatch.setattr(host.PIP, "requests", [])
    host.DIALOGS.answers[:] = [False]
    case.press("exportDicomButton")
    assert "highdicom>=0.28" in host.DIALOGS.questions[-1] and host.PIP.requests == []
    case.press("exportDicomButton")
    assert host.PIP.requests == [["highdicom>=0.28"]]
    assert not case.logic.busy and list(study_folder.iterdir()) == [], "they are missing still"
