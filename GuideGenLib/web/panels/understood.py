"""What the text was taken to mean, field by field with the words it came from; each field can be corrected."""

from __future__ import annotations

from typing import Any

from trame.widgets import html
from trame.widgets import vuetify3 as v3
from undo_stack import Signal

from GuideGenLib.description import Description, DescriptionError, Finding, parse
from GuideGenLib.description.corrections import Corrections, apply
from GuideGenLib.description.fields import FINDING_FIELDS, PATIENT_FIELDS, Field, is_left_out, shown
from GuideGenLib.description.understanding import Understanding, understand
from GuideGenLib.web.panels.panel import Panel
from GuideGenLib.web.panels.prompt import PromptPanel
from GuideGenLib.web.workspace import Workspace


class UnderstoodPanel(Panel):
    """`changed` is emitted when text or corrections changed. Rows know their field by its name and the finding's key;
    choices are told by their place in the list, as values may be None."""

    changed = Signal()

    def __init__(self, server: Any, workspace: Workspace, prompt: PromptPanel) -> None:
        super().__init__(server, workspace)
        self.prompt = prompt
        self.corrections = ""
        self.understanding = Understanding(None)
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
        self.state.understood_rows = self._rows()
        self.state.understood_notes = self._notes()
        self.state.understood_corrected = bool(self.corrections)
        self.changed.emit()

    # ------------------------------------------------------------ corrections

    def correct(self, key: str, name: str, value: Any) -> None:
        """Set a field: of the patient (key empty) or a finding. What is typed is text, what is chosen is an index."""
        field = _field(key, name)
        try:
            if field.choices is not None:
                value = self._choices(field, key)[int(value)]
            elif field.read is not None:
                value = field.read(str(value or ""))
            corrections = Corrections.from_json(self.corrections)
            self._accept(corrections.with_finding(key, name, value) if key else corrections.with_patient(name, value))
        except (DescriptionError, ValueError) as error:
            self.workspace.tell(f"This value cannot be used: {error}", "warning")
        self.refresh()

    def add(self) -> None:
        """A tumour that the text does not name."""
        self._accept(Corrections.from_json(self.corrections).with_added(Finding("tumor", organ="lung")))
        self.refresh()

    def remove(self, key: str) -> None:
        """Leave a finding out."""
        self._accept(Corrections.from_json(self.corrections).without_finding(key))
        self.refresh()

    def reset(self) -> None:
        """Take the fields as they were read from the text."""
        self.set_corrections("")

    def _accept(self, corrections: Corrections) -> None:
        apply(parse(self.prompt.text), corrections)
        self.corrections = corrections.to_json()

    # ------------------------------------------------------------ rows

    def _rows(self) -> list[dict[str, Any]]:
        description = self.description
        if description is None:
            return []
        corrections = Corrections.from_json(self.corrections)
        rows = []
        for field in PATIENT_FIELDS:
            name = "age_range" if field.name == "age" and description.age_range else field.name
            span = description.spans.get(name)
            corrected = field.name in corrections.patient
            rows.append(_row(field, "", field.title, getattr(description, name), span, corrected, None))
        for index, (key, finding) in enumerate(zip(self.understanding.keys, description.findings, strict=True)):
            changed = corrections.findings.get(key) or {}
            for field in FINDING_FIELDS:
                value = getattr(finding, field.name)
                if is_left_out(field, value):
                    continue
                span = description.spans.get(f"findings[{index}].{field.name}")
                corrected = key.startswith("added ") or field.name in changed
                title = f"{index + 1}: {field.title}"
                rows.append(_row(field, key, title, value, span, corrected, finding))
                rows[-1]["first"] = field is FINDING_FIELDS[0]
        return rows

    def _choices(self, field: Field, key: str) -> tuple[Any, ...]:
        finding = None
        if key and self.description is not None:
            finding = dict(zip(self.understanding.keys, self.description.findings, strict=True)).get(key)
        return _choices_with(field, finding, getattr(finding or self.description, field.name))

    def _notes(self) -> list[str]:
        description = self.description
        if description is None:
            return [self.understanding.error] if self.prompt.text.strip() else []
        notes = list(description.warnings)
        if description.not_understood:
            words = ", ".join(f'"{span.text}"' for span in description.not_understood)
            notes.append(f"Not understood, without effect: {words}.")
        notes += [f"Corrected, but no longer in the text: {key}." for key in self.understanding.lost]
        return notes

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
                    title="Remove this finding",
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


def _row(
    field: Field, key: str, title: str, value: Any, span: Any, corrected: bool, finding: Finding | None
) -> dict[str, Any]:
    choices = _choices_with(field, finding, value) if field.choices is not None else ()
    return {
        "id": f"{key}-{field.name}".strip("-").replace(" ", "-"),
        "key": key,
        "name": field.name,
        "title": title,
        "value": "" if value is None else shown(value),
        "items": [{"value": index, "title": shown(choice)} for index, choice in enumerate(choices)],
        "index": choices.index(value) if choices else 0,
        "words": "" if span is None else span.text,
        "corrected": corrected,
        "first": False,
    }


def _choices_with(field: Field, finding: Finding | None, value: Any) -> tuple[Any, ...]:
    """The choices of a field; the value that it has is one of them, whatever the text made of it."""
    choices = field.choices(finding) if field.choices is not None else ()
    return choices if value in choices else (value, *choices)


def _field(key: str, name: str) -> Field:
    return next(field for field in (FINDING_FIELDS if key else PATIENT_FIELDS) if field.name == name)
