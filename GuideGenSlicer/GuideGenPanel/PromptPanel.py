"""The text of the patient, the examples, and the texts of earlier runs."""

from typing import Any

import qt
from slicer.i18n import tr as _

from .Panel import Panel
from .Samples import sampleTexts

SHOWN = 80
"""Characters of a text in the list."""


class PromptPanel(Panel):
    """The text box is wired by hand: Slicer's own connector for it writes the text back at each key, which sends the
    cursor to the start."""

    def __init__(self, ui: Any, logic: Any, session: Any) -> None:
        super().__init__(ui, logic, session)
        self.ui.promptEdit.connect("textChanged()", self.onTextChanged)
        self.ui.historyComboBox.connect("activated(int)", self.onChosen)
        self.shortcuts = []
        for keys in ("Ctrl+Return", "Ctrl+Enter"):
            shortcut = qt.QShortcut(qt.QKeySequence(keys), self.ui.promptEdit)
            shortcut.setContext(qt.Qt.WidgetShortcut)
            shortcut.connect("activated()", self.onShortcut)
            self.shortcuts.append(shortcut)
        self._listed: tuple[str, ...] | None = None

    def refresh(self) -> None:
        if self.parameterNode is None:
            return
        if self.ui.promptEdit.toPlainText() != self.parameterNode.prompt:
            self.ui.promptEdit.setPlainText(self.parameterNode.prompt)
        history = tuple(self.parameterNode.history)
        if history == self._listed:
            return
        self._listed = history
        combo = self.ui.historyComboBox
        combo.clear()
        combo.addItem(_("Examples and earlier texts..."), "")
        examples = sampleTexts()
        for text in (*examples, *(text for text in history if text not in examples)):
            combo.addItem(text if len(text) <= SHOWN else text[: SHOWN - 1] + "…", text)

    def onTextChanged(self) -> None:
        text = self.ui.promptEdit.toPlainText()
        if self.parameterNode is not None and text != self.parameterNode.prompt:
            self.parameterNode.prompt = text

    def onChosen(self, index: int) -> None:
        text = self.ui.historyComboBox.itemData(index)
        if text:
            self.ui.promptEdit.setPlainText(text)
        self.ui.historyComboBox.currentIndex = 0

    def onShortcut(self) -> None:
        """Ctrl+Enter."""
        if self.ui.generateButton.enabled:
            self.ui.generateButton.click()
