"""Finished sentences are translated by the words that they were made of, and languages are chosen as browsers ask."""

import time

import pytest

from GuideGenLib.core.languages import languages, preferred, translation
from GuideGenLib.core.translation import Translation

GERMAN = Translation(
    {
        "liver": "Leber", "lung": "Lunge", "tumor": "Tumor", "upper lobe": "Oberlappen",
        "{name} is empty: copy it again": "{name} ist leer: erneut kopieren",
        "a {name} of {size} {unit} cannot be drawn": "{size} {unit} können nicht gezeichnet werden: {name}",
        "choose {low} to {high} {unit}": "{low} bis {high} {unit} wählen",
        "'{word}' is in no organ": "„{word}“ liegt in keinem Organ",
        "{finding} of the {organ}": "{finding}, {organ}", "left {organ}": "{organ} links",
        "{name} ({place})": "{name} ({place})",
        "{size} mm {kind}": "{kind} von {size} mm", "{name} {amounts} ml": "{name} {amounts} ml", "no": "",
        "The CT does not show this anatomy any more: {why}": "Das CT zeigt diese Anatomie nicht mehr: {why}",
    }
)  # fmt: skip


@pytest.mark.parametrize(
    ("english", "other"),
    [
        ("liver", "Leber"),
        ("Liver", "Leber"),
        ("case: one.nii.gz is empty: copy it again", "case: one.nii.gz ist leer: erneut kopieren"),
        (
            "A liver of 3 mm cannot be drawn: choose 5 to 9 mm.",
            "3 mm können nicht gezeichnet werden: Leber: 5 bis 9 mm wählen.",
        ),
        ("'liver' is in no organ.", "„liver“ liegt in keinem Organ."),
        ("40 mm tumor of the left lung (upper lobe)", "Tumor von 40 mm, Lunge (Oberlappen) links"),
        ("liver, lung", "Leber, Lunge"),
        ("liver\nlung", "Leber\nLunge"),
        (
            "The CT does not show this anatomy any more: liver +3.2 ml, left lung +0.0 -1.5 ml",
            "Das CT zeigt diese Anatomie nicht mehr: Leber +3.2 ml, Lunge links +0.0 -1.5 ml",
        ),
    ],
)  # fmt: skip
def test_a_sentence_is_found_by_what_it_was_made_of(english: str, other: str):
    assert GERMAN(english) == other


@pytest.mark.parametrize("words", ["no", "the end of the road", "liver, bread", "my left foot (lobe)", "", "3 mm"])
def test_what_is_not_known_as_a_whole_stays(words: str):
    assert GERMAN(words) == words


def test_no_text_takes_long():
    begun = time.process_time()
    translate = translation("de")
    for text in ("a of the b and c or d (e) left f 3 mm g: h; i. " * 6, "x" * 5000, ": " * 300, "(" * 300):
        assert len(translate(text)) > 100
    assert time.process_time() - begun < 5


@pytest.mark.parametrize(
    ("accepted", "code"),
    [("de-AT,de;q=0.9,en;q=0.8", "de"), ("fr,de;q=0.5", "de"), ("en,de;q=0.9", "en"), ("de;q=0", "en"), ("", "en"),
     ("tlh", "en"), ("de;q=high,en", "en"), ("*", "en")],
)  # fmt: skip
def test_the_first_language_that_a_browser_asks_for_and_there_is(accepted: str, code: str):
    assert "de" in languages() and preferred(accepted) == code
