"""The module's widget: loads the form, makes the parts of the panel, and tells them of scenes that come and go."""

import sys

import slicer
from slicer.ScriptedLoadableModule import ScriptedLoadableModuleWidget
from slicer.util import VTKObservationMixin

from GuideGenLib.workflow.job import Job

from .AnatomyFilePanel import AnatomyFilePanel
from .CasesPanel import CasesPanel
from .ChangePanel import ChangePanel
from .ComparePanel import ComparePanel
from .CTPanel import CTPanel
from .DatedPanel import DatedPanel
from .ExportPanel import ExportPanel
from .LesionPanel import LesionPanel
from .Logic import GuideGenLogic
from .Panel import Session
from .ParameterNode import GuideGenParameterNode
from .PromptPanel import PromptPanel
from .QuizPanel import QuizPanel
from .RunPanel import RunPanel
from .SegmentsPanel import SegmentsPanel, jumpTo
from .SettingsPanel import SettingsPanel
from .SetupPanel import SetupPanel
from .SummaryPanel import SummaryPanel
from .UnderstoodPanel import UnderstoodPanel

MODIFIED = "ModifiedEvent"


class GuideGenWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """It only wires: the logic raises, the parts show."""

    def __init__(self, parent=None) -> None:
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.logic: GuideGenLogic | None = None
        self.session = Session()
        self.panels: list = []
        self._guiTag: int | None = None
        self._refreshing = False

    def setup(self) -> None:
        ScriptedLoadableModuleWidget.setup(self)
        uiWidget = slicer.util.loadUI(self.resourcePath("UI/GuideGen.ui"))
        self.layout.addWidget(uiWidget)
        self.ui = slicer.util.childWidgetVariables(uiWidget)
        uiWidget.setMRMLScene(slicer.mrmlScene)
        self.logic = GuideGenLogic()
        shared = self.ui, self.logic, self.session
        self.setupPanel = SetupPanel(*shared)
        self.promptPanel = PromptPanel(*shared)
        self.understoodPanel = UnderstoodPanel(*shared)
        self.settingsPanel = SettingsPanel(*shared)
        self.runPanel = RunPanel(*shared, self.hindrance)
        self.anatomyFilePanel = AnatomyFilePanel(*shared)
        self.segmentsPanel = SegmentsPanel(*shared)
        self.summaryPanel = SummaryPanel(*shared, lambda: self.understoodPanel.understanding.description)
        self.lesionPanel = LesionPanel(*shared)
        self.datedPanel = DatedPanel(*shared)
        self.ctPanel = CTPanel(*shared, self.hindrance)
        self.changePanel = ChangePanel(*shared, self.hindrance)
        self.comparePanel = ComparePanel(*shared)
        self.exportPanel = ExportPanel(*shared)
        self.casesPanel = CasesPanel(*shared)
        self.quizPanel = QuizPanel(*shared, self.casesPanel)
        # In the order in which they depend on each other: refresh() goes through them.
        self.panels = [
            self.setupPanel,
            self.promptPanel,
            self.understoodPanel,
            self.settingsPanel,
            self.runPanel,
            self.anatomyFilePanel,
            self.segmentsPanel,
            self.summaryPanel,
            self.lesionPanel,
            self.datedPanel,
            self.ctPanel,
            self.changePanel,
            self.comparePanel,
            self.exportPanel,
            self.casesPanel,
            self.quizPanel,
        ]
        self.connectPanels()
        scene = slicer.mrmlScene
        self.addObserver(scene, scene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(scene, scene.StartImportEvent, self.onSceneStartImport)
        # Closing and importing are batches, too. Before a batch has ended node selectors do not know its nodes, and at
        # its end the segment editor takes over what its own, hidden selectors have: this observer comes after both.
        self.addObserver(scene, scene.EndBatchProcessEvent, self.onSceneEndBatch)
        slicer.app.connect("aboutToQuit()", self.onAboutToQuit)
        self.initializeParameterNode()

    def connectPanels(self) -> None:
        """What one part tells, others do."""
        for panel in self.panels:
            panel.changed.connect(self.refresh)
        self.runPanel.sceneFilled.connect(self.sceneChanged)
        self.runPanel.ended.connect(self.onRunEnded)
        self.ctPanel.runWanted.connect(self.runPanel.start)
        self.changePanel.runWanted.connect(self.runPanel.start)
        self.changePanel.runChosen.connect(self.showResults)
        self.ctPanel.changeChosen.connect(self.segmentsPanel.goTo)
        self.lesionPanel.aboutToAdd.connect(self.segmentsPanel.editor.saveStateForUndo)
        self.lesionPanel.added.connect(self.segmentsPanel.editor.setCurrentSegmentID)
        self.exportPanel.runChosen.connect(self.showResults)
        self.anatomyFilePanel.loaded.connect(self.onAnatomyLoaded)
        self.casesPanel.caseOpened.connect(self.onCaseOpened)
        self.casesPanel.listed.connect(self.quizPanel.listLessons)
        self.quizPanel.asked.connect(self.showResults)
        self.quizPanel.found.connect(jumpTo)

    # ------------------------------------------------------------ state

    @property
    def parameterNode(self) -> GuideGenParameterNode | None:
        """The state of the open scene; None while there is none."""
        return self.session.parameterNode

    def hindrance(self) -> str:
        """Why nothing can be generated, empty where it can."""
        text = self.parameterNode.prompt.strip()
        return self.setupPanel.hindrance() or (self.understoodPanel.understanding.error if text else "")

    def initializeParameterNode(self) -> None:
        """Show the state that the scene has, and make one where it has none."""
        from GuideGenLib.scene.slices import show_nothing

        self.setParameterNode(self.logic.getParameterNode())
        self.exportPanel.takeNewest()
        if show_nothing(slicer.mrmlScene):
            self.showResults()

    def setParameterNode(self, parameterNode: GuideGenParameterNode | None) -> None:
        """Bind the form to a state; None unbinds it."""
        if self.parameterNode is not None:
            self.parameterNode.disconnectGui(self._guiTag)
            self.removeObserver(self.parameterNode.parameterNode, MODIFIED, self.onModified)
        self.session.parameterNode = parameterNode
        if parameterNode is not None:
            self._guiTag = parameterNode.connectGui(self.ui)
            self.addObserver(parameterNode.parameterNode, MODIFIED, self.onModified)
            self.sceneChanged()
        self.refresh()

    def onModified(self, caller=None, event=None) -> None:
        self.refresh()

    def refresh(self) -> None:
        """Show the state in all parts."""
        if self._refreshing:
            return
        self._refreshing = True
        try:
            for panel in self.panels:
                panel.refresh()
        finally:
            self._refreshing = False

    def sceneChanged(self) -> None:
        """Show what the scene holds in all parts."""
        if self.parameterNode is not None:
            for panel in self.panels:
                panel.sceneChanged()

    def showResults(self) -> None:
        """The anatomy and the CT that are chosen, in the views."""
        self.segmentsPanel.show()
        self.comparePanel.show()

    def onRunEnded(self, job: Job) -> None:
        """Show a new result: the parts where the user goes on."""
        self.ui.anatomySection.collapsed = False
        self.ui.ctSection.collapsed = False
        self.showResults()
        self.summaryPanel.showEnded(job)
        self.ctPanel.showEnded(job)
        self.changePanel.showEnded(job)

    def onCaseOpened(self, record: dict) -> None:
        """Go on with a case of the list, as with a run of the scene."""
        self.sceneChanged()
        segmentation = self.parameterNode.segmentation
        for run in self.exportPanel.runs:
            if record and run.segmentation == segmentation:
                self.exportPanel.take(run)
        self.showResults()

    def onAnatomyLoaded(self) -> None:
        """Show an anatomy of a file, which no run made."""
        if self.parameterNode is not None:
            self.sceneChanged()
            self.showResults()

    # ------------------------------------------------------------ events

    def enter(self) -> None:
        """The user opens the module."""
        if self.parameterNode is None:
            self.initializeParameterNode()
        for panel in self.panels:
            panel.enter()
        self.sceneChanged()
        self.refresh()

    def exit(self) -> None:
        """The user opens another module: a run goes on, shortcuts and effects end."""
        for panel in self.panels:
            panel.exit()

    def onSceneStartClose(self, caller, event) -> None:
        """What runs for this scene has no scene any more."""
        self.runPanel.timer.stop()
        self.logic.abandon()
        self.onSceneStartImport(caller, event)

    def onSceneStartImport(self, caller, event) -> None:
        for panel in self.panels:
            panel.exit()
        self.setParameterNode(None)

    def onSceneEndBatch(self, caller, event) -> None:
        """After closing, loading, or many changes at once. A module that is not open takes the state up when it is."""
        if self.parameterNode is not None:
            self.refresh()
        elif self.parent.isEntered:
            self.initializeParameterNode()
            for panel in self.panels:
                panel.enter()

    def onAboutToQuit(self) -> None:
        self.cleanup()

    def cleanup(self) -> None:
        """The module or the application ends: the worker, its process and its files go."""
        if not self.panels:
            return  # setup() was not reached, or it was done when the application ended
        slicer.app.disconnect("aboutToQuit()", self.onAboutToQuit)
        for panel in self.panels:
            panel.cleanup()
        self.panels = []
        self.setParameterNode(None)
        self.removeObservers()
        self.logic.close()
        self.logic.background.close()

    def onReload(self) -> None:
        """Developers: the parts and the library are read again, too."""
        for name in [name for name in sys.modules if name.split(".")[0] in ("GuideGenPanel", "GuideGenLib")]:
            del sys.modules[name]
        ScriptedLoadableModuleWidget.onReload(self)
