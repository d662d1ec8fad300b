"""Scenes of a desktop Slicer: opened in a fresh session as in a used one, and saved without loss."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trame_slicer", reason="needs the extra web")

from GuideGenLib.scene.nodes import nodes_of
from Testing.web.files.files_page import opened_files, send
from Testing.web.files.scenes_of_others import fingerprints
from Testing.web.files_stage import download, make_case, upload
from Testing.web.own_session import session_at

ROOT = Path(__file__).resolve().parents[3]
NORMALS = {"Red": [0, 0, 1], "Green": [0, 1, 0], "Yellow": [-1, 0, 0]}
"""Of the views, RAS."""


def run_module(*arguments: str) -> str:
    """What `scenes_of_others` prints, in a process of its own."""
    command = [sys.executable, "-m", "Testing.web.files.scenes_of_others", *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env=environment, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, dict[str, str]]:
    """A scene of another program, and what is in it as the program that wrote it has it."""
    path = tmp_path_factory.mktemp("other") / "other.mrb"
    told = json.loads(run_module(str(path)).splitlines()[-1])
    return path.read_bytes(), told


def test_a_scene_is_opened_and_saved_without_loss_and_what_was_there_before_is_gone(
    panel: Any, other: tuple[bytes, dict[str, str]], small_anatomy: Any, small_ct: Any
):
    data, wanted = other
    make_case(panel, small_anatomy, small_ct)
    assert upload(panel, data, "other.mrb", replace="1") == (200, "Opened other.mrb.")
    assert fingerprints(panel.workspace.scene) == wanted
    assert panel.workspace.segmentation.GetName() == "Organs"
    assert panel.workspace.ct.GetName().startswith("2: CT Thorax"), "neither the dose nor nothing"
    for view in nodes_of(panel.workspace.scene, "vtkMRMLSliceNode"):
        matrix = view.GetSliceToRAS()
        normal = [round(matrix.GetElement(row, 2), 6) for row in range(3)]
        assert normal == NORMALS[view.GetLayoutName()], "as the view is called, however the scene had turned it"
    status, _, saved = download(panel, "case.mrb")
    assert status == 200
    assert upload(panel, saved, "again.mrb", replace="1")[0] == 200
    assert fingerprints(panel.workspace.scene) == wanted


def test_in_a_browser_in_a_fresh_session_and_then_in_a_used_one(
    page_at: Any, other: tuple[bytes, dict[str, str]], pair: tuple[Path, Path], tmp_path: Path, picture: Any
):
    (tmp_path / "other.mrb").write_bytes(other[0])
    (tmp_path / "session").mkdir()
    with session_at(tmp_path / "session") as address:
        page = opened_files(page_at(address))
        for state in ("fresh", "used"):
            open_scene(page, tmp_path / "other.mrb")
            page.wait_for_timeout(300)
            picture(page, f"scene-of-others-{state}")
            saved = save_scene(page, tmp_path / f"{state}.mrb")
            assert json.loads(run_module("--read", str(saved)).splitlines()[-1]) == other[1], state
            for path in pair:
                send(page, path)


def open_scene(page: Any, path: Path) -> None:
    """Open a scene, and let it take the place of what is there."""
    replaces = page.is_enabled("#files-new")
    page.evaluate("window.trame.state.set('files_result', '')")
    with page.expect_file_chooser() as chooser:
        page.click("#files-upload")
    chooser.value.set_files(str(path))
    if replaces:
        page.click("#files-replace-confirm")
    page.wait_for_selector(f"#files-result:has-text('Opened {path.name}.')")


def save_scene(page: Any, path: Path) -> Path:
    with page.expect_download() as download:
        page.click("#files-download-scene")
    download.value.save_as(path)
    return path
