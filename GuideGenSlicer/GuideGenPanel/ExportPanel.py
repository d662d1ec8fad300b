"""The runs that the scene holds, and the scene or a case as files."""

from pathlib import Path
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from .Panel import Panel, enable
from .Signal import Signal

SCENE_NAME = "GuideGen.mrb"


class ExportPanel(Panel):
    """Files appear whole or not at all; what is there is replaced only when the user says so.

    runChosen: the user goes on with an earlier run, which the state has now.
    """

    def __init__(self, ui: Any, logic: Any, session: Any) -> None:
        super().__init__(ui, logic, session)
        self.runChosen = Signal()
        self.runs: list = []
        self.ui.runsList.connect("itemDoubleClicked(QListWidgetItem*)", self.onRun)
        self.ui.exportFolderEdit.connect("currentPathChanged(QString)", self.onFolder)
        self.ui.exportSceneButton.connect("clicked()", self.onSaveScene)
        self.ui.exportFolderButton.connect("clicked()", self.onExportFolder)

    def refresh(self) -> None:
        if self.parameterNode is None:
            self.runs = []
            self.ui.exportLabel.text = ""
            return
        if self.ui.exportFolderEdit.currentPath != self.parameterNode.exportFolder:
            self.ui.exportFolderEdit.currentPath = self.parameterNode.exportFolder
        nothing = "" if self.parameterNode.segmentation is not None else _("There is no anatomy yet: generate one.")
        enable(
            self.ui.exportFolderButton,
            nothing,
            _("Writes anatomy.nii.gz, labels.csv, ct.nii.gz and provenance.json of the chosen anatomy and CT."),
        )
        enable(
            self.ui.exportSceneButton, "", _("Writes the whole scene into one file, {name}.").format(name=SCENE_NAME)
        )

    def sceneChanged(self) -> None:
        """List the runs."""
        from GuideGenLib.scene.runs.hierarchy import hierarchy_of
        from GuideGenLib.scene.runs.run import runs

        scene = slicer.mrmlScene
        self.runs = runs(scene)
        self.ui.runsList.clear()
        for run in self.runs:
            title = hierarchy_of(scene).GetItemName(run.folder_item)
            seed = (run.provenance.get("settings") or {}).get("seed", "?")
            text = _("{title} - seed {seed}, {count} CT").format(title=title, seed=seed, count=len(run.cts))
            self.ui.runsList.addItem(text)

    def onRun(self, item) -> None:
        """Go on with a run."""
        self.take(self.runs[self.ui.runsList.row(item)])

    def takeNewest(self) -> None:
        """Go on with the newest run of a scene whose state knows of none: the command line wrote it, or the page."""
        state = self.parameterNode
        if self.runs and state.segmentation is None and not state.prompt:
            self.take(self.runs[-1])

    def take(self, run: Any) -> None:
        """Its nodes, its text and seed, its corrections."""
        from GuideGenLib.generator.settings import RunSettings
        from GuideGenLib.workflow.runs import CORRECTIONS

        state = self.parameterNode
        with slicer.util.NodeModify(state):
            state.prompt = run.provenance.get("text") or state.prompt
            state.corrections = run.segmentation.GetAttribute(CORRECTIONS) or ""
            state.seed = RunSettings.of_record(run.provenance).seed
            state.segmentation = run.segmentation
            state.ct = run.ct
            state.comparedCT = run.older_ct
        self.runChosen.emit()

    def onFolder(self, path: str) -> None:
        if self.parameterNode is not None and path != self.parameterNode.exportFolder:
            self.parameterNode.exportFolder = path

    def onSaveScene(self) -> None:
        from GuideGenLib.scene.files import save_mrb

        folder = self.chooseFolder()
        if folder is None:
            return
        path = folder / SCENE_NAME
        if path.exists() and not slicer.util.confirmYesNoDisplay(_("Replace {path}?").format(path=path)):
            return
        with slicer.util.tryWithErrorDisplay(_("The scene was not saved."), waitCursor=True):
            save_mrb(slicer.mrmlScene, path)
            self.ui.exportLabel.text = _("Saved {path}.").format(path=path)

    def onExportFolder(self) -> None:
        from GuideGenLib.scene.files import ANATOMY, CT, LABELS, PROVENANCE, export_folder

        folder = self.chooseFolder()
        if folder is None:
            return
        there = [name for name in (ANATOMY, LABELS, CT, PROVENANCE) if (folder / name).exists()]
        question = _("Replace {names} in {folder}?").format(names=", ".join(there), folder=folder)
        if there and not slicer.util.confirmYesNoDisplay(question):
            return
        with slicer.util.tryWithErrorDisplay(_("The files were not written."), waitCursor=True):
            state = self.parameterNode
            written = export_folder(state.segmentation, state.ct, folder, overwrite=bool(there))
            names = ", ".join(path.name for path in written)
            self.ui.exportLabel.text = _("Wrote {names} into {folder}.").format(names=names, folder=folder)

    def chooseFolder(self) -> Path | None:
        """The folder of the form; asked for where it is empty, None when the user says no."""
        if not self.parameterNode.exportFolder.strip():
            folder = qt.QFileDialog.getExistingDirectory(slicer.util.mainWindow(), _("Folder for the files"))
            if not folder:
                return None
            self.parameterNode.exportFolder = folder
        return Path(self.parameterNode.exportFolder)
