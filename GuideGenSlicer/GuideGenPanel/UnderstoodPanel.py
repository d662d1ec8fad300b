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
        self.rows: list[tuple] = []
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
        chosen = "" if self.chosenFinding() else _("Choose a row of a finding first.")
        enable(self.ui.removeFindingButton, nothing or chosen, _("Removes the finding of the chosen row."))
        corrected = self.parameterNode is not None and bool(self.parameterNode.corrections)
        untouched = "" if corrected else _("Nothing is corrected.")
        enable(self.ui.resetUnderstoodButton, untouched, _("Takes the fields as they were read from the text."))

    def fill(self) -> None:
        """Write the table anew."""
        if self.parameterNode is None:
            return
        self._filling = True
        try:
            self._fill()
            self.ui.understoodTable.resizeColumnToContents(NAME)
            self.ui.understoodTable.resizeRowsToContents()
        finally:
            self._filling = False
        self.ui.understoodMessageLabel.text = self.messages()
        self.showButtons()

    def messages(self) -> str:
        """Warnings, words without effect, corrections that wait for their finding."""
        description = self.understanding.description
        if description is None:
            return self.understanding.error if self.parameterNode.prompt.strip() else ""
        lines = list(description.warnings)
        if description.not_understood:
            words = ", ".join(f'"{span.text}"' for span in description.not_understood)
            lines.append(_("Not understood, without effect: {words}.").format(words=words))
        for key in self.understanding.lost:
            lines.append(_("Corrected, but no longer in the text: {finding}.").format(finding=key))
        return "\n".join(lines)

    # ------------------------------------------------------------ corrections

    def correct(self, row: int, read) -> None:
        """Set the field of a row to what a function returns. A value that cannot be is told, and the row shows the old
        one again."""
        field, key = self.rows[row]
        with slicer.util.tryWithErrorDisplay(_("This value cannot be used.")):
            self._shown = None  # whatever comes of it, the table is filled again
            try:
                corrections, value = self._corrections(), read()
                if key:
                    self._accept(corrections.with_finding(key, field.name, value))
                else:
                    self._accept(corrections.with_patient(field.name, value))
            finally:
                self.changed.emit()

    def onCellChanged(self, row: int, column: int) -> None:
        """A typed value."""
        if self._filling or column != VALUE:
            return
        text = self.ui.understoodTable.item(row, column).text()
        field, _key = self.rows[row]
        self.correct(row, lambda: field.read(typed(text)))

    def onChoice(self, row: int, value: object) -> None:
        """A chosen value."""
        if not self._filling:
            self.correct(row, lambda: value)

    def onAdd(self) -> None:
        from GuideGenLib.description import Finding

        self._accept(self._corrections().with_added(Finding("tumor", organ="lung")))

    def onRemove(self) -> None:
        self._accept(self._corrections().without_finding(self.chosenFinding()))

    def onReset(self) -> None:
        self.parameterNode.corrections = ""

    def onSelection(self) -> None:
        if not self._filling:
            self.showButtons()

    def chosenFinding(self) -> str:
        """Key of the finding that the chosen row belongs to, empty where it belongs to none."""
        row = self.ui.understoodTable.currentRow()
        return self.rows[row][1] if 0 <= row < len(self.rows) else ""

    def _corrections(self):
        from GuideGenLib.description.corrections import Corrections

        return Corrections.from_json(self.parameterNode.corrections)

    def _accept(self, corrections) -> None:
        """Take corrections over when they make sense together with the text. Raises DescriptionError."""
        from GuideGenLib.description import parse
        from GuideGenLib.description.corrections import apply

        apply(parse(self.parameterNode.prompt), corrections)
        self.parameterNode.corrections = corrections.to_json()

    # ------------------------------------------------------------ the table

    def _fill(self) -> None:
        from GuideGenLib.description.fields import FINDING_FIELDS, PATIENT_FIELDS, is_left_out

        table = self.ui.understoodTable
        description = self.understanding.description
        table.setRowCount(0)
        self.rows = []
        if description is None:
            return
        corrections = self._corrections()
        for field in PATIENT_FIELDS:
            name = "age_range" if field.name == "age" and description.age_range else field.name
            self._addRow(field, "", getattr(description, name), field.name in corrections.patient, name)
        for index, (key, finding) in enumerate(zip(self.understanding.keys, description.findings, strict=True)):
            changed = corrections.findings.get(key) or {}
            added = key.startswith("added ")
            for field in FINDING_FIELDS:
                value = getattr(finding, field.name)
                if is_left_out(field, value):
                    continue
                path = f"findings[{index}].{field.name}"
                self._addRow(field, key, value, added or field.name in changed, path, finding, index + 1)

    def _addRow(self, field, key: str, value, corrected: bool, path: str, finding=None, number: int = 0) -> None:
        table = self.ui.understoodTable
        row = table.rowCount
        table.insertRow(row)
        self.rows.append((field, key))
        title = (
            titleOf(field) if not number else _("Finding {number}: {field}").format(number=number, field=titleOf(field))
        )
        span = self.understanding.description.spans.get(path)
        words = _("(corrected)") if corrected else f'"{span.text}"' if span is not None else ""
        for column, text in ((NAME, title), (VALUE, shown(value)), (WORDS, words)):
            table.setItem(row, column, self._item(text, corrected, column == VALUE and not field.choices))
        if field.choices:
            table.setCellWidget(row, VALUE, self._combo(row, field, value, finding))

    def _item(self, text: str, corrected: bool, editable: bool):
        item = qt.QTableWidgetItem(text)
        item.setToolTip(text)
        flags = qt.Qt.ItemIsSelectable | qt.Qt.ItemIsEnabled
        item.setFlags(flags | qt.Qt.ItemIsEditable if editable else flags)
        font = item.font()
        font.setBold(corrected)
        item.setFont(font)
        return item

    def _combo(self, row: int, field, value, finding):
        combo = qt.QComboBox()
        choices = field.choices(finding)
        if value not in choices:
            choices = (value, *choices)
        for choice in choices:
            combo.addItem(shown(choice))
        combo.setCurrentIndex(choices.index(value))
        combo.connect("currentIndexChanged(int)", lambda index: self.onChoice(row, choices[index]))
        return combo

    def cleanup(self) -> None:
        self.timer.stop()
