"""What was drawn, in a few lines to copy: findings as measured, what was left out, the checks, the origin."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from GuideGenLib.anatomy.table import label, values
from GuideGenLib.description.fields import shown
from GuideGenLib.description.model import Description, DescriptionError
from GuideGenLib.description.report import from_json
from GuideGenLib.workflow.checks import broken_rules
from GuideGenLib.workflow.roles import REASONS, outcome_of
from GuideGenLib.workflow.understood import called
from GuideGenLib.workflow.words import say, told

DRAWN = ("lesions", "checks", "changes")
"""What the record of a drawn or changed anatomy tells, of which that of a CT knows nothing."""

MOST_CHECKS = 3
"""Broken rules that are told one by one."""


@dataclass(frozen=True)
class Summary:
    """findings: as drawn and measured, one a line; not_drawn: what the text has and the anatomy lacks; checks: how many
    rules are kept, and which are not; origin: seed and model."""

    findings: tuple[str, ...]
    not_drawn: tuple[str, ...]
    checks: str
    origin: str

    @property
    def text(self) -> str:
        """All of it, as it is copied."""
        found = self.findings or (say("No findings drawn"),)
        left = [say("Not drawn: {what}", what=one) for one in self.not_drawn]
        return "\n".join(line for line in (*found, *left, self.checks, self.origin) if line)


def summary_of(record: Mapping[str, Any] | None) -> Summary | None:
    """Of an anatomy's provenance; None for one that was not drawn here, or of which a CT's record alone is known, as of
    a kept case. It tells the anatomy as it was drawn, whatever was edited since."""
    if not record or "lesions" not in record or not any(record.get(name) for name in DRAWN):
        return None
    from GuideGenLib.generator.change import recorded_lesions  # needs SciPy, which Slicer has not before Setup

    description = _description(record)
    lesions = [_told(lesion, description) for lesion in recorded_lesions(record)]
    return Summary(tuple(lesions), tuple(not_drawn(description)), _checks(record), _origin(record))


def not_drawn(description: Description | None) -> list[str]:
    """The findings that a text has and no anatomy will show, each with the reason. Those that the text itself denies,
    or tells of the past or the family, are missed by nobody."""
    findings = description.findings if description is not None else ()
    missed = (finding for finding in findings if not finding.shown and finding.presence not in REASONS)
    return [f"{called(finding)} ({outcome_of(finding)})" for finding in missed]


def _told(lesion: Any, description: Description | None) -> str:
    """Of a recorded lesion: "lung tumor, left, upper lobe: 32 mm (asked 30), 11.4 ml"."""
    name = label(lesion.label).name if lesion.label in values() else shown(lesion.label)
    places = [told(shown(word)) for word in (lesion.side, lesion.site) if word and shown(word) not in name]
    size = say("{mm} mm", mm=f"{lesion.measured_mm:.0f}") if lesion.measured_mm else ""
    asked = _asked_mm(lesion, description)
    if size and asked is not None:
        size += say(" (asked {mm})", mm=f"{asked:g}")
    volume = say("{ml} ml", ml=f"{lesion.volume_ml:.1f}") if lesion.volume_ml else ""
    line = ": ".join(
        part for part in (", ".join([told(name), *places]), ", ".join(filter(None, (size, volume)))) if part
    )
    return f"{line}; {told(lesion.note)}" if lesion.note else line


def _asked_mm(lesion: Any, description: Description | None) -> float | None:
    findings = description.findings if description is not None else ()
    return findings[lesion.finding].size_mm if 0 <= lesion.finding < len(findings) else None


def _checks(record: Mapping[str, Any]) -> str:
    checks = [one for one in record.get("checks") or () if isinstance(one, dict) and "passed" in one]
    if not checks:
        return ""
    broken = broken_rules(checks)
    line = say("Checks: {kept} of {all} kept", kept=len(checks) - len(broken), all=len(checks))
    if not broken:
        return line
    more = say("; and {count} more", count=len(broken) - MOST_CHECKS) if len(broken) > MOST_CHECKS else ""
    return line + say("; not: {rules}", rules="; ".join(broken[:MOST_CHECKS])) + more


def _origin(record: Mapping[str, Any]) -> str:
    settings, bundle = record.get("settings") or {}, record.get("bundle") or {}
    parts = [say("Synthetic")]
    if "seed" in settings:
        parts.append(say("seed {seed}", seed=settings["seed"]))
    if bundle.get("name"):
        parts.append(f"{bundle['name']} {bundle.get('version', '')}".strip())
    return ", ".join(parts)


def _description(record: Mapping[str, Any]) -> Description | None:
    known = record.get("description")
    try:
        return from_json(known) if isinstance(known, dict) else None
    except DescriptionError:
        return None
