"""What a user corrected of a description, kept apart from the text so that it outlives a change of the text.

A finding is named by what the text says ("lung tumor 1": the first of its kind and organ), not by its place among the
others: a finding that is written before it later does not take its corrections over. An organ is named by itself and
its side ("organ left kidney").
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from GuideGenLib.description.acquisition import HOME, PATHS
from GuideGenLib.description.looks import LUNG_LOOKS
from GuideGenLib.description.model import (
    SITES,
    Description,
    DescriptionError,
    Finding,
    LeftOut,
    OrganState,
    Span,
    with_presence,
)

PATIENT = ("age", "sex", "race", "ethnicity", "habitus", "region", "phase", *PATHS)
"""Patient and scan."""
FINDING = tuple(one.name for one in fields(Finding))
ORGAN_STATE = ("absent", "size_word", "length_mm", "volume_ml")
ORGAN = "organ "
"""How the keys of organs begin."""
ADDED = "added "
"""How the keys of findings begin that the text does not name."""

CORRECTED, REMOVED = "corrected by you", "removed by you"
"""Why words that were understood are left out."""
WRONG_KIND = ("A corrected value is of the wrong kind, such as a word for a number", "correct it again.")


@dataclass(frozen=True)
class Corrections:
    """patient: corrected fields by name; findings and organs: by key, the corrected fields or None where it was
    removed; added: whole findings."""

    patient: Mapping[str, Any] = field(default_factory=dict)
    findings: Mapping[str, Mapping[str, Any] | None] = field(default_factory=dict)
    added: tuple[Mapping[str, Any], ...] = ()
    organs: Mapping[str, Mapping[str, Any] | None] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.patient or self.findings or self.added or self.organs)

    def with_patient(self, name: str, value: Any) -> "Corrections":
        """A field of the patient set; None says that it is unknown. Raises DescriptionError for an unknown field."""
        _known(name, PATIENT)
        return replace(self, patient={**self.patient, name: value})

    def with_finding(self, key: str, name: str, value: Any) -> "Corrections":
        """A field of a finding set, by the key that `apply` gave it. Raises DescriptionError for an unknown field."""
        _known(name, FINDING)
        if key.startswith(ADDED):
            index = int(key[len(ADDED) :])
            changed = {**self.added[index], name: value}
            return replace(self, added=(*self.added[:index], changed, *self.added[index + 1 :]))
        return replace(self, findings={**self.findings, key: {**(self.findings.get(key) or {}), name: value}})

    def with_organ(self, key: str, name: str, value: Any) -> "Corrections":
        """A field of an organ's state set, by its key. Raises DescriptionError for an unknown field."""
        _known(name, ORGAN_STATE)
        return replace(self, organs={**self.organs, key: {**(self.organs.get(key) or {}), name: value}})

    def with_added(self, finding: Finding) -> "Corrections":
        """One more finding."""
        plain = {name: getattr(finding, name) for name in FINDING if getattr(finding, name) is not None}
        return replace(self, added=(*self.added, plain))

    def without(self, key: str) -> "Corrections":
        """A finding taken out, by the key that `apply` gave it, or an organ by its own."""
        if key.startswith(ORGAN):
            return replace(self, organs={**self.organs, key: None})
        if key.startswith(ADDED):
            index = int(key[len(ADDED) :])
            return replace(self, added=(*self.added[:index], *self.added[index + 1 :]))
        return replace(self, findings={**self.findings, key: None})

    def to_json(self) -> str:
        """As text, empty where nothing is corrected."""
        if not self:
            return ""
        told = {"patient": self.patient, "findings": self.findings, "added": list(self.added), "organs": self.organs}
        return json.dumps(told)

    @classmethod
    def from_json(cls, text: str) -> "Corrections":
        """What `to_json` wrote. Raises DescriptionError for anything else."""
        if not text:
            return cls()
        try:
            data = json.loads(text)
            added = tuple(with_presence(one) for one in data["added"])
            findings = {key: one and with_presence(one) for key, one in data["findings"].items()}
            corrections = cls(dict(data["patient"]), findings, added, dict(data.get("organs", {})))
            for one in filter(None, corrections.organs.values()):
                dict(one)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DescriptionError("The saved corrections cannot be read", "undo them and correct again.") from error
        return corrections


@dataclass(frozen=True)
class Corrected:
    """description: what conditions the models; keys: the name of each of its findings in the corrections; lost: keys of
    corrections whose finding or organ the text no longer has."""

    description: Description
    keys: tuple[str, ...]
    lost: tuple[str, ...] = ()


