"""JSON says what the Description says."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from GuideGenLib.description import DescriptionError, LeftOut, Span, parse
from GuideGenLib.description.report import from_json, to_json

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
        (changed(spans={"findings[9].kind": {"start": 0, "end": 1, "text": "A"}}), r"findings\[9\]"),
        (changed(spans={"colour": {"start": 0, "end": 1, "text": "A"}}), "colour"),
        (changed(spans={"a b": {"start": 0, "end": 1, "text": "A"}}), "a b"),
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


def test_findings_of_files_before_presence_are_read() -> None:
    old = [{"kind": "mass", "organ": "liver", "negated": True}, {"kind": "mass", "organ": "lung", "negated": False}]
    read = from_json({"text": "", "findings": old})
    assert [finding.presence for finding in read.findings] == ["negated", "present"]


def test_what_is_left_out_survives_json() -> None:
    left_out = (LeftOut(Span(2, 5, "60s"), "a score"), LeftOut(Span(6, 11, "obese"), "a score"))
    description = replace(parse(TEXT), left_out=left_out)
    assert from_json(json.loads(json.dumps(to_json(description)))) == description


def test_organs_are_in_json_and_old_records_without_them_are_read() -> None:
    description = parse("A woman after splenectomy, liver 19 cm, left kidney 80 ml, enlarged heart.")
    data = to_json(description)
    assert data["organs"][0]["length_mm"] == 190 and data["spans"]["organs[0].length_mm"]["text"] == "19 cm"
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
