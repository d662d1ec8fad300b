"""What a text was taken to mean and its corrections, without a browser: their state as the page would have it."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("trame_slicer", reason="needs the extra web")

from Testing.web.panels_stage import TEXT, panels


@pytest.fixture
def page(tmp_path: Path, request: pytest.FixtureRequest) -> SimpleNamespace:
    return panels(tmp_path, request.node.name)


def row(page: SimpleNamespace, title: str) -> dict[str, Any]:
    return next(one for one in page.state.understood_rows if not one["heading"] and one["title"] == title)


def headings(page: SimpleNamespace) -> dict[str, str]:
    """Of the groups, the keys by which they are removed."""
    return {one["heading"]: one["key"] for one in page.state.understood_rows if one["heading"]}


def test_each_field_is_shown_with_the_words_that_it_came_from(page: SimpleNamespace):
    page.type(TEXT)
    assert row(page, "Age")["value"] == "60" and row(page, "Age")["source"] == "“60 year old”"
    assert row(page, "1: organ")["items"][row(page, "1: organ")["index"]]["title"] == "colon"
    assert row(page, "1: size (mm)")["value"] == "30"


def test_a_typed_correction_conditions_the_run_and_can_be_taken_back(page: SimpleNamespace):
    page.type(TEXT)
    page.understood.correct("", "age", "71")
    assert row(page, "Age")["corrected"] and page.understood.description.age == 71
    page.run.generate()
    assert page.client.requests[0].description["age"] == 71
    page.understood.reset()
    assert page.understood.description.age == 60 and not page.state.understood_corrected


def test_a_chosen_correction_is_told_by_its_place_in_the_list(page: SimpleNamespace):
    page.type(TEXT)
    organ = row(page, "1: organ")
    liver = next(item["value"] for item in organ["items"] if item["title"] == "liver")
    page.understood.correct(organ["key"], "organ", liver)
    assert page.understood.description.findings[0].organ == "liver"


def test_a_value_that_cannot_be_is_told_and_changes_nothing(page: SimpleNamespace):
    page.type(TEXT)
    page.understood.correct("", "age", "old")
    assert "no whole number" in page.messages[-1][0] and page.understood.description.age == 60
    page.understood.correct("", "age", "900")
    assert page.messages[-1][1] == "warning" and page.understood.description.age == 60


def test_findings_are_added_and_removed(page: SimpleNamespace):
    page.type(TEXT)
    page.understood.add()
    assert [finding.organ for finding in page.understood.description.findings] == ["colon", "lung"]
    page.understood.remove(headings(page)["Finding 1: tumor, colon, sigmoid (drawn)"])
    assert [finding.organ for finding in page.understood.description.findings] == ["lung"]


def test_organs_have_rows_that_are_corrected_and_removed(page: SimpleNamespace) -> None:
    page.type("A man with an enlarged spleen, 15 cm, after left nephrectomy.")
    assert row(page, "Spleen: length (mm)")["value"] == "150"
    page.understood.correct(row(page, "Spleen: length (mm)")["key"], "length_mm", "17 cm")
    assert row(page, "Spleen: length (mm)")["corrected"]
    page.understood.remove(headings(page)["Left kidney: absent"])
    assert [(one.name, one.length_mm) for one in page.understood.description.organs] == [("spleen", 170.0)]
    page.understood.correct(row(page, "Spleen: volume (ml)")["key"], "volume_ml", "9 l")
    assert page.messages[-1][1] == "warning" and page.understood.description.organs[0].volume_ml is None


def test_the_text_is_in_pieces_with_what_they_became(page: SimpleNamespace) -> None:
    text = TEXT + " No <b>liver</b> mass."
    page.type(text)
    pieces = page.state.understood_pieces
    assert "".join(piece["text"] for piece in pieces) == text
    marks = {piece["text"]: (piece["mark"], piece["title"]) for piece in pieces}
    assert marks["30 mm"] == ("D", "Finding 1 (drawn), size (mm): 30")
    assert marks["mass"] == ("N", "Finding 2 (not drawn: negated), kind: mass")
    assert page.state.understood_sum.startswith("Words: ") and len(page.state.understood_legend) == 3
    page.type("")
    assert page.state.understood_pieces == page.state.understood_legend == [] and not page.state.understood_sum


def test_the_presence_of_a_finding_is_corrected(page: SimpleNamespace) -> None:
    page.type(TEXT)
    presence = row(page, "1: presence")
    family = next(item["value"] for item in presence["items"] if item["title"] == "family")
    page.understood.correct(presence["key"], "presence", family)
    assert "Finding 1: tumor, colon, sigmoid (not drawn: family)" in headings(page)
    page.run.generate()
    assert page.client.requests[0].description["findings"][0]["presence"] == "family"


def test_of_a_long_text_the_rows_are_shown_where_a_group_is_opened(page: SimpleNamespace) -> None:
    page.type(" ".join(f"{size} mm nodule in the left upper lobe of the lung." for size in range(5, 25, 2)))
    assert all(line["heading"] and line["icon"] == "mdi-chevron-right" for line in page.state.understood_rows)
    third = page.state.understood_rows[2]
    page.understood.toggle(third["group"])
    assert row(page, "3: size (mm)")["value"] == "9"
    page.understood.correct(third["key"], "size_mm", "12")
    assert row(page, "3: size (mm)")["corrected"], "it stays open"
    page.understood.toggle(third["group"])
    assert all(line["heading"] for line in page.state.understood_rows)
    page.type(TEXT)
    assert not any(line["icon"] for line in page.state.understood_rows if line["heading"])


def test_words_without_effect_are_named(page: SimpleNamespace):
    page.type(TEXT + " 30 mm zorb of the liver.")
    assert any("zorb" in note for note in page.state.understood_notes)
