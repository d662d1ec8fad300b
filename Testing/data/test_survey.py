"""What data can train: by splits, by regions, whatever single cases are like; organs on the wrong side are told."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from GuideGenLib.anatomy.table import values
from GuideGenLib.data import survey as module
from GuideGenLib.data.cases import CaseFiles, DataError
from GuideGenLib.data.notes import HELD_OUT, VALIDATION, Notes
from GuideGenLib.data.survey import SurveyedCase, by_processes, check_sides, survey, trainable

TORSO = ("lung_upper_lobe_left", "lung_upper_lobe_right", "heart", "liver", "spleen", "urinary_bladder", "sacrum")


def person(name: str, split: str | None = None, **told: object) -> SurveyedCase:
    """A case that shows all regions, with a CT and labels where nothing else is told."""
    fields = {"ct": True, "labelled": True, "structures": TORSO, "regions": tuple(module.REGIONS)} | told
    return SurveyedCase(name, notes=Notes(split=split), **fields)  # type: ignore[arg-type]


def test_every_stage_learns_from_some_and_validates_on_others() -> None:
    cases = [person("a"), person("b", VALIDATION), person("c", HELD_OUT), person("d", ct=False)]
    found = trainable(cases, segmenter=False)
    assert [stage.problem for stage in found.values()] == [None] * 3
    assert [case.name for case in found["mask"].learnt] == ["a", "d"]
    assert [case.name for case in found["ct"].learnt] == ["a"]
    assert {stage.validated[0].name for stage in found.values()} == {"b"}


@pytest.mark.parametrize(
    ("cases", "stage", "problem"),
    [
        ([person("a", VALIDATION), person("b", HELD_OUT)], "mask", "all 2 cases for it are held out or for validation"),
        (
            [person("a"), person("b", VALIDATION, problem="cut")],
            "mask",
            "nothing to validate on, .* cannot use b: give",
        ),
        ([person("a"), person("b", VALIDATION, ct=False)], "ct", "nothing to validate on, for it cannot use b"),
        ([person("a", regions=("chest",))], "mask", "no labelled case to learn from shows abdomen, pelvis: add some"),
        ([person("a", labelled=False)], "mask", "no label map: add some"),
        ([person("a", ct=False)], "codec", "no scan with a labelled liver or back muscles: add label maps"),
    ],
)
def test_what_keeps_a_stage_from_being_trained(cases: list[SurveyedCase], stage: str, problem: str) -> None:
    with pytest.raises(DataError, match=problem):
        raise DataError(trainable(cases, segmenter=False)[stage].problem or "none")


def test_one_case_on_which_a_library_fails_does_not_end_it(flat: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(case: object) -> None:
        raise RuntimeError("no such filter")

    monkeypatch.setattr(module, "read_named", broken)
    first, second = survey(flat)
    assert "anna.nii.gz cannot be used (RuntimeError: no such filter): leave it out" in (first.problem or "")
    assert second.problem and "bert" in second.problem


def test_several_processes_find_the_same(flat: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = list(survey(flat))
    monkeypatch.setattr(module, "FEW_CASES", 1)
    assert list(survey(flat, workers=2)) == alone


def deadly(told: tuple[CaseFiles, Notes]) -> SurveyedCase:
    """In the place of what reads a case: some end their process."""
    if told[0].name in "bf":
        os._exit(9)
    return person(told[0].name)


def test_a_case_that_kills_the_process_that_reads_it_is_named() -> None:
    cases = [(CaseFiles(name, Path(f"{name}.nii.gz")), Notes()) for name in "abcdefg"]
    found = list(by_processes(deadly, cases, 2))
    assert [case.name for case in found] == list("abcdefg")
    assert [case.name for case in found if case.problem] == ["b", "f"]
    assert "b.nii.gz ends the process that reads it, for want of memory perhaps: leave it out" in found[1].problem


def test_organs_on_the_wrong_side_are_told(phantom: np.ndarray) -> None:
    check_sides(phantom, Path("a.nii.gz"))
    with pytest.raises(DataError, match=r"a.nii.gz shows left and right the wrong way round in [45] of [45].*mirrored"):
        check_sides(phantom[:, :, ::-1].copy(), Path("a.nii.gz"))
    check_sides(np.where(phantom == values()["liver"], 0, phantom).astype(np.uint8), Path("a.nii.gz"))


def test_a_map_that_is_read_by_the_wrong_vocabulary_is_found_out(tmp_path: Path, write: Callable[..., None]) -> None:
    amos = np.zeros((20, 20, 60), np.uint8)  # index x grows to the patient's left
    for value, x in ((1, 50), (2, 10), (3, 45), (8, 32), (9, 28), (10, 35), (11, 25), (12, 40), (14, 30)):
        amos[:, 2 * (value % 8) : 2 * (value % 8) + 2, x : x + 4] = value
    write(amos, tmp_path / "labels" / "bob.nii.gz", labels=True)
    told = tmp_path / "labels" / "labels.json"
    told.write_text('{"vocabulary": "amos"}')
    assert next(survey(tmp_path)).problem is None
    told.write_text('{"vocabulary": "totalsegmentator"}')
    problem = next(survey(tmp_path)).problem or ""
    assert "wrong way round" in problem and "say what its values mean" in problem
