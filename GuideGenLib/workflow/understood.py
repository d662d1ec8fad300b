"""What was understood of a text, as the groups and rows of a table, and what a user corrects in them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from GuideGenLib.description.corrections import ADDED, ORGAN, Corrections, apply, organ_key
from GuideGenLib.description.fields import (
    ACQUISITION_FIELDS,
    PATIENT_FIELDS,
    Field,
    finding_fields,
    is_left_out,
    organ_fields,
    shown,
)
from GuideGenLib.description.model import Description, DescriptionError, Finding, OrganState, Span
from GuideGenLib.description.parse import parse
from GuideGenLib.description.report import to_json
from GuideGenLib.description.stage import stage_size_mm
from GuideGenLib.description.understanding import Understanding, understand
from GuideGenLib.workflow.roles import Role, finding_order, outcome_of, role_of
from GuideGenLib.workflow.words import say, told

ALWAYS_SHOWN = ("kind", "presence", "organ")
"""The fields that a finding has a row for though it is not drawn: those that may make it drawn."""
FEW = 8
"""Groups; where there are more, as of a long report, their rows are shown when one of them is opened."""
MOST_QUOTES = 12
LONGEST_QUOTE = 60


@dataclass(frozen=True)
class Row:
    """One field. key: of its finding or organ, of: that finding's number or the organ's name, for people; "" where it
    is the patient's. span: the words that it came from, None where there are none."""

    field: Field
    value: Any
    span: Span | None
    corrected: bool
    key: str = ""
    of: str = ""
    finding: Finding | None = None

    @property
    def choices(self) -> tuple[Any, ...]:
        """The values that may be chosen, whatever the text made of it among them; none where a value is typed."""
        if self.field.choices is None:
            return ()
        choices = self.field.choices(self.finding)
        return choices if self.value in choices else (self.value, *choices)

    @property
    def source(self) -> str:
        """Where the value is from: the words in quotation marks, the user, or the range that it will be drawn from."""
        if self.corrected:
            return say("(corrected)")
        if self.span is not None:
            return quoted(self.span.text)
        if self.finding is None or self.value is not None:
            return ""
        if self.field.name == "size_mm" and self.finding.drawn:
            low, high = stage_size_mm(self.finding)
            return say("drawn {low} to {high} mm", low=f"{low:.0f}", high=f"{high:.0f}")
        sizes = self.finding.recipe.sizes if self.finding.shown and self.finding.recipe is not None else None
        if sizes is not None and self.field.name == ("volume_ml" if sizes.unit == "ml" else "size_mm"):
            low, high = sizes.range_of(self.finding.size_word)
            words = "drawn {low} to {high} ml" if sizes.unit == "ml" else "drawn {low} to {high} mm"
            return say(words, low=f"{low:.0f}", high=f"{high:.0f}")
        return ""


@dataclass(frozen=True)
class Group:
    """What belongs together: a finding, an organ, or patient and scan. what: the finding, or the organ's size, in a few
    words; outcome: what a finding came to; key: of the finding or organ, "" of what cannot be removed."""

    title: str
    role: Role
    rows: tuple[Row, ...]
    what: str = ""
    outcome: str = ""
    key: str = ""

    @property
    def name(self) -> str:
        """What it is known by while it is open."""
        return self.key or self.title

    @property
    def heading(self) -> str:
        """All of it in one line: "Finding 1: tumor, left lung (drawn)"."""
        return titled(self.title, self.what) + (f" ({self.outcome})" if self.outcome else "")


def groups(understanding: Understanding, corrections: str) -> list[Group]:
    """All fields that are worth a row: findings first (drawn, possible, not drawn), then organs, patient, scan.

    Nothing where nothing is understood.
    """
    description = understanding.description
    if description is None:
        return []
    known = Corrections.from_json(corrections)
    found = [
        _of_finding(description, place, number, understanding.keys[place], known)
        for number, place in enumerate(finding_order(description), 1)
    ]
    found = found or [Group(say("No findings"), Role.PLAIN, ())]
    organs = [_of_organ(description, place, known) for place in range(len(description.organs))]
    return [*found, *organs, _of_patient(description, known), _of_acquisition(description, known)]


def lines(found: Sequence[Group], opened: Collection[str]) -> list[tuple[Group, Row | None]]:
    """The lines of a table, with their group: its heading (no row), then its rows.

    Of more than a few groups only those that were `opened`, by name, have their rows shown, and findings that the user
    added.
    """
    told: list[tuple[Group, Row | None]] = []
    for group in found:
        told.append((group, None))
        if len(found) <= FEW or group.name in opened or group.key.startswith(ADDED):
            told += [(group, row) for row in group.rows]
    return told


