"""The window that asks what the numbers of a label map mean: each candidate with a picture, its names and its fit."""

import tempfile
from html import escape
from pathlib import Path
from typing import Any

import qt
from slicer.i18n import tr as _

from .Signal import Signal

SIZE = 640, 560
PICTURE = 130, 190
"""Pixels that a picture may take."""


class LabelsDialog:
    """question: a workflow.vocabulary.Question. answered: tells the labels that were chosen, once, "" for none."""

    def __init__(self, parent: Any, name: str, question: Any) -> None:
        self.answered = Signal()
        self._labels: str | None = ""
        self.window = qt.QDialog(parent)
        self.window.windowTitle = _("What are these labels?")
        layout = qt.QVBoxLayout(self.window)
        text = _(
            "Nothing in “{name}” tells what its numbers mean. The pictures show it from the front, named and coloured "
            "as each of these programs would. Take the one where the names are right."
        )
        layout.addWidget(wrapped(escape(text.format(name=name))))
        layout.addWidget(self._candidates(question), 1)
        if question.alone:
            layout.addLayout(self._structures())
        none = qt.QPushButton(_("None of these"))
        none.objectName = "noneButton"
        none.connect("clicked()", self.window.reject)
        layout.addWidget(none)
        self.window.connect("finished(int)", self.onFinished)
        self.window.resize(*SIZE)

    def show(self) -> None:
        """Show it before its parent; the event loop goes on."""
        self.window.open()

    def abandon(self) -> None:
        """Close it without an answer."""
        self._labels = None
        self.window.reject()

    def take(self, labels: str) -> None:
        """Answer with these."""
        self._labels = labels
        self.window.accept()

    def onFinished(self, result: int) -> None:
        self.window.deleteLater()
        if self._labels is not None:
            self.answered.emit(self._labels)

    def _candidates(self, question: Any) -> Any:
        inside = qt.QWidget()
        rows = qt.QGridLayout(inside)
        rows.setColumnStretch(1, 1)
        for row, choice in enumerate(question.choices):
            picture = qt.QLabel()
            picture.setPixmap(pixmap(choice.picture))
            picture.toolTip = _("The labels from the front, as {program} has them").format(program=choice.title)
            rows.addWidget(picture, row, 0)
            rows.addWidget(wrapped(told(choice)), row, 1)
            rows.addWidget(self._button(f"take_{choice.labels}", choice.title, choice.labels), row, 2)
        area = qt.QScrollArea()
        area.widgetResizable = True
        area.setWidget(inside)
        return area

    def _structures(self) -> Any:
        """For a mask: the one structure that it shows."""
        from GuideGenLib.anatomy.label_volumes import TISSUE_KEYS
        from GuideGenLib.anatomy.table import labels

        combo = qt.QComboBox()
        combo.objectName = "structureComboBox"
        combo.toolTip = _("The structure that the mask shows.")
        for row in labels()[1:]:
            if row.key not in TISSUE_KEYS:
                combo.addItem(row.name, row.key)
        button = self._button("take_structure", _("a mask of the structure that is chosen"), "")
        button.connect("clicked()", lambda: self.take(combo.itemData(combo.currentIndex)))
        line = qt.QHBoxLayout()
        line.addWidget(qt.QLabel(_("Or it is a mask of one structure:")))
        line.addWidget(combo, 1)
        line.addWidget(button)
        return line

    def _button(self, name: str, title: str, labels: str) -> Any:
        button = qt.QPushButton(_("Take it"))
        button.objectName = name
        button.accessibleName = button.toolTip = _("Load as {program}").format(program=title)
        button.autoDefault = False  # Enter alone chooses nothing
        if labels:
            button.connect("clicked()", lambda: self.take(labels))
        return button


def told(choice: Any) -> str:
    """A candidate in rich text: its name, how well it fits, and what it names."""
    names = []
    for one in choice.names:
        odd = " " + _("(not its place or size)") if one.odd else ""
        names.append(f'<span style="color: {one.colour}">&#9632;</span>&nbsp;{escape(one.name + odd)}')
    if choice.more:
        names.append(escape(_("and {count} more").format(count=choice.more)))
    return f"<b>{escape(choice.title)}</b><br>{escape(choice.fit)}<br>{', '.join(names)}"


def wrapped(text: str) -> Any:
    """A label of rich text that takes as many lines as it needs."""
    label = qt.QLabel(text)
    label.textFormat = qt.Qt.RichText
    label.wordWrap = True
    return label


def pixmap(pixels: Any) -> Any:
    """uint8 [row, column, 3] as a QPixmap, enlarged or reduced to PICTURE."""
    import SimpleITK as sitk

    with tempfile.TemporaryDirectory(prefix="guidegen-") as folder:
        path = Path(folder) / "picture.png"
        sitk.WriteImage(sitk.GetImageFromArray(pixels, isVector=True), str(path))
        return qt.QPixmap(str(path)).scaled(*PICTURE, qt.Qt.KeepAspectRatio)
