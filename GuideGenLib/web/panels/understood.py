"""What the text was taken to mean, field by field with the words it came from; each field can be corrected."""

from __future__ import annotations

from typing import Any

from trame.widgets import html
from trame.widgets import vuetify3 as v3
from undo_stack import Signal

from GuideGenLib.description import Description, DescriptionError
from GuideGenLib.description.fields import shown
from GuideGenLib.description.understanding import Understanding, understand
from GuideGenLib.web.panels.panel import Panel
from GuideGenLib.web.panels.prompt import PromptPanel
from GuideGenLib.web.workspace import Workspace
from GuideGenLib.workflow.understood import Row, corrected, notes, rows, with_finding, without


class UnderstoodPanel(Panel):
    """`changed` is emitted when text or corrections changed. Rows know their field by its name and the finding's key;
    choices are told by their place in the list, as values may be None."""

    changed = Signal()

    def __init__(self, server: Any, workspace: Workspace, prompt: PromptPanel) -> None:
        super().__init__(server, workspace)
        self.prompt = prompt
        self.corrections = ""
        self.understanding = Understanding(None)
        self._rows: list[Row] = []
        self.state.update({"understood_rows": [], "understood_notes": [], "understood_corrected": False})
        prompt.changed.connect(lambda _text: self.refresh())

    @property
    def description(self) -> Description | None:
        """What conditions the models; None where the text cannot be read."""
        return self.understanding.description

    def set_corrections(self, corrections: str) -> None:
        """Take over corrections (JSON) that were made before."""
        self.corrections = corrections
        self.refresh()

    def refresh(self) -> None:
        """Read the text anew."""
        self.understanding = understand(self.prompt.text, self.corrections)
        self._rows = rows(self.understanding, self.corrections)
        self.state.understood_rows = [_row(row) for row in self._rows]
        self.state.understood_notes = notes(self.understanding, self.prompt.text)
        self.state.understood_corrected = bool(self.corrections)
        self.changed.emit()

    # ------------------------------------------------------------ corrections

    def correct(self, key: str, name: str, value: Any) -> None:
        """Set a field: of the patient (key empty), a finding or an organ. What is typed is text, else an index."""
        row = next(row for row in self._rows if (row.key, row.field.name) == (key, name))
        try:
            if row.choices:
                value = row.choices[int(value)]
            elif row.field.read is not None:
                value = row.field.read(str(value or ""))
            self.corrections = corrected(self.prompt.text, self.corrections, row, value)
        except (DescriptionError, ValueError) as error:
            self.workspace.tell(f"This value cannot be used: {error}", "warning")
        self.refresh()

    def add(self) -> None:
        """A tumour that the text does not name."""
        self.set_corrections(with_finding(self.prompt.text, self.corrections))

    def remove(self, key: str) -> None:
        """Leave a finding, or what is said of an organ, out."""
        self.set_corrections(without(self.prompt.text, self.corrections, key))

    def reset(self) -> None:
        """Take the fields as they were read from the text."""
        self.set_corrections("")

    # ------------------------------------------------------------ widgets

    def build(self) -> None:
        """A table with a row a field, notes below it, and the buttons."""
        html.Div(
            "Type a description above: what it is taken to mean is listed here, and each field can be corrected.",
            v_if=("understood_rows.length === 0 && understood_notes.length === 0",),
            classes="text-medium-emphasis text-body-2",
        )
        with (
            v3.VTable(id="understood-table", density="compact", v_if=("understood_rows.length > 0",)),
            html.Tbody(),
            html.Tr(v_for="row in understood_rows", key="row.id", id=("`understood-row-${row.id}`",)),
        ):
            html.Td("{{ row.title }}", classes="px-1 text-body-2")
            with html.Td(classes="px-1", style="min-width: 130px"):
                v3.VSelect(
                    v_if="row.items.length > 0",
                    id=("`understood-${row.id}`",),
                    model_value=("row.index",),
                    items=("row.items",),
                    update_modelValue=(self.correct, "[row.key, row.name, $event]"),
                    variant="plain",
                    single_line=True,
                )
                v3.VTextField(
                    v_else=True,
                    id=("`understood-${row.id}`",),
                    model_value=("row.value",),
                    placeholder="unknown",
                    change=(self.correct, "[row.key, row.name, $event.target.value]"),
                    variant="plain",
                    single_line=True,
                )
            with html.Td(classes="px-1 text-medium-emphasis text-caption"):
                html.Span("(corrected)", v_if="row.corrected", classes="text-primary")
                html.Span("“{{ row.words }}”", v_else_if="row.words")
                v3.VBtn(
                    v_if="row.first",
                    id=("`understood-remove-${row.id}`",),
                    icon="mdi-close",
                    size="x-small",
                    variant="text",
                    title="Remove this",
                    click=(self.remove, "[row.key]"),
                )
        v3.VAlert(
            "{{ note }}",
            v_for="(note, index) in understood_notes",
            key="index",
            type="info",
            variant="tonal",
            density="compact",
            classes="my-1 text-body-2",
        )
        with html.Div(classes="d-flex ga-1"):
            v3.VBtn(
                "Add a finding",
                id="understood-add",
                click=self.add,
                disabled=("understood_rows.length === 0",),
                size="small",
                variant="text",
                prepend_icon="mdi-plus",
                classes="px-1",
            )
            v3.VBtn(
                "As in the text",
                id="understood-reset",
                click=self.reset,
                disabled=("!understood_corrected",),
                size="small",
                variant="text",
                prepend_icon="mdi-restore",
                classes="px-1",
            )


def _row(row: Row) -> dict[str, Any]:
    """As the page has it."""
    field, choices = row.field, row.choices
    of = str(row.number) if row.number else row.organ.capitalize()
    return {
        "id": f"{row.key}-{field.name}".strip("-").replace(" ", "-"),
        "key": row.key,
        "name": field.name,
        "title": f"{of}: {field.title}" if of else field.title,
        "value": "" if row.value is None else shown(row.value),
        "items": [{"value": index, "title": shown(choice)} for index, choice in enumerate(choices)],
        "index": choices.index(row.value) if choices else 0,
        "words": "" if row.span is None else row.span.text,
        "corrected": row.corrected,
        "first": row.first,
    }
