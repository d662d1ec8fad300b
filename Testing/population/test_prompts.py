"""Prompts: always true of the person, worded in many ways."""

import re
from dataclasses import replace

import numpy as np
import pytest

from GuideGenLib.description.model import Finding
from GuideGenLib.description.stage import stage_size_mm
from GuideGenLib.population.attributes import Attributes, draw_attributes
from GuideGenLib.population.findings import T_STAGES, draw_findings
from GuideGenLib.population.prompts import LAYOUTS, write_prompt

WHO = Attributes("female", 67, 34.0, 0.95, 0.0, 150.0, 1.0, "arterial", "black", "not_hispanic")
TUMOR = Finding("tumor", "kidney", "upper_pole", None, "left", 45.0, None, "1b", "0", "0", "I")


def texts(who: Attributes, findings: tuple[Finding, ...], n: int = 300) -> list[str]:
    return [write_prompt(who, findings, np.random.default_rng(i)) for i in range(n)]


def cases(n: int = 600) -> list[tuple[Attributes, tuple[Finding, ...]]]:
    made = []
    for i in range(n):
        rng = np.random.default_rng([1, i])
        who = draw_attributes(rng)
        made.append((who, draw_findings(rng, who)))
    return made


def test_the_same_person_is_told_in_many_ways() -> None:
    assert len(LAYOUTS) >= 20
    assert len(set(texts(WHO, (TUMOR,)))) > 280
    assert write_prompt(WHO, (TUMOR,), np.random.default_rng(1)) == write_prompt(
        WHO, (TUMOR,), np.random.default_rng(1)
    )


def test_sex_is_never_the_wrong_one() -> None:
    wrong = re.compile(r"\b(man|male|gentleman|his|he|M)\b")
    assert not [text for text in texts(WHO, (TUMOR,)) if wrong.search(text)]
    wrong = re.compile(r"\b(woman|female|lady|her|she)\b", re.IGNORECASE)
    assert not [text for text in texts(replace(WHO, sex="male"), (TUMOR,)) if wrong.search(text)]


def test_side_and_organ_are_never_swapped() -> None:
    told = [text.lower() for text in texts(WHO, (TUMOR,))]
    assert not any("right" in text for text in told)
    assert all("left" in text for text in told)
    assert all(re.search(r"kidney|renal|rcc", text) for text in told)


def test_attributes_are_often_left_out_and_often_told() -> None:
    told = texts(WHO, (TUMOR,))
    for pattern, low, high in (
        ("67|sixty|60s|elderly", 0.4, 0.9),
        ("(?i)black|african", 0.15, 0.6),
        ("(?i)obese|BMI", 0.2, 0.7),
    ):
        share = np.mean([bool(re.search(pattern, text)) for text in told])
        assert low < share < high, pattern


def test_nobody_is_said_to_have_what_is_denied() -> None:
    told = texts(WHO, (Finding("tumor", "liver", presence="negated"),))
    with_liver = [text for text in told if "hepatic" in text.lower()]
    assert with_liver
    assert all(re.search(r"(?i)\b(no|without)\b[^.]*hepatic", text) for text in with_liver)


def test_a_word_of_age_is_true() -> None:
    young, old = replace(WHO, age=25), replace(WHO, age=80)
    assert not any("elderly" in text.lower() for text in texts(young, ()))
    assert any("elderly" in text.lower() for text in texts(old, ()))
    assert not any(re.search("(?i)young", text) for text in texts(old, ()))


def test_articles_fit_the_next_word() -> None:
    for who, findings in cases(300):
        text = write_prompt(who, findings, np.random.default_rng(who.age))
        assert not re.search(r"(?i)\ba [aeio8]|\ban [bcdgpt]|  |\ba \.", text), text


@pytest.mark.parametrize("organ", list(T_STAGES))
def test_findings_cover_each_stage_with_a_size_that_fits_it(organ: str) -> None:
    tumors = [f for _, findings in cases() for f in findings if f.organ == organ and f.kind == "tumor" and f.t]
    assert {f.t for f in tumors} == set(T_STAGES[organ])
    for finding in tumors:
        low, high = stage_size_mm(replace(finding, size_mm=None))
        assert low - 0.5 <= (finding.size_mm or 0) <= high + 0.5


def test_some_have_nothing_and_some_several_lesions() -> None:
    counts = np.array([sum(finding.there for finding in findings) for _, findings in cases()])
    assert 0.08 < (counts == 0).mean() < 0.2
    assert 0.1 < (counts > 1).mean() < 0.5


def test_metastatic_disease_is_stage_four() -> None:
    for _, findings in cases():
        for finding in findings:
            if finding.m == "1":
                assert finding.stage == "IV"
                assert any(other.kind == "metastasis" for other in findings)
