"""Typing errors are corrected, ordinary words are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from GuideGenLib.description.reading.tokens import correct, edits, tokenize


@pytest.mark.parametrize(
    ("slip", "word"),
    [
        ("carcinmoa", "carcinoma"),
        ("pancreatc", "pancreatic"),
        ("kindey", "kidney"),
        ("lugn", "lung"),
        ("lver", "liver"),
        ("rigth", "rigth"),  # in the lexicon as it is
        ("metastatses", "metastases"),
        ("desending", "descending"),
        ("adenocarcinma", "adenocarcinoma"),
        ("patinet", "patient"),
        ("unehanced", "unenhanced"),
        ("abdoman", "abdomen"),
    ],
)
def test_slip_is_corrected(slip: str, word: str) -> None:
    assert correct(slip) == word


@pytest.mark.parametrize(
    "word",
    [
        "live",
        "river",
        "lunch",
        "lone",
        "mess",
        "hear",
        "heard",
        "chess",
        "lesson",
        "legion",
        "structure",
        "depending",
        "chance",
        "costs",
        "cough",
        "hemorrhagic",
        "smoker",
        "plumber",
        "diabetes",
        "prosthesis",
        "creatinine",
        "nephrectomy",
    ],
)
def test_ordinary_word_is_left_alone(word: str) -> None:
    assert correct(word) == word


@given(st.text("abcdef", max_size=8), st.text("abcdef", max_size=8))
def test_edit_distance_is_symmetric_and_bounded(a: str, b: str) -> None:
    distance = edits(a, b, 20)
    assert distance == edits(b, a, 20)
    assert abs(len(a) - len(b)) <= distance <= max(len(a), len(b))
    assert (distance == 0) == (a == b)


def test_swapped_neighbours_are_one_edit() -> None:
    assert edits("lugn", "lung", 2) == 1


@given(st.text(max_size=80))
def test_tokens_quote_the_text_in_order(text: str) -> None:
    line = tokenize(text)
    position = 0
    for token in line.tokens:
        assert token.start >= position and text[token.start : token.end] == token.text
        assert not any(character.isalnum() for character in text[position : token.start])
        position = token.end


def test_normal_form_leads_back_to_the_tokens() -> None:
    line = tokenize("A 3.2-cm  Tumour of the OESOPHAGUS")
    assert line.norm == "a 3.2-cm tumor of the esophagus"
    first, last = line.range_of(*(line.norm.index("tumor") + i for i in (0, 5)))
    assert [token.text for token in line.tokens[first:last]] == ["Tumour"]
