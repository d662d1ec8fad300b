"""An anatomy from a file of any program; where nothing tells what its numbers mean, the user is asked."""

from concurrent.futures import Future
from pathlib import Path
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from .Background import Background
from .LabelsDialog import LabelsDialog
from .Panel import Panel, enable
from .Signal import Signal

ENDINGS = "*.nii *.nii.gz *.nrrd *.mha *.mhd *.dcm *.zip"


class AnatomyFilePanel(Panel):
    """Read beside the window. The question is a window of its own that holds up nothing.

    loaded: the anatomy is in the scene and chosen.
    """

    def __init__(self, ui: Any, logic: Any, session: Any) -> None:
        super().__init__(ui, logic, session)
        self.loaded = Signal()
        self.dialog: LabelsDialog | None = None
        self._reader = Background()
        self._tip = ui.anatomyFileButton.toolTip
        self._fillVocabularies()
        ui.anatomyFileButton.connect("clicked()", self.onButton)

    def refresh(self) -> None:
        busy = _("A file is being read: wait for its end.") if self._reader.busy else ""
        asked = _("Say first what the numbers of the other file mean.") if self.dialog is not None else ""
        enable(self.ui.anatomyFileButton, busy or asked, self._tip)
        self.ui.anatomyFileLabel.visible = bool(self.ui.anatomyFileLabel.text)

    def onButton(self) -> None:
        types = _("Label maps ({endings});;All files (*)").format(endings=ENDINGS)
        path = qt.QFileDialog.getOpenFileName(slicer.util.mainWindow(), _("Load anatomy"), "", types)
        if path:
            combo = self.ui.anatomyLabelsComboBox
            self.open(Path(path), combo.itemData(combo.currentIndex))

    def open(self, path: Path, labels: str) -> None:
        """Bring a file into the scene; labels: a vocabulary, or the structure that a mask shows, "" where unknown."""
        if self._reader.busy:
            return

        def show(future: Future) -> None:
            self._tell("")
            with slicer.util.tryWithErrorDisplay(_("The anatomy was not loaded.")):
                try:
                    opened, question = future.result()
                    if question is None:
                        self._put(path, opened)
                    else:
                        self._ask(path, question)
                finally:
                    self.changed.emit()

        self._reader.run(lambda: read(path, labels), show)
        self._tell(_("Reading {name}…").format(name=path.name))
        self.changed.emit()

    def _put(self, path: Path, opened: Any) -> None:
        from GuideGenLib.cases.scenes import put_into
        from GuideGenLib.scene.files import SavedCase

        name = path.name.split(".")[0]
        segmentation, ct = put_into(slicer.mrmlScene, SavedCase(opened.anatomy, None, None), name)
        self.logic.choose(segmentation=segmentation, ct=ct, compared=None)
        self._tell("\n".join(note.replace(str(path), path.name) for note in opened.notes))
        self.loaded.emit()

    def _ask(self, path: Path, question: Any) -> None:
        self.dialog = LabelsDialog(slicer.util.mainWindow(), path.name, question)
        self.dialog.answered.connect(lambda labels: self.onAnswered(path, labels))
        self.dialog.show()

    def onAnswered(self, path: Path, labels: str) -> None:
        """labels: what was chosen, "" for none of them."""
        self.dialog = None
        if labels:
            self.open(path, labels)
        else:
            self._tell(_("{name} was not loaded; the scene is as it was.").format(name=path.name))
            self.changed.emit()

    def exit(self) -> None:
        """What was asked or read for a scene that is being closed is wanted no more."""
        if slicer.mrmlScene.IsClosing():
            self._abandon()

    def cleanup(self) -> None:
        self._abandon()
        self._reader.close()

    def _abandon(self) -> None:
        dialog, self.dialog = self.dialog, None
        if dialog is not None:
            dialog.abandon()
        self._reader.abandon()
        self._tell("")

    def _tell(self, text: str) -> None:
        self.ui.anatomyFileLabel.text = text
        self.ui.anatomyFileLabel.visible = bool(text)

    def _fillVocabularies(self) -> None:
        from GuideGenLib.workflow.vocabulary import TITLES

        self.ui.anatomyLabelsComboBox.addItem(_("Labels: find out"), "")
        for key, title in TITLES.items():
            self.ui.anatomyLabelsComboBox.addItem(_("Labels: {program}").format(program=title), key)


def read(path: Path, labels: str) -> tuple[Any, Any]:
    """What a file holds (anatomy.label_maps.opening.Opened) and None, or None and what is to be asked
    (workflow.vocabulary.Question). Needs no scene. Raises ValueError with the reason, told for this panel."""
    from GuideGenLib.anatomy.label_maps.opening import open_anatomy
    from GuideGenLib.anatomy.label_maps.reading import InDoubtError
    from GuideGenLib.anatomy.maps import VocabularyError
    from GuideGenLib.workflow.vocabulary import asked

    try:
        return open_anatomy(path, labels or None), None
    except InDoubtError as error:
        return None, asked(error)
    except VocabularyError as error:
        remedy = _("choose beside the button whose labels they are, or put a labels.json with their names beside it")
        raise VocabularyError(error.message, remedy) from error
