"""A CT that does not show its anatomy any more is marked, in a browser and in the views; a foreign CT lies alone."""

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import SimpleITK as sitk

pytest.importorskip("trame_slicer", reason="needs the extra web")

from GuideGenLib.scene.ct import add_ct
from GuideGenLib.scene.segments.segmentation import add_anatomy
from GuideGenLib.web.files.opening import Opener
from GuideGenLib.web.panels.runs import RunsPanel
from GuideGenLib.web.views.annotations import DATED
from Testing.web.own_session import toy_session_at
from Testing.web.views_stage import new_stage, own_loop


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with toy_session_at(tmp_path_factory.mktemp("session")) as address:
        yield address


def test_an_edit_marks_the_ct_and_undo_takes_the_mark_away(
    address: str, page_at: Callable[..., Any], picture: Callable[[Any, str], None]
) -> None:
    page = page_at(address)
    page.wait_for_selector("#views-tools")
    page.evaluate("window.trame.state.set('shell_open', ['anatomy', 'ct'])")
    page.locator("#segments-name-liver").click()
    page.locator("#dated-chip").wait_for(state="detached")
    page.click("#segments-remove")
    page.locator("#dated-chip", has_text="CT out of date").wait_for()
    assert "liver -" in page.inner_text("#dated-text")
    picture(page, "out-of-date")
    page.click("#editor-undo")
    page.locator("#dated-chip").wait_for(state="detached")


def test_the_views_say_so_too(tmp_path: Path) -> None:
    with own_loop():
        stage: SimpleNamespace = new_stage(tmp_path)
        marks = [annotation._mark for annotation in stage.views.annotations.values()]
        stage.workspace.set_out_of_date("the CT does not show the liver")
        assert all(DATED in mark.GetInput() for mark in marks)
        stage.workspace.set_out_of_date("")
        assert not any(DATED in mark.GetInput() for mark in marks)


def test_a_ct_of_another_place_lies_alone_and_the_anatomy_is_taken_up_again_from_the_list(
    tmp_path: Path, small_anatomy: sitk.Image, small_ct: sitk.Image
) -> None:
    with own_loop():
        stage = new_stage(tmp_path)
        runs = RunsPanel(stage.server, stage.workspace)
        opener = Opener(stage.workspace)
        scene = stage.scene
        anatomy = add_anatomy(scene, small_anatomy, "mine")
        stage.workspace.choose(segmentation=anatomy, ct=None)
        small_ct.SetOrigin((900.0, 0.0, 0.0))
        scan = add_ct(scene, small_ct, "scan")
        (note,) = opener._add_ct(scan, small_ct)
        assert "stands for itself" in note
        assert stage.workspace.ct is scan and stage.workspace.segmentation is None
        assert not anatomy.GetDisplayNode().GetVisibility(), "it is not laid over a CT that it does not belong to"
        assert [item["title"] for item in runs.state.runs_items] == ["mine"] and runs.state.runs_chosen is None
        runs.choose(anatomy.GetID())
        assert stage.workspace.segmentation is anatomy and stage.workspace.ct is None


def test_beside_an_uploaded_ct_it_is_not_said_to_show_nobody(address: str, page_at: Callable[..., Any]) -> None:
    page = page_at(address)
    page.wait_for_selector("#views-tools")
    page.evaluate("window.trame.state.update({ shell_open: ['prompt'], shell_hint: true, views_mark: 'SYNTHETIC' })")
    page.locator("#shell-hint", has_text="no real patient").wait_for()
    page.evaluate("window.trame.state.set('views_mark', 'UPLOADED')")
    page.locator("#shell-hint", has_text="may show a real patient").wait_for()
    assert "no real patient" not in page.inner_text("#shell-hint")
