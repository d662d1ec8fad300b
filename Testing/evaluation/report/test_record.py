"""Sections as JSON and back, as text, as Markdown."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from GuideGenLib.core.errors import EvaluationError
from GuideGenLib.core.files import write_json
from GuideGenLib.evaluation.report.cells import card_table, number, terminal
from GuideGenLib.evaluation.report.record import (
    Evaluation,
    keep,
    kept,
    read_evaluation,
    section_from_json,
    section_json,
)
from GuideGenLib.evaluation.report.section import Figure, Section, Table

IDENTITY = {"bundle": "abc", "plan": {"steps": (4, 16)}, "judges": None}


@pytest.fixture
def section(tmp_path: Path) -> Section:
    (tmp_path / "a.png").write_bytes(b"picture")
    return Section(
        "alignment", "CT and mask",
        [Figure("li|ver", 0.8, 0.7, 0.85, 8, wanted=0.65, ceiling=0.9, paper=0.9, note="of <8> cases"),
         Figure("race", None, None, None, 0)],
        [Table("By organ", ("organ", "DSC"), [("liver", "0.8")]), Table("Texts", ("text",), [("long " * 20,)])],
        [("A picture", tmp_path / "a.png")], ["a *remark*\nover lines"],
    )  # fmt: skip


def test_a_section_survives_json(section: Section, tmp_path: Path):
    content = json.loads(json.dumps(section_json(section, tmp_path)))
    assert content["figures"][0]["met"] is True and content["pictures"] == [["A picture", "a.png"]]
    again = section_from_json(content, tmp_path)
    assert again.figures == section.figures
    assert section_json(again, tmp_path) == content


def test_a_folder_that_was_moved_keeps_its_pictures(section: Section, tmp_path: Path):
    content = section_json(section, tmp_path)
    assert section_from_json(content, tmp_path / "elsewhere").pictures[0][1] == tmp_path / "elsewhere" / "a.png"


def test_a_section_is_kept_for_its_identity_alone(section: Section, tmp_path: Path):
    keep("alignment", section, IDENTITY, 12.5, tmp_path)
    found = kept("alignment", IDENTITY, tmp_path)
    assert found is not None and found[0].figures == section.figures and found[1] == 12.5
    assert kept("prompts", IDENTITY, tmp_path) is None
    assert kept("alignment", IDENTITY | {"bundle": "another"}, tmp_path) is None
    (tmp_path / "a.png").unlink()
    assert kept("alignment", IDENTITY, tmp_path) is None


def test_a_kept_section_that_is_cut_or_old_is_measured_again(section: Section, tmp_path: Path):
    keep("alignment", section, IDENTITY, 1.0, tmp_path)
    path = tmp_path / "sections" / "alignment.json"
    whole = path.read_text()
    path.write_text(whole[: len(whole) // 2])
    assert kept("alignment", IDENTITY, tmp_path) is None
    path.write_text(whole.replace('"wanted"', '"goal"'))
    assert kept("alignment", IDENTITY, tmp_path) is None
    path.write_text(whole)
    assert kept("alignment", IDENTITY, tmp_path) is not None


def test_an_evaluation_is_read_again_or_refused_with_a_remedy(section: Section, tmp_path: Path):
    path = tmp_path / "evaluation.json"
    write_json(Evaluation({"bundle": {"name": "toy"}}, [section], {"alignment": 3.0}).to_json(tmp_path), path)
    content = read_evaluation(path)
    assert content["synthetic"] is True and content["sections"][0]["key"] == "alignment"
    for text, words in (("{", "is no JSON"), ("[]", "has no sections"), ('{"sections": 3}', "has no sections")):
        path.write_text(text)
        with pytest.raises(EvaluationError, match=words):
            read_evaluation(path)
    with pytest.raises(EvaluationError, match="cannot be read"):
        read_evaluation(tmp_path / "none.json")


def test_markdown_has_figures_notes_and_no_loose_marks(section: Section, tmp_path: Path):
    text = card_table(Evaluation({}, [section]).to_json(tmp_path))
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert rows[2] == "| li\\|ver | 0.800 | 0.700 to 0.850 | 8 | 0.900 | 0.900 | at least 0.650 | met |"
    assert rows[3] == "| race | - | - | - | - | - |  | not measured |"
    assert "- li\\|ver: of &lt;8> cases" in text and "- a \\*remark\\* over lines" in text
    assert "| liver | 0.8 |" in text
    assert "long long" not in text  # sentences do not fit a card


def test_plain_text_has_the_same_figures(section: Section):
    text = terminal([section])
    assert "0.700 to 0.850" in text and "met" in text and "not measured" in text and "By organ" in text
    missed = replace(section, figures=[replace(section.figures[0], value=0.5)])
    assert "MISSED" in terminal([missed])


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "-"), (0.0, "0"), (0.0123, "0.012"), (-0.5, "-0.500"), (9.876, "9.88"), (54.36, "54.4"), (1791.2, "1791")],
)
def test_numbers_have_three_digits_and_no_powers(value: float | None, text: str):
    assert number(value) == text
