"""Says where the chosen CT does not show the chosen anatomy any more."""

from concurrent.futures import Future
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _
from slicer.util import VTKObservationMixin

from .Background import Background
from .Panel import Panel

REST_MS = 1000
"""After the last stroke, before the anatomies are compared, in a thread of its own."""


class DatedPanel(Panel, VTKObservationMixin):
    """It has a line above the buttons of the CT, which is not there while CT and anatomy agree."""

    def __init__(self, ui: Any, logic: Any, session: Any) -> None:
        Panel.__init__(self, ui, logic, session)
        VTKObservationMixin.__init__(self)
        self._pair: tuple[Any, Any] = (None, None)
        self._background = Background()
        self._timer = qt.QTimer()
        self._timer.setInterval(REST_MS)
        self._timer.setSingleShot(True)
        self._timer.connect("timeout()", self.look)
        self.show("")

    def refresh(self) -> None:
        state = self.parameterNode
        pair = (state.segmentation, state.ct) if state is not None else (None, None)
        if pair == self._pair:
            return
        self._pair = pair
        self.removeObservers()
        self._background.abandon()
        self.show("")  # what was told is of another CT
        if None in pair:
            self._timer.stop()
            return
        kind = slicer.vtkSegmentation
        for event in (
            kind.SourceRepresentationModified, kind.SegmentAdded, kind.SegmentRemoved, kind.SegmentModified,
        ):  # fmt: skip
            self.addObserver(pair[0].GetSegmentation(), event, self.onEdited)
        self._timer.start()

    def onEdited(self, caller: Any = None, event: Any = None) -> None:
        """Compare once the hand rests."""
        self._timer.start()

    def look(self) -> None:
        """Compare the anatomy with the one that the CT was made of."""
        from GuideGenLib.scene.runs.dated import out_of_date_later

        if None in self._pair:
            return
        self._background.abandon()
        self._background.run(out_of_date_later(*self._pair), self.onCompared)

    def onCompared(self, future: Future) -> None:
        from GuideGenLib.scene.runs.dated import mark

        sentence = future.result()
        mark(self._pair[1], sentence)
        self.show(sentence)

    def show(self, sentence: str) -> None:
        """A sentence, or nothing."""
        label = self.ui.outOfDateLabel
        label.text = _("{what}. Regenerate it; files saved now say so, too.").format(what=sentence) if sentence else ""
        label.visible = bool(sentence)

    def exit(self) -> None:
        """Nothing is compared for a scene that is being closed, or a module that nobody looks at."""
        self._timer.stop()
        self._background.abandon()

    def enter(self) -> None:
        self._pair = (None, None)
        self.refresh()

    def cleanup(self) -> None:
        self.exit()
        self.removeObservers()
        self._background.close()
