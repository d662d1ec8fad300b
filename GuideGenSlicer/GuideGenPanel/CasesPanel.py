"""The cases of a folder: find, open and keep them, tag, copy, rename, delete and undo."""

from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from .Background import Background
from .Panel import Panel, enable
from .Signal import Signal

FOLDER = "GuideGen/CasesFolder"
"""Of the user's settings: the folder is the user's and not the scene's."""
CHOSEN = ("openCaseButton", "tagCaseButton", "renameCaseButton", "duplicateCaseButton", "deleteCaseButton")


class CasesPanel(Panel):
    """A case that was opened here and not changed gives its place in the scene to the next one.

    caseOpened: tells the record of a case that came into the scene and is chosen; listed: the folder was read.
    """

    def __init__(self, ui: Any, logic: Any, session: Any) -> None:
        super().__init__(ui, logic, session)
        self.caseOpened, self.listed = Signal(), Signal()
        self.entries: list = []
        self.catalogue: Any = None
        self.openName = ""
        self._shown: tuple = (None, None, 0)
        self._pictures, self._reader = Background(), Background()
        self._tips = {name: getattr(ui, name).toolTip for name in (*CHOSEN, "keepCaseButton", "undoDeleteButton")}
        ui.casesFolderEdit.currentPath = slicer.util.settingsValue(FOLDER, "")
        ui.casesFolderEdit.connect("currentPathChanged(QString)", self.onFolder)
        ui.casesSearchEdit.connect("textChanged(QString)", self.onSearch)
        ui.casesList.connect("itemDoubleClicked(QListWidgetItem*)", self.onDouble)
        ui.casesList.connect("itemSelectionChanged()", self.onChosen)
        ui.openCaseButton.connect("clicked()", lambda: self.open(self.chosen()))
        ui.previousCaseButton.connect("clicked()", lambda: self.step(-1))
        ui.nextCaseButton.connect("clicked()", lambda: self.step(1))
        ui.keepCaseButton.connect("clicked()", self.onKeep)
        ui.tagCaseButton.connect("clicked()", self.onTag)
        ui.renameCaseButton.connect("clicked()", self.onRename)
        ui.duplicateCaseButton.connect("clicked()", lambda: self.change(lambda name: self.catalogue.duplicate(name)))
        ui.deleteCaseButton.connect("clicked()", self.onDelete)
        ui.undoDeleteButton.connect("clicked()", lambda: self.change(lambda name: self.catalogue.undo_delete()))

    # ------------------------------------------------------------ the list

    def enter(self) -> None:
        """The folder may have changed meanwhile."""
        self.listCases()

    def refresh(self) -> None:
        folder = "" if self.catalogue is not None else _("Choose the folder of your cases first.")
        busy = _("A case is being read: wait for its end.") if self._reader.busy else ""
        chosen = folder or busy or ("" if self.chosen() else _("Choose a case of the list first."))
        for name in CHOSEN:
            enable(getattr(self.ui, name), chosen, self._tips[name])
        nothing = self.parameterNode is None or self.parameterNode.segmentation is None
        hindrance = folder or busy or (_("There is no anatomy yet: generate one.") if nothing else "")
        enable(self.ui.keepCaseButton, hindrance, self._tips["keepCaseButton"])
        deleted = self.catalogue is not None and self.catalogue.trash.held()
        hindrance = folder or ("" if deleted else _("Nothing was deleted."))
        enable(self.ui.undoDeleteButton, hindrance, self._tips["undoDeleteButton"])
        for name in ("previousCaseButton", "nextCaseButton"):
            getattr(self.ui, name).enabled = bool(self.entries) and not busy

    def listCases(self) -> None:
        """Read the folder and show what the search leaves of it."""
        from GuideGenLib.cases.catalogue import CaseCatalogue, matching

        chosen, folder = self.chosen(), self.ui.casesFolderEdit.currentPath.strip()
        found: list = []
        self.catalogue = None
        if folder:
            try:
                self.catalogue = CaseCatalogue(Path(folder))
                found = self.catalogue.entries()
                self.tell("")
            except ValueError as error:
                self.tell(str(error))
        was = self.ui.casesList.blockSignals(True)  # half of a list is nobody's choice
        self.ui.casesList.clear()
        self.entries = matching(found, self.ui.casesSearchEdit.text)
        for entry in self.entries:
            self.ui.casesList.addItem(self._item(entry))
            if entry.name == chosen:
                self.ui.casesList.setCurrentRow(self.ui.casesList.count - 1)
        self.ui.casesList.blockSignals(was)
        if self.catalogue is not None:
            self.tell(_("{shown} of {count} cases").format(shown=len(self.entries), count=len(found)))
        self.onChosen()
        self.listed.emit()
        self._drawNext()

    def tell(self, text: str) -> None:
        self.ui.casesLabel.text = text

    def chosen(self) -> str:
        """The name of the case that the buttons are about, empty where there is none."""
        row = self.ui.casesList.currentRow
        return self.entries[row].name if 0 <= row < len(self.entries) else ""

    def marked(self) -> list:
        """The entries that are selected, in their order: those of a lesson."""
        items = [self.ui.casesList.item(row) for row in range(len(self.entries))]
        return [entry for entry, item in zip(self.entries, items, strict=True) if item.isSelected()]

    def _item(self, entry: Any) -> Any:
        name = _("{name} (open)").format(name=entry.name) if entry.name == self.openName else entry.name
        tags = " ".join(f"[{tag}]" for tag in entry.tags)
        item = qt.QListWidgetItem("\n".join(part for part in (name, tags, entry.problem or entry.text) if part))
        item.setToolTip(entry.problem or entry.text)
        if entry.problem:
            item.setForeground(qt.QBrush(qt.QColor(176, 0, 32)))
        return item

    def _drawNext(self) -> None:
        """The thumbnails one after the other, beside the window; a case whose volumes are broken tells it then."""
        from GuideGenLib.cases.entry import THUMBNAIL
        from GuideGenLib.cases.thumbnail import thumbnail

        if self._pictures.busy:
            return
        rows = [row for row, one in enumerate(self.entries) if not one.problem and not one.is_scene]
        row = next((row for row in rows if self.ui.casesList.item(row).icon().isNull()), None)
        if row is None:
            return
        entry, entries = self.entries[row], self.entries

        def show(future: Future) -> None:
            if self.entries is entries:
                item = self.ui.casesList.item(row)
                try:
                    future.result()
                    item.setIcon(qt.QIcon(str(entry.path / THUMBNAIL)))
                except ValueError as error:
                    item.setText(f"{entry.name}\n{error}")
                    item.setForeground(qt.QBrush(qt.QColor(176, 0, 32)))
                if item.icon().isNull():
                    item.setIcon(qt.QIcon(qt.QPixmap(1, 1)))  # it was tried
            self._drawNext()

        self._pictures.run(lambda: thumbnail(entry.path), show)

    # ------------------------------------------------------------ hands

    def onFolder(self, path: str) -> None:
        slicer.app.settings().setValue(FOLDER, path)
        self.listCases()

    def onSearch(self, text: str) -> None:
        self.listCases()

    def onDouble(self, item: Any) -> None:
        self.open(self.entries[self.ui.casesList.row(item)].name)

    def onChosen(self) -> None:
        name = self.chosen()
        entry = next((one for one in self.entries if one.name == name), None)
        self.ui.caseTagsEdit.text = ", ".join(entry.tags) if entry is not None else ""
        self.ui.caseNameEdit.text = name
        self.refresh()

    def step(self, by: int) -> None:
        """Open the case before or after the open one."""
        from GuideGenLib.cases.catalogue import beside

        entry = beside(self.entries, self.openName or self.chosen(), by)
        if entry is None:
            self.tell(_("This is the last case of the list.") if by > 0 else _("This is the first case of the list."))
        else:
            self.open(entry.name)

    def open(self, name: str) -> None:
        """Bring a case into the scene; a scene of Slicer takes the place of what is there, after a question."""
        from GuideGenLib.cases.scenes import read_saved

        if self._reader.busy or not name:
            return
        with slicer.util.tryWithErrorDisplay(_("The case was not opened.")):
            entry = self.catalogue.entry(name)
            if entry.is_scene:
                self._openScene(entry)
                return

            def show(future: Future) -> None:
                with slicer.util.tryWithErrorDisplay(_("The case was not opened.")):
                    try:
                        self._put(entry, future.result())
                    finally:
                        self.listCases()

            self._reader.run(lambda: read_saved(entry), show)
            self.tell(_("Reading {name}…").format(name=name))
            self.refresh()

    def _put(self, entry: Any, case: Any) -> None:
        from GuideGenLib.cases.scenes import put_into, take_out
        from GuideGenLib.scene.nodes import present
        from GuideGenLib.workflow.changes import corrections_after
        from GuideGenLib.workflow.runs import CORRECTIONS

        before = tuple(map(present, self._shown[:2]))
        changed = self._state(*before) != self._shown[2]
        segmentation, ct = put_into(slicer.mrmlScene, case, entry.name)
        segmentation.SetAttribute(CORRECTIONS, corrections_after(case.provenance or {}))
        self.logic.choose(segmentation=segmentation, ct=ct, compared=None)
        if not changed:
            take_out(slicer.mrmlScene, *before)
        self._shown, self.openName = (segmentation, ct, self._state(segmentation, ct)), entry.name
        if entry.out_of_date:
            text = _("The CT of {name} shows another anatomy and was left out: generate it again.")
            slicer.util.infoDisplay(text.format(name=entry.name))
        self.caseOpened.emit(case.provenance or {})

    @staticmethod
    def _state(segmentation: Any, ct: Any) -> tuple:
        """What another one would be after an edit or a new CT: voxels of the labels, and how many CTs there are."""
        from GuideGenLib.scene.runs.run import CT_REFERENCE
        from GuideGenLib.scene.segments.layers import LABELMAP

        if segmentation is None:
            return ()
        segments = segmentation.GetSegmentation()
        maps = [
            segments.GetNthSegment(row).GetRepresentation(LABELMAP) for row in range(segments.GetNumberOfSegments())
        ]
        scalars = {id(one): one.GetPointData().GetScalars().GetMTime() for one in maps if one is not None}
        return len(maps), max(scalars.values(), default=0), segmentation.GetNumberOfNodeReferences(CT_REFERENCE)

    def _openScene(self, entry: Any) -> None:
        question = _("{name} takes the place of everything in this scene. What was not saved is lost. Open it?")
        if slicer.util.confirmYesNoDisplay(question.format(name=entry.path.name)):
            slicer.mrmlScene.Clear(False)
            slicer.util.loadScene(str(entry.path))

    def onKeep(self) -> None:
        """Keep the chosen anatomy and CT as a new case."""
        from GuideGenLib.scene.files import read_case

        def show(future: Future) -> None:
            with slicer.util.tryWithErrorDisplay(_("The case was not kept.")):
                try:
                    name = future.result().name
                finally:
                    self.listCases()
                self.tell(_("Kept as {name}.").format(name=name))

        with slicer.util.tryWithErrorDisplay(_("The case was not kept."), waitCursor=True):
            case, catalogue = read_case(self.parameterNode.segmentation, self.parameterNode.ct), self.catalogue
            self._reader.run(lambda: catalogue.keep(case), show)
            self.refresh()

    def onTag(self) -> None:
        typed = self.ui.caseTagsEdit.text.split(",")
        self.change(lambda name: self.catalogue.tag(name, typed))

    def onRename(self) -> None:
        typed = self.ui.caseNameEdit.text.strip()
        self.change(lambda name: self.catalogue.rename(name, typed))

    def onDelete(self) -> None:
        self.change(lambda name: self.catalogue.delete(name))

    def change(self, change: Callable[[str], Any]) -> None:
        """Do something to the chosen case and choose what it has become."""
        with slicer.util.tryWithErrorDisplay(_("The case was not changed.")):
            name = self.chosen()
            try:
                entry = change(name)
                if entry is not None and self.openName == name and not (self.catalogue.folder / name).exists():
                    self.openName = entry.name
            finally:
                self.listCases()
            names = [one.name for one in self.entries]
            if entry is not None and entry.name in names:
                self.ui.casesList.setCurrentRow(names.index(entry.name))

    def cleanup(self) -> None:
        self._pictures.close()
        self._reader.close()
