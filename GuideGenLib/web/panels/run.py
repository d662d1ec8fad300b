"""Generate and Cancel, the progress with the time left, and how a run ended, whichever panel started it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from trame.widgets import html
from trame.widgets import vuetify3 as v3
from trame_server.utils.asynchronous import create_task

from GuideGenLib.web.panels.panel import Panel
from GuideGenLib.web.panels.settings import SettingsPanel
from GuideGenLib.web.panels.understood import UnderstoodPanel
from GuideGenLib.web.runner import Runner
from GuideGenLib.web.workspace import Workspace
from GuideGenLib.workflow.job import Outcome
from GuideGenLib.workflow.understood import description_of
from GuideGenLib.workflow.words import NO_TEXT, STARTING, STOPPING, progress_text, say, sentence, told

DOUBLE_CLICK_S = 0.7
"""The second press of a double click comes within this time."""

COMPLETION = (
    "Keeps the segments that are shown exactly as they are (body, fat and muscle apart) and draws the rest of the "
    "patient around them, as a new anatomy. Hide what is to be drawn anew."
)


class RunPanel(Panel):
    """The runs themselves are the runner's; a handler only starts a task, so that Cancel is heard while it goes on."""

    def __init__(
        self, server: Any, workspace: Workspace, runner: Runner, understood: UnderstoodPanel, settings: SettingsPanel
    ) -> None:
        super().__init__(server, workspace)
        self.runner, self.understood, self.settings = runner, understood, settings
        self._begun = 0.0
        self.state.update(
            {
                "run_busy": False,
                "run_cancelled": False,
                "run_percent": 0,
                "run_text": "",
                "run_details": "",
                "run_hindrance": "",
                "run_anatomy": False,
            }
        )
        runner.progressed.connect(self._on_progress)
        runner.ended.connect(self._on_end)
        understood.changed.connect(self.refresh)
        workspace.chosen.connect(self._on_chosen)
        self.refresh()

    def refresh(self) -> None:
        """Why no anatomy can be generated now, empty where it can."""
        typed = self.understood.prompt.text.strip()
        self.state.run_hindrance = told(self.understood.understanding.error) if typed else say(NO_TEXT)
        if typed and self.runner.job is None:  # the models are loaded while one types
            self._choose_model()
            self.runner.warm()

    # ------------------------------------------------------------ starts

    def generate(self) -> None:
        """Draw an anatomy of the text; while a run goes on, cancel it, but not by the second of a double click."""
        if self.runner.job is not None:
            if not self._just_begun:
                self.cancel()
            return
        if self.understood.description is None:
            return
        self.settings.draw_seed()
        settings, corrections = self.settings.values, self.understood.corrections
        self.understood.prompt.remember()
        self.start(lambda: self.runner.start_anatomy(self._description(False), settings, corrections))

    def complete(self) -> None:
        """Keep the shown segments of the chosen anatomy and draw the rest anew, of the text if there is one."""
        self.settings.draw_seed()
        settings, corrections = self.settings.values, self.understood.corrections
        self.start(lambda: self.runner.start_completion(self._description(True), settings, corrections))

    def generate_ct(self) -> None:
        """Make the CT of the chosen anatomy."""
        settings = self.settings.values
        self.start(lambda: self.runner.start_ct(self._description(True), settings))

    def regenerate(self) -> None:
        """Make the chosen CT again where the anatomy was edited."""
        settings = self.settings.values
        self.start(lambda: self.runner.edit(self._description(True), settings))

    def cancel(self) -> None:
        """Stop the run; the scene stays as it is."""
        self.runner.cancel()
        self.state.run_cancelled = True
        self.state.run_text = say(STOPPING)

    def start(self, begin: Callable[[], object]) -> None:
        """Begin a run and follow it in a task; the second press of a double click begins none."""
        if self.runner.job is not None and self._just_begun:
            return
        self._choose_model()
        try:
            begin()
        except ValueError as error:  # of the scene, of the description
            self.workspace.tell(sentence(error), "warning")
            return
        self.state.update(
            {"run_busy": True, "run_cancelled": False, "run_percent": 0, "run_text": say(STARTING), "run_details": ""}
        )
        self._begun = time.monotonic()
        create_task(self._follow())

    def _choose_model(self) -> None:
        self.runner.use(self.settings.bundle, self.runner.device)

    @property
    def _just_begun(self) -> bool:
        return time.monotonic() <= self._begun + DOUBLE_CLICK_S

    async def _follow(self) -> None:
        await asyncio.sleep(0)  # the answer to the click goes out first
        await self.runner.follow()

    def _description(self, may_be_empty: bool) -> dict[str, Any]:
        return description_of(self.understood.prompt.text, self.understood.corrections, may_be_empty=may_be_empty)

    def typed(self) -> dict[str, Any] | None:
        """The description that is typed, None where there is none."""
        return None if self.understood.description is None else self._description(False)

    # ------------------------------------------------------------ what comes back

    def _on_chosen(self) -> None:
        with self.state:
            self.state.run_anatomy = self.workspace.segmentation is not None
            if not self.state.run_busy:
                self.dismiss()

    def dismiss(self) -> None:
        """Take away how the last run ended."""
        self.state.run_text = self.state.run_details = ""

    def _on_progress(self, event: Any) -> None:
        with self.state:
            self.state.run_percent = round(100 * event.fraction, 1)
            if not self.state.run_cancelled:
                self.state.run_text = _told(event)

    def _on_end(self, outcome: Outcome) -> None:
        with self.state:
            self.state.run_busy = False
            self.state.run_details = outcome.details
            self.state.run_text = outcome.text
            if outcome.state == "failed":
                self.workspace.tell(outcome.message, "error")

    # ------------------------------------------------------------ widgets

    def build(self) -> None:
        """The button that turns into Cancel."""
        v3.VBtn(
            "{{ run_busy ? 'Cancel' : 'Generate anatomy' }}",
            id="run-generate",
            click=self.generate,
            block=True,
            color=("run_busy ? 'warning' : 'primary'",),
            prepend_icon=("run_busy ? 'mdi-stop' : 'mdi-human'",),
            disabled=("run_busy ? run_cancelled : run_hindrance !== ''",),
            title=("run_busy ? 'Stops the run; the scene stays as it is' : run_hindrance || 'Ctrl+Enter'",),
        )

    def build_completion(self) -> None:
        """The button below the segments, which are shown or hidden there."""
        v3.VBtn(
            "Keep these segments, draw the rest anew",
            id="run-complete",
            click=self.complete,
            block=True,
            size="small",
            variant="tonal",
            prepend_icon="mdi-human-edit",
            disabled=("run_busy || !run_anatomy",),
            title=COMPLETION,
            classes="my-2",
        )

    def build_progress(self) -> None:
        """How far the run is, whichever panel started it, with a Cancel of its own; it stays in sight."""
        with html.Div(v_if=("run_text",), classes="px-3 py-2", style="border-top: 1px solid rgba(128, 128, 128, 0.4)"):
            v3.VProgressLinear(
                id="run-progress",
                v_if=("run_busy",),
                model_value=("run_percent",),
                indeterminate=("run_percent === 0",),
                aria_label="Progress of the run",
                height=6,
                rounded=True,
                color="primary",
                classes="mb-1",
            )
            with html.Div(classes="d-flex align-center"):
                html.Div(
                    "{{ run_text }}",
                    id="run-text",
                    role="status",
                    classes="text-body-2 flex-grow-1",
                    style="white-space: pre-line; max-height: 96px; overflow: auto",
                )
                v3.VBtn(
                    "Cancel",
                    id="run-cancel",
                    v_if=("run_busy",),
                    click=self.cancel,
                    disabled=("run_cancelled",),
                    size="small",
                    variant="text",
                    color="warning",
                )
                v3.VBtn(
                    v_if=("!run_busy",),
                    id="run-dismiss",
                    icon="mdi-close",
                    click=(self.dismiss, "[]"),
                    size="x-small",
                    variant="text",
                    title="Take this message away",
                    aria_label="Take this message away",
                )
            with html.Details(v_if=("run_details",), classes="text-caption"):
                html.Summary("Details")
                html.Pre("{{ run_details }}", style="white-space: pre-wrap; max-height: 160px; overflow: auto")


def _told(event: Any) -> str:
    return progress_text(event.stage, event.fraction, event.remaining_s, event.place)
