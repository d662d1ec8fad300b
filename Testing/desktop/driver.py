"""A person at the panel: presses what is enabled, waits for runs, edits segments, looks."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk

from Testing.desktop import host

PATIENCE_S = 300.0
"""Until a test gives up; on a busy machine the worker takes a minute to import torch."""


@dataclass
class Gaps:
    """The longest time between two ticks of a 20 ms timer, seconds: by the clock, and of this thread's own work."""

    clock: float = 0.0
    work: float = 0.0
    ticks: int = 0


class Driver:
    """`ui` are the widgets by name, `state` the parameter node of the scene that is open."""

    def __init__(self, module: Any, widget: Any) -> None:
        import slicer

        self.slicer, self.module, self.widget, self.ui = slicer, module, widget, widget.ui

    @property
    def state(self) -> Any:
        """Another one after the scene was closed."""
        return self.widget.parameterNode

    @property
    def logic(self) -> Any:
        """Of the panel."""
        return self.widget.logic

    def use(self, bundle: Path) -> None:
        """Choose a model, and the least work."""
        self.choose("qualityComboBox", "Draft")
        self.choose("regionComboBox", "Pelvis")
        self.choose("deviceComboBox", "Processor")
        self.ui.spacingSpinBox.value = 6.0
        self.ui.bundlePathEdit.currentPath = str(bundle)
        self.settle()

    # Hands
    def type(self, text: str) -> None:
        """Write the text of the patient."""
        self.ui.promptEdit.setPlainText(text)
        self.settle()

    def press(self, name: str) -> None:
        """Click a button or a box that must be enabled."""
        button = getattr(self.ui, name)
        assert button.enabled, f"{name} is disabled: {button.toolTip}"
        button.click()
        self.slicer.app.processEvents()

    def choose(self, name: str, start: str) -> None:
        """Choose the item of a combo box that starts so, as a person does: activated is sent, too."""
        combo = getattr(self.ui, name)
        index = next(i for i in range(combo.count) if combo.itemText(i).startswith(start))
        combo.currentIndex = index
        combo.activated(index)

    def run(self, name: str) -> str:
        """Press a button that starts a run and wait for its end; what the panel tells then."""
        self.press(name)
        self.wait(lambda: not self.logic.busy, f"the run of {name} ends")
        self.slicer.app.processEvents()
        return self.told()

    def told(self) -> str:
        """What the panel says of runs."""
        return f"{self.ui.progressLabel.text}\n{self.ui.ctProgressLabel.text}".strip()

    def run_well(self, name: str) -> None:
        """`run`, without an error."""
        told = self.run(name)
        assert not host.DIALOGS.errors, (host.DIALOGS.errors, host.DIALOGS.details, told)

    def begin(self, name: str, stage: str = "") -> None:
        """Press a button that starts a run and wait until the panel tells of this stage."""
        self.press(name)
        self.wait(lambda: stage in self.told() and bool(self.workers()), f"{stage} is told of")

    def settle(self) -> None:
        """Until the table of what was understood is filled."""
        self.slicer.app.processEvents()
        self.wait(lambda: not self.widget.understoodPanel.timer.active, "the table is filled")

    def wait(self, condition: Callable[[], bool], what: str, seconds: float = PATIENCE_S) -> float:
        """Run the event loop until it holds; how long it took."""
        start = time.monotonic()
        while not condition():
            assert time.monotonic() < start + seconds, f"waited in vain: {what}; {self.told()}"
            self.slicer.app.processEvents()
            time.sleep(0.005)
        return time.monotonic() - start

    @contextmanager
    def gaps(self, tell: Callable[[], Any] = lambda: None) -> Iterator[Gaps]:
        """Measure how well the event loop goes on meanwhile; tell: called at each tick."""
        import qt

        seen, last = Gaps(), [time.monotonic(), time.thread_time()]

        def tick() -> None:
            now = [time.monotonic(), time.thread_time()]
            seen.clock, seen.work = max(seen.clock, now[0] - last[0]), max(seen.work, now[1] - last[1])
            last[:] = now
            seen.ticks += 1
            tell()

        timer = qt.QTimer()
        timer.setInterval(20)
        timer.timeout.connect(tick)
        timer.start()
        yield seen
        timer.stop()

    def mouse(self, name: str, double: bool = False) -> None:
        """Click a widget with the mouse where it is on the screen, which also gives it the focus."""
        from PySide6 import QtCore, QtTest

        widget, left = getattr(self.ui, name), QtCore.Qt.MouseButton.LeftButton
        QtTest.QTest.mouseClick(widget, left)
        if double:  # Qt's own sends the second press alone, and a button is clicked when it is released
            QtTest.QTest.mouseDClick(widget, left)
            QtTest.QTest.mouseRelease(widget, left)
        self.slicer.app.processEvents()

    # The window
    @property
    def area(self) -> Any:
        """The scroll area that Slicer's module panel is."""
        return self.widget.parent._area

    def resize(self, width: int, height: int) -> None:
        """Make the module panel so large."""
        self.area.resize(width, height)
        self.slicer.app.processEvents()

    def scroll(self, name: str) -> None:
        """Bring a widget into the upper part of the module panel."""
        bar = self.area.verticalScrollBar()
        bar.setValue(bar.value() + self.place(name)[1] - 100)
        self.slicer.app.processEvents()

    def place(self, name: str) -> tuple[int, int]:
        """Where a widget's corner is in the module panel, pixels."""
        from PySide6 import QtCore

        point = getattr(self.ui, name).mapTo(self.area, QtCore.QPoint(0, 0))
        return point.x(), point.y()

    # Segments
    def anatomy(self) -> sitk.Image:
        """The chosen segmentation as labels."""
        from GuideGenLib.scene.segments.segmentation import read_anatomy

        return read_anatomy(self.state.segmentation)

    def ct(self) -> sitk.Image:
        """The chosen CT."""
        from GuideGenLib.scene.ct import read_ct

        return read_ct(self.state.ct)

    def write(self, segment_id: str, mask: np.ndarray) -> None:
        """Make the segment be `mask` [z, y, x], as the editor's effects do: other segments give way."""
        from GuideGenLib.scene.geometry import oriented_from_image

        node = self.state.segmentation
        image = sitk.GetImageFromArray(mask.astype(np.uint8))
        image.CopyInformation(self.anatomy())
        logic, labelmap = self.slicer.vtkSlicerSegmentationsModuleLogic, oriented_from_image(image)
        others = [other for other in node.GetSegmentation().GetSegmentIDs() if other != segment_id]
        assert logic.SetBinaryLabelmapToSegment(
            labelmap, node, segment_id, logic.MODE_REPLACE, labelmap.GetExtent(), False, others
        )

    # Eyes
    @staticmethod
    def workers() -> list[int]:
        """The worker processes that this process started and that still run."""
        found = []
        for entry in Path("/proc").iterdir():
            try:
                stat, command = (entry / "stat").read_text(), (entry / "cmdline").read_text()
            except (OSError, ValueError):
                continue
            state, parent = stat.rpartition(")")[2].split()[:2]
            if parent == str(os.getpid()) and state != "Z" and "GuideGenLib" in command:
                found.append(int(entry.name))
        return found

    def nodes(self) -> set[str]:
        """The IDs of all nodes of the scene."""
        scene = self.slicer.mrmlScene
        return {scene.GetNthNode(i).GetID() for i in range(scene.GetNumberOfNodes())}

    def picture(self, name: str, whole: bool = True) -> None:
        """Keep a picture of the panel, the whole of it or what is seen without scrolling, where GUIDEGEN_ARTEFACTS
        says."""
        folder = os.environ.get("GUIDEGEN_ARTEFACTS")
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
            for _ in range(2 if whole else 0):  # labels that wrap get their height in the second round
                self.area.resize(self.area.width(), self.widget.parent.sizeHint.height() + 4)
                self.slicer.app.processEvents()
            assert self.area.grab().save(str(Path(folder) / f"{name}.png"))
