"""After a run: the slices go to the finding, surfaces come where the machine bears them, a summary can be copied."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from trame.widgets import client, html
from trame.widgets import vuetify3 as v3

from GuideGenLib.scene.runs.provenance import provenance_of
from GuideGenLib.web.panels.panel import Panel
from GuideGenLib.web.scripts import once
from GuideGenLib.web.views.views import Views
from GuideGenLib.web.workspace import Workspace
from GuideGenLib.workflow.job import ANATOMY, CHANGE, Outcome
from GuideGenLib.workflow.summary import not_drawn, summary_of

if TYPE_CHECKING:
    from GuideGenLib.web.panels.understood import UnderstoodPanel
    from GuideGenLib.web.runner import Runner

CORES_FOR_SURFACES = 4
"""On fewer, the seconds of making surfaces are felt in the slices."""

SCRIPT = """
document.addEventListener('click', async (event) => {
  if (!event.target.closest?.('#summary-copy')) return;
  const text = document.getElementById('summary-text').textContent;
  try {
    await navigator.clipboard.writeText(text);
  } catch {  // a page that is not served by https may not
    const field = Object.assign(document.createElement('textarea'), { value: text });
    document.body.append(field);
    field.select();
    document.execCommand('copy');
    field.remove();
  }
  window.trame.state.set('summary_copied', true);
});
"""


class AfterRun(Panel):
    """The summary is of the chosen anatomy, also of one that was opened; what is not drawn is of the text as typed."""

    def __init__(
        self, server: Any, workspace: Workspace, views: Views, runner: Runner, understood: UnderstoodPanel
    ) -> None:
        super().__init__(server, workspace)
        self.views, self.understood = views, understood
        self._first = True
        self.state.update({"summary_text": "", "summary_copied": False, "summary_missing": []})
        workspace.chosen.connect(self.refresh)
        understood.changed.connect(self._on_understood)
        runner.ended.connect(self._on_end)

    def refresh(self) -> None:
        """Of the chosen anatomy."""
        node = self.workspace.segmentation
        summary = summary_of(provenance_of(node)) if node is not None else None
        text = "" if summary is None else summary.text
        if text != self.state.summary_text:
            with self.state:
                self.state.update({"summary_text": text, "summary_copied": False})

    def _on_understood(self, *_: Any) -> None:
        self.state.summary_missing = not_drawn(self.understood.description)

    def _on_end(self, outcome: Outcome) -> None:
        if outcome.state != "done" or outcome.job.kind not in (ANATOMY, CHANGE):
            return
        self.views.actions.show_finding()
        if self._first and cores() >= CORES_FOR_SURFACES:
            with self.state:
                self.state.views_surfaces = True
        self._first = False  # whoever switched them off wants them off

    def build(self) -> None:
        """The summary, with its button."""
        client.Script(once(SCRIPT))
        with html.Div(v_if=("summary_text",), classes="my-2 pa-2 border rounded text-body-2", id="summary"):
            html.Div("{{ summary_text }}", id="summary-text", style="white-space: pre-line")
            v3.VBtn(
                "{{ summary_copied ? 'Copied' : 'Copy' }}",
                id="summary-copy",
                size="small",
                variant="text",
                prepend_icon=("summary_copied ? 'mdi-check' : 'mdi-content-copy'",),
                title="Copy the summary",
                classes="px-1 mt-1",
            )

    def build_missing(self) -> None:
        """What of the text will not be drawn, beside the button that draws the rest."""
        with html.Div(v_if=("summary_missing.length",), id="summary-missing", classes="text-body-2 mt-2"):
            v3.VIcon("mdi-eye-off-outline", size="16", color="warning", classes="mr-1")
            html.Span("Not drawn: {{ summary_missing.join('; ') }}")


def cores() -> int:
    """That this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
