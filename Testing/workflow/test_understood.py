"""Rows of what was understood, notes on it, and corrections of it; no scene and no network."""

import pytest

from GuideGenLib.description import DescriptionError
from GuideGenLib.description.understanding import understand
from GuideGenLib.workflow import words
from GuideGenLib.workflow.understood import (
    Row,
    corrected,
    description_of,
    notes,
    rows,
    with_finding,
    without,
)

TEXT = "A 60 year old woman with a 30 mm tumor in the sigmoid colon."


def row(prompt: str, corrections: str, name: str, number: int = 0) -> Row:
    found = rows(understand(prompt, corrections), corrections)
    return next(one for one in found if (one.field.name, one.number) == (name, number))


def test_rows_tell_value_words_and_what_was_corrected():
    age = row(TEXT, "", "age")
    assert (age.value, age.span.text if age.span else "", age.corrected, age.choices) == (60, "60 year old", False, ())
    corrections = corrected(TEXT, "", age, 71)
    age = row(TEXT, corrections, "age")
    assert (age.value, age.span, age.corrected) == (71, None, True)
    place = row(TEXT, corrections, "site", 1)
    assert place.value == "sigmoid" and None in place.choices and "rectum" in place.choices
    assert description_of(TEXT, corrected(TEXT, corrections, place, "rectum"))["findings"][0]["site"] == "rectum"


def test_findings_come_and_go():
    corrections = with_finding(TEXT, "")
    assert row(TEXT, corrections, "organ", 2).value == "lung" and row(TEXT, corrections, "organ", 2).corrected
    corrections = without(TEXT, corrections, row(TEXT, "", "organ", 1).key)
    assert [finding["organ"] for finding in description_of(TEXT, corrections)["findings"]] == ["lung"]


def test_what_makes_no_sense_is_refused():
    with pytest.raises(DescriptionError):
        corrected(TEXT, "", row(TEXT, "", "age"), 900)


def test_notes_name_what_is_lost_and_what_has_no_effect():
    corrections = corrected(TEXT, "", row(TEXT, "", "size_mm", 1), 40.0)
    assert notes(understand(TEXT, corrections), TEXT) == []
    other = "A woman with a 30 mm zorb of the liver."
    told = "\n".join(notes(understand(other, corrections), other))
    assert "zorb" in told and "Corrected, but no longer in the text: colon tumor 1." in told
    assert notes(understand("", ""), "") == [] and rows(understand("", ""), "") == []


def test_a_text_that_cannot_be_used_conditions_nothing_though_no_text_may():
    with pytest.raises(DescriptionError):
        description_of("", "")
    assert description_of(" ", "", may_be_empty=True)["text"] == ""
    wrong = "A 900 year old man with a 99999 mm tumor of the liver."
    with pytest.raises(DescriptionError):
        description_of(wrong, "", may_be_empty=True)


def test_words_are_translated_with_their_values(monkeypatch: pytest.MonkeyPatch):
    german = {", about {seconds} s left": ", noch etwa {seconds} s", "Making the CT": "CT entsteht"}
    monkeypatch.setattr(words, "translate", lambda text: german.get(text, text))
    assert words.progress_text("ct", 0.5, 12.4) == "CT entsteht: 50 %, noch etwa 12 s"


def test_a_title_is_one_line_and_short():
    assert words.title_of("  A man\nwith a cough ") == "A man with a cough"
    assert words.title_of(" ") == "Anatomy without a text"
    assert len(words.title_of("word " * 40)) <= words.LONGEST_TITLE and len(words.title_of("w" * 99)) == 60


def test_organs_have_rows_that_can_be_corrected_and_removed():
    text = "A man with an enlarged spleen, 15 cm, no gallbladder and a kidney tumor."
    found = {(one.organ, one.field.name): one for one in rows(understand(text, ""), "") if one.organ}
    assert set(found) == {("spleen", name) for name in ("absent", "size_word", "length_mm", "volume_ml")} | {
        ("gallbladder", "absent")
    }
    length = found["spleen", "length_mm"]
    assert length.value == 150 and length.span and length.span.text == "15 cm" and length.field.read
    corrections = corrected(text, "", length, length.field.read("18 cm"))
    corrections = corrected(text, corrections, found["spleen", "volume_ml"], 900.0)
    corrections = without(text, corrections, found["gallbladder", "absent"].key)
    organs = description_of(text, corrections)["organs"]
    assert [(one["organ"], one["length_mm"], one["volume_ml"]) for one in organs] == [("spleen", 180.0, 900.0)]
    again = {one.field.name: one.corrected for one in rows(understand(text, corrections), corrections) if one.organ}
    assert again == {"absent": False, "size_word": False, "length_mm": True, "volume_ml": True}
