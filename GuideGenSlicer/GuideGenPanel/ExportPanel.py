"""The runs that the scene holds, and the scene or a case as files."""

from concurrent.futures import Future
from pathlib import Path
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from GuideGenLib.workflow import words

from . import Setup
from .Panel import Panel, enable
from .Signal import Signal

SCENE_NAME, DICOM_FOLDER = "GuideGen.mrb", "DICOM"


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
        self.ui.exportDicomButton.connect("clicked()", self.onExportDicom)

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
        nothing = nothing or ("" if self.parameterNode.ct is not None else _("There is no CT yet: generate one."))
        enable(
            self.ui.exportDicomButton,
            words.say(words.BUSY) if self.logic.busy else nothing,
            _(
                "Writes CT series, segmentation and report of the chosen anatomy and CT as a DICOM study into a folder "
                "{name}; every object is marked as synthetic."
            ).format(name=DICOM_FOLDER),
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

    def onExportDicom(self) -> None:
        """Write the study beside the window; Cancel, or another scene, leaves nothing of it."""
        from GuideGenLib.core.progress import Cancelled
        from GuideGenLib.export.dicom.write import NAMES
        from GuideGenLib.scene.files import read_case
        from GuideGenLib.workflow.dicom import save_dicom

        folder = self.chooseFolder()
        if folder is None or not self.hasDicomPackages():
            return
        target = folder / DICOM_FOLDER
        there = [name for name in NAMES if (target / name).exists()]
        question = _("Replace {names} in {folder}?").format(names=", ".join(there), folder=target)
        if there and not slicer.util.confirmYesNoDisplay(question):
            return
        background = self.logic.background
        turn = background.turn

        def go_on(_stage: str, _fraction: float) -> None:
            if background.turn != turn:
                raise Cancelled

        def show(future: Future) -> None:
            with slicer.util.tryWithErrorDisplay(_("The study was not written.")):
                try:
                    self.ui.exportLabel.text = _("Wrote the study {folder}.").format(folder=future.result())
                finally:
                    self.changed.emit()

        with slicer.util.tryWithErrorDisplay(_("The study was not written."), waitCursor=True):
            case = read_case(self.parameterNode.segmentation, self.parameterNode.ct)
            self.ui.exportLabel.text = ""
            try:
                self.logic.background.run(lambda: save_dicom(case, target, overwrite=bool(there), progress=go_on), show)
            finally:
                self.changed.emit()

    def hasDicomPackages(self) -> bool:
        """Whether they are there, after they were installed if need be; False when the user says no."""
        missing = Setup.missingForDicom()
        if not missing:
            return True
        question = _(
            "DICOM needs these Python packages:\n\n{names}\n\nThey are downloaded (about {size} MB) and installed into "
            "Slicer's Python. Install them now?"
        ).format(names="\n".join(missing.names), size=missing.megabytes[1])
        if not slicer.util.confirmOkCancelDisplay(question):
            return False
        with slicer.util.tryWithErrorDisplay(_("The packages were not installed."), waitCursor=True):
            Setup.install(missing)
        return not Setup.missingForDicom()

    def chooseFolder(self) -> Path | None:
        """The folder of the form; asked for where it is empty, None when the user says no."""
        if not self.parameterNode.exportFolder.strip():
            folder = qt.QFileDialog.getExistingDirectory(slicer.util.mainWindow(), _("Folder for the files"))
            if not folder:
                return None
            self.parameterNode.exportFolder = folder
        return Path(self.parameterNode.exportFolder)
