"""What a sentence changes: two descriptions, which finding became which, and the words behind each change."""

from dataclasses import dataclass

from GuideGenLib.description.model import Description, Finding, OrganState, Span

KINDS = ("resized", "moved", "staged", "looks", "removed", "added", "organ", "phase", "scan", "age")


@dataclass(frozen=True)
class Step:
    """One change. kind: one of KINDS; words: of the sentence; told: the change in words, for the user."""

    kind: str
    words: Span
    told: str


@dataclass(frozen=True)
class Difference:
    """A sentence, read with the description of the case that it is about.

    origins: of each finding of `after` its place in `before.findings`, None where it is new. steps: in the order of the
    sentence. not_understood: words without effect; notes: sentences for the user. `after` may be replaced by one in
    which findings were corrected, as long as `origins` fits it.
    """

    sentence: str
    before: Description
    after: Description
    origins: tuple[int | None, ...]
    steps: tuple[Step, ...]
    not_understood: tuple[Span, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def removed(self) -> tuple[int, ...]:
        """Places in `before.findings` of those that are gone."""
        return tuple(index for index in range(len(self.before.findings)) if index not in self.origins)

    @property
    def pairs(self) -> tuple[tuple[Finding | None, Finding], ...]:
        """Each finding as it was, None for a new one, and as it is to be."""
        befores = self.before.findings
        pairs = zip(self.origins, self.after.findings, strict=True)
        return tuple((None if origin is None else befores[origin], finding) for origin, finding in pairs)

    @property
    def organs(self) -> tuple[OrganState, ...]:
        """What is newly said of organs."""
        return tuple(state for state in self.after.organs if state not in self.before.organs)

    @property
    def everywhere(self) -> str:
        """Why the CT cannot change in one place alone, empty where it can."""
        before, after = self.before, self.after
        if before.phase != after.phase:
            return "another contrast phase changes the CT everywhere: all of it is made anew"
        if before.acquisition != after.acquisition:
            return "another way of scanning changes the CT everywhere: all of it is made anew"
        if (before.age, before.age_range) != (after.age, after.age_range):
            return "age changes bones and muscles everywhere: all of the CT is made anew"
        if _looks(before) != _looks(after):
            return "how an organ looks changes in all of it: all of the CT is made anew"
        return ""


def _looks(description: Description) -> list[Finding]:
    """The findings that only change how organs look: they have no voxels of their own."""
    shown = [finding for finding in description.findings if finding.shown]
    return [finding for finding in shown if finding.recipe is not None and finding.recipe.label is None]


def name_of(finding: Finding) -> str:
    """For people: "40 mm tumor of the left lung (upper lobe)"."""
    size = f"{finding.size_mm:g} mm " if finding.size_mm is not None else ""
    size = f"{finding.volume_ml:g} ml " if finding.volume_ml is not None else size
    kind = finding.kind if finding.count == 1 else f"{finding.kind} (x {finding.count})"
    side = f"{finding.side} " if finding.side else ""
    organ = f" of the {side}{finding.organ}" if finding.organ else f" on the {finding.side}" if finding.side else ""
    place = ", ".join(part for part in (finding.site, finding.segment and f"segment {finding.segment}") if part)
    return f"{size}{kind}{organ}{f' ({place})' if place else ''}".replace("_", " ")
