"""Says where the chosen CT does not show the chosen anatomy any more: in the bar, in the CT step and in the views."""

from __future__ import annotations

import asyncio
from typing import Any

from trame.widgets import html
from trame.widgets import vuetify3 as v3
from trame_server.utils.asynchronous import create_task

from GuideGenLib.scene.runs.dated import mark, out_of_date_later
from GuideGenLib.web.panels.panel import Panel
from GuideGenLib.web.workspace import Workspace
from GuideGenLib.workflow.words import told

REST_S = 0.5
"""After the last stroke, before the anatomies are compared."""


class DatedPanel(Panel):
    """It compares in a thread, after each choice and each edit, the way back by undo included."""

    def __init__(self, server: Any, workspace: Workspace) -> None:
        super().__init__(server, workspace)
        self._task: asyncio.Task[None] | None = None
        self.state.dated_text = ""
        workspace.chosen.connect(lambda: self._look_after(0.0))
        workspace.edited.connect(lambda: self._look_after(REST_S))

    def _look_after(self, delay: float) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None
        if self.workspace.ct is None or self.workspace.segmentation is None:
            self._say("")
        else:
            self._task = create_task(self._look(delay))

    async def _look(self, delay: float) -> None:
        await asyncio.sleep(delay)
        segmentation, ct = self.workspace.segmentation, self.workspace.ct
        sentence = await asyncio.to_thread(out_of_date_later(segmentation, ct))
        if (segmentation, ct) == (self.workspace.segmentation, self.workspace.ct):
            mark(ct, sentence)
            self._say(sentence)

    def _say(self, sentence: str) -> None:
        with self.state:
            self.state.dated_text = told(sentence)
            self.workspace.set_out_of_date(sentence)

    def build_chip(self) -> None:
        """For the bar, which is always in sight."""
        v3.VChip(
            "CT out of date",
            id="dated-chip",
            v_if=("dated_text",),
            size="small",
            color="error",
            variant="tonal",
            prepend_icon="mdi-sync-alert",
            title=("dated_text",),
            classes="ml-2",
        )

    def build(self) -> None:
        """What differs, and what to do."""
        with v3.VAlert(
            id="dated-text",
            v_if=("dated_text",),
            type="error",
            variant="tonal",
            density="compact",
            classes="mb-2 text-body-2",
        ):
            html.Span("{{ dated_text }}. Regenerate it; files saved now say so, too.", role="status")
