"""Sizes follow from organ, stage and words as METHOD.md section 3 and AJCC 8 have them."""

import pytest

from GuideGenLib.description import Finding, parse
from GuideGenLib.description.stage import T_SIZES, disagreement, stage_size_mm


@pytest.mark.parametrize(
    ("organ", "t", "size"),
    [
        ("lung", "1a", (5, 10)),
        ("lung", "1b", (10, 20)),
        ("lung", "1c", (20, 30)),
        ("lung", "2", (30, 50)),
        ("lung", "2a", (30, 40)),
        ("lung", "2b", (40, 50)),
        ("lung", "3", (50, 70)),
        ("lung", "4", (70, 100)),
        ("kidney", "1b", (40, 70)),
        ("kidney", "2", (70, 110)),
        ("kidney", "3", (60, 110)),
        ("kidney", "3b", (60, 110)),
        ("kidney", "4", (80, 120)),
        ("liver", "2", (20, 50)),
        ("liver", "3", (50, 80)),
        ("liver", "4", (60, 110)),
        ("pancreas", "2", (20, 40)),
        ("pancreas", "3", (40, 65)),
        ("pancreas", "4", (40, 70)),
        ("colon", "1", (20, 30)),
        ("colon", "2", (30, 45)),
        ("colon", "3", (45, 65)),
        ("colon", "4b", (65, 95)),
    ],
)
def test_t_stage_gives_its_range(organ: str, t: str, size: tuple[float, float]) -> None:
    assert stage_size_mm(Finding("tumor", organ, t=t)) == size


@pytest.mark.parametrize(("organ", "highest"), [("lung", 30), ("kidney", 70), ("liver", 20), ("pancreas", 20)])
def test_t1_is_not_above_its_limit(organ: str, highest: float) -> None:
    assert stage_size_mm(Finding("tumor", organ, t="1"))[1] == highest


@pytest.mark.parametrize("t", ["1", "3", None])
def test_a_size_in_the_text_wins(t: str | None) -> None:
    assert stage_size_mm(Finding("tumor", "lung", size_mm=42.0, size_word="huge", t=t)) == (42.0, 42.0)


@pytest.mark.parametrize("organ", T_SIZES)
def test_size_words_stay_in_the_stage_and_rise(organ: str) -> None:
    low, high = stage_size_mm(Finding("tumor", organ, t="3"))
    ranges = [
        stage_size_mm(Finding("tumor", organ, t="3", size_word=word))
        for word in ("tiny", "small", "moderate", "large", "huge")
    ]
    assert all(low <= start < stop <= high for start, stop in ranges)
    middles = [start + stop for start, stop in ranges]
    assert middles == sorted(middles)
    assert ranges[-1] == pytest.approx((high - (high - low) / 4, high))
    assert ranges[1] == pytest.approx((low, low + (high - low) / 4))


@pytest.mark.parametrize("organ", T_SIZES)
def test_huge_without_a_stage_is_the_top_range(organ: str) -> None:
    assert stage_size_mm(Finding("tumor", organ, size_word="huge")) == T_SIZES[organ]["4"]


@pytest.mark.parametrize(
    ("stage", "t"), [("I", "1"), ("IA2", "1"), ("IIB", "2"), ("III", "3"), ("IIIC", "3"), ("early", "1")]
)
def test_overall_stage_stands_for_a_t(stage: str, t: str) -> None:
    assert stage_size_mm(Finding("tumor", "lung", stage=stage)) == stage_size_mm(Finding("tumor", "lung", t=t))


@pytest.mark.parametrize("stage", ["IV", "IVA", "advanced"])
def test_late_stage_is_t3_to_t4(stage: str) -> None:
    assert stage_size_mm(Finding("tumor", "lung", stage=stage)) == (50, 100)


def test_t_wins_over_the_overall_stage() -> None:
    assert stage_size_mm(Finding("tumor", "lung", t="1b", stage="IV")) == (10, 20)


def test_unknown_t_leaves_it_to_the_overall_stage() -> None:
    assert stage_size_mm(Finding("tumor", "lung", t="X", stage="II")) == (30, 50)


def test_metastasis_does_not_take_the_size_of_the_primary() -> None:
    assert stage_size_mm(Finding("metastasis", "liver", t="4")) == stage_size_mm(Finding("metastasis", "liver"))


def test_nodule_is_at_most_30_mm() -> None:
    assert stage_size_mm(Finding("nodule", "lung", size_word="huge"))[1] <= 30


@pytest.mark.parametrize("organ", T_SIZES)
@pytest.mark.parametrize("kind", ["tumor", "mass", "lesion", "nodule", "metastasis"])
def test_every_drawn_finding_has_a_size(organ: str, kind: str) -> None:
    low, high = stage_size_mm(Finding(kind, organ))
    assert 3 < low < high <= 120


def test_an_organ_that_is_not_drawn_has_no_size() -> None:
    with pytest.raises(ValueError, match="stomach"):
        stage_size_mm(Finding("tumor", "stomach"))


def test_seed_prompts_have_the_size_that_they_must_show() -> None:
    lung = parse("an advanced lung cancer in the upper left lobe, with a TNM staging of T3NMX").findings[0]
    colon = parse("huge tumor around the descendant colon, of stage T4NMX").findings[0]
    assert stage_size_mm(lung) == (50, 70)
    assert stage_size_mm(colon) == (87.5, 95)


def test_size_above_the_stage_is_told() -> None:
    assert "30 mm" in str(disagreement(Finding("tumor", "lung", t="1", size_mm=90)))
    assert disagreement(Finding("tumor", "lung", t="4", size_mm=20)) is None  # T4 by invasion
    assert disagreement(Finding("tumor", "colon", t="1", size_mm=90)) is None  # T by depth
