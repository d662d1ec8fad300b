"""guidegen edit: shown, applied, kept, undone; nothing half-written, nothing lost."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import SimpleITK as sitk

from GuideGenLib.anatomy.table import values
from GuideGenLib.cli import case_folder
from GuideGenLib.cli.case_folder import CaseFolder
from GuideGenLib.core.progress import Cancelled
from GuideGenLib.scene.ct import read_ct
from GuideGenLib.scene.files import load_mrb, save_mrb
from GuideGenLib.scene.headless import Headless, new_scene
from GuideGenLib.scene.runs.run import runs

TEXT = "A 60 year old man with a 48 mm tumor in the left upper lobe of the lung."
FILES = ["anatomy.nii.gz", "ct.nii.gz", "labels.csv", "preview.png", "provenance.json"]
SENTENCES = (
    "add a small pleural effusion on the right",
    "make him ten years older",
    "show it without contrast",
    "remove the effusion",
    "add ascites",
)
Run = Callable[..., int]


@pytest.fixture
def folder(guidegen: Run, tmp_path: Path) -> Path:
    """A generated case."""
    out = tmp_path / "ü case"
    assert guidegen("generate", TEXT, "-o", out, "--seed", 7) == 0
    return out


def contents(folder: Path) -> dict[str, bytes]:
    """All files below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_five_changes_undone_step_by_step_give_each_case_before_byte_for_byte(guidegen: Run, folder: Path) -> None:
    states = [contents(folder)]
    for sentence in SENTENCES:
        assert guidegen("edit", folder, sentence) == 0
        states.append(contents(folder))
    record = json.loads((folder / "provenance.json").read_text(encoding="utf-8"))
    assert [link["sentence"] for link in record["changes"]] == list(SENTENCES)
    assert record["description"]["age"] == 70 and record["description"]["phase"] == "none"
    for state in reversed(states[:-1]):
        assert guidegen("edit", folder, "--undo") == 0
        assert contents(folder) == state
    assert sorted(os.listdir(folder)) == FILES
    assert guidegen("edit", folder, "--undo") == 2


def test_the_difference_is_shown_and_a_dry_run_changes_nothing(
    guidegen: Run, generator, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, calls = contents(folder), len(generator.calls)
    assert guidegen("edit", folder, "make him ten years older and paint it purple", "--dry-run") == 0
    shown = capsys.readouterr().out
    assert "age: 60 to 70 years" in shown and "('make him ten years older" in shown
    assert "Not understood: 'paint', 'purple'" in shown
    assert "everywhere" in shown
    assert contents(folder) == before and len(generator.calls) == calls


def test_the_ct_is_made_anew_there_with_the_settings_of_its_run(guidegen: Run, generator, folder: Path) -> None:
    assert guidegen("edit", folder, "add ascites", "--margin", 30) == 0
    stage, options = generator.calls[-1]
    assert stage == "regenerate" and options["seed"] == 7 and options["margin_mm"] == 30
    assert guidegen("edit", folder, "show it in the arterial phase") == 0
    stage, options = generator.calls[-1]
    assert stage == "ct" and options["seed"] == 7 and generator.description.phase == "arterial"


def test_a_case_without_a_ct_is_changed_and_undone(guidegen: Run, tmp_path: Path) -> None:
    out = tmp_path / "mask"
    assert guidegen("mask", TEXT, "-o", out) == 0
    before = contents(out)
    assert guidegen("edit", out, "add ascites") == 0
    assert not (out / "ct.nii.gz").exists()
    assert guidegen("edit", out, "--undo") == 0
    assert contents(out) == before


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        ("make the kidney tumour larger", "There is no tumor of the kidney"),
        ("make him a woman", "another patient"),
        ("what a day", "question"),
    ],
)
def test_a_sentence_that_cannot_be_followed_changes_nothing(
    guidegen: Run, folder: Path, capsys: pytest.CaptureFixture[str], sentence: str, told: str
) -> None:
    before = contents(folder)
    assert guidegen("edit", folder, sentence) == 2
    assert told in capsys.readouterr().err
    assert contents(folder) == before


