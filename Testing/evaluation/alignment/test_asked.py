"""The prompts of the alignment: balanced, complete, and read by our parser as they were meant."""

from collections import Counter

import pytest

from GuideGenLib.core.errors import EvaluationError
from GuideGenLib.description import parse
from GuideGenLib.description.stage import stage_size_mm
from GuideGenLib.evaluation.alignment.asked import Asked, alignment_prompts, asked_by, evaluation_orders
from GuideGenLib.evaluation.prompts.fixed_prompts import ExpectedLesion
from GuideGenLib.judges.classifiers import DECADES, decade_of

PROMPTS = alignment_prompts()


def _spread(prompts: tuple[Asked, ...]) -> tuple[Counter, Counter, Counter]:
    sexes = Counter(one.sex for one in prompts)
    organs = Counter(one.lesions[0].organ if one.lesions else None for one in prompts)
    return sexes, organs, Counter(decade_of(one.age or 0) for one in prompts)


def test_all_prompts_together_cover_everything() -> None:
    sexes, organs, decades = _spread(PROMPTS)
    assert len(PROMPTS) >= 40
    assert sexes["male"] == sexes["female"] == len(PROMPTS) / 2
    assert len(organs) == 6 and min(organs.values()) >= 6
    assert decades.keys() == set(DECADES) and min(decades.values()) >= 4
    sides = Counter((one.organ, one.side) for asked in PROMPTS for one in asked.lesions)
    assert all(sides[organ, side] >= 3 for organ in ("lung", "kidney") for side in ("left", "right"))
    builds = Counter(parse(one.text).habitus for one in PROMPTS)
    assert all(builds[word] >= 5 for word in ("thin", "overweight", "obese"))
    # as of the fifteen real scans that they are compared with: nine, four and two
    phases = Counter(parse(one.text).phase for one in PROMPTS[:15])
    assert (phases["none"], phases["portal_venous"], phases["arterial"]) == (9, 4, 2)


@pytest.mark.parametrize("count", [6, 8])
def test_the_first_ones_are_balanced_by_themselves(count: int) -> None:
    sexes, organs, decades = _spread(PROMPTS[:count])
    assert sexes["male"] == sexes["female"]
    assert organs.keys() == {"lung", "liver", "kidney", "pancreas", "colon", None}
    assert max(decades.values()) <= 2 and len(decades) >= 6


@pytest.mark.parametrize("asked", PROMPTS, ids=lambda asked: asked.text[:40])
def test_our_parser_reads_what_is_meant(asked: Asked) -> None:
    read = parse(asked.text)
    found = [one for one in read.findings if one.drawn]
    assert (read.age, read.sex) == (asked.age, asked.sex)
    assert [(f.organ, f.side, f.site) for f in found] == [(one.organ, one.side, one.site) for one in asked.lesions]
    for one, lesion in zip(found, asked.lesions, strict=True):
        low, high = stage_size_mm(one)
        assert lesion.mm is not None and lesion.mm[0] <= low <= high <= lesion.mm[1]


def test_orders_are_the_first_prompts_with_seeds_of_their_own() -> None:
    orders = evaluation_orders(8)
    assert [order.text for order in orders] == [one.text for one in PROMPTS[:8]]
    assert len({order.seed for order in orders}) == len({order.key for order in orders}) == 8
    assert evaluation_orders(len(PROMPTS))[:8] == orders
    again = evaluation_orders(3 * len(PROMPTS))
    assert [order.text for order in again[len(PROMPTS) : len(PROMPTS) + 8]] == [order.text for order in orders]
    assert len({order.seed for order in again}) == len({order.key for order in again}) == len(again)
    for count in (0, 3 * len(PROMPTS) + 1):
        with pytest.raises(EvaluationError, match="ask for 1 to"):
            evaluation_orders(count)


def test_another_text_is_read_by_the_parser() -> None:
    assert asked_by(PROMPTS[0].text) is PROMPTS[0]
    asked = asked_by("A 50-year-old woman with two liver metastases of 20 mm and no lung cancer.")
    assert (asked.age, asked.sex) == (50, "female")
    assert asked.lesions == (ExpectedLesion("liver", None, None, (20, 20)),) * 2
