"""A CT that does not show its anatomy any more is marked, in a browser and in the views; a foreign CT lies alone."""

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("trame_slicer", reason="needs the extra web")

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
