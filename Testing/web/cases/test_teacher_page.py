"""A teacher's story in a real browser, with the mouse: `guidegen web --cases`, a case kept, a lesson made, a learner's
link opened by another browser, the results."""

import contextlib
import csv
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trame_slicer", reason="needs the extra web")
pytest.importorskip("axe_playwright_python", reason="needs axe-playwright-python")

from GuideGenLib.cases.catalogue import CaseCatalogue
from GuideGenLib.cases.lesson import lessons_in
from Testing.web.conftest import PATIENCE_MS, watch
from Testing.web.test_accessibility import serious

ROOT = Path(__file__).resolve().parents[3]
STEPS = "window.trame.state.set('shell_open', ['cases', 'lessons'])"


@pytest.fixture
def address(catalogue: CaseCatalogue, tmp_path: Path) -> Iterator[str]:
    """Of the command, with the folder of two cases."""
    command = [sys.executable, "-m", "GuideGenLib.cli.start", "web", "--port", "0", "--cases", str(catalogue.folder)]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().split(" at ")[1].split(" ")[0]
    finally:
        process.terminate()
        process.wait(60)


def names(catalogue: CaseCatalogue) -> list[str]:
    return [entry.name for entry in catalogue.entries()]


def row(page: Any, name: str, more: str = "") -> Any:
    """The row of a case in the list."""
    return page.locator(f'[data-case="{name}"]{more}')


def test_a_teacher_makes_a_lesson_and_a_learner_takes_it(
    address: str, catalogue: CaseCatalogue, page_at: Any, browser: Any, picture: Any, tmp_path: Path
) -> None:
    kidney, healthy = names(catalogue)
    page = page_at(address)
    page.wait_for_selector("#shell-cases")
    page.evaluate(STEPS)
    row(page, kidney).locator("img").wait_for()
    page.wait_for_function(
        f"() => document.querySelector('[data-case=\"{kidney}\"] img')?.naturalWidth === 240", timeout=PATIENCE_MS
    )
    page.fill("#cases-search", "woman")
    row(page, healthy).wait_for(state="detached")
    row(page, kidney).dblclick()
    row(page, kidney, ":has-text('(open)')").wait_for()
    page.fill("#cases-search", "")
    row(page, healthy).wait_for()
    page.click("#cases-next")
    row(page, healthy, ":has-text('(open)')").wait_for()

    page.click("#cases-keep")
    row(page, f"{healthy}-2").wait_for()
    page.fill("#cases-tags", "exam")
    page.click("#cases-tag")
    row(page, f"{healthy}-2", ":has-text('exam')").wait_for()
    page.click("#cases-delete")
    row(page, f"{healthy}-2").wait_for(state="detached")
    assert names(catalogue) == [kidney, healthy]
    page.click("#cases-undo")
    row(page, f"{healthy}-2", ":has-text('exam')").wait_for()

    for name in (kidney, healthy):
        row(page, name).locator("input").click()
    page.click("#lesson-draft")
    page.fill("#lesson-title", "Week 1")
    page.locator("#lesson-questions").wait_for()
    page.click("#shell-theme")  # in the light theme contrast is the weaker one
    page.locator(".v-application.v-theme--light").wait_for()
    assert serious(page) == []
    picture(page, "teacher-draft")
    page.click("#lesson-make")
    page.fill("#lesson-learner", "Ana")
    page.click("#lesson-add")
    page.wait_for_selector('[data-learner="Ana"]')
    link = page.evaluate("document.querySelector('[data-learner=\"Ana\"] a').href")
    assert link.startswith(f"{address}learn/")

    with contextlib.closing(browser.new_context(viewport={"width": 1280, "height": 720})) as context:
        problems: list[str] = []
        watch(context, link, problems)
        learner = context.new_page()
        learner.goto(link)
        for number in (1, 2):
            learner.wait_for_function(f"() => document.body.dataset.ready === '{number}'")
            learner.click("#nothing")
            learner.wait_for_selector("#result:not([hidden])")
            assert number == 2 or serious(learner) == []
            if number == 1:
                learner.click("#next")
        assert learner.text_content("#progress") == "2 of 2 answered, 1.0 points"
        assert not problems

    page.click("#lesson-refresh")
    page.wait_for_selector('[data-learner="Ana"]:has-text("2 of 2, 1 points")')
    picture(page, "teacher-results")
    with page.expect_download() as download:
        page.click("#lesson-results")
    assert download.value.suggested_filename == "Week-1-results.csv"
    download.value.save_as(tmp_path / "results.csv")
    with (tmp_path / "results.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    page.click("#lesson-delete")
    page.wait_for_selector("#lesson-learners", state="detached")
    assert lessons_in(catalogue.lessons) == ([], []), "links of a deleted lesson open nothing"
    page.click("#lesson-undo")
    page.wait_for_selector('[data-learner="Ana"]:has-text("2 of 2, 1 points")')
    page.wait_for_selector("#lesson-undo", state="detached")
    assert [(one["finding"], one["points"]) for one in rows] == [
        ("kidney_tumor", "0.000"),
        ("nothing to find", "1.000"),
    ]
