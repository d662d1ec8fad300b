"""`guidegen cohort`: plan and make as a user gives them, with work that takes no time in the place of the networks."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from GuideGenLib.cohort import plan, run
from GuideGenLib.cohort.plan import Measured
from Testing.cohort.work import SmallMaker

Run = Callable[..., int]
ROOT = Path(__file__).resolve().parents[2]

TABLE = "id,sex,organ,side,n\nkidney,female,kidney,left,3\nother,male,liver,,1\n"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Four cases."""
    path = tmp_path / "table.csv"
    path.write_text(TABLE)
    return path


def test_a_plan_tells_contents_time_and_size(
    guidegen: Run, table: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(plan, "measure", lambda rows, order: Measured(rows[0].id, 30.0, 9_000_000))
    assert guidegen("cohort", "plan", table, "--workers", 2) == 0
    told = capsys.readouterr().out
    assert "4 cases" in told
    assert "sex: female 3, male 1" in told
    assert "finding: left kidney tumor 3, liver tumor 1" in told
    assert "about 60 s with 2 workers" in told


@pytest.mark.large
def test_the_same_command_goes_on(
    guidegen: Run, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    pytest.importorskip("ray")
    monkeypatch.setattr(run, "Maker", SmallMaker)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]))
    command = ("cohort", "make", table, "-o", tmp_path / "out", "--workers", 2, "--watch")
    assert guidegen(*command) == 0
    assert "4 were made" in capsys.readouterr().out
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names >= {"cases", "cases.csv", "README.md", "montage.jpg", "plots.png", "progress.html", "rows.jsonl"}
    assert guidegen(*command) == 0
    assert "4 cases were there, 0 were made" in capsys.readouterr().out
    table.write_text(TABLE + "more,male,lung,left,1\n")
    assert guidegen(*command) == 2
    assert "another rows" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("plan",), "a cohort is of a table or of a draw"),
        (("plan", "none.csv"), "none.csv cannot be read"),
        (("plan", "--draw", 2, "--like", "none.json"), "none.json cannot be read"),
        (("export", "nothing", "-o", "out"), "holds no cohort"),
    ],
)
def test_what_is_wrong_is_told_in_a_line(
    guidegen: Run, arguments: tuple, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert guidegen("cohort", *arguments) == 2
    assert told in capsys.readouterr().err
