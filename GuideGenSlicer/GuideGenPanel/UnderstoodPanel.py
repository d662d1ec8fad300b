"""The text with its words coloured by what they became, and its fields, each of which can be corrected."""

from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from .Fields import shown, titleOf, typed
from .PaintedText import legendHtml, plainTip, textHtml
from .Panel import Panel, enable

NAME, VALUE, WORDS = 0, 1, 2
WAIT_MS = 300


class UnderstoodPanel(Panel):
    """Text and table are filled again a moment after the text or a correction changed, never in the midst of a signal
    of the table's own cells. `lines`: of each line of the table its group and its row, None in the group's heading;
    `opened`: the names of the groups whose rows are shown though there are too many to show all."""

    def __init__(self, ui: Any, logic: Any, session: Any) -> None:
        super().__init__(ui, logic, session)
        from GuideGenLib.description.understanding import Understanding

        self.understanding = Understanding(None, error="")
        self.lines: list[tuple[Any, Any]] = []
        self.groups: list[Any] = []
        self.opened: set[str] = set()
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
        table.connect("cellClicked(int,int)", self.onCellClicked)
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
        """Write text and table anew."""
        from GuideGenLib.workflow.understood import groups, notes

        if self.parameterNode is None:
            return
        self.groups = groups(self.understanding, self.parameterNode.corrections)
        self.fillTable()
        self.paintText()
        self.ui.understoodMessageLabel.text = "\n".join(notes(self.understanding, self.parameterNode.prompt))

    def fillTable(self) -> None:
        """Write the table anew; it stays scrolled where it was, and the chosen group stays chosen."""
        from GuideGenLib.workflow.understood import lines

        table, chosen = self.ui.understoodTable, self.chosenFinding()
        place = table.verticalScrollBar().value
        self._filling = True
        try:
            self.lines = lines(self.groups, self.opened)
            table.clearSpans()
            table.setRowCount(0)
            table.setRowCount(len(self.lines))
            for line, (group, row) in enumerate(self.lines):
                if row is None:
                    self._showHeading(line, group)
                    if group.key and group.key == chosen:
                        table.setCurrentCell(line, NAME)
                else:
                    self._showRow(line, row)
            table.resizeColumnToContents(NAME)
            table.resizeRowsToContents()
            table.verticalScrollBar().value = place
        finally:
            self._filling = False
        self.showButtons()

    def paintText(self) -> None:
        """Show the text in its colours, and their key; nothing where nothing is understood."""
        from GuideGenLib.workflow.painted import legend, paint, word_sum

        description = self.understanding.description
        pieces = [] if description is None else paint(description)
        self.ui.understoodTextBrowser.visible = bool(pieces)
        self.ui.understoodLegendLabel.visible = bool(pieces)
        self.ui.understoodTextBrowser.setHtml(textHtml(pieces))
        self.ui.understoodLegendLabel.text = legendHtml(legend(pieces), word_sum(pieces)) if pieces else ""

    # ------------------------------------------------------------ corrections

    def correct(self, row: int, read) -> None:
        """Set the field of a row to what a function returns. A value that cannot be is told, and the row shows the old
        one again."""
        from GuideGenLib.workflow.understood import corrected

        with slicer.util.tryWithErrorDisplay(_("This value cannot be used.")):
            self._shown = None  # whatever comes of it, the table is filled again
            state = self.parameterNode
            try:
                state.corrections = corrected(state.prompt, state.corrections, self.lines[row][1], read())
            finally:
                self.changed.emit()

    def onCellChanged(self, row: int, column: int) -> None:
        """A typed value."""
        if self._filling or column != VALUE:
            return
        text = self.ui.understoodTable.item(row, column).text()
        self.correct(row, lambda: self.lines[row][1].field.read(typed(text)))

    def onCellClicked(self, line: int, _column: int) -> None:
        """Show the rows of a group whose heading is clicked, or hide them, where there are too many to show all."""
        from GuideGenLib.workflow.understood import FEW

        group, row = self.lines[line]
        if row is None and len(self.groups) > FEW:
            self.opened ^= {group.name}
            qt.QTimer.singleShot(0, self.fillTable)

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
        return self.lines[row][0].key if 0 <= row < len(self.lines) else ""

    # ------------------------------------------------------------ the table

    def _showHeading(self, line: int, group: Any) -> None:
        """The line above a group: the finding, organ or patient in the colour of what it came to."""
        from GuideGenLib.workflow.roles import LOOKS

        look = LOOKS.get(group.role)
        marked = group.heading if look is None else f"{look.mark}  {group.heading}"
        closed = bool(group.rows) and not any(row for _group, row in self.lines[line + 1 : line + 2])
        item = self._item(f"{marked} …" if closed else marked, True, False)
        if look is not None:
            item.setForeground(qt.QBrush(qt.QColor(look.ink)))
            item.setBackground(qt.QBrush(qt.QColor(look.paper)))
        self.ui.understoodTable.setItem(line, NAME, item)
        self.ui.understoodTable.setSpan(line, NAME, 1, WORDS + 1)

    def _showRow(self, line: int, row: Any) -> None:
        from GuideGenLib.workflow.understood import titled

        title = titled(row.of, titleOf(row.field))
        for column, text in ((NAME, title), (VALUE, shown(row.value)), (WORDS, row.source)):
            item = self._item(text, row.corrected, column == VALUE and not row.choices)
            self.ui.understoodTable.setItem(line, column, item)
        if row.choices:
            self.ui.understoodTable.setCellWidget(line, VALUE, self._combo(line, row.choices, row.value))

    def _item(self, text: str, bold: bool, editable: bool):
        item = qt.QTableWidgetItem(text)
        item.setToolTip(plainTip(text))
        flags = qt.Qt.ItemIsSelectable | qt.Qt.ItemIsEnabled
        item.setFlags(flags | qt.Qt.ItemIsEditable if editable else flags)
        font = item.font()
        font.setBold(bold)
        item.setFont(font)
        return item

    def _combo(self, row: int, choices: tuple, value: Any) -> Any:
        combo = qt.QComboBox()
        combo.addItems([shown(choice) for choice in choices])
        combo.setCurrentIndex(choices.index(value))
        combo.connect("currentIndexChanged(int)", lambda index: self.onChoice(row, choices[index]))
        return combo

    def cleanup(self) -> None:
        self.timer.stop()
