"""A files panel on an empty scene."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("trame_slicer", reason="needs the extra web")

from trame.app import get_server
from trame_slicer.core import SlicerApp

from GuideGenLib.anatomy import table
from GuideGenLib.anatomy.label_volumes import write_anatomy
from GuideGenLib.core.volumes import image_from_array, write_volume
from GuideGenLib.web.files.panel import FilesPanel
from GuideGenLib.web.workspace import Workspace
from Testing.phantom import phantom
from Testing.web.files_stage import Pictures

__all__ = ["phantom"]


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


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """An anatomy and a CT as files."""
    folder = tmp_path_factory.mktemp("pair")
    value = table.values()
    labels = np.zeros((24, 28, 32), np.uint8)
    labels[:, 4:24, 3:29] = value["body"]
    labels[8:16, 7:18, 5:18] = value["liver"]
    hu = np.where(labels > 0, 40.0, -1000.0)
    for name, array in ("labels", labels), ("scan", hu):
        image = image_from_array(array, (9.0,) * 3, labels=name == "labels")
        (write_anatomy if name == "labels" else write_volume)(image, folder / f"{name}.nii.gz")
    return folder / "labels.nii.gz", folder / "scan.nii.gz"
