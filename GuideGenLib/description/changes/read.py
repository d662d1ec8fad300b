"""A sentence about a case to the difference of two descriptions."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from GuideGenLib.description.changes.clauses import LEAVE, SET, Clause, clauses
from GuideGenLib.description.changes.draft import Draft
from GuideGenLib.description.changes.lesions import add, grow, remove, resize, restage
from GuideGenLib.description.changes.looking import relook
from GuideGenLib.description.changes.model import Difference
from GuideGenLib.description.changes.moving import move, move_without_a_verb
from GuideGenLib.description.changes.organs import change_organ
from GuideGenLib.description.changes.patient import change_age, change_phase, change_scan, refuse_another_patient
from GuideGenLib.description.changes.targets import told_findings, understood
from GuideGenLib.description.model import Description, DescriptionError, Span
from GuideGenLib.findings.reading import recipes

LONGEST = 600
EXAMPLE = "make the tumour 2 cm larger and add a small pleural effusion on the right"
_ASKS = r"^\s*(?:is|are|was|were|does|did|has|have you|what|why|how|where|which|who)\b"
_PLAIN_WORDS = """
a an the of in on at to into onto from by with and but then also now please make makes making made change changes
changed set turn let be is it its this that them they these those him her his patient case ct scan image images some
more further another additional extra new one ones there he she we you i can could would want like as large big size
sized diameter stage staged staging tnm phase so for after later over within all both every everything each side bit
show use have has been convert old years year instead or per cent percent same time length long wide just first next
finally completely entirely very become becomes should shall must will lesion finding findings untreated drawn present
do
"""
_PLAIN = frozenset(_PLAIN_WORDS.split())
"""Words that say nothing of their own in such a sentence."""


def read_change(sentence: str, before: Description, sizes: Mapping[int, float] | None = None) -> Difference:
    """What a sentence changes of a case. sizes: measured diameters in mm of its findings, by their places.

    Raises DescriptionError for a sentence that is empty, too long or a question, in which nothing to change is
    understood, that names a finding which is not there or one of several, that asks for another patient, and where what
    comes of it cannot be.
    """
    _check(sentence)
    draft = Draft.of(before, sizes or {})
    left: list[Clause] = []
    for clause in clauses(sentence):
        if clause.find(rf"\b{LEAVE}"):
            draft.notes.append(f"'{clause.words.text}' asks for no change.")
            draft.use([clause.words])
        elif not _apply(draft, clause):
            left.append(clause)
    if not draft.steps:
        told = "; ".join(f"'{clause.words.text}'" for clause in left) or f"'{sentence.strip()}'"
        raise DescriptionError(f"Nothing to change was understood in {told}", f"write for example: {EXAMPLE}.")
    return draft.difference(sentence, _not_understood(sentence, draft.used))


def measured_sizes(lesions: Iterable[Mapping[str, Any]]) -> dict[int, float]:
    """How large each finding is in its unit, the mean of the lesions that a record tells: the measured diameter in mm,
    the volume in ml of what fills a space, the thickness in mm that was asked of what lies about an organ."""
    by_volume = {one.label["key"]: one for one in recipes() if one.label is not None and one.mechanism == "fluid"}
    found: dict[int, list[float]] = {}
    for lesion in lesions:
        recipe = by_volume.get(str(lesion.get("label")))
        unit = None if recipe is None or recipe.sizes is None else recipe.sizes.unit
        name = {"ml": "volume_ml", "mm": "size_mm"}.get(unit or "", "measured_mm")
        index, size = lesion.get("finding"), lesion.get(name)
        if isinstance(index, int) and isinstance(size, int | float) and size > 0:
            found.setdefault(index, []).append(float(size))
    return {index: sum(values) / len(values) for index, values in found.items()}


def _check(sentence: str) -> None:
    if not sentence.strip():
        raise DescriptionError("The sentence is empty", f"say what to change, for example: {EXAMPLE}.")
    if len(sentence) > LONGEST:
        raise DescriptionError(
            f"The sentence has {len(sentence)} characters, more than {LONGEST}", "change less at once."
        )
    if re.search(_ASKS, sentence, re.IGNORECASE):
        raise DescriptionError(f"'{sentence.strip()}' is a question", f"say what to change, for example: {EXAMPLE}.")


def _apply(draft: Draft, clause: Clause) -> bool:
    """Change the draft as a clause says; False where it says nothing that is understood. The first that it fits."""
    refuse_another_patient(draft, clause)
    if any([change_age(draft, clause), change_phase(draft, clause), change_scan(draft, clause)]):
        rest = _rest(draft, clause)
        read = understood(rest.text)
        if told_findings(read) or (read is not None and read.organs):  # "both 1 cm larger, arterial phase"
            _change_findings(draft, rest)
        return True
    return _change_findings(draft, clause)


def _change_findings(draft: Draft, clause: Clause) -> bool:
    """What a clause says of findings and organs."""
    for change in (grow, remove):
        if change(draft, clause):
            return True
    looked = relook(draft, clause)
    if not looked and any(change(draft, clause) for change in (add, move, change_organ)):
        return True
    clause = _rest(draft, clause) if looked else clause
    sized = resize(draft, clause)
    return restage(draft, clause) or sized or looked or move_without_a_verb(draft, clause)


def _rest(draft: Draft, clause: Clause) -> Clause:
    """What no change has used of a clause."""
    used = [(span.start, span.end) for span in draft.used if clause.start <= span.start < clause.end]
    return Clause(clause.but(*used), clause.start, clause.end, clause.verb)


def _not_understood(sentence: str, used: Iterable[Span]) -> tuple[Span, ...]:
    """Words that no change holds."""
    taken = [(span.start, span.end) for span in used]
    words = re.finditer(r"[A-Za-z][\w'-]*|\d[\w.,]*", sentence)
    odd = [w for w in words if not _is_plain(w[0]) and not any(a < w.end() and w.start() < b for a, b in taken)]
    return tuple(Span(w.start(), w.end(), w[0]) for w in odd)


def _is_plain(word: str) -> bool:
    return word.lower() in _PLAIN or re.fullmatch(SET, word, re.IGNORECASE) is not None
