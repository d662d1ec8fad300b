"""The panel with a server in the place of a worker: what is set and remembered, and the story without torch."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from Testing.desktop.driver import Driver
from Testing.engine.conftest import fake_python
from Testing.remote.conftest import Running, serve
from Testing.remote.served import ROOT, TOKEN, served

__all__ = ["fake_python", "serve"]


@pytest.fixture
def settings(slicer) -> Iterator[object]:
    """Slicer's, without a server afterwards."""
    yield slicer.app.settings()
    for key in ("GuideGen/Server", "GuideGen/ServerToken"):
        slicer.app.settings().remove(key)


def enter(panel: Driver, url: str, token: str = "") -> None:
    """Type an address and a token, and leave the fields."""
    panel.ui.serverEdit.text, panel.ui.serverTokenEdit.text = url, token
    panel.widget.setupPanel.onServer()


@pytest.mark.skipif(os.name != "posix", reason="the toy worker is a shell script")
def test_a_server_is_asked_remembered_and_told_of(panel: Driver, serve: Callable[..., Running], settings) -> None:
    running = serve()
    panel.type("A 60 year old man.")
    panel.ui.bundlePathEdit.currentPath = ""
    enter(panel, running.server.url, "a token")
    assert "token" in panel.ui.bundleStatusLabel.text and "token" in panel.ui.generateButton.toolTip  # two words
    enter(panel, running.server.url)
    panel.wait(lambda: "with the model toy 1" in panel.ui.bundleStatusLabel.text, "the server is told of")
    assert "Password" in str(panel.ui.serverTokenEdit.echoMode)
    assert settings.value("GuideGen/Server") == running.server.url and not panel.ui.deviceComboBox.enabled
    assert running.server.url not in panel.state.parameterNode.GetParameterNamesAsCommaSeparatedList()
    panel.ui.seedSpinBox.value = 5  # what the toy worker fills its anatomy with
    panel.run_well("generateButton")
    assert panel.state.segmentation is not None and "ready" in running.log[0]
    panel.ui.setupSection.collapsed = False
    panel.picture("server")
    enter(panel, "http://127.0.0.1:9")
    panel.wait(lambda: "no server answers" in panel.ui.bundleStatusLabel.text, "a wrong one is told of")
    assert not panel.ui.generateButton.enabled and "guidegen serve" in panel.ui.generateButton.toolTip
    enter(panel, "")
    assert "whole and fits" in panel.ui.bundleStatusLabel.text and panel.ui.generateButton.enabled


@pytest.mark.large
def test_the_story_of_the_panel_runs_without_torch(bundle: Path, tmp_path: Path) -> None:
    with served(bundle, tmp_path / "server") as url:
        ended = subprocess.run(
            [sys.executable, "-m", "Testing.desktop.thin_panel", url], capture_output=True, text=True, cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), "GUIDEGEN_TOKEN": TOKEN}, timeout=300,
        )  # fmt: skip
    assert ended.returncode == 0, ended.stderr[-3000:]
    assert json.loads(ended.stdout.splitlines()[-1]) == []
