"""What the clauses of a sentence have changed so far."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from GuideGenLib.description.changes.clauses import Clause
from GuideGenLib.description.changes.model import Difference, Step, name_of
from GuideGenLib.description.changes.sizes import size_told, usual_size, with_size
from GuideGenLib.description.model import Description, Finding, OrganState, Span


@dataclass
class Draft:
    """findings: each with its place in the case before, None for a new one; a removed one is None in its place. sizes:
    of the case's findings as they are in its anatomy, as far as that is known, each in its unit. last: places in
    `findings` of those that were spoken of last. used: words that have an effect."""

    before: Description
    sizes: Mapping[int, float]
    findings: list[Finding | None] = field(default_factory=list)
    origins: list[int | None] = field(default_factory=list)
    organs: list[OrganState] = field(default_factory=list)
    patient: dict[str, Any] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    used: list[Span] = field(default_factory=list)
    last: tuple[int, ...] = ()

    @classmethod
    def of(cls, before: Description, sizes: Mapping[int, float]) -> "Draft":
        """Nothing changed yet."""
        return cls(before, sizes, list(before.findings), list(range(len(before.findings))), list(before.organs))

    def size_of(self, index: int) -> float | None:
        """How large a finding is now, in its unit: as told, else as drawn, else the middle of what its stage or its
        word means; None for one that is not drawn and of which nothing is told."""
        finding = self.findings[index]
        origin = self.origins[index]
        if finding is None:
            return None
        if (told := size_told(finding)) is not None:
            return told
        if origin is not None and origin in self.sizes:
            return float(round(self.sizes[origin]))
        usual = usual_size(finding)
        return None if usual is None else round(sum(usual) / 2)

    @property
    def known_sizes(self) -> list[float | None]:
        """Of all findings."""
        return [self.size_of(index) for index in range(len(self.findings))]

    def change(self, kind: str, clause: Clause, index: int, finding: Finding, told: str = "") -> None:
        """Put another finding in the place of one."""
        old = self.findings[index]
        assert old is not None
        known = with_size(old, self.size_of(index)) if kind in ("resized", "staged") else old
        self.findings[index] = finding
        self.steps.append(Step(kind, clause.words, told or f"{name_of(known)}: now {name_of(finding)}"))

    def add(self, clause: Clause, finding: Finding) -> None:
        """One more finding."""
        self.findings.append(finding)
        self.origins.append(None)
        told = f"added: {name_of(finding)}"
        self.steps.append(Step("added", clause.words, told if finding.shown else f"{told} (not drawn)"))

    def remove(self, clause: Clause, index: int) -> None:
        """A finding goes."""
        old = self.findings[index]
        assert old is not None
        self.findings[index] = None
        self.steps.append(
            Step("removed", clause.words, f"removed: {name_of(old)}" + ("" if old.shown else " (not drawn)"))
        )

    def use_verbs(self, clause: Clause, pattern: str) -> None:
        """Verbs that a change follows."""
        found = re.finditer(rf"\b(?:{pattern})\b", clause.text, re.IGNORECASE)
        self.use(Span(*match.span(), match[0]) for match in found)

    def set_organ(self, clause: Clause, state: OrganState) -> None:
        """What is said of an organ, in place of what was said of it."""
        same = [one for one in self.organs if set(one.label_keys) & set(state.label_keys)]
        self.organs = [one for one in self.organs if one not in same or (state.side and not one.side)] + [state]
        size = (
            "absent" if state.absent else f"{state.length_mm:g} mm long" if state.length_mm is not None
            else f"{state.volume_ml:g} ml" if state.volume_ml is not None else str(state.size_word).replace("_", " ")
        )  # fmt: skip
        self.steps.append(Step("organ", clause.words, f"{state.name}: now {size}"))

    def use(self, spans: Iterable[Span]) -> None:
        """Words that have an effect."""
        self.used += spans

    def difference(self, sentence: str, not_understood: tuple[Span, ...]) -> Difference:
        """As it is at the end. Raises DescriptionError for a description that contradicts itself."""
        kept = [(origin, one) for origin, one in zip(self.origins, self.findings, strict=True) if one is not None]
        quotes = {
            path: span
            for path, span in self.before.spans.items()
            if not path.startswith(("findings[", "organs[", *self.patient))
        }
        for place, (origin, finding) in enumerate(kept):
            if origin is not None:
                quotes |= self._quotes(origin, place, finding)
        after = replace(
            self.before,
            findings=tuple(one for _, one in kept),
            organs=tuple(self.organs),
            spans=quotes,
            **self.patient,
        )
        origins = tuple(origin for origin, _ in kept)
        return Difference(
            sentence, self.before, after, origins, tuple(self.steps), not_understood, tuple(dict.fromkeys(self.notes))
        )

    def _quotes(self, origin: int, place: int, finding: Finding) -> dict[str, Span]:
        """The quotations behind those fields of a finding that are as they were, by their new paths."""
        old, was = f"findings[{origin}].", self.before.findings[origin]
        quoted = {path.removeprefix(old): span for path, span in self.before.spans.items() if path.startswith(old)}
        return {
            f"findings[{place}].{name}": span
            for name, span in quoted.items()
            if getattr(finding, name.partition("[")[0], None) == getattr(was, name.partition("[")[0], None)
        }
