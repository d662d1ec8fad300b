"""The CT of the anatomy, and the CT again where the anatomy was edited."""

import qt
import slicer
from slicer.i18n import tr as _

from .Panel import Panel, enable
from .SegmentsPanel import jumpTo


class CTPanel(Panel):
    """The list of changes is made when it is asked for, and by Regenerate: it compares two volumes."""

    def __init__(self, widget) -> None:
        super().__init__(widget)
        self.changes: list = []
        self._for = None
        table = self.ui.changesTable
        table.setHorizontalHeaderLabels([_("Segment"), _("Added (ml)"), _("Removed (ml)")])
        table.verticalHeader().setVisible(False)
        table.horizontalHeader().setSectionResizeMode(0, qt.QHeaderView.Stretch)
        table.setEditTriggers(qt.QAbstractItemView.NoEditTriggers)
        table.setSelectionBehavior(qt.QAbstractItemView.SelectRows)
        table.connect("cellDoubleClicked(int,int)", self.onChange)
        self.ui.generateCTButton.connect("clicked()", self.onGenerate)
        self.ui.regenerateButton.connect("clicked()", self.onRegenerate)
        self.ui.findChangesButton.connect("clicked()", self.onFindChanges)
        self.ui.showChangesCheckBox.connect("toggled(bool)", self.onOutline)

    def refresh(self) -> None:
        state = self.parameterNode
        if state is None:
            self._for = None
            return
        if self._for != (state.segmentation, state.ct):
            self._for = (state.segmentation, state.ct)
            self.showChanges([])
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
        enable(self.ui.findChangesButton, edit, _("Compares the anatomy with the one that the CT was made of."))

    def hindrance(self) -> str:
        """Why no CT can be made now, empty where it can."""
        if self.logic.busy:
            return _("A run goes on: cancel it or wait for its end.")
        if self.parameterNode.segmentation is None:
            return _("There is no anatomy yet: generate one, or choose a segmentation of your own.")
        prompt = self.parameterNode.prompt.strip()
        return self.widget.setupPanel.hindrance() or (prompt and self.widget.understoodPanel.understanding.error) or ""

    def editHindrance(self) -> str:
        """Why no edit can be found, empty where it can."""
        if self.parameterNode.segmentation is None or self.parameterNode.ct is None:
            return _("This needs an anatomy and the CT that was made of it.")
        return ""

    def onGenerate(self) -> None:
        self.widget.runPanel.start(self.logic.startCT)

    def onRegenerate(self) -> None:
        self.widget.runPanel.start(self.regenerate)

    def regenerate(self, parameterNode) -> None:
        """Show what was edited, and begin the run. Raises ValueError where there is nothing to do."""
        self.logic.startRegenerate(parameterNode, *self.findChanges())

    def onFindChanges(self) -> None:
        with slicer.util.tryWithErrorDisplay(_("The changes could not be found."), waitCursor=True):
            self.findChanges()

    def findChanges(self) -> tuple:
        """List and outline what was edited; returns the anatomies before and after, and the changes."""
        before, edited, changes = self.logic.edits(self.parameterNode)
        self.showChanges(changes)
        self.logic.outlineChanges(self.parameterNode, before, edited, self.ui.showChangesCheckBox.checked)
        return before, edited, changes

    def showRegenerated(self, changes: list) -> None:
        """List what a new CT has changed."""
        self.showChanges(changes)
        self.ui.changesLabel.text = _("Changed in this CT:")

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
        change = self.changes[row]
        self.widget.segmentsPanel.choose(change.key)
        jumpTo(change.centre_ras)

    def onOutline(self, visible: bool) -> None:
        self.logic.showOutline(visible)
