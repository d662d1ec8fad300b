"""The typed vector: value and flag of each attribute, zero where unknown."""

import numpy as np
import pytest

from GuideGenLib.description import parse
from GuideGenLib.description.conditioning import (
    AGE,
    AGE_KNOWN,
    HABITUS,
    HABITUS_KNOWN,
    LENGTH,
    RESERVED,
    SEX,
    SEX_KNOWN,
    attributes_vector,
    typed_vector,
    usual_build,
)


def test_known_attributes_are_numbers_with_flags() -> None:
    vector = typed_vector(parse("75-year-old obese woman"))
    assert vector.shape == (LENGTH,) == (16,) and vector.dtype == np.float32
    assert vector[[SEX, SEX_KNOWN, AGE, AGE_KNOWN, HABITUS, HABITUS_KNOWN]] == pytest.approx([-1, 1, 1, 1, 1.4, 1])
    assert not vector[RESERVED:].any()


def test_unknown_is_zero_and_differs_from_the_middle() -> None:
    unknown = typed_vector(parse("patient with a lung tumor"))
    assert not unknown.any()
    assert attributes_vector(None, 55, 0.0).tolist() != unknown.tolist()


def test_a_range_of_ages_counts_with_its_middle() -> None:
    assert typed_vector(parse("man in his sixties"))[AGE] == pytest.approx((64.5 - 55) / 20)


@pytest.mark.parametrize(("text", "value"), [("thin man", -1), ("man of average build", 0), ("overweight man", 0.7)])
def test_habitus_scale(text: str, value: float) -> None:
    vector = typed_vector(parse(text))
    assert vector[HABITUS] == pytest.approx(value) and vector[HABITUS_KNOWN] == 1


def test_training_and_text_agree() -> None:
    assert np.array_equal(attributes_vector("male", 40, -1.0), typed_vector(parse("thin 40-year-old man")))


def test_wrong_attributes_are_refused() -> None:
    with pytest.raises(ValueError, match="sex"):
        attributes_vector("M", 40, 0.0)
    with pytest.raises(ValueError, match="finite"):
        attributes_vector("male", float("nan"), 0.0)


def test_a_build_that_is_not_told_is_that_of_a_usual_patient() -> None:
    drawn = np.array([usual_build(seed) for seed in range(400)])
    assert drawn[7] == usual_build(7)
    # thin below a BMI of 18.5, obese above 30
    assert (drawn < -0.7).mean() < 0.06 and 0.3 < (drawn > 0.97).mean() < 0.5
    told, untold = parse("thin man"), parse("man of 60 years")
    assert typed_vector(told, 1.2)[HABITUS] == -1
    assert typed_vector(untold, 1.2)[[HABITUS, HABITUS_KNOWN]] == pytest.approx([1.2, 1])
    assert not typed_vector(untold)[[HABITUS, HABITUS_KNOWN]].any()
