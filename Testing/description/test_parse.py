"""What holds for every text: quotations, errors, speed, and that nothing but DescriptionError is raised."""

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from GuideGenLib.description import Description, DescriptionError, parse
from GuideGenLib.description.words.vocabulary import phrases

WORDS = sorted({" ".join(phrase.words) for group in phrases().values() for phrase in group})
FRAGMENTS = [*WORDS, "T3NMX", "pT2aN1M0", "stage IIIB", "5 x 4 cm", "12 mm", "67-year-old", "60s", "segment IVb",
             "BMI 31", "S8", "0.5 cm", "zxqv", ".", ",", ":", "(", ")", "-", "/", "?", "\n", "'s", "°²"]  # fmt: skip


def assert_quotes_itself(description: Description, text: str) -> None:
    spans = [*description.spans.values(), *description.not_understood]
    assert all(span.text and text[span.start : span.end] == span.text for span in spans)


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        description = parse(text)
    except DescriptionError as error:
        assert len(str(error)) > 20
    else:
        assert_quotes_itself(description, text)


@pytest.mark.parametrize("seed", range(8))
def test_any_salad_of_known_words_is_read_or_refused(seed: int) -> None:
    draw = random.Random(seed)
    for _ in range(60):
        text = draw.choice((" ", " ", ", ")).join(draw.choices(FRAGMENTS, k=draw.randint(1, 20)))
        try:
            description = parse(text)
        except DescriptionError as error:
            # The parser must not build impossible findings and leave it to the dataclass to find out.
            assert "give one of" not in str(error), text
        else:
            assert_quotes_itself(description, text)


def test_every_known_field_has_a_quotation() -> None:
    text = (
        "67-year-old obese white non-Hispanic man, portal venous CT of the abdomen: two small T2N1M0 stage IIB tumors "
        "of 4 cm in segment VI of the liver, and a 2 cm nodule in the left upper lobe."
    )
    description = parse(text)
    for name in ("age", "sex", "race", "ethnicity", "region", "phase", "habitus"):
        assert description.spans[name].text in text
    liver, lung = description.findings
    for name in ("kind", "organ", "site", "segment", "size_mm", "size_word", "t", "n", "m", "stage"):
        assert getattr(liver, name) is not None
        assert f"findings[0].{name}" in description.spans
    assert description.spans["findings[0].size_mm"].text == "4 cm"
    assert description.spans["findings[1].site"].text == "upper lobe"
    assert description.spans["findings[1].side"].text == "left"
    assert lung.count == 1 and liver.count == 2


def test_seed_prompts_quote_the_words_behind_each_field() -> None:
    description = parse(
        "This patient is a black African American of unknown age and non-Hispanic or Latino race. In this CT image, "
        "the patient's condition is described as huge tumor around the descendant colon, of stage T4NMX."
    )
    quoted = {path: span.text for path, span in description.spans.items()}
    assert quoted == {
        "race": "black African American",
        "ethnicity": "non-Hispanic or Latino",
        "findings[0].kind": "tumor",
        "findings[0].organ": "colon",
        "findings[0].site": "descendant",
        "findings[0].size_word": "huge",
        "findings[0].t": "T4NMX",
        "findings[0].n": "T4NMX",
        "findings[0].m": "T4NMX",
    }


@pytest.mark.parametrize("text", ["lung cancer " * 2000, "x" * 20_001])
def test_a_text_over_the_limit_is_refused_with_the_limit(text: str) -> None:
    with pytest.raises(DescriptionError, match="20000"):
        parse(text)


def test_the_longest_text_is_read_within_some_seconds() -> None:
    text = ("Tumro of the lfet kidnye, zxcvbnmasd. " * 600)[:20_000]
    start = time.process_time()
    parse(text)
    assert time.process_time() - start < 5


def test_the_same_text_gives_the_same_description() -> None:
    text = "Multiple liver metastases, the largest 4 cm in segment VII, and a T3 sigmoid cancer in a 70F"
    assert parse(text) == parse(text)


@pytest.mark.parametrize(
    ("this", "that"),
    [
        ("tumor of the left kidney", "tumor of the right kidney"),
        ("T1 lung cancer", "T4 lung cancer"),
        ("lung cancer with liver metastases", "lung cancer without liver metastases"),
        ("a man with HCC", "a woman with HCC"),
        ("3 cm mass in the pancreatic head", "3 mm mass in the pancreatic head"),
        ("upper pole of the left kidney, mass", "lower pole of the left kidney, mass"),
    ],
)
def test_one_word_changes_the_description(this: str, that: str) -> None:
    first, second = parse(this), parse(that)
    assert (first.sex, first.findings) != (second.sex, second.findings)


def test_undrawn_finding_is_kept_and_warned_of() -> None:
    description = parse("bronchiectasis of 3 cm")
    assert description.findings[0].kind == "bronchiectasis" and not description.findings[0].shown
    assert "not drawn" in description.warnings[0]


def test_british_spelling_is_no_typing_error() -> None:
    assert parse("tumour of the caecum, 4 centimetres, without haemorrhage or oedema").warnings == ()
