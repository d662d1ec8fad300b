"""What was understood of a text, as the rows of a table, and what a user corrects in them."""

from dataclasses import dataclass
from typing import Any

from GuideGenLib.description.corrections import ADDED, Corrections, apply, organ_key
from GuideGenLib.description.fields import (
    FINDING_FIELDS,
    ORGAN_FIELDS,
    PATIENT_FIELDS,
    Field,
    is_left_out,
    organ_fields,
)
from GuideGenLib.description.model import Description, DescriptionError, Finding, Span
from GuideGenLib.description.parse import parse
from GuideGenLib.description.report import to_json
from GuideGenLib.description.understanding import Understanding, understand
from GuideGenLib.workflow.words import say


@dataclass(frozen=True)
class Row:
    """One field. key: of its finding or organ, number: that finding's place, organ: its name; "" and 0 where it is not
    one's. span: the words that it came from, None where there are none."""

    field: Field
    value: Any
    span: Span | None
    corrected: bool
    key: str = ""
    number: int = 0
    finding: Finding | None = None
    organ: str = ""

    @property
    def first(self) -> bool:
        """Whether it is the first row of a finding or an organ."""
        return self.field in (FINDING_FIELDS[0], ORGAN_FIELDS[0])

    @property
    def choices(self) -> tuple[Any, ...]:
        """The values that may be chosen, whatever the text made of it among them; none where a value is typed."""
        if self.field.choices is None:
            return ()
        choices = self.field.choices(self.finding)
        return choices if self.value in choices else (self.value, *choices)


def rows(understanding: Understanding, corrections: str) -> list[Row]:
    """All fields that are worth a row, the patient's first; nothing where nothing is understood."""
    description = understanding.description
    if description is None:
        return []
    known = Corrections.from_json(corrections)
    found = []
    for field in PATIENT_FIELDS:
        name = "age_range" if field.name == "age" and description.age_range else field.name
        span = description.spans.get(name)
        found.append(Row(field, getattr(description, name), span, field.name in known.patient))
    for index, (key, finding) in enumerate(zip(understanding.keys, description.findings, strict=True)):
        changed = known.findings.get(key) or {}
        for field in FINDING_FIELDS:
            value = getattr(finding, field.name)
            if not is_left_out(field, value):
                span = description.spans.get(f"findings[{index}].{field.name}")
                corrected = key.startswith(ADDED) or field.name in changed
                found.append(Row(field, value, span, corrected, key, index + 1, finding))
    for index, state in enumerate(description.organs):
        changed = known.organs.get(organ_key(state)) or {}
        for field in organ_fields(state):
            span = description.spans.get(f"organs[{index}].{field.name}")
            value = getattr(state, field.name)
            found.append(Row(field, value, span, field.name in changed, organ_key(state), organ=state.name))
    return found


def notes(understanding: Understanding, prompt: str) -> list[str]:
    """Warnings, words without effect, corrections that wait for their finding; or why nothing is understood."""
    description = understanding.description
    if description is None:
        return [understanding.error] if prompt.strip() else []
    lines = list(description.warnings)
    if description.not_understood:
        words = ", ".join(f'"{span.text}"' for span in description.not_understood)
        lines.append(say("Not understood, without effect: {words}.", words=words))
    return lines + [say("Corrected, but no longer in the text: {finding}.", finding=key) for key in understanding.lost]


def corrected(prompt: str, corrections: str, row: Row, value: Any) -> str:
    """The corrections with the field of a row set. Raises DescriptionError for what makes no sense with the text."""
    known, name = Corrections.from_json(corrections), row.field.name
    if row.organ:
        return _accepted(prompt, known.with_organ(row.key, name, value))
    return _accepted(prompt, known.with_finding(row.key, name, value) if row.key else known.with_patient(name, value))


def with_finding(prompt: str, corrections: str) -> str:
    """The corrections with a tumour that the text does not name."""
    return _accepted(prompt, Corrections.from_json(corrections).with_added(Finding("tumor", organ="lung")))


def without(prompt: str, corrections: str, key: str) -> str:
    """The corrections with a finding, or what is said of an organ, left out."""
    return _accepted(prompt, Corrections.from_json(corrections).without(key))


def _accepted(prompt: str, corrections: Corrections) -> str:
    apply(parse(prompt), corrections)
    return corrections.to_json()


def description_of(prompt: str, corrections: str, *, may_be_empty: bool = False) -> dict[str, Any]:
    """What conditions a run, as description.report.to_json has it; of no text, where that may be, nothing is known.

    Raises DescriptionError for a text that cannot be used.
    """
    if may_be_empty and not prompt.strip():
        return to_json(Description(""))
    understanding = understand(prompt, corrections)
    if understanding.description is None:
        raise DescriptionError(understanding.error)
    return to_json(understanding.description)
