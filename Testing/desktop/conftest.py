"""The stand-in of Slicer's desktop (host/), one a process, and the panel of the module in it."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
pytest.importorskip("PySide6.QtWidgets", reason="the desktop tests need PySide6-Essentials and Qt's system libraries")
pytest.importorskip("slicer", reason="the desktop tests need slicer-core")
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def slicer() -> Any:
    """The module slicer as Slicer's own Python has it; `qt` and `ctk` can be imported, too."""
    import host

    return host.install()


@pytest.fixture
def scene(slicer: Any) -> Iterator[Any]:
    """slicer.mrmlScene, empty. What a slot or an observer raised and nobody was told of fails the test."""
    import host

    slicer.mrmlScene.Clear(False)
    host.DIALOGS.clear()
    host.UNCAUGHT.clear()
    host.PIP.requests.clear()
    yield slicer.mrmlScene
    untold = [problem for problem in host.UNCAUGHT if problem not in host.DIALOGS.shown]
    slicer.mrmlScene.Clear(False)
    assert not untold, untold
