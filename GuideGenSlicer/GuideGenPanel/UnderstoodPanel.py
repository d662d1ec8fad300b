"""What the text was taken to mean, field by field with the words it came from; each field can be corrected."""

from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from .Fields import shown, titleOf, typed
from .Panel import Panel, enable

NAME, VALUE, WORDS = 0, 1, 2
WAIT_MS = 300


class UnderstoodPanel(Panel):
    """The table is filled again a moment after the text or a correction changed, never in the midst of a signal of its
    own cells."""

    def __init__(self, ui: Any, logic: Any, session: Any) -> None:
        super().__init__(ui, logic, session)
        from GuideGenLib.description.understanding import Understanding

        self.understanding = Understanding(None, error="")
        self.rows: list[Any] = []
        self._shown: tuple[str, str] | None = None
        self._filling = False
        self.timer = qt.QTimer()
        self.timer.setSingleShot(True)
        self.timer.setInterval(WAIT_MS)
        self.timer.connect("timeout()", self.fill)
        table = self.ui.understoodTable
        table.setHorizontalHeaderLabels([_("Field"), _("Value"), _("Words")])
        table.verticalHeader().setVisible(False)
        table.horizontalHeader().setSectionResizeMode(WORDS, qt.QHeaderView.Stretch)
        table.connect("cellChanged(int,int)", self.onCellChanged)
        table.connect("itemSelectionChanged()", self.onSelection)
        self.ui.addFindingButton.connect("clicked()", self.onAdd)
        self.ui.removeFindingButton.connect("clicked()", self.onRemove)
        self.ui.resetUnderstoodButton.connect("clicked()", self.onReset)

    def refresh(self) -> None:
        if self.parameterNode is None:
            return
        state = (self.parameterNode.prompt, self.parameterNode.corrections)
        if state != self._shown:
            self._shown = state
            self.understanding = self.logic.understanding(self.parameterNode)
            self.timer.start()
        self.showButtons()

    def showButtons(self) -> None:
        understood = self.understanding.description is not None
        nothing = "" if understood else _("Nothing is understood yet: describe a patient.")
        enable(self.ui.addFindingButton, nothing, _("Adds a tumor that the text does not name."))
        chosen = "" if self.chosenFinding() else _("Choose a row of a finding or an organ first.")
        enable(self.ui.removeFindingButton, nothing or chosen, _("Removes the finding or organ of the chosen row."))
        corrected = self.parameterNode is not None and bool(self.parameterNode.corrections)
        untouched = "" if corrected else _("Nothing is corrected.")
        enable(self.ui.resetUnderstoodButton, untouched, _("Takes the fields as they were read from the text."))

    def fill(self) -> None:
        """Write the table anew."""
        from GuideGenLib.workflow.understood import notes, rows

        if self.parameterNode is None:
            return
        self._filling = True
        try:
            self.rows = rows(self.understanding, self.parameterNode.corrections)
            self.ui.understoodTable.setRowCount(0)
            for row in self.rows:
                self._addRow(row)
            self.ui.understoodTable.resizeColumnToContents(NAME)
            self.ui.understoodTable.resizeRowsToContents()
        finally:
            self._filling = False
        self.ui.understoodMessageLabel.text = "\n".join(notes(self.understanding, self.parameterNode.prompt))
        self.showButtons()

    # ------------------------------------------------------------ corrections

    def correct(self, row: int, read) -> None:
        """Set the field of a row to what a function returns. A value that cannot be is told, and the row shows the old
        one again."""
        from GuideGenLib.workflow.understood import corrected

        with slicer.util.tryWithErrorDisplay(_("This value cannot be used.")):
            self._shown = None  # whatever comes of it, the table is filled again
            state = self.parameterNode
            try:
                state.corrections = corrected(state.prompt, state.corrections, self.rows[row], read())
            finally:
                self.changed.emit()

    def onCellChanged(self, row: int, column: int) -> None:
        """A typed value."""
        if self._filling or column != VALUE:
            return
        text = self.ui.understoodTable.item(row, column).text()
        self.correct(row, lambda: self.rows[row].field.read(typed(text)))

    def onChoice(self, row: int, value: object) -> None:
        """A chosen value."""
        if not self._filling:
            self.correct(row, lambda: value)

    def onAdd(self) -> None:
        from GuideGenLib.workflow.understood import with_finding

        state = self.parameterNode
        state.corrections = with_finding(state.prompt, state.corrections)

    def onRemove(self) -> None:
        from GuideGenLib.workflow.understood import without

        state = self.parameterNode
        state.corrections = without(state.prompt, state.corrections, self.chosenFinding())

    def onReset(self) -> None:
        self.parameterNode.corrections = ""

    def onSelection(self) -> None:
        if not self._filling:
            self.showButtons()

    def chosenFinding(self) -> str:
        """Key of the finding or organ that the chosen row belongs to, empty where it belongs to none."""
        row = self.ui.understoodTable.currentRow()
        return self.rows[row].key if 0 <= row < len(self.rows) else ""

    # ------------------------------------------------------------ the table

    def _addRow(self, row: Any) -> None:
        table, index, field = self.ui.understoodTable, self.ui.understoodTable.rowCount, row.field
        table.insertRow(index)
        title = titleOf(field)
        if row.number:
            title = _("Finding {number}: {field}").format(number=row.number, field=title)
        elif row.organ:
            title = _("{organ}: {field}").format(organ=row.organ.capitalize(), field=title)
        words = _("(corrected)") if row.corrected else f'"{row.span.text}"' if row.span is not None else ""
        for column, text in ((NAME, title), (VALUE, shown(row.value)), (WORDS, words)):
            table.setItem(index, column, self._item(text, row.corrected, column == VALUE and not field.choices))
        if field.choices:
            table.setCellWidget(index, VALUE, self._combo(index, row.choices, row.value))

    def _item(self, text: str, corrected: bool, editable: bool):
        item = qt.QTableWidgetItem(text)
        item.setToolTip(text)
        flags = qt.Qt.ItemIsSelectable | qt.Qt.ItemIsEnabled
        item.setFlags(flags | qt.Qt.ItemIsEditable if editable else flags)
        font = item.font()
        font.setBold(corrected)
        item.setFont(font)
        return item

    def _combo(self, row: int, choices: tuple, value: Any) -> Any:
        combo = qt.QComboBox()
        for choice in choices:
            combo.addItem(shown(choice))
        combo.setCurrentIndex(choices.index(value))
        combo.connect("currentIndexChanged(int)", lambda index: self.onChoice(row, choices[index]))
        return combo

    def cleanup(self) -> None:
        self.timer.stop()
