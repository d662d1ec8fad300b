"""Bad tables: each error names the row and the column."""

import csv
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from GuideGenLib.anatomy.reader import COLUMNS, AnatomyTableError, load_table
from GuideGenLib.core.resources import resource

Rows = list[dict[str, str]]
LIVER_LINE = 28


def shipped() -> Rows:
    with resource("anatomy.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def rows() -> Rows:
    return shipped()


def load(rows: Rows, folder: Path, columns: tuple[str, ...] = COLUMNS) -> object:
    path = folder / "table.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return load_table(path)


def test_the_shipped_rows_load(rows: Rows, tmp_path: Path) -> None:
    assert load(rows, tmp_path) == load_table(resource("anatomy.csv"))


@pytest.mark.parametrize(
    ("column", "text", "said"),
    [
        ("value", "25", "column value: 25 stands in an earlier row, 26 comes here"),
        ("value", "27", "column value: 26 is missing, 27 stands in its place"),
        ("value", "", "column value: it is empty"),
        ("value", "2.5", "column value: '2.5' is not a whole number from 0 to 254"),
        ("key", "the liver", "column key: 'the liver' is not made of"),
        ("name", "", "column name: it is empty"),
        ("color_g", "256", "column color_g: '256' is not a whole number from 0 to 255"),
        ("color_b", "-1", "column color_b: '-1' is not"),
        ("color_r", "red", "column color_r: 'red' is not"),
        ("group", "offal", "column group: 'offal' is not one of background, tissue"),
        ("part_of", "belly", "column part_of: belly is not a key"),
        ("part_of", "lung_vessel", "column part_of: lung_vessel is not a key whose own part_of is empty"),
        ("type_code", "liver", "column type_code: 'liver' is not a SNOMED CT number"),
        ("type_code", "", "column type_code: a code and its meaning go together"),
        ("hu_none", "warm", "column hu_none: 'warm' is not a number from -1024 to 3071"),
        ("hu_arterial", "nan", "column hu_arterial: 'nan' is not a number"),
        ("hu_delayed", "inf", "column hu_delayed: 'inf' is not a number"),
        ("hu_portal_venous_sd", "-3", "column hu_portal_venous_sd: '-3' is not a number from 0"),
        ("hu_texture_sd", "", "column hu_texture_sd: it is empty"),
        ("synonyms", "hepar;;hepatic", "column synonyms: 'hepar;;hepatic' has an empty or a repeated item"),
        ("guidegen21", "21", "column guidegen21: '21' is not a whole number from 0 to 20"),
        ("guidegen21", "3;4", "column guidegen21: more than one class"),
        ("maisi132", "1;1", "column maisi132: '1;1' has an empty or a repeated item"),
    ],
)
def test_a_bad_field_is_named_with_its_row(column: str, text: str, said: str, rows: Rows, tmp_path: Path) -> None:
    liver = rows[LIVER_LINE - 2]
    assert liver["key"] == "liver"
    liver[column] = text
    row = f"row {LIVER_LINE} ({liver['key']})"
    with pytest.raises(AnatomyTableError) as caught:
        load(rows, tmp_path)
    assert f"table.csv, {row}, {said}" in str(caught.value)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (("key",), "column key: 'spleen' is that of row 28 (spleen) already"),
        (("name",), "column name: 'spleen' is that of row 28"),
        (("color_r", "color_g", "color_b"), "column color_r: (157, 108, 162) is that of row 28"),
        (("category_code", "type_code", "type_meaning"), "column type_code: ('123037004', '78961009', '', '')"),
        (("totalsegmentator",), "column totalsegmentator: 'spleen' is that of row 28"),
        (("maisi132",), "column maisi132: 3 is that of row 28"),
    ],
)
def test_what_two_rows_share_is_named_with_both(
    columns: tuple[str, ...], said: str, rows: Rows, tmp_path: Path
) -> None:
    spleen = next(row for row in rows if row["key"] == "spleen")
    rows[LIVER_LINE - 2] |= {column: spleen[column] for column in columns}
    with pytest.raises(AnatomyTableError, match=re.escape(said)) as caught:
        load(rows, tmp_path)
    assert "row 30 (spleen)" in str(caught.value)


def test_the_code_of_an_untyped_segment_is_refused(rows: Rows, tmp_path: Path) -> None:
    rows[1] |= {"category_code": "85756007", "type_code": "85756007"}
    with pytest.raises(AnatomyTableError, match=r"row 3 \(body\).*each new segment"):
        load(rows, tmp_path)


def test_only_the_background_goes_without_codes(rows: Rows, tmp_path: Path) -> None:
    rows[26] |= {"type_code": "", "type_meaning": ""}
    with pytest.raises(AnatomyTableError, match="only the background goes without"):
        load(rows, tmp_path)


@pytest.mark.parametrize("column", COLUMNS)
def test_a_missing_column_is_named(column: str, rows: Rows, tmp_path: Path) -> None:
    with pytest.raises(AnatomyTableError, match=f"table.csv has no column {column}\\."):
        load(rows, tmp_path, tuple(name for name in COLUMNS if name != column))


@pytest.mark.parametrize(("row", "change"), [("26,liver", "26,liver,"), ("26,liver,liver,", "26,liver,")])
def test_a_row_of_the_wrong_length_is_refused(row: str, change: str, tmp_path: Path) -> None:
    text = resource("anatomy.csv").read_text(encoding="utf-8")
    assert text.count(row) == 1
    (tmp_path / "table.csv").write_text(text.replace(row, change), encoding="utf-8")
    with pytest.raises(AnatomyTableError, match=r"row 28 \(liver\).*more or fewer fields"):
        load_table(tmp_path / "table.csv")


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00value,key", b",".join(c.encode() for c in COLUMNS) + b"\n"])
def test_a_file_that_is_no_table_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_bytes(content)
    with pytest.raises(AnatomyTableError, match=r"table\.csv"):
        load_table(tmp_path / "table.csv")


@given(index=st.integers(0, 72), column=st.sampled_from(COLUMNS), text=st.text(max_size=6))
def test_a_field_overwritten_with_anything_loads_or_is_named(
    index: int, column: str, text: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    rows = shipped()
    rows[index][column] = text
    try:
        load(rows, tmp_path_factory.mktemp("table"))
    except AnatomyTableError as error:
        assert "column" in str(error) or "UTF-8" in str(error)
