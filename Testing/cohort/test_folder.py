"""A cohort's folder on a disk and in an object store: whole cases or none, and one cohort a folder."""

from pathlib import Path

import fsspec
import pytest

from GuideGenLib.cohort.folder import CohortFolder
from GuideGenLib.cohort.rows import CohortError, Row
from Testing.cohort.work import FullDisk, SmallWork

ROWS = [Row("a", "A man.", 1), Row("b", "A woman.", 2)]


@pytest.fixture(params=["disk", "store"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An address of each kind, empty."""
    if request.param == "disk":
        return str(tmp_path / "cohort")
    fsspec.filesystem("memory").store.clear()
    return "memory://bucket/cohort"


def test_a_case_is_there_when_its_record_is(url: str):
    folder = CohortFolder(url)
    folder.begin(ROWS, {"bundle": "x"})
    assert folder.made() == set()
    record = SmallWork(url)(ROWS[0])
    assert folder.made() == {"a"}
    assert folder.record("a") == record
    assert folder.rows() == ROWS
    with pytest.raises(CohortError, match="case b"):
        folder.record("b")


def test_a_case_that_fails_leaves_nothing_and_one_that_is_made_again_replaces_the_old(url: str):
    folder = CohortFolder(url)
    folder.begin(ROWS, {"bundle": "x"})
    with pytest.raises(KeyError):
        SmallWork(url)(Row("a", "odd", 1))
    assert folder.made() == set()
    SmallWork(url)(ROWS[0])
    SmallWork(url)(Row("a", "Another man.", 3))
    assert folder.made() == {"a"}
    assert folder.record("a")["text"] == "Another man."


def test_a_full_disk_is_told_as_such(url: str):
    with pytest.raises(CohortError, match="disk is full"):
        FullDisk(url)(ROWS[0])


def test_a_folder_goes_on_with_the_same_cohort_alone(url: str):
    CohortFolder(url).begin(ROWS, {"bundle": "x"})
    CohortFolder(url).begin(ROWS, {"bundle": "x"})
    with pytest.raises(CohortError, match="another bundle"):
        CohortFolder(url).begin(ROWS, {"bundle": "y"})
    with pytest.raises(CohortError, match="other rows"):
        CohortFolder(url).begin([ROWS[1], ROWS[0]], {"bundle": "x"})
    with pytest.raises(CohortError, match="holds no cohort"):
        CohortFolder(url + "/nothing").rows()


def test_what_a_killed_run_left_is_removed(tmp_path: Path):
    left = tmp_path / "cases" / ".guidegen-abc" / "new"
    left.mkdir(parents=True)
    folder = CohortFolder(str(tmp_path))
    folder.clear_torn()
    assert list((tmp_path / "cases").iterdir()) == []


def test_an_unknown_store_is_told():
    with pytest.raises(CohortError, match="cannot be opened"):
        CohortFolder("nowhere://bucket")
