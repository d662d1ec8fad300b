"""Tables and draws: what becomes a row, and what is refused with its place and remedy."""

import json
from collections import Counter
from pathlib import Path

import pytest

from GuideGenLib.cohort.drawing import draw_records, read_registry
from GuideGenLib.cohort.rows import CohortError, Row, read_rows, read_table, rows_of
from GuideGenLib.description import parse


def table(tmp_path: Path, text: str, name: str = "table.csv") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_columns_become_a_text_that_is_understood_as_they_mean(tmp_path: Path):
    path = table(
        tmp_path,
        "id,sex,age,habitus,region,phase,organ,side,site,size_mm,T,N,M\n"
        "left-kidney,female,58,normal,abdomen,portal_venous,kidney,left,upper_pole,40,1b,0,0\n",
    )
    (row,) = read_table(path)
    assert row.id == "left-kidney"
    said = parse(row.text)
    assert (said.sex, said.age, said.habitus, said.region, said.phase) == (
        "female",
        58,
        "normal",
        "abdomen",
        "portal_venous",
    )
    (finding,) = said.findings
    assert (finding.organ, finding.side, finding.site, finding.size_mm, finding.t) == (
        "kidney",
        "left",
        "upper_pole",
        40.0,
        "1b",
    )
    assert said.not_understood == ()


def test_n_repeats_a_row_with_other_seeds_and_the_stage_column_is_another(tmp_path: Path):
    rows = read_table(table(tmp_path, "text,n\nA man with a 3 cm liver tumor.,3\nA woman.,\n"))
    assert [row.id for row in rows] == ["case_000001-1", "case_000001-2", "case_000001-3", "case_000002"]
    assert len({row.seed for row in rows}) == 4
    staged = read_table(table(tmp_path, "organ,T,N\nlung,2a,1\n"))
    assert parse(staged[0].text).findings[0].n == "1"


def test_seeds_belong_to_names_so_that_rows_may_be_added(tmp_path: Path):
    first = read_table(table(tmp_path, "id,text\nb,A man.\n"))
    more = read_table(table(tmp_path, "id,text\na,A woman.\nb,A man.\n"))
    assert first[0] == more[1]
    assert read_table(table(tmp_path, "id,text\nb,A man.\n"), base_seed=1)[0].seed != first[0].seed
    assert read_table(table(tmp_path, "id,text,seed\nb,A man.,7\n"))[0].seed == 7


def test_lines_of_json_are_a_table_too(tmp_path: Path):
    path = table(tmp_path, '{"text": "A man."}\n\n{"sex": "female", "n": 2}\n', "table.jsonl")
    assert [row.text for row in read_table(path)] == ["A man.", "A woman.", "A woman."]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("text,colour\nA man.,red\n", "line 2: no column is named 'colour'"),
        ("text,sex\nA man.,male\n", "a row has a text or columns"),
        ("age\nold\n", "line 2: the column age with 'old' is understood as nothing"),
        ("sex\nmiddle\n", "sex is 'middle': give one of male, female"),
        ("organ,site\nlung,upper_pole\n", "contradict each other"),
        ("side\nleft\n", "a finding has no organ"),
        ("text,n\nA man.,0\n", "n is '0': give a whole number from 1"),
        ("text,seed\nA man.,-1\n", "seed is '-1'"),
        ("id,text\na,A man.\nA,A man.\n", "'A' stands in the table twice"),
        ("id,text\n../up,A man.\n", "cannot name a folder"),
        ("text\nA man of 300 years.\n", "line 2: An age of 300"),
        ("text\n", "the table has no rows"),
        ("text\nA man., and more\n", "more cells than columns"),
    ],
)
def test_what_cannot_be_drawn_is_refused_before_the_first_case(tmp_path: Path, text: str, told: str):
    with pytest.raises(CohortError) as caught:
        read_table(table(tmp_path, text))
    assert told in str(caught.value)


def test_a_file_that_is_no_table_is_told(tmp_path: Path):
    path = tmp_path / "table.csv"
    path.write_bytes(b"\xff\xfe\x00text")
    with pytest.raises(CohortError, match="no text in UTF-8"):
        read_table(path)
    with pytest.raises(CohortError, match="cannot be read"):
        read_table(tmp_path / "none.csv")
    with pytest.raises(CohortError, match="line 1 is no JSON object"):
        read_table(table(tmp_path, "[1]\n", "table.jsonl"))


def test_rows_survive_their_file():
    rows = [Row("a", "A man with 3 µm.", 7), Row("b", "A woman.", 8)]
    assert read_rows("".join(json.dumps(row.to_json()) + "\n" for row in rows)) == rows
    with pytest.raises(CohortError):
        read_rows('{"id": "a"}\n')


def test_the_sample_registry_gives_rows_that_are_all_understood_with_its_shares():
    records = draw_records(read_registry(), 400, seed=0)
    assert len(rows_of(records)) == 400
    assert records[:50] == draw_records(read_registry(), 50, seed=0), "a larger draw begins with the smaller one"
    organs = Counter(record["organ"] for _, record in records)
    assert 0.3 < organs["lung"] / 400 < 0.5, "GLOBOCAN: 2481 of 6219"
    assert all("site" not in record or record["organ"] != "stomach" for _, record in records)
    assert {record.get("side") for _, record in records if record["organ"] == "liver"} == {None}


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ([], "no list of variables"),
        ([{"column": "colour", "shares": {"red": 1}}], "'colour' is no column"),
        ([{"column": "sex", "shares": {"male": 0}}], "add up to more than 0"),
        ([{"column": "sex", "shares": {"male": -1, "female": 2}}], "no numbers from 0"),
        ([{"column": "sex", "given": ["organ"], "shares": {"lung": {"male": 1}}}], "do not stand above it"),
        ([{"column": "age", "shares": {"60-50": 1}}], "ends before it begins"),
    ],
)
def test_a_registry_is_checked_before_it_is_drawn_from(tmp_path: Path, variables: list, told: str):
    path = tmp_path / "registry.json"
    path.write_text(json.dumps({"variables": variables}))
    with pytest.raises(CohortError) as caught:
        read_registry(path)
    assert told in str(caught.value)
