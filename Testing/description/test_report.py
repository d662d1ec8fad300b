"""JSON and table say what the Description says."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from GuideGenLib.description import DescriptionError, LeftOut, Span, parse
from GuideGenLib.description.report import from_json, to_json, to_table

TEXT = "A 60s obese woman with a 3 cm HCC in segmnet VI and a plumber cyst of the liver, T3, no lung nodules"
CORPUS = Path(__file__).parent / "corpus.jsonl"


def test_every_description_of_the_corpus_survives_json() -> None:
    cases = [json.loads(line) for line in CORPUS.read_text("utf-8").splitlines()]
    for case in cases:
        if "error" not in case:
            description = parse(case["text"])
            assert from_json(json.loads(json.dumps(to_json(description)))) == description


def test_json_has_every_field() -> None:
    data = to_json(parse(TEXT))
    assert data["age"] is None and data["age_range"] == [60, 69]
    assert data["findings"][0]["segment"] == "VI"
    assert data["spans"]["findings[0].size_mm"] == {"start": 25, "end": 29, "text": "3 cm"}


def changed(**changes: Any) -> dict[str, Any]:
    return {**to_json(parse(TEXT)), **changes}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (changed(sex="x"), "sex"),
        (changed(age="67"), "age"),
        (changed(age=True), "age"),
        (changed(age_range=[60]), "age_range"),
        (changed(colour="red"), "colour"),
        (changed(findings={}), "findings"),
        (changed(findings=[{"organ": "lung"}]), "kind"),
        (changed(findings=[{"kind": "tumor", "organ": "lung", "site": "head"}]), "site"),
        (changed(findings=[{"kind": "tumor", "size_mm": float("nan")}]), "size_mm"),
        (changed(findings=[{"kind": "tumor", "sise_mm": 3}]), "sise_mm"),
        (changed(spans={"age": {"start": 0, "end": 3, "text": "no such"}}), "quote"),
        (changed(not_understood=[{"start": 0}]), "not_understood"),
        (changed(left_out=[{"start": 0, "end": 1, "text": "A"}]), "reason"),
        (changed(findings=[{"kind": "tumor", "presence": "perhaps"}]), "perhaps"),
        (changed(findings=[{"kind": "tumor", "negated": "yes"}]), "presence"),
        (changed(warnings=[3]), "warnings"),
        (changed(text=None), "text"),
        ([], "description"),
        ({}, "text"),
    ],
)
def test_wrong_json_is_refused_by_name(data: Any, message: str) -> None:
    with pytest.raises(DescriptionError, match=message):
        from_json(data)


def test_table_shows_values_words_and_what_was_not_understood() -> None:
    table = to_table(parse(TEXT))
    for words in ("60 to 69", '"60s"', '"segmnet VI"', "(drawn)", "(not drawn)", "(negated, not drawn)"):
        assert words in table
    assert "size to draw" not in table  # the text has a size
    assert "Not understood: 'plumber'" in table
    assert "Warning: 'cyst' (liver) is understood but not drawn." in table


def test_findings_of_files_before_presence_are_read() -> None:
    old = [{"kind": "mass", "organ": "liver", "negated": True}, {"kind": "mass", "organ": "lung", "negated": False}]
    read = from_json({"text": "", "findings": old})
    assert [finding.presence for finding in read.findings] == ["negated", "present"]


def test_what_is_left_out_survives_json_and_is_told_by_its_reason() -> None:
    left_out = (LeftOut(Span(2, 5, "60s"), "a score"), LeftOut(Span(6, 11, "obese"), "a score"))
    description = replace(parse(TEXT), left_out=left_out)
    assert from_json(json.loads(json.dumps(to_json(description)))) == description
    assert "Left out, a score: '60s', 'obese'" in to_table(description)


def test_table_names_the_size_to_draw_and_the_unknown() -> None:
    table = to_table(parse("T3 lung cancer"))
    assert "50-70 mm" in table and "unknown" in table
    assert "No findings." in to_table(parse("a man"))


def test_table_takes_markup_as_text() -> None:
    table = to_table(parse("a [red] 67 years old [/red] man"))
    assert '"67 years old"' in table and "'red'" in table


def test_organs_are_in_json_and_table_and_old_records_without_them_are_read() -> None:
    description = parse("A woman after splenectomy, liver 19 cm, left kidney 80 ml, enlarged heart.")
    data = to_json(description)
    assert data["organs"][0]["length_mm"] == 190 and data["spans"]["organs[0].length_mm"]["text"] == "19 cm"
    table = to_table(description)
    assert all(
        words in table for words in ("190 mm craniocaudal", "left kidney", "80 ml", "enlarged", "absent", '"19 cm"')
    )
    assert from_json(data) == description
    del data["organs"]
    data["spans"] = {path: span for path, span in data["spans"].items() if not path.startswith("organs")}
    assert from_json(data).organs == ()


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"side": "left"}, "organ"),
        ({"organ": "femur"}, "organ"),
        ({"organ": "spleen", "side": "left"}, "side"),
        ({"organ": "spleen", "absent": "yes"}, "absent"),
        ({"organ": "spleen", "length_mm": 3000.0}, "3000 mm"),
        ({"organ": "spleen", "volume_ml": -1}, "ml"),
        ({"organ": "liver", "absent": True}, "without a liver"),
        ({"organ": "spleen", "absent": True, "size_word": "small"}, "absent"),
    ],
)
def test_wrong_states_of_organs_are_refused(state: dict[str, Any], message: str) -> None:
    with pytest.raises(DescriptionError, match=message):
        from_json(changed(organs=[state]))
