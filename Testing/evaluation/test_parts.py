"""What each part of an evaluation is given: cases, judges, data, and how much of it."""

import argparse
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from GuideGenLib.core.volumes import write_volume
from GuideGenLib.evaluation import parts
from GuideGenLib.evaluation.alignment import flips
from GuideGenLib.evaluation.alignment import with_anatomy as alignment
from GuideGenLib.evaluation.alignment import with_text as prompt_alignment
from GuideGenLib.evaluation.cases import GeneratedCase
from GuideGenLib.evaluation.parts import PARTS, Work, counted
from GuideGenLib.evaluation.people import differences
from GuideGenLib.evaluation.plan import Plan
from GuideGenLib.evaluation.realism import figures as realism
from GuideGenLib.evaluation.report.examples import show_examples
from GuideGenLib.evaluation.report.section import Figure, Section

Made = list[tuple[str, int, dict[str, Any]]]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Made:
    """Calls of make_cases: name of the folder, number of orders, further arguments."""
    calls: Made = []

    def make(orders: Any, folder: Path, generator: Any, **options: Any) -> list[GeneratedCase]:
        calls.append((folder.name, len(orders), {k: v for k, v in options.items() if k != "progress"}))
        return [GeneratedCase(one.key, one.text, one.seed, folder / one.key) for one in orders]

    monkeypatch.setattr(parts, "make_cases", make)
    monkeypatch.setattr(Work, "generator", SimpleNamespace())
    monkeypatch.setattr(Work, "judges", SimpleNamespace(name="judges"))
    return calls


@pytest.fixture
def work(tmp_path: Path) -> Callable[..., Work]:
    def make(**told: Any) -> Work:
        args = argparse.Namespace(output=tmp_path, data=tmp_path / "data", run=None, judges=None)
        return Work(args, Plan.of(**{"subset": True, **told}))

    return make


def test_cases_are_made_once_and_flips_without_a_ct(
    work: Callable[..., Work], made: Made, monkeypatch: pytest.MonkeyPatch
):
    given: list[Any] = []

    def measure(cases: Any, flipped: Any, judges: Any, output: Path) -> Section:
        given.append((len(cases), len(flipped), judges.name))
        return Section("prompts", "Prompts")

    monkeypatch.setattr(prompt_alignment, "measure_prompts", measure)
    one = work(cases=4)
    PARTS["prompts"].measure(one)
    PARTS["prompts"].measure(one)
    count = len(flips.orders(True))
    assert given == [(4, count, "judges")] * 2
    assert made == [("cases", 4, {}), ("flips", count, {"with_ct": False})]


def test_a_subset_reads_no_real_scans_for_realism(
    work: Callable[..., Work], made: Made, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    given: list[Any] = []

    def measure(cases: Any, data: Any, output: Path, **_: Any) -> Section:
        given.append(data)
        return Section("realism", "Realism")

    monkeypatch.setattr(realism, "measure_realism", measure)
    PARTS["realism"].measure(work(cases=2))
    PARTS["realism"].measure(work(subset=False, cases=2))
    assert given == [None, tmp_path / "data"]


def test_the_alignment_has_a_picture_of_its_organs(
    work: Callable[..., Work], made: Made, monkeypatch: pytest.MonkeyPatch
):
    figures = [Figure("mean DSC of the organs", 0.7, 0.6, 0.8, 2), Figure("DSC liver", 0.9, 0.8, 0.95, 2, paper=0.9)]
    monkeypatch.setattr(alignment, "measure_alignment", lambda *_: Section("alignment", "Alignment", figures))
    section = PARTS["alignment"].measure(work(cases=2))
    assert section.pictures[0][1].name == "alignment_organs.png" and section.pictures[0][1].is_file()
    empty = [Figure("DSC liver", None, None, None, 0)]
    monkeypatch.setattr(alignment, "measure_alignment", lambda *_: Section("alignment", "Alignment", empty))
    assert PARTS["alignment"].measure(work(cases=2)).pictures == []


def test_people_are_masks_of_one_text_and_of_many(
    work: Callable[..., Work], made: Made, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    given: list[Any] = []

    def measure(same: Any, different: Any, sized: Any, trained: Any, output: Path, progress: Any) -> Section:
        given.append(([one.text for one in same], [one.text for one in different], len(sized), trained, output))
        return Section("people", "People")

    monkeypatch.setattr(differences, "measured", lambda asked, cases: [*cases])
    monkeypatch.setattr(differences, "measure_people", measure)
    PARTS["people"].measure(work())
    ((same, different, sized, trained, output),) = given
    assert made == [("people", 18, {"with_ct": False})]
    assert len(same) == len(different) == len(set(different)) == 6 and len(set(same)) == 1
    assert sized == 6 and trained == [] and output == tmp_path


def test_progress_tells_each_case_once(capsys: pytest.CaptureFixture[str]):
    show = counted("case", 4)
    for fraction in (0.1, 0.25, 0.25, 0.5, 1.0):
        show("cases", fraction)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(" (")[0] for line in lines] == ["case 1 of 4", "case 2 of 4", "case 4 of 4"]


def test_examples_show_every_anatomy_and_the_first_cts(tmp_path: Path, small_anatomy: sitk.Image, small_ct: sitk.Image):
    cases = []
    for number in range(3):
        folder = tmp_path / "cases" / str(number)
        folder.mkdir(parents=True)
        write_volume(small_anatomy, folder / "anatomy.nii.gz")
        write_volume(small_ct, folder / "ct.nii.gz")
        cases.append(GeneratedCase(str(number), f"Patient {number}.", number, folder))
    section = show_examples(cases, tmp_path)
    assert [path.name for _, path in section.pictures] == ["anatomies.png", "case_1.png", "case_2.png"]
    assert all(path.stat().st_size > 1000 for _, path in section.pictures)
    assert list(section.tables[0].rows) == [(str(n + 1), str(n), f"Patient {n}.") for n in range(3)]
    assert np.all([path.parent == tmp_path for _, path in section.pictures])
