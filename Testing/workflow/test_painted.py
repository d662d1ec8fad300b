"""What the words of a text came to: every character once, roles that tell themselves apart, counts that add up."""

import json
import re
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from GuideGenLib.description import Description, DescriptionError, Finding, LeftOut, OrganState, Span, parse
from GuideGenLib.description.understanding import understand
from GuideGenLib.workflow.painted import Piece, legend, paint, word_sum
from GuideGenLib.workflow.roles import LOOKS, Role, finding_order, outcome_of, role_of
from GuideGenLib.workflow.understood import corrected, groups, without

TEXT = "A 60 year old woman with a 3 cm HCC, a zorb, a hepatitis of the liver, no lung nodules and a large spleen."
TEXTS = Path(__file__).parents[1] / "description"
PATHS = (
    "age",
    "sex",
    "findings[0].kind",
    "findings[0].organ",
    "findings[1].kind",
    "findings[2].organ",
    "organs[0].side",
)


def piece(pieces: list[Piece], words: str) -> Piece:
    return next(one for one in pieces if one.text == words)


@st.composite
def descriptions(draw: st.DrawFn) -> Description:
    """Any text with quotations anywhere in it, one over the other."""
    text = draw(st.text(min_size=1, max_size=60))
    first = st.integers(0, len(text) - 1)
    ends = first.flatmap(lambda start: st.tuples(st.just(start), st.integers(start + 1, len(text))))
    span = ends.map(lambda ends: Span(ends[0], ends[1], text[ends[0] : ends[1]]))
    return Description(
        text,
        age=60,
        sex="male",
        findings=(Finding("tumor", "lung"), Finding("mass", "liver", presence="possible"), Finding("cyst", "spleen")),
        organs=(OrganState("kidney", "left", size_word="small"),),
        spans=draw(st.dictionaries(st.sampled_from(PATHS), span)),
        not_understood=tuple(draw(st.lists(span, max_size=3))),
        left_out=tuple(LeftOut(one, "family") for one in draw(st.lists(span, max_size=3))),
    )


@given(descriptions())
def test_every_character_is_in_exactly_one_piece(description: Description):
    check(description)


@pytest.mark.parametrize("name", ["corpus.jsonl", "reports.jsonl", "reports_of_our_own.jsonl"])
def test_the_texts_that_are_read_are_painted_whole(name: str):
    texts = [json.loads(line)["text"] for line in (TEXTS / name).read_text("utf-8").splitlines()]
    read = 0
    for text in texts:
        try:
            description = parse(text)
        except DescriptionError:
            continue
        check(description)
        read += 1
    assert read > len(texts) / 2


def check(description: Description) -> None:
    pieces = paint(description)
    assert "".join(one.text for one in pieces) == description.text
    places = [0, *(one.end for one in pieces)]
    assert [one.start for one in pieces] == places[:-1] and all(one.start < one.end for one in pieces)
    assert all(bool(one.meaning) == (one.role != Role.PLAIN) for one in pieces)
    for span in description.spans.values():
        inside = [one for one in pieces if one.start < span.end and one.end > span.start]
        assert all(one.role >= Role.NOT_DRAWN for one in inside)
    counts = [int(number) for number in re.findall(r"\d+", word_sum(pieces))]
    words = re.findall(r"[^\W_]+(?:['’.,/-][^\W_]+)*", description.text)
    assert len(counts) == 4 and sum(counts) == len(words)


def test_words_have_the_role_and_the_meaning_of_what_they_became():
    pieces = paint(parse(TEXT))
    assert (piece(pieces, "60 year old").role, piece(pieces, "60 year old").meaning) == (Role.PATIENT, "Age: 60")
    assert piece(pieces, "3 cm").role == Role.DRAWN and piece(pieces, "3 cm").meaning.endswith("size (mm): 30")
    assert (
        "not drawn by this version" in piece(pieces, "hepatitis").meaning
        and piece(pieces, "hepatitis").role == Role.NOT_DRAWN
    )
    assert "not drawn: negated" in piece(pieces, "nodules").meaning
    assert piece(pieces, "zorb").role == Role.NOT_UNDERSTOOD
    assert piece(pieces, "large").meaning == "Spleen, size in words: enlarged"
    assert [look.title for look in legend(pieces)] == [
        "finding, drawn", "finding, not drawn", "patient, organs and scan", "not understood",
    ]  # fmt: skip


