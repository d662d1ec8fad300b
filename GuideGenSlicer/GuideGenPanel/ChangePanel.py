"""One sentence more about the chosen case: what would change, the change, and the way back."""

from collections.abc import Callable
from typing import Any

import slicer
from slicer.i18n import tr as _

from GuideGenLib.workflow import words
from GuideGenLib.workflow.job import CHANGE, Job

from .Panel import Panel, enable
from .Signal import Signal


class ChangePanel(Panel):
    """The sentence is understood while it is typed. What is typed belongs to no scene and is not saved.

    runWanted: tells a function of the parameter node that begins a run; runChosen: the case before was taken up.
    hindrance: why nothing can be generated, empty where it can.
    """

    def __init__(self, ui: Any, logic: Any, session: Any, hindrance: Callable[[], str]) -> None:
        super().__init__(ui, logic, session)
        self.runWanted, self.runChosen = Signal(), Signal()
        self._hindrance = hindrance
        self._read: Any = None
        self._for: tuple[Any, ...] | None = None
        ui.changeEdit.connect("textChanged()", self.refresh)
        ui.changeButton.connect("clicked()", self.onChange)
        ui.undoChangeButton.connect("clicked()", self.onUndo)

    @property
    def sentence(self) -> str:
        """What is typed."""
        return str(self.ui.changeEdit.toPlainText()).strip()

    def refresh(self) -> None:
        state = self.parameterNode
        if state is None:
            self._for = None
            if self.sentence:  # of a scene that is closed
                self.ui.changeEdit.setPlainText("")
            return
        shown = self.sentence, state.segmentation, state.ct, state.prompt, state.corrections
        if shown != self._for:
            self._for = shown
            self.show()
        tip = _("Changes what is listed above in anatomy and CT, there alone, as a new run beside this one.")
        enable(self.ui.changeButton, self.hindrance(), tip)
        tip = _("Goes back to the case that this one was made of; the changed one stays in the scene.")
        enable(self.ui.undoChangeButton, self.undoHindrance(), tip)

    def show(self) -> None:
        """What the sentence would change of the chosen case, or why nothing."""
        from GuideGenLib.workflow.changes import understand_change

        self._read = understand_change(self.sentence, self.case())
        lines = [*self._read.lines, *self._read.notes, *filter(None, (self._read.error,))]
        self.ui.changeLabel.text = "\n".join(lines)

    def case(self) -> Any:
        """The chosen case (a workflow.changes.CaseNow), None where there is none of which something is known."""
        from GuideGenLib.description.report import to_json
        from GuideGenLib.scene.errors import SceneError
        from GuideGenLib.workflow.changes import case_now

        state = self.parameterNode
        if state.segmentation is None:
            return None
        description = self.logic.understanding(state).description
        try:
            return case_now(state.segmentation, state.ct, None if description is None else to_json(description))
        except SceneError:
            return None

    def hindrance(self) -> str:
        """Why the case cannot be changed now, empty where it can."""
        if self.logic.busy:
            return words.say(words.BUSY)
        if self.parameterNode.segmentation is None:
            return words.say(words.NO_ANATOMY)
        if not self.sentence:
            return _("Say what is to change.")
        if self._read is not None and self._read.error:
            return self._read.error
        if self._read is None or not self._read.lines:
            return words.say(words.NOTHING_KNOWN)
        return self._hindrance()

    def undoHindrance(self) -> str:
        """Why there is no way back, empty where there is one."""
        from GuideGenLib.scene.runs.results import changed_from

        if self.logic.busy:
            return words.say(words.BUSY)
        if changed_from(self.parameterNode.segmentation) is None:
            return _("The chosen case was not made by a change.")
        return ""

    def onChange(self) -> None:
        case, sentence = self.case(), self.sentence
        self.runWanted.emit(lambda parameterNode: self.logic.startChange(parameterNode, sentence, case))

    def onUndo(self) -> None:
        """Take up the case before, with its text and corrections."""
        from GuideGenLib.workflow.changes import undo_change

        with slicer.util.tryWithErrorDisplay(_("The change could not be undone.")):
            if undo_change(self.logic):
                self.take()
                self.runChosen.emit()

    def showEnded(self, job: Job) -> None:
        """Go on with the text and the corrections of a changed case; the next sentence is another one."""
        if job.kind == CHANGE:
            self.ui.changeEdit.setPlainText("")
            self.take()

    def take(self) -> None:
        """The text and the corrections of the chosen segmentation."""
        from GuideGenLib.scene.runs.provenance import provenance_of
        from GuideGenLib.workflow.runs import CORRECTIONS

        state = self.parameterNode
        record = provenance_of(state.segmentation) or {}
        with slicer.util.NodeModify(state):
            state.prompt = record.get("text") or state.prompt
            state.corrections = state.segmentation.GetAttribute(CORRECTIONS) or ""