def test_no_case_and_no_sentence_are_told(
    guidegen: Run, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert guidegen("edit", tmp_path / "nowhere", "add ascites") == 2
    assert guidegen("edit", tmp_path, "add ascites") == 2
    assert guidegen("edit", folder) == 2
    assert guidegen("edit", folder, "add ascites", "--undo") == 2
    told = capsys.readouterr().err
    assert told.count("guidegen: error:") == 4 and "guidegen generate" in told


def test_a_cancelled_change_leaves_all_as_it_was(guidegen: Run, generator, folder: Path) -> None:
    before = contents(folder)

    def stop(stage: str) -> None:
        raise Cancelled

    generator.at = stop
    assert guidegen("edit", folder, "add ascites") == 130
    assert contents(folder) == before


@pytest.mark.parametrize("files", range(1, 5))
def test_a_change_that_was_cut_short_between_its_files_is_taken_back(
    guidegen: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, files: int
) -> None:
    before, replace, left = contents(folder), os.replace, [files]

    def killed(source: object, target: object) -> None:
        if Path(str(target)).parent == folder:
            if left[0] == 0:
                raise SystemExit("as if killed")
            left[0] -= 1
        replace(str(source), str(target))

    with monkeypatch.context() as patched, pytest.raises(SystemExit):
        patched.setattr(os, "replace", killed)
        guidegen("edit", folder, "show it without contrast")
    assert (folder / "history" / "001").is_dir()
    CaseFolder(folder)
    assert contents(folder) == before


@pytest.mark.parametrize("files", range(1, 5))
def test_an_undo_that_was_cut_short_is_gone_on_with(
    guidegen: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, files: int
) -> None:
    before = contents(folder)
    assert guidegen("edit", folder, "show it without contrast") == 0
    replace, left = os.replace, [files]

    def killed(source: object, target: object) -> None:
        if left[0] == 0:
            raise SystemExit("as if killed")
        left[0] -= 1
        replace(str(source), str(target))

    with monkeypatch.context() as patched, pytest.raises(SystemExit):
        patched.setattr(os, "replace", killed)
        guidegen("edit", folder, "--undo")
    CaseFolder(folder)
    assert contents(folder) == before


def test_a_disk_without_links_keeps_copies(guidegen: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(source: object, target: object) -> None:
        raise OSError("not supported")

    monkeypatch.setattr(case_folder.os, "link", no_links)
    before = contents(folder)
    assert guidegen("edit", folder, "add ascites") == 0
    assert guidegen("edit", folder, "--undo") == 0
    assert contents(folder) == before


def test_the_anatomy_of_the_step_is_what_the_sentence_asks(guidegen: Run, folder: Path) -> None:
    before = sitk.GetArrayFromImage(sitk.ReadImage(str(folder / "anatomy.nii.gz")))
    assert guidegen("edit", folder, "add ascites") == 0
    after = sitk.GetArrayFromImage(sitk.ReadImage(str(folder / "anatomy.nii.gz")))
    fluid = after == values()["ascites"]
    assert fluid.any() and (before == after)[~fluid].all()


# ---------------------------------------------------------------- a scene


def test_a_scene_gets_a_run_more_for_each_change_and_loses_it_again(
    guidegen: Run, tmp_path: Path, small_ct: sitk.Image, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("slicer", reason="needs slicer-core")
    path = tmp_path / "case ü.mrb"
    assert guidegen("scene", TEXT, "-o", path, "--seed", 7) == 0
    nodes = [len(node_ids(path))]
    for sentence in SENTENCES:
        assert guidegen("edit", path, sentence) == 0
        nodes.append(len(node_ids(path)))
    assert nodes == sorted(set(nodes))
    assert "--undo` takes it back" in capsys.readouterr().out
    for count in reversed(nodes[:-1]):
        assert guidegen("edit", path, "--undo") == 0
        assert len(node_ids(path)) == count, node_ids(path)
    assert "0 more can be undone" in capsys.readouterr().out
    assert guidegen("edit", path, "--undo") == 2
    (run,) = runs_in(path)
    assert (sitk.GetArrayFromImage(read_ct(run.ct)) == sitk.GetArrayFromImage(small_ct)).all()
    assert "changes" not in run.provenance


def test_a_scene_without_a_case_is_told(guidegen: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("slicer", reason="needs slicer-core")
    path = tmp_path / "none.mrb"
    save_mrb(new_scene().scene, path)
    assert guidegen("edit", path, "add ascites") == 2
    assert guidegen("edit", tmp_path / "nowhere.mrb", "add ascites") == 2
    assert "holds no case" in capsys.readouterr().err


SCENES: list[Headless] = []
"""They live as long as the nodes that are looked at."""


def loaded(path: Path) -> Any:
    SCENES.append(new_scene())
    load_mrb(SCENES[-1].scene, path)
    return SCENES[-1].scene


def node_ids(path: Path) -> list[str]:
    scene = loaded(path)
    return [scene.GetNthNode(index).GetID() for index in range(scene.GetNumberOfNodes())]


def runs_in(path: Path) -> list[Any]:
    return runs(loaded(path))
