"""The text with its words coloured by what they became, and its fields, each of which can be corrected."""

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
from GuideGenLib.workflow.painted import Piece, legend, paint, word_sum
from GuideGenLib.workflow.roles import LOOKS, Look
from GuideGenLib.workflow.understood import (
    FEW,
    Group,
    Row,
    corrected,
    groups,
    lines,
    notes,
    titled,
    with_finding,
    without,
)
from GuideGenLib.workflow.words import say, sentence, told

CHIP = "border-radius: 3px; padding: 0 2px;"
MARK = "font-weight: bold; margin-right: 2px; user-select: none;"
TEXT_BOX = "white-space: pre-wrap; overflow-wrap: anywhere; max-height: 240px; overflow-y: auto;"
KEY_BOX = "display: flex; flex-wrap: wrap; gap: 2px 8px;"


class UnderstoodPanel(Panel):
    """`changed` is emitted when text or corrections changed. Rows know their field by its name and the finding's key;
    choices are told by their place in the list, as values may be None. The page gets the text in pieces and makes text
    of each, so that markup in it stays text."""

    changed = Signal()

    def __init__(self, server: Any, workspace: Workspace, prompt: PromptPanel) -> None:
        super().__init__(server, workspace)
        self.prompt = prompt
        self.corrections = ""
        self.understanding = Understanding(None)
        self._rows: list[Row] = []
        self._groups: list[Group] = []
        self._opened: set[str] = set()
        self.state.update({"understood_rows": [], "understood_notes": [], "understood_corrected": False})
        self.state.update({"understood_pieces": [], "understood_legend": [], "understood_sum": ""})
        prompt.changed.connect(lambda _text: self.refresh())
        workspace.spoken.connect(self.refresh)

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
        self._groups = groups(self.understanding, self.corrections)
        self._rows = [row for group in self._groups for row in group.rows]
        self._fill()
        pieces = [] if self.description is None else paint(self.description)
        self.state.understood_pieces = [_piece(piece) for piece in pieces]
        self.state.understood_legend = [{"text": look.title, "title": "", **_look(look)} for look in legend(pieces)]
        self.state.understood_sum = word_sum(pieces) if pieces else ""
        self.state.understood_notes = notes(self.understanding, self.prompt.text)
        self.state.understood_corrected = bool(self.corrections)
        self.changed.emit()

    def toggle(self, name: str) -> None:
        """Show the rows of a group, or hide them, where there are too many to show all."""
        self._opened ^= {name}
        self._fill()

    def _fill(self) -> None:
        shown_lines = lines(self._groups, self._opened)
        open_ones = {group.name for group, row in shown_lines if row is not None}
        self.state.understood_rows = [
            _heading(group, group.name in open_ones, len(self._groups) > FEW) if row is None else _row(row)
            for group, row in shown_lines
        ]

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
            self.workspace.tell(sentence(say("This value cannot be used: {error}", error=error)), "warning")
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
        with html.Div(v_if=("understood_pieces.length > 0",)):
            _chips("understood_pieces", id="understood-text", style=TEXT_BOX, lang="en", raw_attrs=['lang="en"'])
            _chips("understood_legend", id="understood-legend", style=KEY_BOX)
            html.Div("{{ understood_sum }}", id="understood-sum", classes="text-caption mb-1")
        with (
            v3.VTable(id="understood-table", density="compact", v_if=("understood_rows.length > 0",)),
            html.Tbody(),
            html.Template(v_for="row in understood_rows", key="row.id"),
        ):
            self._build_heading()
            self._build_row()
        with v3.VAlert(
            id="understood-notes",
            v_if=("understood_notes.length > 0",),
            type="info",
            variant="tonal",
            density="compact",
            classes="my-1 text-body-2",
        ):
            html.Div(v_text="note", v_for="(note, index) in understood_notes", key="index", classes="mb-1")
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

    def _build_row(self) -> None:
        """A field: a list where values are to choose from, else a box to type in; and where the value is from."""
        with html.Tr(v_if="!row.heading", id=("`understood-row-${row.id}`",)):
            html.Td("{{ row.title }}", classes="px-1 text-body-2")
            with html.Td(classes="px-1", style="min-width: 130px"):
                v3.VSelect(
                    v_if="row.items.length > 0",
                    id=("`understood-${row.id}`",),
                    model_value=("row.index",),
                    items=("row.items",),
                    update_modelValue=(self.correct, "[row.key, row.name, $event]"),
                    aria_label=("row.title",),
                    variant="plain",
                    single_line=True,
                )
                v3.VTextField(
                    v_else=True,
                    id=("`understood-${row.id}`",),
                    model_value=("row.value",),
                    placeholder="unknown",
                    change=(self.correct, "[row.key, row.name, $event.target.value]"),
                    aria_label=("row.title",),
                    variant="plain",
                    single_line=True,
                )
            html.Td(
                "{{ row.source }}",
                classes=("['px-1', 'text-caption', row.corrected ? 'text-primary' : 'text-medium-emphasis']",),
            )

    def _build_heading(self) -> None:
        """A finding, an organ or the patient, with what it came to."""
        with (
            html.Tr(v_if="row.heading", id=("`understood-group-${row.id}`",)),
            html.Td(colspan=3, classes="px-1 text-body-2 font-weight-bold"),
            html.Div(classes="d-flex align-center"),
        ):
            v3.VBtn(
                v_if="row.icon",
                id=("`understood-toggle-${row.id}`",),
                icon=("row.icon",),
                size="x-small",
                variant="text",
                title="Show or hide its fields",
                aria_label=("'Show or hide the fields of: ' + row.heading",),
                aria_expanded=("row.icon === 'mdi-chevron-down'",),
                click=(self.toggle, "[row.group]"),
            )
            with html.Span(style=("row.style",), classes="flex-grow-1"):
                html.Small(v_text="row.mark", v_if="row.mark", classes="mr-1")
                html.Span(v_text="row.heading")
            v3.VBtn(
                v_if="row.key",
                id=("`understood-remove-${row.id}`",),
                icon="mdi-close",
                size="x-small",
                variant="text",
                title="Remove this",
                aria_label=("'Remove: ' + row.heading",),
                click=(self.remove, "[row.key]"),
            )


