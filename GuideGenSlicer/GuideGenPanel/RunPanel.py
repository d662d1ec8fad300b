"""Generate and Cancel, the progress, and the end of a run, whichever part of the panel started it."""

from collections.abc import Callable

import qt
import slicer
from slicer.i18n import tr as _

from .Panel import Panel, enable

POLL_MS = 100


class RunPanel(Panel):
    """Asks the worker's client ten times a second while a run goes on."""

    def __init__(self, widget) -> None:
        super().__init__(widget)
        self.timer = qt.QTimer()
        self.timer.setInterval(POLL_MS)
        self.timer.connect("timeout()", self.onTimer)
        self.ui.generateButton.connect("clicked()", self.onGenerate)

    def refresh(self) -> None:
        job = self.logic.job
        button = self.ui.generateButton
        button.text = _("Generate anatomy") if job is None else _("Cancel")
        if job is not None:
            hindrance = _("The run is being stopped.") if job.cancelled else ""
            enable(button, hindrance, _("Stops the run; the scene stays as it is."))
        else:
            enable(button, self.hindrance(), _("Draws an anatomy of the text as a new segmentation (Ctrl+Enter)."))
        if job is None:
            self.ui.progressBar.visible = False

    def hindrance(self) -> str:
        """Why no anatomy can be generated now, empty where it can."""
        if self.parameterNode is None:
            return _("The scene is being closed or loaded.")
        if not self.parameterNode.prompt.strip():
            return _("Describe a patient first.")
        return self.widget.setupPanel.hindrance() or self.widget.understoodPanel.understanding.error

    def start(self, begin: Callable) -> None:
        """Begin a run by a function of the parameter node, and follow it."""
        with slicer.util.tryWithErrorDisplay(_("The run could not be started."), waitCursor=True):
            try:
                begin(self.parameterNode)
            finally:
                self.widget.refresh()
            self.ui.progressBar.value = 0
            self.ui.progressBar.visible = True
            self.ui.progressLabel.text = _("Starting...")
            self.timer.start()

    def onGenerate(self) -> None:
        if not self.logic.busy:
            self.start(self.logic.startAnatomy)
            return
        self.logic.cancel()
        self.ui.progressLabel.text = _("Stopping...")
        self.widget.refresh()

    def onTimer(self) -> None:
        for event in self.logic.poll():
            if hasattr(event, "fraction"):
                self.showProgress(event)
            else:
                self.onEnd(event)
        if not self.logic.busy:
            self.timer.stop()

    def showProgress(self, event) -> None:
        """The bar, and words for it as long as nobody pressed Cancel."""
        self.ui.progressBar.value = round(1000 * event.fraction)
        job = self.logic.job
        if job is not None and not job.cancelled:
            self.ui.progressLabel.text = progressText(event)

    def onEnd(self, outcome) -> None:
        """Tell how the run ended. The windows come last: they run the event loop."""
        self.timer.stop()
        self.ui.progressLabel.text = {
            "done": outcome.message or _("Done."),
            "stopped": _("Cancelled; the scene is as it was."),
            "failed": outcome.message,
        }[outcome.state]
        self.widget.sceneChanged()
        self.widget.refresh()
        if outcome.state == "done":
            self.widget.runEnded(outcome.job)
        elif outcome.state == "failed":
            slicer.util.errorDisplay(outcome.message, detailedText=outcome.details)

    def exit(self) -> None:
        """A run goes on when the user looks at another module."""

    def cleanup(self) -> None:
        self.timer.stop()


def progressText(event) -> str:
    """Stage, share and time left."""
    stage = {
        "load": _("Loading the model"),
        "describe": _("Reading the text"),
        "mask": _("Drawing the anatomy"),
        "ct": _("Making the CT"),
    }.get(event.stage, event.stage)
    text = _("{stage}: {percent} %").format(stage=stage, percent=round(100 * event.fraction))
    if event.remaining_s is None:
        return text
    seconds = max(1, round(event.remaining_s))
    if seconds < 90:
        return text + _(", about {seconds} s left").format(seconds=seconds)
    return text + _(", about {minutes} min left").format(minutes=round(seconds / 60))
