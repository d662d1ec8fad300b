"""Where something is to be, in the words after "to": another side, a lobe, a segment, another organ."""

import re
from dataclasses import dataclass, replace

from GuideGenLib.description.changes.targets import understood
from GuideGenLib.description.model import SITES, DescriptionError, Finding, Span

OTHER_SIDE = r"\b(?:the\s+)?(?:other|opposite|contralateral)\s+(?:side|lung|kidney|one)?\b|\bcontralaterally\b|" \
             r"\bsides\b|\b(?:other|opposite|contralateral)\b"  # fmt: skip
_SIDE = r"\b(left|right)\b"


@dataclass(frozen=True)
class Goal:
    """The finding at its new place; used: the words that say so; notes: for the user."""

    finding: Finding
    used: tuple[Span, ...]
    notes: tuple[str, ...] = ()


def moved(finding: Finding, phrase: str) -> Goal | None:
    """A finding at the place that a phrase names; None where it names none.

    Raises DescriptionError for the other side of what has none, and a place that the organ does not have.
    """
    other = re.search(OTHER_SIDE, phrase, re.IGNORECASE)
    if other is not None:
        return _other_side(finding, Span(*other.span(), other[0]))
    for organ in (None, finding.organ):
        if goal := _read(finding, phrase, organ):
            return goal
    side = re.search(_SIDE, phrase, re.IGNORECASE)
    if side is None:
        return None
    return _to_side(finding, side[1].lower(), Span(*side.span(), side[0]))


def _read(finding: Finding, phrase: str, organ: str | None) -> Goal | None:
    """As the reader reads a tumour there: of the organ that is named, else of the finding's own."""
    start = len(phrase) - len(phrase.lstrip())
    words = re.sub(
        r"^(?:to|into|in|onto|at|over|back)\s+", lambda m: " " * len(m[0]), phrase[start:], flags=re.IGNORECASE
    )
    words = re.sub(r"^\s*to\s+", lambda m: " " * len(m[0]), words, flags=re.IGNORECASE)
    lead = f"{organ} tumor in " if organ else "tumor in "
    read = understood(lead + words)
    if read is None or not read.findings:
        return None
    there = read.findings[0]
    if there.organ is None or ((there.site, there.segment, there.side) == (None, None, None) and organ is not None):
        return None
    if organ is not None and there.organ != organ:
        return None
    shift = start - len(lead)
    odd = [(span.start, span.end) for span in read.not_understood]
    said = (word for word in re.finditer(r"\S+", lead + words) if word.start() >= len(lead))
    used = tuple(
        Span(word.start() + shift, word.end() + shift, word[0])
        for word in said
        if not any(first <= word.start() < last for first, last in odd)
    )
    if not used:
        return None
    notes: tuple[str, ...] = ()
    side = there.side
    if side is None and there.organ == finding.organ and there.site is not None and finding.side is not None:
        side = finding.side
    if (there.organ, there.site) == ("lung", "middle_lobe") and side == "left" and there.side is None:
        side, notes = "right", ("The left lung has no middle lobe: that of the right lung is taken.",)
    goal = replace(finding, organ=there.organ, site=there.site, segment=there.segment, side=side)
    if (there.site, there.segment) == (None, None) and there.organ == finding.organ:
        kept = _to_side(finding, side or finding.side or "left", used[0]) if side else None
        return Goal(kept.finding, used, kept.notes) if kept else Goal(goal, used)
    return Goal(goal, used, notes)


def _other_side(finding: Finding, words: Span) -> Goal:
    if finding.side is None:
        name = finding.organ or finding.kind
        raise DescriptionError(f"The {finding.kind} of the {name} has no side of which there is another",
                               "say where it is to be.")  # fmt: skip
    return _to_side(finding, "left" if finding.side == "right" else "right", words)


def _to_side(finding: Finding, side: str, words: Span) -> Goal:
    """On that side, in the same lobe or pole where that side has it."""
    notes: tuple[str, ...] = ()
    site, segment = finding.site, None if finding.organ == "lung" else finding.segment
    if finding.organ == "lung" and site == "middle_lobe" and side == "left":
        site, notes = (
            "upper_lobe",
            ("The left lung has no middle lobe: the upper lobe is taken, which has the lingula.",),
        )
    if finding.organ == "liver" and site in ("right_lobe", "left_lobe", "caudate"):
        site, segment = f"{side}_lobe", None
    if finding.organ == "colon":
        site = None
    if site is not None and site not in SITES.get(finding.organ or "", ()):
        site = None
    return Goal(replace(finding, side=side, site=site, segment=segment), (words,), notes)
