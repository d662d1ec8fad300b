"""The stand-in of Slicer's desktop (host/), one a process, and the panel of the module in it."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import SimpleITK as sitk

from Testing.tiny_bundle import write_tiny_bundle

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
pytest.importorskip(
    "PySide6.QtWidgets", reason="needs PySide6-Essentials and Qt's system libraries", exc_type=ImportError
)
pytest.importorskip("slicer", reason="needs slicer-core", exc_type=ImportError)

from Testing.desktop import host
from Testing.desktop.driver import Driver

PROVENANCE = {"synthetic": True, "text": "A 60 year old man.", "settings": {"seed": 5}}
MODULE = Path(__file__).resolve().parents[2] / "GuideGenSlicer" / "GuideGen.py"


@pytest.fixture(scope="session")
def slicer() -> Any:
    """The module slicer as Slicer's own Python has it; `qt` and `ctk` can be imported, too."""
    return host.install()


@pytest.fixture
def scene(slicer: Any) -> Iterator[Any]:
    """slicer.mrmlScene, empty. What a slot or an observer raised and nobody was told of fails the test."""
    slicer.mrmlScene.Clear(False)
    host.DIALOGS.clear()
    host.UNCAUGHT.clear()
    host.PIP.requests.clear()
    yield slicer.mrmlScene
    untold = [problem for problem in host.UNCAUGHT if problem not in host.DIALOGS.shown]
    slicer.mrmlScene.Clear(False)
    assert not untold, untold


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained tiny model."""
    return write_tiny_bundle(tmp_path_factory.mktemp("büндle") / "tiny")


@pytest.fixture
def panel(slicer: Any, scene: Any, bundle: Path, temporary: Path) -> Iterator[Driver]:
    """The module's panel, opened, with the tiny model and settings for speed; closed after the test without a trace."""
    module, widget = host.load_module(MODULE)
    driver = Driver(module, widget)
    driver.use(bundle)
    yield driver
    widget.cleanup()
    driver.wait(lambda: not driver.workers() and not any(temporary.iterdir()), "the worker and its files go")
    widget.parent.setMRMLScene(None)
    widget.parent._area.deleteLater()
    slicer.app.processEvents()


@pytest.fixture
def drawn(panel: Driver, small_anatomy: sitk.Image) -> Driver:
    """The panel with a filed run that has no CT yet, chosen."""
    from GuideGenLib.scene.runs.results import file_anatomy

    run = file_anatomy(panel.slicer.mrmlScene, small_anatomy, PROVENANCE, "a case")
    panel.ui.segmentationSelector.setCurrentNode(run.segmentation)
    panel.widget.sceneChanged()
    return panel


@pytest.fixture
def case(drawn: Driver, small_anatomy: sitk.Image, small_ct: sitk.Image) -> Driver:
    """The same with a CT, chosen."""
    from GuideGenLib.scene.runs.results import file_ct

    scene = drawn.slicer.mrmlScene
    ct = file_ct(scene, small_ct, small_anatomy, PROVENANCE, "a case", drawn.state.segmentation)
    drawn.ui.ctSelector.setCurrentNode(ct)
    drawn.widget.sceneChanged()
    return drawn
