"""Changes of patient and scan: age, phase and how it is scanned, and those that are refused."""

import re
from dataclasses import asdict, replace

from GuideGenLib.description.acquisition import HOME
from GuideGenLib.description.changes.amounts import NUMBER, number
from GuideGenLib.description.changes.clauses import Clause
from GuideGenLib.description.changes.draft import Draft
from GuideGenLib.description.changes.model import Step
from GuideGenLib.description.changes.targets import understood
from GuideGenLib.description.fields import shown
from GuideGenLib.description.model import OLDEST, DescriptionError, Span

SOME_YEARS = 10
"""What "older" alone means."""
_SEX = (
    r"\b(?:a|an|into|to|be|as|sex|gender|now)\s+(?:\w+\s+)?(?P<sex>male|female|man|woman|boy|girl)\b|\b(?:sex|gender)\b"
)
_BUILD = r"\b(?:obese|fat|fatter|thin|thinner|slim|slimmer|overweight|lean|leaner|heavier|lighter|taller|bmi)\b"
_PHASE = r"phase|contrast|arterial|venous|delayed|native|enhanced|unenhanced|plain"
_PERSON = r"\b(?:him|her|he|she|patient|man|woman|person|case)\b"


def refuse_another_patient(draft: Draft, clause: Clause) -> None:
    """Raise DescriptionError for a sentence that makes somebody else of the patient."""
    sex = clause.find(_SEX)
    if sex is not None:
        word = (sex["sex"] or "").lower()
        asked = {"male": "male", "man": "male", "boy": "male"}.get(word, "female" if word else "")
        if not asked or asked != draft.before.sex:
            raise DescriptionError(
                f"'{clause.words.text}' asks for another patient", "draw one anew, with a text of its own."
            )
    build = clause.find(_BUILD)
    if build is not None and clause.find(_PERSON):
        raise DescriptionError(
            f"'{build[0]}' is another body, and so another patient", "draw one anew, with a text of its own."
        )
    race = understood(clause.text)
    if race is not None and (race.race or race.ethnicity):
        raise DescriptionError(
            f"'{clause.words.text}' asks for another patient", "draw one anew, with a text of its own."
        )


def change_age(draft: Draft, clause: Clause) -> bool:
    """ "ten years older", "make her 80 years old", "older" """
    compared = clause.find(rf"\b(?:(?P<years>{NUMBER})\s+years?\s+)?(?P<word>older|younger)\b")
    by = clause.find(rf"\bag(?:e|ed|es|eing|ing)\b.*?\bby\s+(?P<years>{NUMBER})\s+years?\b")
    age = r"(?P<age>\d{1,3}|thirty|forty|fifty|sixty|seventy|eighty|ninety)"
    to = clause.find(rf"\b{age}[\s-]*(?:years?[\s-]*old|yo|y/o|years? of age)\b")
    to = to or clause.find(r"\bage(?:d)?(?:\s+\w+)?\s+(?:to\s+|of\s+)?(?P<age>\d{1,3})\b")
    is_now = r"(?:\s+(?:is|becomes|turns|to be|should be))?(?:\s+now)?"
    person = clause.find(rf"{_PERSON}{is_now}\s+(?P<age>\d{{2,3}})(?:\s+now)?\s*$")
    if compared or by:
        match = compared or by
        assert match is not None
        years = number(match["years"]) if match["years"] else SOME_YEARS
        if not match["years"]:
            draft.notes.append(f"'{match['word']}' is read as {SOME_YEARS} years.")
        _older(draft, clause, -years if compared and compared["word"].lower() == "younger" else years, match)
        return True
    match = to or person
    if match is None:
        return False
    years = int(number(match["age"]))
    if years > OLDEST:
        raise DescriptionError(f"An age of {years} years is not possible", f"give 0 to {OLDEST}.")
    _set_age(draft, clause, years, match)
    return True


def _older(draft: Draft, clause: Clause, years: float, match: re.Match[str]) -> None:
    age = draft.patient.get("age", draft.before.age)
    if age is None and draft.before.age_range is not None:
        age = round(sum(draft.before.age_range) / 2)
        draft.notes.append(f"The age is taken as {age}, the middle of what the text tells.")
    if age is None:
        raise DescriptionError("How old the patient is now is not told", "say an age, for example 70 years old.")
    new = round(age + years)
    if not 0 <= new <= OLDEST:
        raise DescriptionError(f"An age of {new} years is not possible", f"give 0 to {OLDEST}.")
    _set_age(draft, clause, new, match)


def _set_age(draft: Draft, clause: Clause, age: int, match: re.Match[str]) -> None:
    before = draft.patient.get("age", draft.before.age)
    draft.patient |= {"age": age, "age_range": None}
    draft.use([Span(*match.span(), match[0])])
    draft.steps.append(Step("age", clause.words, f"age: {'unknown' if before is None else before} to {age} years"))


def change_phase(draft: Draft, clause: Clause) -> bool:
    """ "show it in the arterial phase", "without contrast" """
    if not clause.find(_PHASE):
        return False
    read = understood(clause.text)
    if read is None or read.phase is None:
        return False
    before = draft.patient.get("phase", draft.before.phase)
    draft.patient["phase"] = read.phase
    draft.use([read.spans["phase"]])
    named = [str(phase or "unknown").replace("_", " ") for phase in (before, read.phase)]
    draft.steps.append(Step("phase", clause.words, f"contrast phase: {named[0]} to {named[1]}"))
    return True


def change_scan(draft: Draft, clause: Clause) -> bool:
    """ "as a 5 mm scan with a lung kernel", "without motion artefacts" """
    read = understood(clause.text)
    told = {} if read is None else {n: v for n, v in asdict(read.acquisition).items() if v is not None}
    if read is None or not told:
        return False
    before = draft.patient.get("acquisition", draft.before.acquisition)
    draft.patient["acquisition"] = replace(before, **told)
    for name, value in told.items():
        draft.use([read.spans[HOME + name]])
        words = f"{name.replace('_', ' ')}: {shown(getattr(before, name))} to {shown(value)}"
        draft.steps.append(Step("scan", clause.words, words))
    return True