def _of_finding(description: Description, place: int, number: int, key: str, known: Corrections) -> Group:
    finding = description.findings[place]
    changed = known.findings.get(key) or {}
    rows = []
    for field in finding_fields(finding):
        value = getattr(finding, field.name)
        unsaid = value in (None, ()) and not (finding.drawn if field.name == "looks" else finding.shown)
        silent = is_left_out(field, value) or unsaid
        if silent and field.name not in ALWAYS_SHOWN and field.name not in changed:
            continue
        span = description.spans.get(f"findings[{place}].{field.name}")
        corrected = key.startswith(ADDED) or field.name in changed
        rows.append(Row(field, value, span, corrected, key, str(number), finding))
    title = say("Finding {number}", number=number)
    return Group(title, role_of(finding), tuple(rows), called(finding), outcome_of(finding), key)


def _of_organ(description: Description, place: int, known: Corrections) -> Group:
    state = description.organs[place]
    key, name = organ_key(state), told(state.name.capitalize())
    changed = known.organs.get(key) or {}
    rows = []
    for field in organ_fields(state):
        span = description.spans.get(f"organs[{place}].{field.name}")
        rows.append(Row(field, getattr(state, field.name), span, field.name in changed, key, name))
    return Group(name, Role.PATIENT, tuple(rows), told_size(state), key=key)


def _of_patient(description: Description, known: Corrections) -> Group:
    rows = []
    for field in PATIENT_FIELDS:
        name = "age_range" if field.name == "age" and description.age_range else field.name
        span = description.spans.get(name)
        rows.append(Row(field, getattr(description, name), span, field.name in known.patient))
    return Group(say("Patient and scan"), Role.PATIENT, tuple(rows))


def _of_acquisition(description: Description, known: Corrections) -> Group:
    rows = [
        Row(field, attrgetter(field.name)(description), description.spans.get(field.name), field.name in known.patient)
        for field in ACQUISITION_FIELDS
    ]
    return Group(say("How it was scanned"), Role.PATIENT, tuple(rows))


def called(finding: Finding) -> str:
    """A finding in a few words: "tumor, left lung, upper lobe"."""
    home = told(shown(" ".join(word for word in (finding.side, finding.organ) if word)))
    site = told(shown(finding.site)) if finding.site else ""
    segment = say("segment {name}", name=finding.segment) if finding.segment and not site else ""
    return ", ".join(words for words in (told(shown(finding.kind)), home, site, segment) if words)


def told_size(state: OrganState) -> str:
    """What is said of an organ, in a few words: "enlarged, 150 mm"."""
    if state.absent:
        return say("absent")
    length = "" if state.length_mm is None else f"{state.length_mm:g} mm"
    length += f" {say('craniocaudal')}" if length and state.craniocaudal else ""
    volume = "" if state.volume_ml is None else f"{state.volume_ml:g} ml"
    return ", ".join(word for word in (told(shown(state.size_word)) if state.size_word else "", length, volume) if word)


def titled(of: str, what: str) -> str:
    """Words after what they belong to: "1: organ", "Finding 1: tumor"; either may be empty."""
    return ": ".join(words for words in (of, what) if words)


def quoted(words: str) -> str:
    """Words of the text in quotation marks, on one line and not too long."""
    line = " ".join(words.split())
    return f"“{line if len(line) <= LONGEST_QUOTE else line[: LONGEST_QUOTE - 1] + '…'}”"


def notes(understanding: Understanding, prompt: str) -> list[str]:
    """Warnings, words without effect, corrections that wait for their finding; or why nothing is understood."""
    description = understanding.description
    if description is None:
        return [told(understanding.error)] if prompt.strip() else []
    lines = [told(warning) for warning in description.warnings]
    if description.not_understood:
        words = _listed([span.text for span in description.not_understood])
        lines.append(say("Not understood, without effect: {words}.", words=words))
    by_reason: dict[str, list[str]] = {}
    for left in description.left_out:
        by_reason.setdefault(left.reason, []).append(left.span.text)
    for reason, words_left in by_reason.items():
        lines.append(say("Left out ({reason}): {words}.", reason=told(reason), words=_listed(words_left)))
    return lines + [say("Corrected, but no longer in the text: {finding}.", finding=key) for key in understanding.lost]


def _listed(words: Sequence[str]) -> str:
    """Quotations, and of many how many more there are."""
    first = ", ".join(quoted(one) for one in words[:MOST_QUOTES])
    more = len(words) - MOST_QUOTES
    return first if more <= 0 else say("{words} and {more} more", words=first, more=more)


def corrected(prompt: str, corrections: str, row: Row, value: Any) -> str:
    """The corrections with the field of a row set. Raises DescriptionError for what makes no sense with the text."""
    known, name = Corrections.from_json(corrections), row.field.name
    if row.key.startswith(ORGAN):
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
