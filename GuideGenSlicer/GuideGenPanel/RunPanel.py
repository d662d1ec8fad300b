"""Generate and Cancel, the progress, and the end of a run, whichever part of the panel started it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from GuideGenLib.workflow import words
from GuideGenLib.workflow.job import ANATOMY, Outcome

from .Panel import Panel, enable
from .Signal import Signal

POLL_MS, WARM_MS = 100, 500
FULL = 1000
"""The bar's maximum."""


@dataclass
class Row:
    """Where a run is followed: a button that cancels it, a bar, words. There is one beside each button that starts."""

    cancel: Any
    bar: Any
    label: Any

    def show(self, running: bool, stopping: bool = False, endless: bool = False) -> None:
        """Grey when no run of this place goes on; endless: nobody knows how far it is."""
        hindrance = _("No run goes on here.") if not running else _("The run is being stopped.") if stopping else ""
        enable(self.cancel, hindrance, _("Stops the run; the scene stays as it is."))
        self.bar.enabled = running
        self.bar.setRange(0, 0 if endless else FULL)
        if not running:
            self.bar.value = 0

    def tell(self, text: str) -> None:
        """Words beside the bar."""
        self.label.text = text


class RunPanel(Panel):
    """Asks the logic ten times a second while a run goes on. `ended` tells the Job of a run that went well.

    hindrance: why nothing can be generated, empty where it can.
    """

    def __init__(self, ui: Any, logic: Any, session: Any, hindrance: Callable[[], str]) -> None:
        super().__init__(ui, logic, session)
        self.ended = Signal()
        self.sceneFilled = Signal()
        self._hindrance = hindrance
        self.anatomyRow = Row(ui.cancelButton, ui.progressBar, ui.progressLabel)
        self.ctRow = Row(ui.ctCancelButton, ui.ctProgressBar, ui.ctProgressLabel)
        self.timer = qt.QTimer()
        self.timer.setInterval(POLL_MS)
        self.timer.connect("timeout()", self.onTimer)
        self._typed = ""
        self.warmTimer = qt.QTimer()
        self.warmTimer.setSingleShot(True)
        self.warmTimer.setInterval(WARM_MS)
        self.warmTimer.connect("timeout()", self.onWarmTimer)
        ui.generateButton.connect("clicked()", self.onGenerate)
        ui.completeButton.connect("clicked()", self.onComplete)
        for row in (self.anatomyRow, self.ctRow):
            row.cancel.connect("clicked()", self.onCancel)

    def refresh(self) -> None:
        job, rows = self.logic.job, (self.anatomyRow, self.ctRow)
        for row in rows:
            row.show(job is not None and row is self.rowOf(job), job is not None and job.cancelled)
            if self.parameterNode is None:
                row.tell("")  # it was of another scene
        if self.logic.background.busy:
            self.ctRow.show(running=True, endless=True)
        tip = _("Draws an anatomy of the text as a new segmentation (Ctrl+Enter).")
        hindrance = self.hindrance()
        enable(self.ui.generateButton, hindrance, tip)
        text = "" if self.parameterNode is None else self.parameterNode.prompt
        if text != self._typed and not hindrance:
            self.warmTimer.start()
        self._typed = text
        tip = _(
            "Keeps the segments that are shown exactly as they are (body, fat and muscle apart) and draws the rest of "
            "the patient around them, as a new segmentation. Hide what is to be drawn anew."
        )
        nothing = self.parameterNode is not None and self.parameterNode.segmentation is None
        enable(
            self.ui.completeButton,
            self.hindrance(completes=True) or (words.say(words.NO_ANATOMY) if nothing else ""),
            tip,
        )

    def hindrance(self, completes: bool = False) -> str:
        """Why no anatomy can be generated now, empty where it can; one that is completed needs no text."""
        if self.parameterNode is None:
            return _("The scene is being closed or loaded.")
        if self.logic.busy:
            return words.say(words.BUSY)
        if completes and self.parameterNode.segmentation is None:
            return words.say(words.NO_ANATOMY)
        return self._hindrance() if completes or self.parameterNode.prompt.strip() else words.say(words.NO_TEXT)

    def rowOf(self, job: Any) -> Row:
        """Where a run is followed."""
        return self.anatomyRow if job.kind == ANATOMY else self.ctRow

    def start(self, begin: Callable[[Any], Any]) -> None:
        """Begin a run by a function of the parameter node, and follow it."""
        with slicer.util.tryWithErrorDisplay(_("The run could not be started."), waitCursor=True):
            try:
                begin(self.parameterNode)
            finally:
                self.changed.emit()
            self.rowOf(self.logic.job).tell(words.say(words.STARTING))
            self.timer.start()

    def onWarmTimer(self) -> None:
        """The worker loads its models while one types, a moment after what is typed can be used."""
        if not self.hindrance():
            self.logic.warm(self.parameterNode)

    def onGenerate(self) -> None:
        self.start(self.logic.startAnatomy)

    def onComplete(self) -> None:
        self.start(self.logic.startCompletion)

    def onCancel(self) -> None:
        self.logic.cancel()
        if self.logic.job is not None:
            self.rowOf(self.logic.job).tell(words.say(words.STOPPING))
        self.changed.emit()

    def onTimer(self) -> None:
        for event in self.logic.poll():
            if isinstance(event, Outcome):
                self.onEnd(event)
            else:
                self.showProgress(event)
        if not self.logic.busy:
            self.timer.stop()

    def showProgress(self, event: Any) -> None:
        """The bar, and words for it as long as nobody pressed Cancel."""
        job = self.logic.job
        if job is not None and not job.cancelled:
            self.rowOf(job).bar.value = round(FULL * event.fraction)
            told = words.progress_text(event.stage, event.fraction, event.remaining_s, event.place)
            self.rowOf(job).tell(told)

    def onEnd(self, outcome: Outcome) -> None:
        """Tell how the run ended. The windows come last: they run the event loop."""
        self.timer.stop()
        self.rowOf(outcome.job).tell(outcome.text)
        self.sceneFilled.emit()
        self.changed.emit()
        if outcome.state == "done":
            self.ended.emit(outcome.job)
        elif outcome.state == "failed":
            slicer.util.errorDisplay(outcome.message, detailedText=outcome.details)

    def exit(self) -> None:
        """A run goes on when the user looks at another module."""

    def cleanup(self) -> None:
        self.timer.stop()
        self.warmTimer.stop()
