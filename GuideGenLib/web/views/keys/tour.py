"""A tour of four steps for who is here for the first time. It stands in the panel and covers nothing."""

from __future__ import annotations

from typing import Any

from trame.widgets import client, html
from trame.widgets import vuetify3 as v3

from GuideGenLib.web.scripts import once

TOUR = (
    ("prompt-text", "Describe", "Write in plain words who the patient is and what is to be seen, or take an example."),
    ("run-generate", "Generate", "This draws the anatomy; below, under CT, its CT is made. Both can be cancelled."),
    (
        "views-tools",
        "Look",
        "The wheel scrolls; W drags the window, G hides labels, F goes to the finding, D measures, ? lists all keys.",
    ),
    (
        "shell-files",
        "Keep",
        "Edit the segments with the brush, make the CT again near your edits, and save it all here.",
    ),
)
"""What a step points at (an id), its title, and what it says."""

SCRIPT = """
(() => {
  const name = 'guidegen-toured', targets = TARGETS;
  const wait = setInterval(() => {
    if (window.trame?.state?.get('tour_step') === undefined) return;
    clearInterval(wait);
    let toured = null, begun = false;
    try { toured = localStorage.getItem(name); } catch { return; }
    if (!toured) window.trame.state.set('tour_step', 0);
    window.trame.state.watch(['tour_step'], (step) => {
      document.querySelectorAll('.tour-target').forEach((one) => one.classList.remove('tour-target'));
      const target = document.getElementById(targets[step]);
      target?.classList.add('tour-target');
      target?.scrollIntoView({ block: 'nearest' });
      if (begun && step < 0) localStorage.setItem(name, '1');
      begun = step >= 0;
    });
  }, 100);
})();
"""
STYLE = ".tour-target { outline: 3px solid #4FC3F7 !important; outline-offset: 2px; border-radius: 4px }"


class Tour:
    """`tour_step`: the step that is shown, -1: none. The browser remembers who has seen it."""

    def __init__(self, server: Any) -> None:
        self._state = server.state
        self._state.tour_step = -1

    def build(self) -> None:
        """Write it into the open layout."""
        targets = str([target for target, _, _ in TOUR])
        client.Script(once(SCRIPT.replace("TARGETS", targets)))
        client.Style(STYLE)
        last = len(TOUR) - 1
        with v3.VAlert(id="tour", v_if=("tour_step >= 0",), variant="tonal", density="compact", classes="ma-2"):
            for step, (_, title, words) in enumerate(TOUR):
                with html.Div(v_if=(f"tour_step === {step}",)):
                    html.Div(f"{step + 1} of {len(TOUR)}: {title}", classes="text-subtitle-2")
                    html.Div(words, classes="text-body-2")
            with html.Div(classes="d-flex mt-1", style="gap: 4px"):
                self._button("back", "Back", "tour_step = tour_step - 1", "tour_step > 0")
                self._button("next", "Next", "tour_step = tour_step + 1", f"tour_step < {last}")
                self._button("end", f"{{{{ tour_step < {last} ? 'Skip' : 'Done' }}}}", "tour_step = -1", "true")

    @staticmethod
    def _button(name: str, text: str, click: str, shown: str) -> None:
        v3.VBtn(text, id=f"tour-{name}", v_if=(shown,), click=click, size="small", variant="text")
