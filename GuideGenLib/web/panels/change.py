"""One sentence more about the chosen case: what would change, shown while one types, the change, and the way back."""

from __future__ import annotations

from typing import Any

from trame.widgets import html
from trame.widgets import vuetify3 as v3
from undo_stack import Signal

from GuideGenLib.scene.errors import SceneError
from GuideGenLib.scene.runs.provenance import provenance_of
from GuideGenLib.scene.runs.results import changed_from
from GuideGenLib.web.panels.panel import Panel
from GuideGenLib.web.panels.run import RunPanel
from GuideGenLib.web.workspace import Workspace
from GuideGenLib.workflow.changes import CaseNow, case_now, understand_change, undo_change
from GuideGenLib.workflow.job import CHANGE, Outcome
from GuideGenLib.workflow.runs import CORRECTIONS

HINT = "make the tumour 2 cm larger and add a 15 mm nodule in the right lung"


class ChangePanel(Panel):
    """Its run is started by the run panel, where its progress is seen. `described(record, corrections)` is emitted when
    another case is chosen by it, so that text and corrections go along."""

    described = Signal(dict, str)

    def __init__(self, server: Any, workspace: Workspace, run: RunPanel) -> None:
        super().__init__(server, workspace)
        self.run = run
        self.state.update(
            {
                "change_sentence": "",
                "change_lines": [],
                "change_notes": [],
                "change_error": "",
                "change_can_undo": False,
            }
        )
        self.state.change("change_sentence")(lambda **_: self.refresh())
        workspace.chosen.connect(self.refresh)
        run.runner.ended.connect(self._on_end)

    def refresh(self) -> None:
        """Show what the sentence would change of the chosen case."""
        segmentation = self.workspace.segmentation
        read = understand_change(str(self.state.change_sentence or ""), self._case())
        with self.state:
            self.state.change_lines, self.state.change_notes = list(read.lines), list(read.notes)
            self.state.change_error = read.error
            self.state.change_can_undo = changed_from(segmentation) is not None

    def apply(self) -> None:
        """Change the case; the one before stays in the scene."""
        case, sentence = self._case(), str(self.state.change_sentence or "")
        if case is not None and self.state.change_lines:
            settings = self.run.settings.values
            self.run.start(lambda: self.run.runner.start_change(sentence, case, settings))

    def undo(self) -> None:
        """Take up the case that the chosen one was made of."""
        if undo_change(self.workspace):
            self._tell_described()

    def build(self) -> None:
        """The sentence, what it would change, and two buttons."""
        v3.VTextarea(
            id="change-sentence",
            v_model=("change_sentence",),
            label="What is to change",
            placeholder=HINT,
            rows=2,
            auto_grow=True,
            persistent_placeholder=True,
            disabled=("!ct_anatomy",),
            classes="mb-2",
        )
        with html.Div(id="change-understood", classes="text-body-2 mb-2"):
            html.Div("{{ line }}", v_for="(line, index) in change_lines", key="index")
            html.Div("{{ note }}", v_for="(note, index) in change_notes", key="index", classes="text-medium-emphasis")
            html.Div("{{ change_error }}", v_if=("change_error",), classes="text-warning")
        v3.VBtn(
            "Make this change",
            id="change-apply",
            click=(self.apply, "[]"),
            block=True,
            color="primary",
            variant="tonal",
            prepend_icon="mdi-account-edit-outline",
            disabled=("run_busy || change_lines.length === 0",),
            title="Changes what is listed above in anatomy and CT, there alone, as a new run beside this one",
            classes="mb-2",
        )
        v3.VBtn(
            "Undo this change",
            id="change-undo",
            click=(self.undo, "[]"),
            block=True,
            variant="text",
            prepend_icon="mdi-undo",
            disabled=("run_busy || !change_can_undo",),
            title="Goes back to the case that this one was made of; the changed one stays in the list of anatomies",
        )

    # ------------------------------------------------------------ inside

    def _case(self) -> CaseNow | None:
        """The chosen case, None where there is none of which something is known."""
        if self.workspace.segmentation is None:
            return None
        try:
            return case_now(self.workspace.segmentation, self.workspace.ct, self.run.typed())
        except SceneError:
            return None

    def _on_end(self, outcome: Outcome) -> None:
        if outcome.job.kind == CHANGE and outcome.state == "done":
            with self.state:
                self.state.change_sentence = ""
            self._tell_described()

    def _tell_described(self) -> None:
        segmentation = self.workspace.segmentation
        record = provenance_of(segmentation)
        if record is not None:
            self.described.emit(record, segmentation.GetAttribute(CORRECTIONS) or "")
