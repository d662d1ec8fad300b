"""Texts as radiologists write them are read as a radiologist means them.

`reports.jsonl` holds the texts that the reader was mended for; `reports_of_our_own.jsonl` fifty more of other kinds,
written before the reader was changed. A line names:

patient     the fields of the Description; those left out must be unknown
drawn       the findings to be drawn, one to one. Of each, organ, side, site, segment, size, count, stages and presence
            are compared, and what is left out must be unknown (count 1, present); kind and size_word only where named.
            A segment implies its lobe, so that a site beside it is right
may_also    findings that a radiologist would also accept beside those
told        findings that are not drawn and must still be told, with their presence
never       findings that must not be drawn
organs      sizes and absences of organs; normal sizes are not compared
refused     the language that the error must name

A list gives what is accepted, ">=2" and "<=10" are bounds, "?" is anything.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from GuideGenLib.description import Description, DescriptionError, parse

HERE = Path(__file__).parent
SETS = {
    name: [json.loads(line) for line in (HERE / f"{name}.jsonl").read_text("utf-8").splitlines()]
    for name in ("reports", "reports_of_our_own")
}
PATIENT = ("age", "age_range", "sex", "race", "ethnicity", "region", "phase", "habitus")
UNKNOWN = dict.fromkeys(("organ", "side", "site", "segment", "size_mm", "t", "n", "m", "stage")) | {
    "count": 1,
    "presence": "present",
}


def accepts(wanted: Any, value: Any) -> bool:
    """Whether a value is as a line of the file wants it."""
    if isinstance(wanted, list):
        return any(accepts(one, value) for one in wanted)
    if wanted == "?":
        return True
    if isinstance(wanted, str) and wanted[:2] in (">=", "<="):
        return value is not None and (value >= float(wanted[2:]) if wanted[0] == ">" else value <= float(wanted[2:]))
    if isinstance(wanted, int | float) and isinstance(value, int | float):
        return abs(wanted - value) <= 0.5  # a rounded inch
    return bool(wanted == value)


def fits(wanted: dict[str, Any], thing: Any) -> bool:
    """Whether a finding has all fields that are named."""
    return all(accepts(value, getattr(thing, name)) for name, value in wanted.items())


def exact(wanted: dict[str, Any]) -> dict[str, Any]:
    """A finding to be drawn with the fields that the line leaves out."""
    implied = {"site": "?"} if "segment" in wanted else {}
    return UNKNOWN | implied | wanted


def pair(wanted: list[dict[str, Any]], found: list[Any]) -> tuple[list[dict[str, Any]], list[Any]]:
    """What is wanted and not found, and what is found and not wanted, each finding taken once."""
    missing, left = [], list(found)
    for one in wanted:
        match = next((thing for thing in left if fits(one, thing)), None)
        if match is None:
            missing.append(one)
        else:
            left.remove(match)
    return missing, left


def faults(case: dict[str, Any], description: Description) -> list[str]:
    """In which points a description is not what the line says, in words."""
    patient = case.get("patient", {})
    said = [
        f"{name} is {getattr(description, name)}"
        for name in PATIENT
        if not accepts(patient.get(name), getattr(description, name))
    ]
    drawn = [finding for finding in description.findings if finding.drawn]
    missing, extra = pair([exact(one) for one in case["drawn"]], drawn)
    extra = [thing for thing in extra if not any(fits(one, thing) for one in case.get("may_also", ()))]
    said += [f"not drawn: {one}" for one in missing] + [f"drawn: {thing}" for thing in extra]
    said += [f"drawn: {thing}" for one in case.get("never", ()) for thing in drawn if fits(one, thing)]
    aside = [finding for finding in description.findings if not finding.drawn]
    said += [f"not told: {one}" for one in pair(list(case.get("told", ())), aside)[0]]
    if case.get("organs") != "?":
        states = [state for state in description.organs if state.size_word != "normal"]
        missing, extra = pair(case.get("organs", []), states)
        said += [f"not told: {one}" for one in missing] + [f"told: {thing}" for thing in extra]
    return said


@pytest.mark.parametrize("name", SETS)
def test_sets_have_their_size_and_no_text_twice(name: str) -> None:
    texts = [case["text"] for case in SETS[name]]
    assert len(set(texts)) == len(texts) == {"reports": 111, "reports_of_our_own": 50}[name]


@pytest.mark.parametrize(
    "case", [case for cases in SETS.values() for case in cases], ids=lambda case: case["text"][:40].strip()
)
def test_report_is_read_as_a_radiologist_means_it(case: dict[str, Any]) -> None:
    if "refused" in case:
        with pytest.raises(DescriptionError, match=case["refused"]):
            parse(case["text"])
        return
    description = parse(case["text"])
    assert not faults(case, description), description.findings


def drawn_wrongly(case: dict[str, Any]) -> bool:
    """Whether a finding is drawn that a radiologist would not draw."""
    return "refused" not in case and any(fault.startswith("drawn:") for fault in faults(case, parse(case["text"])))


@pytest.mark.parametrize("name", SETS)
def test_nothing_is_drawn_that_a_radiologist_would_not_draw(name: str) -> None:
    assert not [case["text"] for case in SETS[name] if drawn_wrongly(case)]
