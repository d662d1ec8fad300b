"""The panel's story in a process without torch, against the server at the address that is given: prints as its last
line which heavy modules were imported."""

import importlib.metadata
import json
import os
import sys
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from Testing.remote.served import TOKEN
from Testing.remote.thin import HEAVY, found, take_away

MODULE = Path(__file__).resolve().parents[2] / "GuideGenSlicer" / "GuideGen.py"
TEXT = "A 60 year old woman with a 30 mm tumor in the sigmoid colon."


def forget_versions() -> None:
    """As if the packages of HEAVY were not installed."""
    version = importlib.metadata.version

    def refuse(distribution_name: str) -> str:
        if distribution_name.replace("-", "_") in HEAVY:
            raise importlib.metadata.PackageNotFoundError(distribution_name)
        return version(distribution_name)

    importlib.metadata.version = refuse


def story(url: str) -> None:
    """Text, anatomy, CT, edit, CT again, and a sentence more; by the panel's own buttons."""
    import numpy as np

    from GuideGenLib.anatomy.table import values
    from Testing.desktop import host
    from Testing.desktop.driver import Driver

    host.install()
    module, widget = host.load_module(MODULE)
    panel = Driver(module, widget)
    assert "torch" in panel.ui.setupStatusLabel.text and not panel.ui.generateButton.enabled
    panel.ui.serverEdit.text, panel.ui.serverTokenEdit.text = url, TOKEN
    panel.widget.setupPanel.onServer()
    panel.wait(lambda: "with the model tiny 0" in panel.ui.bundleStatusLabel.text, "the server is told of")
    panel.choose("qualityComboBox", "Draft")
    panel.choose("regionComboBox", "Pelvis")
    panel.ui.spacingSpinBox.value = 6.0
    panel.type(TEXT)
    assert widget.understoodPanel.understanding.description.age == 60
    panel.run_well("generateButton")
    panel.run_well("generateCTButton")
    first = panel.state.ct
    import SimpleITK as sitk

    labels = sitk.GetArrayFromImage(panel.anatomy())
    found_values = [value for value in np.unique(labels) if value not in (0, values()["body"], values()["muscle"])]
    key = next(key for key, value in values().items() if value == found_values[0])
    inside = np.argwhere(labels == values()[key])
    cube = np.zeros(labels.shape, bool)
    cube[tuple(slice(max(0, m - 2), m + 3) for m in inside[len(inside) // 2])] = True
    panel.write(key, (labels == values()[key]) & ~cube)
    panel.run_well("findChangesButton")
    panel.run_well("regenerateButton")
    assert panel.state.ct is not first
    panel.slicer.app.processEvents()
    assert not panel.workers(), "nothing is computed here"
    widget.cleanup()
    assert not host.UNCAUGHT, host.UNCAUGHT


if __name__ == "__main__":
    take_away()
    forget_versions()
    story(sys.argv[1])
    print(json.dumps(found()))
