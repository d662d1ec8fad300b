"""The text of the patient: examples, history, and what was typed, which survives a reload of the page."""

from __future__ import annotations

from typing import Any

from trame.widgets import vuetify3 as v3
from undo_stack import Signal

from GuideGenLib.web.panels.panel import Panel
from GuideGenLib.web.workspace import Workspace

EXAMPLES = (
    "This patient is a white male. In this medical CT scan, his clinical status can be described as an advanced lung "
    "cancer in the upper left lobe, with a TNM staging of T3NMX.",
    "This patient is a black African American of unknown age and non-Hispanic or Latino race. In this CT image, the "
    "patient's condition is described as huge tumor around the descendant colon, of stage T4NMX.",
)
LONGEST_HISTORY = 30
LONGEST_ITEM = 70


class PromptPanel(Panel):
    """`changed(text)` is emitted while one types."""

    changed = Signal(str)

    def __init__(self, server: Any, workspace: Workspace) -> None:
        super().__init__(server, workspace)
        self.state.prompt_text = ""
        self.state.prompt_choices = self._choices([])
        self.state.change("prompt_text")(lambda prompt_text, **_: self.changed.emit(prompt_text or ""))

    @property
    def text(self) -> str:
        """What is typed."""
        return str(self.state.prompt_text or "")

    def set_text(self, text: str) -> None:
        """Write a text in place of what is typed."""
        self.state.prompt_text = text

    def remember(self) -> None:
        """Put the text at the top of the history."""
        text = self.text.strip()
        history = [item["text"] for item in self.state.prompt_choices if item["kind"] == "history"]
        if text and text not in EXAMPLES:
            history = [text, *(one for one in history if one != text)][:LONGEST_HISTORY]
        self.state.prompt_choices = self._choices(history)

    def build(self) -> None:
        """The field and the menu of examples and earlier texts."""
        v3.VTextarea(
            id="prompt-text",
            v_model=("prompt_text",),
            label="Describe a patient",
            placeholder="68 year old woman, 3 cm mass in the head of the pancreas",
            rows=4,
            max_rows=8,
            auto_grow=True,
            persistent_placeholder=True,
        )
        with v3.VMenu(max_width=460):
            with v3.Template(v_slot_activator="{ props }"):
                v3.VBtn(
                    "Examples and history",
                    id="prompt-choices",
                    v_bind="props",
                    variant="text",
                    size="small",
                    prepend_icon="mdi-history",
                    classes="px-1",
                )
            with v3.VList(density="compact", max_height=420):
                v3.VListItem(
                    v_for="(item, index) in prompt_choices",
                    key="index",
                    id=("`prompt-choice-${index}`",),
                    title=("item.short",),
                    subtitle=("item.kind === 'example' ? 'Example' : 'Earlier'",),
                    click=(self.set_text, "[item.text]"),
                )

    def _choices(self, history: list[str]) -> list[dict[str, str]]:
        items = [("example", text) for text in EXAMPLES] + [("history", text) for text in history]
        return [{"kind": kind, "text": text, "short": _short(text)} for kind, text in items]


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_ITEM else line[: LONGEST_ITEM - 1].rstrip() + "…"
