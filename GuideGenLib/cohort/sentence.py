"""The text of a row that is given as columns: an English sentence that is read as any other, so that one case can be
made again from its text alone."""

from collections.abc import Mapping
from typing import Any

from GuideGenLib.description import Description, parse
from GuideGenLib.description.errors import DescriptionError
from GuideGenLib.description.model import HABITUS, PHASES, REGIONS, SEXES, SIDES

PATIENT = ("sex", "age", "habitus", "race", "region", "phase")
FINDING = ("kind", "organ", "side", "site", "size_mm", "T", "N", "M", "count")
COLUMNS = (*PATIENT, *FINDING)
"""Columns of a table. kind: of the finding (tumor); count: how many of it; the case of letters counts, for N is a
stage and n how often a row is drawn."""
PEOPLE = {"male": "man", "female": "woman"}
NAMED_ALONE = ("rectum", "cecum", "hepatic_flexure", "splenic_flexure")
"""Parts of the large bowel that nobody calls "the ... colon"."""
PHASE_WORDS = {
    "none": "without contrast",
    "arterial": "in the arterial phase",
    "portal_venous": "in the portal venous phase",
    "delayed": "in the delayed phase",
}
HABITUS_WORDS = {"normal": "normal-weight"}
CHOICES = {"sex": SEXES, "habitus": HABITUS, "region": REGIONS, "phase": PHASES, "side": SIDES}


def text_of_columns(columns: Mapping[str, Any]) -> str:
    """A description of what the columns say. Raises DescriptionError for a value that cannot be, and where the text is
    not understood as the columns mean it."""
    told = {key: str(value).strip() for key, value in columns.items()}
    for key, choices in CHOICES.items():
        if key in told and told[key] not in choices:
            raise DescriptionError(f"{key} is {told[key]!r:.40}", f"give one of {', '.join(choices)}.")
    text = " ".join(filter(None, (_patient(told), _scan(told), _finding(told))))
    if not text:
        raise DescriptionError("the row says nothing of a patient", "fill in a text or some columns.")
    _check(told, parse(text))
    return text


def _patient(told: Mapping[str, str]) -> str:
    age = f"{told['age']}-year-old" if "age" in told else ""
    habitus = told.get("habitus", "")
    words = (age, HABITUS_WORDS.get(habitus, habitus), told.get("race", ""), PEOPLE.get(told.get("sex", ""), ""))
    if not any(words):
        return ""
    words = words if words[-1] else (*words[:-1], "patient")
    said = " ".join(filter(None, words))
    article = "An" if said[0] in "aeiou" or said.startswith(("8", "11-", "18-")) else "A"
    return f"{article} {said}."


def _scan(told: Mapping[str, str]) -> str:
    if not {"region", "phase"} & set(told):
        return ""
    region = f"of the {told['region'].replace('_', ' and ')}" if "region" in told else ""
    return " ".join(filter(None, ("CT", region, PHASE_WORDS.get(told.get("phase", ""), "")))) + "."


def _finding(told: Mapping[str, str]) -> str:
    """As "3 tumors of the liver" or "40 mm tumor in the upper pole of the left kidney, T1bN0M0"."""
    if not set(FINDING) & set(told):
        return ""
    if "organ" not in told:
        raise DescriptionError("a finding has no organ", "fill in the column organ, for example kidney.")
    many = told.get("count", "1") != "1"
    kind = told.get("kind", "tumor") + ("s" if many else "")
    organ = told["organ"].replace("_", " ")
    organ = f"{told['side']} {organ}" if "side" in told else organ
    place = _place(told, organ)
    size = f"{told['size_mm']} mm" if "size_mm" in told else ""
    stage = "".join(f"{key}{told[key]}" for key in "TNM" if key in told)
    said = " ".join(filter(None, (told["count"] if many else "", size, kind, place)))
    return said[0].upper() + said[1:] + (f", {stage}." if stage else ".")


def _place(told: Mapping[str, str], organ: str) -> str:
    site = told.get("site", "").replace("_", " ")
    if not site:
        return f"of the {organ}"
    if told["organ"] != "colon":
        return f"in the {site} of the {organ}"
    return f"in the {site}" if told["site"] in NAMED_ALONE else f"in the {site} colon"


def _check(told: Mapping[str, str], description: Description) -> None:
    """What was read is what was meant: a column that the sentence does not carry must not be lost unsaid."""
    finding = description.findings[0] if description.findings else None
    for key, value in told.items():
        of = description if key in PATIENT else finding
        read = getattr(of, key.lower(), None)
        if read is None or (str(read) != value and _number(read) != _number(value)):
            found = "nothing" if read is None else repr(read)
            msg = f"the column {key} with {value!r:.40} is understood as {found}"
            raise DescriptionError(msg, "correct it, or give the row as a text.")


def _number(value: Any) -> float | str:
    try:
        return float(value)
    except (TypeError, ValueError):
        return str(value)
