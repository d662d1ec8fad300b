"""A files panel on an empty scene."""

import os
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trame_slicer", reason="needs the extra web")

from trame.app import get_server
from trame_slicer.core import SlicerApp

from GuideGenLib.web.files.panel import FilesPanel
from GuideGenLib.web.workspace import Workspace
from Testing.web.files_stage import Pictures


@pytest.fixture(scope="module")
def slicer_app() -> Any:
    return SlicerApp()


@pytest.fixture
def panel(slicer_app: Any, tmp_path: Path, request: pytest.FixtureRequest) -> Any:
    """A files panel on an empty scene; what it tells is in `panel.told`."""
    slicer_app.scene.Clear(False)
    (tmp_path / "private").mkdir()
    workspace = Workspace(slicer_app, tmp_path / "private")
    panel: Any = FilesPanel(get_server(request.node.name, client_type="vue3"), workspace, 4, Pictures())
    panel.told = []
    workspace.told.connect(lambda text, kind: panel.told.append((kind, text)))
    yield panel
    slicer_app.scene.Clear(False)
    assert os.listdir(workspace.folder) == [], "nothing private is left behind"