def apply(description: Description, corrections: Corrections) -> Corrected:
    """A parsed description with a user's corrections in it. Raises DescriptionError for values that cannot be.

    Corrected fields lose their quotation, which is left out with that reason; what was read of the text stays behind
    every other field.
    """
    patient = dict(corrections.patient)
    listed = ("findings[", "organs[")
    spans = {path: span for path, span in description.spans.items() if not path.startswith(listed)}
    for name in patient:
        _known(name, PATIENT)
    if "age" in patient:
        patient["age_range"] = None
    overruled = {spans.pop(name): CORRECTED for name in patient if name in spans}
    findings: list[Finding] = []
    kept: list[str] = []
    keys = finding_keys(description)
    for index, (key, finding) in enumerate(zip(keys, description.findings, strict=True)):
        changes = corrections.findings.get(key, {})
        quotes = _quotes(description, f"findings[{index}].")
        if changes is None:
            overruled |= dict.fromkeys(quotes.values(), REMOVED)
            continue
        overruled |= {span: CORRECTED for name, span in quotes.items() if _among(name, changes)}
        findings.append(_changed(finding, changes))
        spans |= {f"findings[{len(kept)}].{name}": span for name, span in quotes.items() if not _among(name, changes)}
        kept.append(key)
    for index, plain in enumerate(corrections.added):
        findings.append(_changed(Finding("tumor"), plain))
        kept.append(f"{ADDED}{index}")
    organs: list[OrganState] = []
    for index, state in enumerate(description.organs):
        changes = corrections.organs.get(organ_key(state), {})
        quotes = _quotes(description, f"organs[{index}].")
        if changes is None:
            overruled |= dict.fromkeys(quotes.values(), REMOVED)
            continue
        overruled |= {span: CORRECTED for name, span in quotes.items() if name in changes}
        spans |= {f"organs[{len(organs)}].{name}": span for name, span in quotes.items() if name not in changes}
        organs.append(_changed_organ(state, changes))
    left_out = (*description.left_out, *(LeftOut(span, reason) for span, reason in overruled.items()))
    read = replace(description, findings=tuple(findings), organs=tuple(organs), spans=spans, left_out=left_out)
    scan = {name.removeprefix(HOME): patient.pop(name) for name in PATHS if name in patient}
    try:
        corrected = replace(read, acquisition=replace(read.acquisition, **scan), **patient)
    except TypeError as error:
        raise DescriptionError(*WRONG_KIND) from error
    names = (*keys, *(organ_key(state) for state in description.organs))
    lost = tuple(key for key in (*corrections.findings, *corrections.organs) if key not in names)
    return Corrected(corrected, tuple(kept), lost)


def finding_keys(description: Description) -> tuple[str, ...]:
    """The name of each finding: organ, kind and a number."""
    seen: dict[str, int] = {}
    keys = []
    for finding in description.findings:
        name = f"{finding.organ or 'unknown'} {finding.kind}"
        seen[name] = seen.get(name, 0) + 1
        keys.append(f"{name} {seen[name]}")
    return tuple(keys)


def _changed(finding: Finding, changes: Mapping[str, Any]) -> Finding:
    """A finding with fields replaced; a site or look that its new organ does not have goes."""
    for name in changes:
        _known(name, FINDING)
    changes = dict(changes)
    organ = changes.get("organ", finding.organ)
    if organ != finding.organ:
        if changes.get("site", finding.site) not in SITES.get(organ or "", ()):
            changes["site"] = None
        changes.setdefault("segment", None)
        if organ not in (None, "lung"):
            changes["looks"] = [one for one in changes.get("looks", finding.looks) if one not in LUNG_LOOKS]
    try:
        return replace(finding, **changes)
    except TypeError as error:
        raise DescriptionError(*WRONG_KIND) from error


def organ_key(state: OrganState) -> str:
    """The name of an organ's state in corrections."""
    return ORGAN + state.name


def _changed_organ(state: OrganState, changes: Mapping[str, Any]) -> OrganState:
    """A state with fields replaced; an organ that is gone has no size."""
    for name in changes:
        _known(name, ORGAN_STATE)
    changes = dict(changes)
    if changes.get("absent"):
        changes |= dict.fromkeys(ORGAN_STATE[1:])
    try:
        return replace(state, **changes)
    except TypeError as error:
        raise DescriptionError(*WRONG_KIND) from error


def _quotes(description: Description, path: str) -> dict[str, Span]:
    """By field; each further look by its own name."""
    return {name[len(path) :]: span for name, span in description.spans.items() if name.startswith(path)}


def _among(name: str, changes: Mapping[str, Any]) -> bool:
    """Whether the field that a quotation is of was corrected."""
    return name.split("[")[0] in changes


def _known(name: str, names: tuple[str, ...]) -> None:
    if name not in names:
        raise DescriptionError(f"There is no field {name!r} to correct", f"use one of {', '.join(names)}.")
