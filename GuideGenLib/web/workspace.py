"""What one user of the page works on: the scene, the anatomy and the CT that are chosen, and messages to the user.

The panels know this and not each other: they change it by its methods and hear of changes by its signals.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from undo_stack import Signal

from GuideGenLib.scene.nodes import present
from GuideGenLib.scene.runs.run import Run, runs

UNCHANGED: Any = object()


class Workspace:
    """slicer_app: trame_slicer's, with the scene; folder: private, for files of this session.

    Signals: `chosen` when another segmentation, CT or compared CT is chosen (also after the scene was loaded or
    cleared); `edited` when segments changed; `saved` when the scene was given as a file; `told(text, kind)` for the
    user, kind "info", "success", "warning" or "error"; `busy_changed(bool)` when a run begins or ends; `dated` when
    another `out_of_date` is known; `spoken` when another language is spoken: whoever has said something says it anew.
    """

    chosen = Signal()
    edited = Signal()
    saved = Signal()
    told = Signal(str, str)
    busy_changed = Signal(bool)
    dated = Signal()
    spoken = Signal()

    def __init__(self, slicer_app: Any, folder: Path) -> None:
        self.slicer_app, self.folder = slicer_app, folder
        self.scene = slicer_app.scene
        self.busy = False
        self.out_of_date = ""
        """What the chosen CT does not show of the chosen segmentation, "" where it shows all."""
        self._nodes: dict[str, Any] = {"segmentation": None, "ct": None, "compared": None}

    @property
    def segmentation(self) -> Any:
        """The chosen vtkMRMLSegmentationNode, None where there is none (any more)."""
        return present(self._nodes["segmentation"])

    @property
    def ct(self) -> Any:
        """The chosen CT, a vtkMRMLScalarVolumeNode, or None."""
        return present(self._nodes["ct"])

    @property
    def compared(self) -> Any:
        """The CT that the chosen one is compared with, or None."""
        return present(self._nodes["compared"])

    @property
    def runs(self) -> list[Run]:
        """All runs in the scene, the oldest first."""
        return runs(self.scene)

    def choose(self, *, segmentation: Any = UNCHANGED, ct: Any = UNCHANGED, compared: Any = UNCHANGED) -> None:
        """Choose nodes; what is not named stays, None chooses nothing."""
        for name, node in (("segmentation", segmentation), ("ct", ct), ("compared", compared)):
            if node is not UNCHANGED:
                self._nodes[name] = node
        self.chosen.emit()

    def set_out_of_date(self, sentence: str) -> None:
        """Told by who compares the two."""
        if sentence != self.out_of_date:
            self.out_of_date = sentence
            self.dated.emit()

    def set_busy(self, busy: bool) -> None:
        """Told by the runner."""
        self.busy = busy
        self.busy_changed.emit(busy)

    def tell(self, text: str, kind: str = "info") -> None:
        """Show a message to the user."""
        self.told.emit(text, kind)