def _chips(pieces: str, **attributes: Any) -> None:
    """Words in their colours, with their marks and what they came to as a tip; `pieces`: their name in the state."""
    box = html.Div(**attributes, classes="text-body-2 mb-1")
    with (
        box,
        html.Span(v_for=f"(piece, index) in {pieces}", key="index", title=("piece.title",), style=("piece.style",)),
    ):
        html.Small(v_text="piece.mark", v_if="piece.mark", style=MARK)
        html.Span(v_text="piece.text")


def _piece(piece: Piece) -> dict[str, str]:
    return {"text": piece.text, "title": piece.meaning, **_look(piece.look)}


def _look(look: Look | None) -> dict[str, str]:
    if look is None:
        return {"mark": "", "style": ""}
    return {"mark": look.mark, "style": f"color: {look.ink}; background: {look.paper}; {CHIP}"}


def _heading(group: Group, is_open: bool, foldable: bool) -> dict[str, Any]:
    """The line above the rows of a group."""
    return {
        "id": _id(group.name),
        "key": group.key,
        "group": group.name,
        "heading": group.heading,
        "icon": ("mdi-chevron-down" if is_open else "mdi-chevron-right") if foldable and group.rows else "",
        **_look(LOOKS.get(group.role)),
    }


def _row(row: Row) -> dict[str, Any]:
    """As the page has it."""
    field, choices = row.field, row.choices
    return {
        "id": _id(f"{row.key}-{field.name}"),
        "key": row.key,
        "name": field.name,
        "heading": "",
        "title": titled(row.of, told(field.title)),
        "value": "" if row.value in (None, ()) else shown(row.value),
        "items": [{"value": index, "title": told(shown(choice))} for index, choice in enumerate(choices)],
        "index": choices.index(row.value) if choices else 0,
        "source": row.source,
        "corrected": row.corrected,
    }


def _id(words: str) -> str:
    """Words as a name in the page."""
    return words.strip("-").replace(" ", "-").replace(".", "-")