def test_words_of_several_fields_are_one_piece_that_tells_of_all():
    cancer = piece(paint(parse("A liver tumor of 2 cm and HCC")), "HCC")
    assert cancer.meaning == "Finding 2 (drawn), organ: liver, kind: tumor, looks: hypervascular, washout"
    place = piece(paint(parse("A 2 cm tumor of the sigmoid colon")), "sigmoid colon")
    assert place.meaning == "Finding 1 (drawn), organ: colon, place: sigmoid"
    spans = dict.fromkeys(("findings[0].organ", "findings[1].organ"), Span(0, 5, "liver"))
    two = (Finding("tumor", "liver"), Finding("hepatitis", "liver"))
    (shared,) = paint(
        Description("liver", findings=two, spans=spans, left_out=(LeftOut(Span(0, 5, "liver"), "family"),))
    )
    assert shared.role == Role.DRAWN
    assert shared.meaning == "Finding 1 (drawn), organ: liver; Finding 2 (not drawn by this version), organ: liver"


def test_findings_are_numbered_as_they_are_listed():
    description = Description(
        "",
        findings=(
            Finding("hepatitis", "liver"),
            Finding("mass", "liver", presence="possible"),
            Finding("tumor", "lung"),
            Finding("effusion", "pleura", presence="negated"),
        ),
    )
    assert finding_order(description) == [2, 1, 0, 3]


@pytest.mark.parametrize(
    ("finding", "role", "outcome"),
    [
        (Finding("tumor", "lung"), Role.DRAWN, "drawn"),
        (Finding("tumor", "lung", presence="possible"), Role.POSSIBLE, "possible"),
        (Finding("embolism"), Role.NOT_DRAWN, "not drawn by this version"),
        (Finding("effusion", presence="possible"), Role.NOT_DRAWN, "possible, not drawn: no organ is named"),
        (Finding("tumor"), Role.NOT_DRAWN, "not drawn: no organ is named"),
        (Finding("tumor", "lung", t="0"), Role.NOT_DRAWN, "not drawn: stage T0"),
        (Finding("tumor", "lung", presence="negated"), Role.NOT_DRAWN, "not drawn: negated"),
        (Finding("tumor", "lung", presence="historical"), Role.NOT_DRAWN, "not drawn: history"),
        (Finding("tumor", "lung", presence="resolved"), Role.NOT_DRAWN, "not drawn: resolved"),
        (Finding("tumor", "lung", presence="family"), Role.NOT_DRAWN, "not drawn: family"),
        (Finding("tumor", "lung", presence="hypothetical"), Role.NOT_DRAWN, "not drawn: only asked for"),
    ],
)
def test_what_a_finding_came_to_is_told_with_the_reason(finding: Finding, role: Role, outcome: str):
    assert (role_of(finding), outcome_of(finding)) == (role, outcome)


def test_words_that_the_user_overruled_are_left_out_with_that_reason():
    (age,) = [row for group in groups(understand(TEXT, ""), "") for row in group.rows if row.field.name == "age"]
    corrections = without(TEXT, corrected(TEXT, "", age, 70), groups(understand(TEXT, ""), "")[0].key)
    description = understand(TEXT, corrections).description
    assert description is not None
    pieces = paint(description)
    assert piece(pieces, "60 year old").meaning == "Left out: corrected by you"
    assert piece(pieces, "HCC").meaning == "Left out: removed by you"


def test_no_role_is_told_by_its_colour_alone_and_all_can_be_read():
    assert set(LOOKS) == set(Role) - {Role.PLAIN}
    assert len({look.mark for look in LOOKS.values()}) == len(LOOKS)
    for look in LOOKS.values():
        assert contrast(look.ink, look.paper) >= 4.5
    for one, other in combinations(LOOKS.values(), 2):
        assert one.paper != other.paper


def contrast(one: str, other: str) -> float:
    """The contrast of two colours as WCAG 2.2 defines it, 1 to 21."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def luminance(color: str) -> float:
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
