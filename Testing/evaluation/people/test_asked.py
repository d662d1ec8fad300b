"""Who is asked for: texts that our parser reads as they are meant, balanced in few and in many."""

from collections import Counter

import pytest

from GuideGenLib.description import parse
from GuideGenLib.evaluation.people.asked import different_texts, same_text


def test_one_text_has_many_seeds() -> None:
    patients = same_text(20)
    assert len({one.order.text for one in patients}) == 1 and len({one.order.seed for one in patients}) == 20
    read = parse(patients[0].order.text)
    assert (read.sex, read.habitus, read.not_understood) == (patients[0].sex, patients[0].build, ())


def test_texts_ask_for_who_is_judged() -> None:
    patients = different_texts(20)
    for one in patients:
        read = parse(one.order.text)
        assert (read.sex, read.habitus) == (one.sex, one.build) and 25 <= read.age <= 85
        assert read.not_understood == () and not any(finding.drawn for finding in read.findings)
    assert len({one.order.text for one in patients}) == 20
    seeds = [one.order.seed for one in [*patients, *same_text(20)]]
    assert len(set(seeds)) == 40


@pytest.mark.parametrize("count", [4, 6, 8, 20])
def test_both_sexes_have_thin_and_obese(count: int) -> None:
    found = Counter((one.sex, one.build) for one in different_texts(count))
    assert {(sex, build) for sex in ("male", "female") for build in ("thin", "obese")} <= set(found)
    assert sum(n for (sex, _), n in found.items() if sex == "female") == count // 2
