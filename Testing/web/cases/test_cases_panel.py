"""The case list and the lessons of a session, without a browser."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

pytest.importorskip("trame_slicer", reason="needs the extra web")

from trame.app import get_server

from GuideGenLib.cases.catalogue import CaseCatalogue
from GuideGenLib.scene.files import CT, read_case, save_mrb
from GuideGenLib.scene.headless import new_scene
from GuideGenLib.web.cases import lesson_panel
from GuideGenLib.web.cases import panel as cases_panel
from GuideGenLib.web.cases.step import CasesStep
from GuideGenLib.web.files.opening import Opener, has_work
from GuideGenLib.web.workspace import Workspace
from Testing.cases.conftest import TEXT, Make
from Testing.web.views_stage import own_loop


@pytest.fixture
def stage(catalogue: CaseCatalogue, tmp_path: Path, request: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Both panels over an empty scene; what they begin is done at once."""

    def at_once(work: Any) -> None:
        with own_loop():
            asyncio.get_event_loop().run_until_complete(work)

    for module in (cases_panel, lesson_panel):
        monkeypatch.setattr(module, "create_task", at_once)
    headless = new_scene()
    (tmp_path / "private").mkdir()
    workspace = Workspace(SimpleNamespace(scene=headless.scene), tmp_path / "private")
    told: list[tuple[str, str]] = []
    workspace.told.connect(lambda text, kind: told.append((kind, text)))
    server = get_server(request.node.name, client_type="vue3")
    step = CasesStep(server, workspace, catalogue.folder, Opener(workspace))
    opened: list[tuple[dict[str, Any], str]] = []
    step.opened.connect(lambda record, corrections: opened.append((record, corrections)))
    yield SimpleNamespace(
        state=server.state, workspace=workspace, told=told, opened=opened, catalogue=catalogue, step=step,
        cases=step.cases, lessons=step.lessons, scene=headless.scene, names=[one.name for one in catalogue.entries()],
    )  # fmt: skip


def voxels(image: sitk.Image) -> np.ndarray:
    return sitk.GetArrayFromImage(image)


def test_the_list_shows_what_the_folder_holds_and_what_is_wrong(stage: Any) -> None:
    (stage.catalogue.folder / stage.names[1] / CT).write_text("no volume")
    stage.cases.refresh()
    first, second = stage.state.cases_rows
    assert first["name"].startswith("left-kidney-") and first["text"] == TEXT and first["problem"] == ""
    assert "is no volume" in second["problem"] and second["picture"] == ""
    stage.state.cases_search = "kidney"
    stage.cases.refresh()
    assert [row["name"] for row in stage.state.cases_rows] == [stage.names[0]] and stage.state.cases_count == 2


def test_a_case_comes_into_the_scene_as_it_was_kept(stage: Any, saved: Make) -> None:
    stage.cases.open(stage.names[0])
    assert stage.told[-1] == ("success", f"Opened {stage.names[0]}.") and stage.state.cases_open == stage.names[0]
    now = read_case(stage.workspace.segmentation, stage.workspace.ct)
    assert (voxels(now.anatomy) == voxels(saved().anatomy)).all()
    assert (voxels(now.ct) == voxels(saved().ct)).all()
    assert now.provenance["text"] == TEXT and stage.opened[-1][0]["text"] == TEXT


def test_going_through_the_list_does_not_fill_the_scene(stage: Any) -> None:
    stage.cases.open(stage.names[0])
    first = stage.scene.GetNumberOfNodes()
    stage.cases.step(1)
    assert stage.state.cases_open == stage.names[1] and len(stage.workspace.runs) == 1
    stage.cases.step(1)
    assert stage.told[-1][1] == "This is the last case of the list."
    stage.cases.step(-1)
    assert stage.state.cases_open == stage.names[0] and stage.scene.GetNumberOfNodes() == first


def test_a_case_that_was_worked_on_stays_in_the_scene(stage: Any) -> None:
    stage.cases.open(stage.names[0])
    mine = stage.workspace.segmentation
    stage.workspace.edited.emit()
    stage.cases.step(1)
    assert len(stage.workspace.runs) == 2 and stage.scene.IsNodePresent(mine)
    stage.cases.step(-1)
    assert len(stage.workspace.runs) == 2, "the one that was only looked at has gone"


