"""Description and Finding refuse what cannot be, and know what is drawn."""

from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest

from GuideGenLib.anatomy.table import values
from GuideGenLib.description import Description, DescriptionError, Finding
from GuideGenLib.description.model import SITES


@pytest.mark.parametrize("organ", SITES)
@pytest.mark.parametrize("kind", ["tumor", "mass", "nodule", "lesion", "metastasis"])
def test_drawn_kinds_have_a_label_of_the_anatomy_table(organ: str, kind: str) -> None:
    finding = Finding(kind, organ)
    assert finding.label_key in values()
    assert finding.drawn


@pytest.mark.parametrize(
    "finding",
    [
        Finding("cyst", "kidney"),
        Finding("tumor", "stomach"),
        Finding("tumor"),
        Finding("tumor", "lung", presence="negated"),
        Finding("tumor", "lung", t="0"),
    ],
)
def test_what_is_denied_or_has_no_label_is_not_drawn(finding: Finding) -> None:
    assert not finding.drawn


@pytest.mark.parametrize(
    "wrong",
    [
        {"side": "up"},
        {"site": "tail"},
        {"size_mm": 0.0},
        {"size_mm": -3.0},
        {"size_mm": float("nan")},
        {"size_mm": 5000.0},
        {"size_word": "gross"},
        {"t": "5"},
        {"n": "4"},
        {"m": "2"},
        {"stage": "V"},
        {"count": 0},
        {"organ": ""},
        {"kind": ""},
    ],
)
def test_impossible_finding_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(DescriptionError, match=next(iter(wrong))):
        replace(Finding("tumor", "lung"), **wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"age": 130},
        {"age": -1},
        {"age_range": (70, 60)},
        {"age_range": (100, 200)},
        {"sex": "m"},
        {"region": "head"},
        {"phase": "venous"},
        {"habitus": "fat"},
    ],
)
def test_impossible_description_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(DescriptionError):
        replace(Description("text"), **wrong)


def test_a_description_is_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        Description("text").age = 5  # type: ignore[misc]


def test_possible_findings_are_drawn_and_can_be_left_out() -> None:
    description = Description(
        "", findings=(Finding("mass", "liver", presence="possible"), Finding("mass", "lung"), Finding("cyst", "liver"))
    )
    assert [finding.drawn for finding in description.findings] == [True, True, False]
    assert [finding.drawn for finding in description.without_possible().findings] == [False, True, False]


@pytest.mark.parametrize("presence", ["negated", "historical", "resolved", "family", "hypothetical"])
def test_what_the_patient_does_not_have_is_not_drawn(presence: str) -> None:
    finding = Finding("mass", "liver", presence=presence)
    assert not finding.there and not finding.drawn
