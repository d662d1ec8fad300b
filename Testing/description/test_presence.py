"""Whether the patient has what a text names: categories of ConText, their reach, and the sections of a report."""

import pytest

from GuideGenLib.description import DescriptionError, parse
from GuideGenLib.description.model import PRESENCES
from GuideGenLib.description.words.context import AFTER, BEFORE, STRENGTH


def presences(text: str) -> list[tuple[str | None, str]]:
    return [(finding.organ, finding.presence) for finding in parse(text).findings]


@pytest.mark.parametrize(
    ("text", "presence"),
    [
        ("Liver mass.", "present"),
        ("No liver mass.", "negated"),
        ("A liver mass was ruled out.", "negated"),
        ("Possible liver mass.", "possible"),
        ("A liver mass is not excluded.", "possible"),
        ("Liver mass suspected.", "possible"),
        ("History of a liver mass.", "historical"),
        ("The liver mass was resected.", "historical"),
        ("Liver mass in childhood, resected.", "historical"),
        ("The liver mass has resolved.", "resolved"),
        ("Interval resolution of the liver mass.", "resolved"),
        ("Her mother had a liver mass.", "family"),
        ("Family history: liver mass.", "family"),
        ("Rule out liver mass.", "hypothetical"),
        ("? liver mass", "hypothetical"),
        ("Liver mass?", "hypothetical"),
        ("The liver mass resolved.", "resolved"),
        ("If a liver mass is seen, biopsy it.", "hypothetical"),
        ("No history of a liver mass.", "negated"),
        ("No suspected liver mass.", "negated"),
        ("No change in the liver mass.", "present"),
        ("A PET-negative liver mass.", "present"),
        ("Liver mass, not present on the CT of 2021.", "present"),
    ],
)
def test_one_finding(text: str, presence: str) -> None:
    assert presences(text) == [("liver", presence)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("No liver mass, but a kidney mass.", [("liver", "negated"), ("kidney", "present")]),
        ("No mass in the lung; liver mass.", [("lung", "negated"), ("liver", "present")]),
        ("Possible liver mass and a 3 cm kidney mass.", [("liver", "possible"), ("kidney", "present")]),
        ("Rule out liver mass, 3 cm kidney mass seen.", [("liver", "hypothetical"), ("kidney", "present")]),
        ("His father had a lung tumor, the patient has a kidney mass.", [("lung", "family"), ("kidney", "present")]),
        ("The liver mass has resolved. Kidney mass.", [("liver", "resolved"), ("kidney", "present")]),
    ],
)
def test_a_trigger_ends_where_something_else_is_said(text: str, expected: list[tuple[str, str]]) -> None:
    assert presences(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("INDICATION: liver mass. FINDINGS: kidney mass.", [("liver", "hypothetical"), ("kidney", "present")]),
        ("Indication: known liver mass. Findings: kidney mass.", [("liver", "present"), ("kidney", "present")]),
        ("HISTORY: liver mass.\nFINDINGS: kidney mass.", [("liver", "historical"), ("kidney", "present")]),
        ("COMPARISON: liver mass in 2020. FINDINGS: kidney mass.", [("kidney", "present")]),
        (
            "FINDINGS: kidney mass. RECOMMENDATION: MRI for liver mass.",
            [("kidney", "present"), ("liver", "hypothetical")],
        ),
        ("HISTORY\nliver mass\nFINDINGS\nKidneys\nleft mass", [("liver", "historical"), ("kidney", "present")]),
        ("Indication: liver mass\nLungs: nodule.", [("liver", "hypothetical"), ("lung", "present")]),
    ],
)
def test_a_section_says_what_its_sentences_do_not(text: str, expected: list[tuple[str, str]]) -> None:
    assert presences(text) == expected


def test_technique_gives_phase_and_region_and_no_size() -> None:
    description = parse("TECHNIQUE: CT chest, arterial phase, 5 mm slices, liver protocol.\nFINDINGS: lung mass.")
    assert (description.region, description.phase) == ("chest", "arterial")
    assert [(one.organ, one.size_mm) for one in description.findings] == [("lung", None)]


def test_one_lesion_in_findings_and_impression_is_one() -> None:
    findings = "FINDINGS: 3 cm mass in the left kidney. 9 mm nodule RUL."
    found = parse(f"{findings}\nIMPRESSION: 1. Left renal mass, likely RCC. 2. RUL nodule.").findings
    assert [(one.kind, one.organ, one.size_mm) for one in found] == [("tumor", "kidney", 30), ("nodule", "lung", 9)]


def test_the_trigger_is_quoted() -> None:
    assert parse("Cannot exclude a liver mass.").spans["findings[0].presence"].text == "Cannot exclude"


def test_every_category_of_the_tables_is_one_of_the_model() -> None:
    assert {*BEFORE, *AFTER} <= set(STRENGTH) <= set(PRESENCES)


def test_a_long_report_is_read_past_a_sentence_that_contradicts_itself() -> None:
    text = "Left lung mass of the right lung. 3 cm liver mass. Spleen normal. No ascites."
    description = parse(text)
    assert [one.organ for one in description.findings if one.drawn] == ["liver"]
    assert any("contradict" in warning for warning in description.warnings)
    with pytest.raises(DescriptionError, match="contradict"):
        parse("Left lung mass of the right lung.")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Paciente de 60 años con tumor de 4 cm en el riñón izquierdo.", "Spanish"),
        ("Homem de 65 anos com massa de 3 cm no rim esquerdo.", "Portuguese"),
        ("Femme de 58 ans avec une masse de 4 cm dans le foie.", "French"),
        ("Lungentumor links, 3 cm. Keine Metastasen.", "German"),
        ("Uomo di 70 anni con massa di 3 cm nel fegato.", "Italian"),
        ("Man van 60 jaar met een tumor van 3 cm in de lever.", "Dutch"),
        ("Пациент 60 лет, опухоль левой почки 4 см.", "Russian"),
        ("患者男性,65岁,右肺上叶见3 cm肿块。", "Chinese"),
        ("左肺に3 cmの腫瘤があります。", "Japanese"),
    ],
)
def test_another_language_is_named_and_refused(text: str, language: str) -> None:
    with pytest.raises(DescriptionError, match=language):
        parse(text)


@pytest.mark.parametrize(
    "text", ["liver tumor 3 cm", "Señor García, 60, lung mass", "in situ ca of the sigmoid, de novo"]
)
def test_terse_english_is_no_other_language(text: str) -> None:
    assert parse(text).findings
