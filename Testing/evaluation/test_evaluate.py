"""`guidegen evaluate` from the command to its report, with parts that measure nothing."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from GuideGenLib.cli.main import main
from GuideGenLib.core.errors import EvaluationError
from GuideGenLib.evaluation import evaluate, parts
from GuideGenLib.evaluation.parts import PARTS, Part, Work
from GuideGenLib.evaluation.plan import LEFT_OUT, SUBSET_LIMIT_S, SYSTEMS, Plan, expected_seconds, parts_of
from GuideGenLib.evaluation.report.section import Section, mean_figure
from GuideGenLib.generator import Generator

Run = Callable[..., int]
USUAL = [name for name in PARTS if name != SYSTEMS]
"""What is measured where nothing is named."""


class FakeParts:
    """Parts that count how often they were measured, and stop or fail on demand."""

    def __init__(self) -> None:
        self.measured: list[str] = []
        self.stop_at = self.fail_at = ""

    def part(self, name: str, judges: bool) -> Part:
        def measure(work: Work) -> Section:
            if name == self.stop_at:
                raise KeyboardInterrupt
            if name == self.fail_at:
                raise EvaluationError("nothing to compare with")
            self.measured.append(name)
            return Section(name, f"Title of {name}", [mean_figure("score", [0.5, 0.7], wanted=0.65)])

        return Part(measure, judges=judges, systems=name == SYSTEMS)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeParts:
    found = FakeParts()
    bundle = SimpleNamespace(name="toy 1", identity="0" * 64)
    models = SimpleNamespace(device="cpu", arithmetic="float32")
    monkeypatch.setattr(evaluate, "load_bundle", lambda _: bundle)
    generator = SimpleNamespace(bundle=bundle, models=models)
    monkeypatch.setattr(Generator, "from_bundle", classmethod(lambda cls, *_, **__: generator))
    monkeypatch.setattr(parts.Work, "judges", SimpleNamespace())
    monkeypatch.setattr(parts.Work, "flip_orders", [])
    for name, part in list(PARTS.items()):
        monkeypatch.setitem(PARTS, name, found.part(name, part.judges))
    return found


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """run(*arguments): the command with a folder of judges and one for its output."""
    monkeypatch.delenv("GUIDEGEN_DATA", raising=False)
    (tmp_path / "judges").mkdir()
    (tmp_path / "judges" / "judges.json").write_text("{}")

    def call(*arguments: str) -> int:
        return main(["evaluate", "-o", str(tmp_path / "out"), "--judges", str(tmp_path / "judges"), *arguments])

    return call


def _read(tmp_path: Path) -> dict:
    return json.loads((tmp_path / "out" / "evaluation.json").read_text())


def test_every_part_is_in_report_and_json(
    fake: FakeParts, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert run() == 0
    assert fake.measured == USUAL
    content = _read(tmp_path)
    assert [one["key"] for one in content["sections"]] == USUAL
    assert content["bundle"]["sha256"] == "0" * 64 and content["settings"]["cases"] == 30
    assert set(content["seconds"]) == set(USUAL)
    html = (tmp_path / "out" / "evaluation.html").read_text()
    assert "Title of realism" in html and "toy 1" in html
    printed = capsys.readouterr()
    assert "MISSED" in printed.out and "Title of samplers" in printed.out
    assert "alignment ..." in printed.err


def test_a_run_that_was_cut_keeps_what_was_finished(fake: FakeParts, run: Run, tmp_path: Path):
    fake.stop_at = "realism"
    assert run() == 130
    assert not (tmp_path / "out" / "evaluation.json").exists()
    fake.stop_at = ""
    assert run() == 0
    assert fake.measured == USUAL  # each of them once
    assert run() == 0
    assert fake.measured == USUAL


def test_other_settings_or_judges_are_measured_again(fake: FakeParts, run: Run, tmp_path: Path):
    run("--only", "alignment", "samplers")
    (tmp_path / "judges" / "judges.json").write_text('{"files": {}}')
    run("--only", "alignment", "samplers")
    assert fake.measured == ["alignment", "samplers", "alignment"]
    run("--only", "alignment", "--cases", "3")
    assert fake.measured[3:] == ["alignment"]


def test_a_part_that_is_asked_for_later_joins_the_others(fake: FakeParts, run: Run, tmp_path: Path):
    run("--subset")
    assert fake.measured == [name for name in USUAL if name not in LEFT_OUT]
    fake.measured.clear()
    run("--subset", "--only", "usability")
    assert fake.measured == ["usability"]
    assert [one["key"] for one in _read(tmp_path)["sections"]] == [
        name for name in USUAL if name not in LEFT_OUT or name == "usability"
    ]


def test_a_part_that_cannot_be_measured_says_why_and_hides_no_other(
    fake: FakeParts, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    fake.fail_at = "realism"
    assert run() == 1
    assert "not measured: realism: nothing to compare with" in capsys.readouterr().err
    section = next(one for one in _read(tmp_path)["sections"] if one["key"] == "realism")
    assert section["figures"] == [] and section["remarks"] == ["Not measured: nothing to compare with"]
    fake.fail_at = ""
    assert run() == 0
    assert fake.measured.count("realism") == 1 and fake.measured.count("alignment") == 1


def test_systems_are_measured_alone_and_only_where_they_are_asked_for(
    fake: FakeParts, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert run("--systems", "all") == 0
    assert fake.measured == [SYSTEMS]
    run("--only", "samplers")
    assert [one["key"] for one in _read(tmp_path)["sections"]] == ["samplers", SYSTEMS]  # kept beside it
    run("--systems", "maisi", "--rival-steps", "3")
    assert fake.measured == [SYSTEMS, "samplers", SYSTEMS]
    assert run("--systems", "maisi", "nobody") == 2
    assert "there is no system nobody: choose of all, maisi, zhuang" in capsys.readouterr().err


def test_markdown_is_printed_from_a_finished_evaluation(
    fake: FakeParts, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    run("--only", "samplers")
    capsys.readouterr()
    assert main(["evaluate", "--markdown", str(tmp_path / "out" / "evaluation.json")]) == 0
    assert "| score | 0.600 | 0.500 to 0.700 | 2 | - | - | at least 0.650 | MISSED |" in capsys.readouterr().out


def test_what_is_wrong_is_told_before_anything_is_generated(
    fake: FakeParts, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    def refused(words: str, *arguments: str) -> None:
        assert run(*arguments) == 2
        assert words in capsys.readouterr().err

    refused("has no judges.json: the judges come with a clone", "--judges", str(tmp_path))
    refused("is no folder: name that of the real scans", "--data", str(tmp_path / "none"))
    (tmp_path / "file").write_text("")
    refused("cannot write into", "-o", str(tmp_path / "file"))
    refused("cannot write into", "-o", str(tmp_path / "file" / "below"))
    if os.geteuid():
        (tmp_path / "locked").mkdir(mode=0o500)
        refused("not writable", "-o", str(tmp_path / "locked"))
    assert main(["evaluate"]) == 2
    assert "name one with -o" in capsys.readouterr().err
    assert fake.measured == []


def test_the_subset_fits_ten_minutes_on_two_cores():
    plan = Plan.of(subset=True)
    chosen = parts_of(plan, tuple(PARTS))
    assert not set(LEFT_OUT) & set(chosen) and "alignment" in chosen
    assert expected_seconds(plan, chosen, flips=2) <= SUBSET_LIMIT_S
    assert expected_seconds(plan, [SYSTEMS], flips=0) <= SUBSET_LIMIT_S  # two samplers' steps of one case
    full = Plan.of(subset=False)
    assert expected_seconds(full, [SYSTEMS], flips=0) <= 3 * 3600 and full.rival_steps is None
    assert full.cases == 30 and parts_of(full, tuple(PARTS)) == USUAL
    assert 3 * SUBSET_LIMIT_S < expected_seconds(full, parts_of(full, tuple(PARTS)), flips=54, trained=22) <= 3 * 3600


def test_seconds_add_up_by_what_is_made():
    plan = Plan.of(subset=True)
    alone = expected_seconds(plan, ["examples"], flips=9)
    twice = expected_seconds(Plan.of(subset=True, cases=2 * plan.cases), ["examples"], flips=9)
    assert twice - alone == pytest.approx(plan.cases * (1.15 * 4.3 + 7.8))  # flips belong to the prompts alone
    with_flips = expected_seconds(plan, ["prompts"], flips=2) - expected_seconds(plan, ["prompts"], flips=1)
    assert with_flips == pytest.approx(1.15 * 4.3)  # their masks alone
    assert expected_seconds(plan, ["samplers"], flips=0) < alone
    assert expected_seconds(plan, ["usability"], flips=0) - alone <= 25 * 60  # all trainings, on one core
    looks = [expected_seconds(Plan.of(subset, 10), ["realism"], flips=0) for subset in (False, True)]
    assert looks[0] - looks[1] == pytest.approx(205 + 10 * 5.5)  # a subset reads no real scans


def test_without_judges_the_other_parts_are_measured_and_the_rest_is_named(
    fake: FakeParts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.delenv("GUIDEGEN_DATA", raising=False)
    monkeypatch.setattr("GuideGenLib.judges.folder.DEFAULT", ("Models", "none"))
    assert main(["evaluate", "-o", str(tmp_path / "out")]) == 1
    assert fake.measured == [name for name in USUAL if not PARTS[name].judges]
    assert "not measured: alignment" in capsys.readouterr().err
    remarks = {one["key"]: one["remarks"] for one in _read(tmp_path)["sections"]}
    assert "guidegen train segmenter" in remarks["alignment"][0]
    assert main(["evaluate", "-o", str(tmp_path / "out"), "--only", "alignment"]) == 2
