"""Table, card, pictures and live page of a cohort, and what a plan counts."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from GuideGenLib.cohort.card import CARD, MONTAGE, PLOTS, TABLE, finish, split_of
from GuideGenLib.cohort.folder import CohortFolder, write_record
from GuideGenLib.cohort.pages import PAGE, LivePage, duration
from GuideGenLib.cohort.plan import contents
from GuideGenLib.cohort.rows import Row
from GuideGenLib.cohort.run import Summary
from GuideGenLib.cohort.signature import ORGANS, near_duplicates, signature_of
from GuideGenLib.cohort.workers import Outcome
from GuideGenLib.core.volumes import image_from_array
from Testing.cohort.work import DESCRIPTION
from Testing.phantom import SPACING

LESION = {
    "label": "liver_tumor",
    "organ": "liver",
    "side": None,
    "site": "caudate",
    "measured_mm": 31.4,
    "volume_ml": 9.0,
}


def record(row: Row, **more: Any) -> dict[str, Any]:
    """That of a case with a tumour of the liver."""
    told = {
        "drawn_with_seed": row.seed,
        "attempts": 1,
        "seconds": 12.5,
        "description": DESCRIPTION,
        "lesions": [LESION],
    }
    place = np.arange(len(ORGANS) * 4.0) + 30 * row.seed
    return {**row.to_json(), **told, "checks": 9, "broken": [], "files": {}, "signature": place.tolist(), **more}


def cohort(path: Path) -> CohortFolder:
    """Three cases, of which two are the same patient."""
    rows = [Row("a", "A <b>woman</b>.", 1), Row("b", "A woman.", 2), Row("c", "A woman.", 2)]
    folder = CohortFolder(str(path))
    folder.begin(rows, {"bundle": "x", "with_ct": True})
    for row in rows:
        with folder.new_case(row.id) as private:
            Image.new("RGB", (160, 100), (row.seed * 60, 0, 0)).save(private / "preview.png")
            broken = ["volume:liver"] if row.id == "a" else []
            write_record(record(row, broken=broken, attempts=2 if row.id == "a" else 1), private)
    return folder


def test_a_cohort_tells_of_itself(tmp_path: Path):
    finish(cohort(tmp_path))
    lines = list(csv.DictReader((tmp_path / TABLE).open()))
    assert [line["id"] for line in lines] == ["a", "b", "c"]
    assert lines[0]["lesions"] == "liver_tumor liver caudate 31 mm 9.0 ml"
    assert lines[0]["split"] == split_of("a")
    told = (tmp_path / CARD).read_text()
    assert "3 of 3 cases" in told
    assert "1 cases were drawn again" in told and "| volume | 1 |" in told
    assert "1 pairs of cases" in told and "- b and c: 0.0 mm" in told
    assert Image.open(tmp_path / MONTAGE).size == (1600, 1000)
    assert Image.open(tmp_path / PLOTS).size[0] > 500


def test_splits_have_their_shares_and_stay():
    splits = [split_of(f"case_{number:06d}") for number in range(2000)]
    assert 0.77 < splits.count("train") / 2000 < 0.83
    assert 0.07 < splits.count("test") / 2000 < 0.13


def test_the_live_page_counts_and_escapes(tmp_path: Path):
    folder = cohort(tmp_path)
    page = LivePage(folder, 5)
    summary = Summary(there=1, made=2, failed={"d": "no <room>"})
    page.hear(Outcome(Row("a", "A <b>woman</b>.", 1), {}), summary)
    page.write(summary)
    text = (tmp_path / PAGE).read_text()
    assert "3 of 5 cases" in text and "http-equiv" in text
    assert "A &lt;b&gt;woman" in text and "no &lt;room&gt;" in text
    page.write(summary, over=True)
    assert "http-equiv" not in (tmp_path / PAGE).read_text()


def test_durations_are_for_people():
    assert [duration(s) for s in (40, 720, 9000, 400_000)] == ["40 s", "12 min", "2.5 h", "4.6 days"]


def test_a_plan_counts_what_the_texts_ask_for():
    rows = [Row("a", "A 58 year old woman with a 3 cm tumor of the left kidney.", 1)] * 2 + [Row("b", "A man.", 2)]
    found = contents(rows)
    assert found["sex"] == {"female": 2, "male": 1}
    assert found["finding"] == {"left kidney tumor": 2, "none": 1}


def test_a_signature_tells_patients_apart_and_knows_a_shifted_one(phantom: np.ndarray):
    def of(labels: np.ndarray) -> dict[str, Any]:
        return {
            "id": str(labels.sum()),
            "signature": signature_of(image_from_array(labels, SPACING, (0, 0, 0), labels=True)),
        }

    other = phantom.copy()
    other[34:60] = np.roll(phantom[34:60], 4, axis=1)
    moved = np.roll(phantom, 1, axis=2)
    moved[0, 0, 0] = 1
    pairs = near_duplicates([of(phantom), of(other), of(moved)])
    assert [pair[:2] for pair in pairs] == [(str(phantom.sum()), str(moved.sum()))]
