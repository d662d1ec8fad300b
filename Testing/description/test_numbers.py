"""Ages, sizes and body mass in all their writings."""

import pytest

from GuideGenLib.description import DescriptionError
from GuideGenLib.description.reading.numbers import find_numbers, number_of
from GuideGenLib.description.reading.tokens import tokenize


def read(text: str) -> list[tuple[str, object]]:
    return [(number.type, number.value) for number in find_numbers(tokenize(text)) if number.type != "filler"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5 cm", (50,)),
        ("5cm", (50,)),
        ("3.2-cm", (32,)),
        ("3,5 cm", (35,)),
        ("5 x 4 cm", (50,)),
        ("4x5x3cm", (50,)),
        ("5 cm x 4 cm", (50,)),
        ("30mm x 25mm x 28mm", (30,)),
        ("45 × 38 mm", (45,)),
        ("4 by 3 cm", (40,)),
        ("two centimetres", (20,)),
        ("one and a half centimeter", (15,)),
        ("half a centimeter", (5,)),
        ("2 inches", (50.8,)),
        ("3-5 cm", (40,)),
        ("between 3 and 5 cm", (40,)),
        ("6 and 9 mm", (6, 9)),
        ("5 mm, 7 mm and 12 mm", (5, 7, 12)),
        ("grown from 6 to 11 mm", (11,)),
        ("8 mm", (8,)),
        ("golf-ball-sized", (43,)),
    ],
)
def test_size_is_read_in_mm(text: str, value: tuple[float, ...]) -> None:
    ((kind, lengths),) = read(text)
    assert kind == "size" and lengths == pytest.approx(value)


@pytest.mark.parametrize("text", ["5 mm slices", "slice thickness of 5 mm", "2 cm from the hilum", "margin of 1 cm"])
def test_other_lengths_are_no_sizes(text: str) -> None:
    assert [kind for kind, _ in read(text)] == ["distance"]


@pytest.mark.parametrize(
    "text", ["12 cm2", "30 ml", "45 HU", "5 kg lighter", "20 pack-years", "for 10 years", "3 weeks ago"]
)
def test_other_units_are_neither_size_nor_age(text: str) -> None:
    assert not [kind for kind, _ in read(text) if kind in ("size", "age", "age_range")]


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("67-year-old", 67),
        ("67 years old", 67),
        ("67 yo", 67),
        ("67 y/o", 67),
        ("67 y.o.", 67),
        ("aged 67", 67),
        ("age: 67", 67),
        ("67 years of age", 67),
        ("sixty-seven year old", 67),
        ("a man of 67", 67),
        ("18-month-old", 1),
    ],
)
def test_age_is_read(text: str, age: int) -> None:
    assert ("age", age) in read(text)


@pytest.mark.parametrize(("text", "sex"), [("67M", "male"), ("67 F", "female"), ("F/67", "female"), ("67yo M", "male")])
def test_age_and_sex_in_one(text: str, sex: str) -> None:
    assert read(text) in ([("age", 67), ("sex", sex)], [("sex", sex), ("age", 67)])


@pytest.mark.parametrize(
    ("text", "ages"),
    [
        ("in her sixties", (60, 69)),
        ("60s", (60, 69)),
        ("60's", (60, 69)),
        ("late 70s", (77, 79)),
        ("mid-forties", (44, 46)),
        ("early eighties", (80, 83)),
        ("seventh decade", (60, 69)),
        ("between 60 and 70 years old", (60, 70)),
        ("50-60 year old", (50, 60)),
        ("over 80 years", (80, 90)),
        ("younger than 40", (18, 40)),
        ("30-something", (30, 39)),
    ],
)
def test_range_of_ages_is_read(text: str, ages: tuple[int, int]) -> None:
    assert ("age_range", ages) in read(text)


@pytest.mark.parametrize(
    ("text", "message"), [("250 years old", "250"), ("0 cm", "0 cm"), ("90 cm", "90 cm"), ("BMI 3", "BMI of 3")]
)
def test_impossible_number_is_refused(text: str, message: str) -> None:
    with pytest.raises(DescriptionError, match=message):
        read(text)


@pytest.mark.parametrize(
    ("text", "value"), [("5", 5), ("3,5", 3.5), ("sixty-seven", 67), ("twelve", 12), ("two and a half", 2.5)]
)
def test_number_words(text: str, value: float) -> None:
    assert number_of(text) == value
