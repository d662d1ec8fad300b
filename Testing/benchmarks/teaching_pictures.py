"""Pictures of cases and lessons for the tutorial of teachers, of a folder of real cases:
`python Testing/benchmarks/teaching_pictures.py CASES OUTPUT`.

The case list with the open case, the draft of a lesson, and the page of a learner before and after the answer. The
lesson that it makes is removed again.
"""

import argparse
import contextlib
import io
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

from GuideGenLib.anatomy.label_volumes import read_anatomy
from GuideGenLib.cases.catalogue import CaseCatalogue
from GuideGenLib.cases.entry import Entry
from GuideGenLib.cases.measure import measure
from GuideGenLib.scene.files import ANATOMY

TITLE, LEARNER = "Abdomen week 1", "Ana"
SIZE = {"width": 1366, "height": 768}
PATIENCE_MS = 120_000
QUESTIONS = 3


def main() -> None:
    """Make the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", type=Path, help="folder of cases, one of them with a finding")
    parser.add_argument("output", type=Path, help="folder for the pictures")
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)
    catalogue = CaseCatalogue(args.cases)
    entries = [entry for entry in catalogue.entries() if entry.has_ct and not entry.problem and not entry.is_scene]
    asked = [entry for entry in entries if measure(read_anatomy(entry.path / ANATOMY))][:QUESTIONS]
    try:
        with served(catalogue.folder) as address, sync_playwright() as playwright:
            path = shutil.which("chromium") or shutil.which("chromium-browser")
            browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
            link = teacher(browser, address, asked, args.output)
            learner(browser, link, args.output)
            browser.close()
    finally:
        shutil.rmtree(catalogue.lessons / TITLE, ignore_errors=True)


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of `guidegen web --cases`."""
    command = [sys.executable, "-m", "GuideGenLib.cli.start", "web", "--port", "0", "--cases", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().split(" at ")[1].split(" ")[0]
    finally:
        process.terminate()
        process.wait(60)


def teacher(browser: Any, address: str, asked: list[Entry], output: Path) -> str:
    """Open a case, make a lesson; the link of its learner."""
    page = browser.new_page(viewport=SIZE)
    page.set_default_timeout(PATIENCE_MS)
    page.goto(address)
    page.wait_for_selector("#shell-cases")
    page.evaluate("window.trame.state.set('shell_open', ['cases'])")
    first = asked[0].name
    page.locator(f'[data-case="{first}"]').dblclick()
    page.locator(f'[data-case="{first}"]:has-text("(open)")').wait_for()
    page.evaluate("window.trame.state.set('shell_open', ['cases', 'lessons'])")
    page.locator(".v-snackbar__content").wait_for(state="hidden")
    page.locator("#shell-cases").scroll_into_view_if_needed()
    page.wait_for_function("() => [...document.querySelectorAll('#cases-list img')].slice(0, 5).every(i => i.complete)")
    page.evaluate("document.getElementById('shell-cases').scrollIntoView()")
    page.wait_for_timeout(2000)  # the views come to rest
    keep(page, output / "teacher-cases.png")
    for entry in asked:
        page.locator(f'[data-case="{entry.name}"] input').click()
    page.click("#lesson-draft")
    page.fill("#lesson-title", TITLE)
    page.evaluate("document.getElementById('shell-lessons').scrollIntoView()")
    keep(page, output / "teacher-lesson.png")
    page.click("#lesson-make")
    page.fill("#lesson-learner", LEARNER)
    page.click("#lesson-add")
    page.wait_for_selector(f'[data-learner="{LEARNER}"]')
    return str(page.evaluate(f"document.querySelector('[data-learner=\"{LEARNER}\"] a').href"))


def learner(browser: Any, link: str, output: Path) -> None:
    """Point somewhere and see what was to be found."""
    page = browser.new_page(viewport=SIZE)
    page.set_default_timeout(PATIENCE_MS)
    page.goto(link)
    page.wait_for_function("() => document.body.dataset.ready === '1'")
    box = page.locator("#axial").bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.55)
    keep(page, output / "learner-question.png")
    page.click("#submit")
    page.wait_for_selector("#result:not([hidden])")
    keep(page, output / "learner-answer.png")


def keep(page: Any, path: Path) -> None:
    """A picture of a page in 256 colours, a third of the bytes."""
    Image.open(io.BytesIO(page.screenshot())).convert("RGB").quantize(256).save(path, optimize=True)


if __name__ == "__main__":
    main()
