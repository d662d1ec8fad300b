"""Rows of what was understood, notes on it, and corrections of it; no scene and no network."""

import pytest

from GuideGenLib.description import Description, DescriptionError, LeftOut, Span
from GuideGenLib.description.understanding import Understanding, understand
from GuideGenLib.workflow import words
from GuideGenLib.workflow.understood import (
    Group,
    Row,
    corrected,
    description_of,
    groups,
    lines,
    notes,
    with_finding,
    without,
)

TEXT = "A 60 year old woman with a 30 mm tumor in the sigmoid colon."


def found(prompt: str, corrections: str = "") -> list[Group]:
    return groups(understand(prompt, corrections), corrections)


def row(prompt: str, corrections: str, name: str, of: str = "") -> Row:
    rows = [one for group in found(prompt, corrections) for one in group.rows]
    return next(one for one in rows if (one.field.name, one.of) == (name, of))


def test_rows_tell_value_words_and_what_was_corrected():
    age = row(TEXT, "", "age")
    assert (age.value, age.span.text if age.span else "", age.corrected, age.choices) == (60, "60 year old", False, ())
    corrections = corrected(TEXT, "", age, 71)
    age = row(TEXT, corrections, "age")
    assert (age.value, age.span, age.corrected) == (71, None, True)
    place = row(TEXT, corrections, "site", "1")
    assert place.value == "sigmoid" and None in place.choices and "rectum" in place.choices
    assert description_of(TEXT, corrected(TEXT, corrections, place, "rectum"))["findings"][0]["site"] == "rectum"


def test_findings_come_and_go():
    corrections = with_finding(TEXT, "")
    assert row(TEXT, corrections, "organ", "2").value == "lung" and row(TEXT, corrections, "organ", "2").corrected
    corrections = without(TEXT, corrections, row(TEXT, "", "organ", "1").key)
    assert [finding["organ"] for finding in description_of(TEXT, corrections)["findings"]] == ["lung"]


def test_what_makes_no_sense_is_refused():
    with pytest.raises(DescriptionError):
        corrected(TEXT, "", row(TEXT, "", "age"), 900)


def test_notes_name_what_is_lost_and_what_has_no_effect():
    corrections = corrected(TEXT, "", row(TEXT, "", "size_mm", "1"), 40.0)
    assert notes(understand(TEXT, corrections), TEXT) == ["Left out (corrected by you): “30 mm”."]
    other = "A woman with a 30 mm zorb of the liver."
    told = "\n".join(notes(understand(other, corrections), other))
    assert "zorb" in told and "Corrected, but no longer in the text: colon tumor 1." in told
    assert notes(understand(TEXT, ""), TEXT) == notes(understand("", ""), "") == [] and found("") == []


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
    _, spleen, gallbladder, *_ = found(text)
    assert [one.field.name for one in spleen.rows] == ["absent", "size_word", "length_mm", "volume_ml"]
    assert [one.field.name for one in gallbladder.rows] == ["absent"]
    assert (spleen.heading, gallbladder.heading) == ("Spleen: enlarged, 150 mm", "Gallbladder: absent")
    length = spleen.rows[2]
    assert length.value == 150 and length.span and length.span.text == "15 cm" and length.field.read
    corrections = corrected(text, "", length, length.field.read("18 cm"))
    corrections = corrected(text, corrections, spleen.rows[3], 900.0)
    corrections = without(text, corrections, gallbladder.key)
    organs = description_of(text, corrections)["organs"]
    assert [(one["organ"], one["length_mm"], one["volume_ml"]) for one in organs] == [("spleen", 180.0, 900.0)]
    again = {one.field.name: one.corrected for one in found(text, corrections)[1].rows}
    assert again == {"absent": False, "size_word": False, "length_mm": True, "volume_ml": True}


def test_findings_are_first_and_what_is_drawn_before_what_is_not():
    text = "A man with a pulmonary embolism, no liver tumor, a 3 cm lung mass; enlarged spleen."
    headings = [group.heading for group in found(text)]
    assert headings == [
        "Finding 1: mass, lung (drawn)",
        "Finding 2: embolism, pulmonary artery (not drawn by this version)",
        "Finding 3: tumor, liver (not drawn: negated)",
        "Spleen: enlarged",
        "Patient and scan",
        "How it was scanned",
    ]
    assert found("a man")[0].heading == "No findings"


def test_the_presence_of_each_finding_is_shown_and_corrected():
    text = "A man without a liver tumor and with a 3 cm lung mass."
    (drawn, negated, *_) = found(text)
    assert [group.rows[1].field.name for group in (drawn, negated)] == ["presence"] * 2
    assert "family" in negated.rows[1].choices and negated.rows[1].value == "negated"
    assert len(negated.rows) == 3 < len(drawn.rows), "a finding that is not drawn has what may make it so"
    corrections = corrected(text, "", negated.rows[1], "possible")
    liver = found(text, corrections)[1]
    assert liver.heading == "Finding 2: tumor, liver (possible)" and liver.rows[1].corrected
    assert "site" in [one.field.name for one in liver.rows]


def test_a_size_that_the_text_does_not_have_tells_the_range_it_is_drawn_from():
    assert row("T3 lung cancer", "", "size_mm", "1").source == "drawn 50 to 70 mm"
    assert row("3 cm lung cancer", "", "size_mm", "1").source == "“3 cm”"
    assert row("60s man", "", "age").value == (60, 69)


def test_long_lists_and_quotations_are_cut():
    left = "word " * 30
    spans = [Span(5 * i, 5 * i + 4, "word") for i in range(20)]
    description = Description(left, not_understood=tuple(spans), left_out=(LeftOut(Span(0, 150, left), "family"),))
    unknown, family = notes(Understanding(description), left)
    assert unknown.count("“word”") == 12 and unknown.endswith("and 8 more.")
    assert family.startswith("Left out (family): “word word") and len(family) < 90 and family.endswith("…”.")


def test_of_many_groups_only_the_opened_have_their_rows_shown():
    text = " ".join(f"{size} mm nodule in the left upper lobe of the lung." for size in range(5, 25, 2))
    many = found(text)
    assert len(many) == 12 and all(row is None for _, row in lines(many, ()))
    assert [row.of for _, row in lines(many, {many[2].name}) if row] == ["3"] * len(many[2].rows)
    added = found(text, with_finding(text, ""))
    assert {group.title for group, row in lines(added, ()) if row} == {"Finding 11"}
    few = found(TEXT)
    assert [row for _, row in lines(few, ()) if row] == [row for group in few for row in group.rows]


def test_how_it_was_scanned_has_rows_that_can_be_corrected():
    text = "A man with a 3 cm lung mass. Low-dose CT, 5 mm slices."
    scan = found(text)[-1]
    rows = {row.field.name: row for row in scan.rows}
    thick = rows["acquisition.slice_mm"]
    assert (thick.value, thick.source, rows["acquisition.metal"].value) == (5, "“5 mm slices”", None)
    corrections = corrected(text, corrected(text, "", thick, 3), rows["acquisition.metal"], "hip_left")
    told = description_of(text, corrections)["acquisition"]
    assert (told["slice_mm"], told["metal"], told["dose"]) == (3, "hip_left", "low")
