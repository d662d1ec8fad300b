"""The CT of the anatomy, and the CT again where the anatomy was edited."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from GuideGenLib.workflow import words
from GuideGenLib.workflow.job import REGENERATE, Job

from .Panel import Panel, enable
from .Signal import Signal


class CTPanel(Panel):
    """The list of changes is made when it is asked for, and by Regenerate: it compares two volumes.

    runWanted: tells a function of the parameter node that begins a run; changeChosen: tells a SegmentChange to go to.
    hindrance: why nothing can be generated, empty where it can.
    """

    def __init__(self, ui: Any, logic: Any, session: Any, hindrance: Callable[[], str]) -> None:
        super().__init__(ui, logic, session)
        self.runWanted, self.changeChosen = Signal(), Signal()
        self.changes: list = []
        self._hindrance = hindrance
        self._for: tuple[Any, Any] | None = None
        table = ui.changesTable
        table.setHorizontalHeaderLabels([_("Segment"), _("Added (ml)"), _("Removed (ml)")])
        table.verticalHeader().setVisible(False)
        table.horizontalHeader().setSectionResizeMode(0, qt.QHeaderView.Stretch)
        table.setEditTriggers(qt.QAbstractItemView.NoEditTriggers)
        table.setSelectionBehavior(qt.QAbstractItemView.SelectRows)
        table.connect("cellDoubleClicked(int,int)", self.onChange)
        ui.generateCTButton.connect("clicked()", self.onGenerate)
        ui.regenerateButton.connect("clicked()", self.onRegenerate)
        ui.findChangesButton.connect("clicked()", self.onFindChanges)
        ui.showChangesCheckBox.connect("toggled(bool)", self.logic.showOutline)

    def refresh(self) -> None:
        state = self.parameterNode
        chosen = (state.segmentation, state.ct) if state is not None else None
        if chosen != self._for:
            self._for = chosen
            self.showChanges([])
        if state is None:
            return
        enable(
            self.ui.generateCTButton,
            self.hindrance(),
            _("Makes a CT that shows exactly this anatomy, as a new volume."),
        )
        edit = self.editHindrance()
        enable(
            self.ui.regenerateButton,
            self.hindrance() or edit,
            _("Makes the CT anew around what was edited, as a new volume; every voxel farther away stays as it is."),
        )
        busy = words.say(words.BUSY) if self.logic.busy else ""
        tip = _("Compares the anatomy with the one that the CT was made of.")
        enable(self.ui.findChangesButton, busy or edit, tip)

    def hindrance(self) -> str:
        """Why no CT can be made now, empty where it can."""
        if self.logic.busy:
            return words.say(words.BUSY)
        if self.parameterNode.segmentation is None:
            return words.say(words.NO_ANATOMY)
        return self._hindrance()

    def editHindrance(self) -> str:
        """Why no edit can be found, empty where it can."""
        if self.parameterNode.segmentation is None or self.parameterNode.ct is None:
            return _("This needs an anatomy and the CT that was made of it.")
        return ""

    def onGenerate(self) -> None:
        self.runWanted.emit(self.logic.startCT)

    def onRegenerate(self) -> None:
        """Show what was edited, then begin the run."""
        self.findChanges(
            lambda edits: self.runWanted.emit(lambda parameterNode: self.logic.startRegenerate(parameterNode, edits))
        )

    def onFindChanges(self) -> None:
        self.findChanges(lambda edits: None)

    def findChanges(self, then: Callable[[Any], Any]) -> None:
        """List and outline what was edited, beside the window; then go on with the edits (workflow.edits.Edits)."""

        def show(future: Future) -> None:
            with slicer.util.tryWithErrorDisplay(_("The changes could not be found.")):
                try:
                    edits = future.result()
                    self.showChanges(edits.changes)
                    self.logic.outlineChanges(self.parameterNode, edits, self.ui.showChangesCheckBox.checked)
                finally:
                    self.changed.emit()
            then(edits)

        with slicer.util.tryWithErrorDisplay(_("The changes could not be found."), waitCursor=True):
            try:
                self.logic.background.run(self.logic.editsLater(self.parameterNode), show)
            finally:
                self.changed.emit()

    def showEnded(self, job: Job) -> None:
        """List what a new CT has changed, and go there."""
        if job.kind != REGENERATE:
            return
        self.showChanges(job.changes)
        self.ui.changesLabel.text = _("Changed in this CT:")
        self.changeChosen.emit(job.changes[0])

    def showChanges(self, changes: list) -> None:
        """List changes of the segmentation."""
        self.changes = changes
        self.ui.changesLabel.text = _("Edited since this CT was made:")
        table = self.ui.changesTable
        table.setRowCount(0)
        for row, change in enumerate(self.changes):
            table.insertRow(row)
            for column, text in enumerate((change.name, f"{change.added_ml:.1f}", f"{change.removed_ml:.1f}")):
                table.setItem(row, column, qt.QTableWidgetItem(text))

    def onChange(self, row: int, column: int) -> None:
        """Go to a changed segment."""
        self.changeChosen.emit(self.changes[row])
