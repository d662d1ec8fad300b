"""What words of a text, and findings, came to: a small closed set of roles, each with a colour and a mark."""

from dataclasses import dataclass
from enum import IntEnum

from GuideGenLib.description.fields import kinds_drawn
from GuideGenLib.description.model import Description, Finding
from GuideGenLib.workflow.words import say


class Role(IntEnum):
    """The higher one wins where words have several."""

    PLAIN = 0
    NOT_UNDERSTOOD = 1
    LEFT_OUT = 2
    NOT_DRAWN = 3
    PATIENT = 4
    POSSIBLE = 5
    DRAWN = 6


@dataclass(frozen=True)
class Look:
    """How a role is shown, in a light theme as in a dark one: ink on paper ("#rrggbb", at least 4.5 to 1, as WCAG 2 AA
    wants it), and a mark before the words, so that nobody needs to tell colours apart."""

    title: str
    mark: str
    ink: str
    paper: str


LOOKS = {
    Role.DRAWN: Look("finding, drawn", "D", "#0b4a1e", "#c4efcd"),
    Role.POSSIBLE: Look("finding, possible", "?", "#574100", "#ffe79e"),
    Role.NOT_DRAWN: Look("finding, not drawn", "N", "#43257a", "#e4d8f7"),
    Role.PATIENT: Look("patient, organs and scan", "P", "#0b3d66", "#cde6ff"),
    Role.LEFT_OUT: Look("left out", "L", "#3a3a3a", "#dcdcdc"),
    Role.NOT_UNDERSTOOD: Look("not understood", "!", "#7a1408", "#ffd3cd"),
}
"""In the order of the key below a text; plain words look as those around them."""

REASONS = {
    "negated": "negated",
    "historical": "history",
    "resolved": "resolved",
    "family": "family",
    "hypothetical": "only asked for",
}
"""Why a finding of this presence is not drawn."""

NO_TUMOUR, NO_ORGAN = "stage T0", "no organ is named"


def role_of(finding: Finding) -> Role:
    """What a finding came to."""
    if not finding.shown:
        return Role.NOT_DRAWN
    return Role.POSSIBLE if finding.presence == "possible" else Role.DRAWN


def outcome_of(finding: Finding) -> str:
    """The same in words, with the reason where it is not drawn: "not drawn: negated"."""
    role = role_of(finding)
    if role != Role.NOT_DRAWN:
        return say("drawn") if role == Role.DRAWN else say("possible")
    reason = _reason(finding)
    outcome = say("not drawn: {reason}", reason=say(reason)) if reason else say("not drawn by this version")
    return say("possible, {outcome}", outcome=outcome) if finding.presence == "possible" else outcome


def _reason(finding: Finding) -> str:
    """Of the text; empty where it is this version that draws no such finding."""
    if finding.presence in REASONS:
        return REASONS[finding.presence]
    if finding.label_key is not None:
        return NO_TUMOUR
    return NO_ORGAN if finding.organ is None and finding.kind in kinds_drawn() else ""


def finding_order(description: Description) -> list[int]:
    """The places of the findings in the order in which they are shown and numbered: drawn, possible, not drawn."""
    return sorted(range(len(description.findings)), key=lambda place: -role_of(description.findings[place]))