def test_what_is_shown_is_kept_as_a_new_case_and_nothing_is_overwritten(stage: Any) -> None:
    assert stage.state.cases_can_keep is False
    stage.cases.keep()
    assert "no anatomy yet" in stage.told[-1][1]
    stage.cases.open(stage.names[0])
    assert stage.state.cases_can_keep is True
    stage.cases.keep()
    assert stage.told[-1] == ("success", f"Kept as {stage.names[0]}-2.")
    old, new = (stage.catalogue.folder / name for name in (stage.names[0], f"{stage.names[0]}-2"))
    assert (old / CT).read_bytes() == (new / CT).read_bytes() and stage.catalogue.entry(new.name).text == TEXT


def test_a_broken_case_is_told_and_the_scene_stays(stage: Any) -> None:
    stage.cases.open(stage.names[0])
    path = stage.catalogue.folder / stage.names[1] / CT
    path.write_bytes(path.read_bytes()[:-100])
    stage.cases.step(1)
    assert stage.told[-1][0] == "error" and "cut short" in stage.told[-1][1]
    assert stage.state.cases_open == stage.names[0] and len(stage.workspace.runs) == 1
    assert stage.state.cases_busy == ""


def test_a_scene_of_the_folder_opens_where_no_work_is_lost(stage: Any) -> None:
    stage.cases.open(stage.names[0])
    save_mrb(stage.scene, stage.catalogue.folder / "whole.mrb")
    stage.workspace.edited.emit()
    stage.cases.open("whole")
    assert "has work in it" in stage.told[-1][1]
    stage.workspace.choose(segmentation=None, ct=None)
    stage.scene.Clear(False)
    stage.cases.open("whole")
    assert stage.told[-1] == ("success", "Opened whole.") and has_work(stage.scene)
    assert len(stage.workspace.runs) == 1 and list(stage.workspace.folder.iterdir()) == []


def test_tags_names_copies_deletion_and_undo(stage: Any) -> None:
    stage.cases.choose(stage.names[0])
    stage.state.cases_tags = "exam, hard"
    stage.cases.tag()
    assert stage.state.cases_rows[0]["tags"] == ["exam", "hard"] and stage.state.cases_tags == "exam, hard"
    stage.state.cases_name = "Tuesday"
    stage.cases.rename()
    assert stage.state.cases_chosen == "Tuesday" and stage.told[-1][1] == "It is called Tuesday now."
    stage.cases.rename(True)
    assert stage.state.cases_chosen == stage.names[0]
    stage.cases.duplicate()
    assert stage.state.cases_chosen == f"{stage.names[0]}-2" and stage.state.cases_count == 3
    stage.cases.delete()
    assert (stage.state.cases_count, stage.state.cases_trash, stage.state.cases_chosen) == (2, 1, "")
    stage.cases.undo_delete()
    assert (stage.state.cases_count, stage.state.cases_trash) == (3, 0)
    assert stage.state.cases_chosen == f"{stage.names[0]}-2"
    stage.state.cases_name = "../x"
    stage.cases.rename()
    assert stage.told[-1][0] == "warning" and "cannot be the name" in stage.told[-1][1]


def test_a_lesson_is_drafted_changed_and_made(stage: Any) -> None:
    stage.state.cases_picked = list(stage.names)
    stage.lessons.draft()
    kidney, healthy = stage.state.lesson_draft
    assert [one["value"] for one in kidney["findings"]] == ["kidney_tumor", ""] and kidney["finding"] == "kidney_tumor"
    assert kidney["findings"][0]["title"].startswith("left kidney tumor, ") and healthy["finding"] == ""
    stage.lessons.change(0, "kind", "measure")
    stage.lessons.change(1, "kind", "measure")
    stage.state.lesson_title = "Week 1"
    stage.lessons.make()
    assert "nothing whose diameter" in stage.told[-1][1] and stage.state.lesson_titles == []
    stage.lessons.change(1, "kind", "point")
    stage.lessons.change(1, "text", "Anything here?")
    stage.lessons.make()
    assert stage.state.lesson_chosen == "Week 1" and stage.state.lesson_draft == [] == stage.state.cases_picked
    stage.state.lesson_learner = "Ana"
    stage.lessons.add_learner()
    (ana,) = stage.state.lesson_learners
    assert (ana["name"], ana["answered"]) == ("Ana", 0) and len(ana["token"]) > 16
    stage.state.lesson_learner = "Ana"
    stage.lessons.add_learner()
    assert "in this lesson already" in stage.told[-1][1]
    assert [row["name"] for row in stage.state.cases_rows] == stage.names, "a lesson is no case"


def test_a_page_without_a_folder_has_no_cases(stage: Any) -> None:
    step = CasesStep(get_server("none", client_type="vue3"), stage.workspace, None, Opener(stage.workspace))
    assert step.cases is None
    step.add_routes(None)
    step.build(lambda *_: pytest.fail("nothing is written"))
