"""Two workers of Ray: each row once, whoever dies."""

import functools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from GuideGenLib.cohort.folder import CohortFolder
from GuideGenLib.cohort.rows import CohortError, Row
from GuideGenLib.cohort.run import IN_A_ROW, serve
from GuideGenLib.cohort.workers import Workers
from Testing.cohort.work import FullDisk, SmallWork

ray = pytest.importorskip("ray")
ROOT = Path(__file__).resolve().parents[2]
ROWS = [Row(f"case_{number:03d}", f"A man of {number}.", number) for number in range(40)]


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    """One Ray for the tests of this file: it takes seconds to start."""
    ray.init(num_cpus=2, object_store_memory=100_000_000, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()


def work(path: Path, dies: str | None = None, seconds: float = 0.0) -> Callable[[], SmallWork]:
    """To be opened in the workers."""
    return functools.partial(SmallWork, str(path), dies, seconds)


def test_each_row_is_made_once_though_workers_die(tmp_path: Path):
    dies = tmp_path / "dies"
    dies.mkdir()
    for row in ROWS[3::9]:
        (dies / row.id).touch()
    out = tmp_path / "cohort"
    folder = CohortFolder(str(out))
    heard: list[str] = []
    summary = serve(
        ROWS, work(out, dies=str(dies)), folder, Workers(2), told=lambda outcome, _: heard.append(outcome.row.id)
    )
    assert (summary.made, summary.failed) == (len(ROWS), {})
    assert sorted(heard) == [row.id for row in ROWS], "none twice"
    assert list(dies.iterdir()) == [], "each of them died"
    assert folder.made() == {row.id for row in ROWS}
    folder.clear_torn()
    for row in ROWS:
        assert (out / "cases" / row.id / "anatomy.nii.gz").read_text() == f"{row.text} {row.seed}"


def test_a_second_run_makes_what_is_missing_alone(tmp_path: Path):
    folder = CohortFolder(str(tmp_path))
    serve(ROWS[:10], work(tmp_path), folder, Workers(2))
    before = {name: (tmp_path / "cases" / name / "case.json").stat().st_mtime_ns for name in folder.made()}
    summary = serve(ROWS[:14], work(tmp_path), folder, Workers(2))
    assert (summary.there, summary.made) == (10, 4)
    assert before == {name: (tmp_path / "cases" / name / "case.json").stat().st_mtime_ns for name in before}
    assert serve(ROWS[:14], work(tmp_path), folder, Workers(2)).made == 0


def test_odd_rows_cost_themselves_alone(tmp_path: Path):
    rows = [*ROWS[:4], Row("odd", "odd", 0), Row("deadly", "deadly", 0), *ROWS[4:8]]
    summary = serve(rows, work(tmp_path), CohortFolder(str(tmp_path)), Workers(2))
    assert summary.made == 8
    assert "KeyError" in summary.failed["odd"]
    assert "died 4 times" in summary.failed["deadly"]


def test_a_full_disk_and_rows_that_all_fail_end_the_run(tmp_path: Path):
    folder = CohortFolder(str(tmp_path))
    with pytest.raises(CohortError, match=r"disk is full.*0 of 40 cases are there"):
        serve(ROWS, functools.partial(FullDisk, str(tmp_path)), folder, Workers(2))
    odd = [Row(f"odd{number}", "odd", 0) for number in range(40)]
    heard: list[str] = []
    with pytest.raises(CohortError, match="KeyError"):
        serve(odd, work(tmp_path), folder, Workers(2), told=lambda outcome, _: heard.append(outcome.row.id))
    assert len(heard) == IN_A_ROW


@pytest.mark.large
def test_a_killed_driver_takes_its_workers_along_and_the_next_run_goes_on(tmp_path: Path):
    script = (
        "import functools, sys\n"
        "from GuideGenLib.cohort.folder import CohortFolder\n"
        "from GuideGenLib.cohort.run import serve\n"
        "from GuideGenLib.cohort.workers import Workers\n"
        "from Testing.cohort.test_workers import ROWS, work\n"
        "out = sys.argv[1]\n"
        "serve(ROWS, work(out, seconds=0.2), CohortFolder(out), Workers(2))\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    environment.pop("RAY_ADDRESS", None)
    driver = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], env=environment, start_new_session=True)
    folder = CohortFolder(str(tmp_path))
    deadline = time.monotonic() + 90
    while len(folder.made()) < 3 and time.monotonic() < deadline:
        time.sleep(0.1)
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    deadline, count = time.monotonic() + 60, -1
    while count != len(folder.made()) and time.monotonic() < deadline:
        count = len(folder.made())
        time.sleep(3)
    assert 3 <= count < len(ROWS), "the workers ended with their driver"
    summary = serve(ROWS, work(tmp_path), folder, Workers(2))
    assert (summary.there, summary.made) == (count, len(ROWS) - count)
    assert folder.made() == {row.id for row in ROWS}
