"""TNM in all its writings, and what only looks like it."""

import pytest

from GuideGenLib.description.reading.tnm import find_stages


def told(text: str) -> dict[str, str]:
    """T, N, M and stage group of all mentions together."""
    found: dict[str, str] = {}
    for stage in find_stages(text):
        found |= {name: value for name in ("t", "n", "m", "group") if (value := getattr(stage, name)) is not None}
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("T3NMX", {"t": "3", "n": "X", "m": "X"}),
        ("T3NM", {"t": "3", "n": "X", "m": "X"}),
        ("T3N0MX", {"t": "3", "n": "0", "m": "X"}),
        ("t3n1m0", {"t": "3", "n": "1", "m": "0"}),
        ("pT2aN1M0", {"t": "2a", "n": "1", "m": "0"}),
        ("cT1b N0 M0", {"t": "1b", "n": "0", "m": "0"}),
        ("pT3 pN1 pM0", {"t": "3", "n": "1", "m": "0"}),
        ("cT3cN1cM0", {"t": "3", "n": "1", "m": "0"}),
        ("ypT2N0", {"t": "2", "n": "0"}),
        ("T2, N1", {"t": "2", "n": "1"}),
        ("T 3 N 0 M X", {"t": "3", "n": "0", "m": "X"}),
        ("T:3 N:0 M:X", {"t": "3", "n": "0", "m": "X"}),
        ("T stage 3, N stage 1", {"t": "3", "n": "1"}),
        ("T-stage: T3", {"t": "3"}),
        ("T2 N+ M0", {"t": "2", "n": "1", "m": "0"}),
        ("T1a(m)N0M0", {"t": "1a", "n": "0", "m": "0"}),
        ("T1mi", {"t": "1mi"}),
        ("Tis", {"t": "is"}),
        ("TX", {"t": "X"}),
        ("T4b, N2a, M1c", {"t": "4b", "n": "2a", "m": "1c"}),
        ("a T3 tumor", {"t": "3"}),
        ("N2 disease, M1a", {"n": "2", "m": "1a"}),
        ("T3 (6 cm) N2 M0", {"t": "3", "n": "2", "m": "0"}),
        ("stage IIIB", {"group": "IIIB"}),
        ("Stage III-B", {"group": "IIIB"}),
        ("stage 3a", {"group": "IIIA"}),
        ("stage 4", {"group": "IV"}),
        ("stage two", {"group": "II"}),
        ("stage IA2", {"group": "IA2"}),
        ("Stage T4NMX", {"t": "4", "n": "X", "m": "X"}),
        ("IIIB NSCLC", {"group": "IIIB"}),
    ],
)
def test_writing_is_understood(text: str, expected: dict[str, str]) -> None:
    assert told(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "T1-weighted images",
        "T4 vertebra",
        "level of T4",
        "T12",
        "the T2 hyperintense lesion",
        "segment IIIA",
        "n=3 patients",
        "M2",
        "in stage, a lung",
        "TNM",
        "Tim",
        "IV contrast",
    ],
)
def test_what_is_no_stage_is_left_alone(text: str) -> None:
    assert told(text) == {}


@pytest.mark.parametrize("text", ["T3/4", "T3-T4 N2", "T2 or T3", "stages III/IV"])
def test_a_range_is_doubtful(text: str) -> None:
    assert find_stages(text)[0].doubt


def test_mentions_keep_their_place_and_do_not_overlap() -> None:
    text = "stage IIIB, T3 N1 M0; later T4"
    stages = find_stages(text)
    assert [text[stage.start : stage.end] for stage in stages] == ["stage IIIB", "T3 N1 M0", "T4"]


def test_a_list_item_after_a_stage_is_no_range() -> None:
    assert not find_stages("tumor, stage IV\n- 4 metastases")[0].doubt
