"""Work is not lost when a tab is closed, in a browser: a question before, and the scene again at the next start."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import SimpleITK as sitk

pytest.importorskip("trame_slicer", reason="needs the extra web")
pytest.importorskip("playwright", reason="needs playwright")

from playwright.sync_api import Error
from trame.app import get_server

from GuideGenLib.web.files.opening import Opener
from GuideGenLib.web.panels.keep import KeepPanel
from GuideGenLib.web.runner import Runner
from GuideGenLib.web.workspace import Workspace
from Testing.web.own_session import session_at
from Testing.web.server.test_front_browser import wait_for


def test_leaving_asks_and_the_next_session_offers_the_work(
    page_at: Callable[..., Any], picture: Callable[[Any, str], None], small_anatomy: sitk.Image, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    with session_at(tmp_path / "one", "--kept", str(kept)) as address:
        page = page_at(address)
        page.wait_for_selector("#prompt-text", state="visible").click()
        assert not asks(page), "nothing to lose yet"
        page = page.context.new_page()
        page.goto(address)
        page.locator("#prompt-text").click()
        upload(page, small_anatomy, tmp_path)
        page.wait_for_function("window.trame.state.get('keep_unsaved')")
        assert asks(page) and not (kept / "now.mrb").exists()
        page.evaluate("window.trame.state.set('shell_open', ['files'])")
        with page.expect_download():
            page.click("#files-download-scene")
        page.wait_for_function("!window.trame.state.get('keep_unsaved')")
        assert not asks(page)
        wait_for((kept / "now.mrb").is_file, "the scene is saved by itself when nobody looks")
    with session_at(tmp_path / "two", "--kept", str(kept)) as address:
        page = page_at(address)
        page.locator("#keep-offer").wait_for()
        picture(page, "work-offered")
        page.click("#keep-restore")
        page.locator("#segments-row-liver").wait_for(state="attached")
        page.locator("#keep-offer").wait_for(state="detached")
        assert not (kept / "last.mrb").exists()


def test_what_was_killed_while_it_was_written_leaves_what_was_there(tmp_path: Path) -> None:
    from GuideGenLib.scene.headless import new_scene

    kept = tmp_path / "kept"
    (kept / "writing").mkdir(parents=True)
    (kept / "now.mrb").write_text("whole")
    headless = new_scene()
    workspace = Workspace(SimpleNamespace(scene=headless.scene), tmp_path)
    panel = KeepPanel(get_server("keep", client_type="vue3"), workspace, Runner(workspace), Opener(workspace), kept)
    assert panel.state.keep_offer and [path.name for path in kept.iterdir()] == ["last.mrb"]
    panel.discard()
    assert not panel.state.keep_offer and not list(kept.iterdir())


def upload(page: Any, anatomy: sitk.Image, folder: Path) -> None:
    """Give the page an anatomy by its own button."""
    sitk.WriteImage(anatomy, str(folder / "anatomy.nii.gz"))
    page.set_input_files("#files-input", folder / "anatomy.nii.gz")
    page.locator("#segments-row-liver").wait_for(state="attached")


def asks(page: Any) -> bool:
    """Whether the browser asks before it closes a page; it is closed where it does not."""
    asked: list[str] = []
    page.once("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.close(run_before_unload=True)
    with contextlib.suppress(Error):  # it closes meanwhile
        while not asked and not page.is_closed():
            page.wait_for_timeout(20)
    return asked == ["beforeunload"]
