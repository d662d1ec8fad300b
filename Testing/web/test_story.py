"""The whole story as a person at a browser has it, with the real front, session, worker and the model that ships."""

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from GuideGenLib.anatomy.table import values

ROOT = Path(__file__).resolve().parents[2]
PROMPT = (
    "This patient is a black African American of unknown age and non-Hispanic or Latino race. In this CT image, the "
    "patient's condition is described as huge tumor around the descendant colon, of stage T4NMX."
)
SHORT = "A 60 year old woman with a 30 mm tumor in the sigmoid colon."
COLON_TUMOR = values()["colon_tumor"]
PATIENCE_S = 300.0
"""Until a run is given up: the worker imports torch first, beside whatever else runs."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Where `guidegen web` serves."""
    pytest.importorskip("trame_slicer", reason="needs the extra web")
    command = [sys.executable, "-m", "GuideGenLib.cli.start", "web", "--port", "0"]
    front = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert front.stdout is not None
    line = front.stdout.readline()
    yield line.split()[3]
    front.send_signal(signal.SIGTERM)
    assert front.wait(30) is not None


class Person:
    """At a page: finds controls by their id."""

    def __init__(self, page: Any, picture: Callable[[Any, str], None]) -> None:
        self.page, self.picture = page, picture

    def see(self, identifier: str) -> Any:
        """The element, when it is there."""
        self.page.wait_for_selector(f"#{identifier}", state="visible")
        return self.page.locator(f"#{identifier}")

    def press(self, identifier: str) -> None:
        """Click a control that must be enabled."""
        self.see(identifier).click()

    def open(self, step: str) -> None:
        """Open a step of the panel, if it is closed."""
        title = self.see(f"shell-{step}")
        if title.get_attribute("aria-expanded") != "true":
            title.click()

    def run(self, identifier: str) -> str:
        """Press a button that starts a run and wait for its end; what is told then.

        An edit's run may be over before a waiting browser looks again: the page itself notes that a bar was there.
        """
        self.page.evaluate(
            """() => {
                window.barWasThere = false;
                new MutationObserver((_, observer) => {
                    if (!document.getElementById("run-progress")) return;
                    window.barWasThere = true;
                    observer.disconnect();
                }).observe(document.body, { childList: true, subtree: true });
            }"""
        )
        self.press(identifier)
        self.until(lambda: bool(self.page.evaluate("window.barWasThere")), f"the run of {identifier} begins")
        self.until(lambda: self.page.locator("#run-progress").count() == 0, f"the run of {identifier} ends")
        return str(self.see("run-text").inner_text())

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait, as an edit or a run arrives some time later."""
        end = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < end, f"waited in vain: {what}"
            self.page.wait_for_timeout(100)

    def axial(self) -> Any:
        """The axial view."""
        return self.page.locator("#views-axial-slice").locator("xpath=../..")

    def download(self, identifier: str, folder: Path) -> Path:
        """Press a button that gives a file, and keep it."""
        self.open("files")
        with self.page.expect_download(timeout=60_000) as info:
            self.press(identifier)
        path = folder / info.value.suggested_filename
        info.value.save_as(path)
        return path

    def anatomy(self, folder: Path) -> np.ndarray:
        """The labels as they are now, by the page's own download."""
        with zipfile.ZipFile(self.download("files-download-nifti", folder)) as files:
            files.extractall(folder)
        return sitk.GetArrayFromImage(sitk.ReadImage(next(folder.rglob("anatomy.nii.gz"))))


@pytest.fixture
def arrive(address: str, page_at: Callable[..., Any], picture: Callable[[Any, str], None]) -> Callable[[], Person]:
    """Somebody opens the page, in a browser of their own."""

    def open_page() -> Person:
        page = page_at(address, accept_downloads=True)
        page.wait_for_selector("#prompt-text", state="visible")
        return Person(page, picture)

    return open_page


@pytest.fixture
def person(arrive: Callable[[], Person]) -> Person:
    """Somebody who just opened the page."""
    return arrive()


def test_from_a_prompt_to_an_edited_ct_and_a_scene_that_another_process_reads(
    arrive: Callable[[], Person], tmp_path: Path
):
    person = arrive()
    describe(person)
    generate_with_a_cancel(person)
    edit(person, tmp_path)
    person.picture(person.page, "edited")

    assert "Done" in person.run("ct-generate") or person.see("ct-regenerate").is_enabled()
    person.picture(person.page, "ct")
    scene = person.download("files-download-scene", tmp_path)
    assert numbers(scene)["cts"] == 1

    edited = person.anatomy(tmp_path / "edited")
    paint(person, (0.4, 0.4))
    person.until(lambda: (person.anatomy(tmp_path / "repainted") != edited).any(), "the stroke arrives")
    person.run("ct-regenerate")
    person.picture(person.page, "regenerated")
    compare(person)

    scene = person.download("files-download-scene", tmp_path)
    read = numbers(scene)
    assert read["cts"] == 2 and read["prompt"] == PROMPT and read["age"] == 71
    assert read["segments"] >= 10 and read["codes"] == read["segments"]
    after = person.anatomy(tmp_path / "after")
    assert read["anatomy"] == checksum(after)

    other = arrive()
    other.page.set_input_files("#files-input", scene)
    other.until(lambda: other.page.input_value("#prompt-text") == PROMPT, "the scene is opened in another browser")
    assert np.array_equal(other.anatomy(tmp_path / "other"), after)
    assert other.see("ct-generate").is_enabled()


def test_two_browsers_do_not_share_a_scene_and_a_reload_keeps_the_work(arrive: Callable[[], Person]):
    one, two = arrive(), arrive()
    one.see("prompt-text").fill(SHORT)
    small(one)
    one.see("prompt-text").press("Control+Enter")
    one.see("run-progress")
    one.until(lambda: one.page.locator("#run-progress").count() == 0, "the run ends")
    one.page.reload()
    one.open("prompt")
    assert one.see("prompt-text").input_value() == SHORT
    one.open("anatomy")
    assert one.page.locator("[id^=segments-row-]").count() > 5
    assert two.see("prompt-text").input_value() == ""
    two.see("shell-empty")


def test_a_killed_worker_is_told_and_the_next_run_works(person: Person):
    person.see("prompt-text").fill(SHORT)
    small(person)
    person.press("run-generate")
    person.until(lambda: bool(workers()), "the worker starts")
    person.until(lambda: "%" in person.see("run-text").inner_text(), "the run goes on")
    for worker in workers():
        os.kill(worker, signal.SIGKILL)
    person.until(lambda: "%" not in person.see("run-text").inner_text(), "the end is noticed")
    assert person.see("shell-message").inner_text().strip()
    person.see("shell-empty")
    person.run("run-generate")
    person.until(lambda: person.page.locator("#shell-empty").count() == 0, "the anatomy is there")


def workers() -> list[int]:
    """The engine's workers of the server that these tests started."""
    parents, found = {}, []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            if "GuideGenLib.engine.worker" in (entry / "cmdline").read_text():
                found.append(int(entry.name))

    def is_ours(pid: int) -> bool:
        while pid in parents and pid != os.getpid():
            pid = parents[pid]
        return pid == os.getpid()

    return [pid for pid in found if is_ours(pid)]


def small(person: Person) -> None:
    """The least work: a region, few steps, large voxels."""
    person.open("settings")
    choose(person, "settings-region", "Pelvis")
    choose(person, "settings-quality", "Draft")
    person.see("settings-spacing").fill("6")


def compare(person: Person) -> None:
    """Blend the old CT in, look at the difference."""
    person.see("compare-blend")
    person.page.locator("#compare-difference").check()
    person.until(lambda: person.page.locator("#compare-difference").is_checked(), "the difference is shown")
    person.picture(person.page, "difference")
    person.page.locator("#compare-difference").uncheck()


def describe(person: Person) -> None:
    """Take the seed prompt of the examples, see what was understood, correct a field."""
    person.press("prompt-choices")
    person.press("prompt-choice-1")
    person.until(lambda: person.page.input_value("#prompt-text") == PROMPT, "the example is taken")
    person.open("understood")
    person.see("understood-table")
    assert "“huge”" in person.see("understood-table").inner_text()
    age = person.see("understood-age")
    age.fill("71")
    age.press("Enter")
    person.until(lambda: "(corrected)" in person.see("understood-row-age").inner_text(), "the correction is taken")
    person.picture(person.page, "understood")


def generate_with_a_cancel(person: Person) -> None:
    """Begin, cancel, and let the second run end; on the smallest region."""
    small(person)
    person.press("run-generate")
    person.see("run-progress")
    person.picture(person.page, "running")
    person.page.wait_for_timeout(1000)  # the second press of a double click does not cancel
    person.press("run-generate")
    person.until(lambda: "Cancelled" in person.see("run-text").inner_text(), "the run is stopped")
    person.see("shell-empty")
    person.run("run-generate")
    person.until(lambda: person.page.locator("#shell-empty").count() == 0, "the anatomy is there")
    person.picture(person.page, "anatomy")


def choose(person: Person, identifier: str, title: str) -> None:
    """Choose an item of a list."""
    person.page.locator(f"#{identifier}").locator("xpath=ancestor-or-self::div[contains(@class,'v-select')]").click()
    person.page.locator(".v-overlay--active .v-list-item", has_text=title).first.click()
    person.page.wait_for_selector(".v-overlay--active .v-list-item", state="detached")


def edit(person: Person, folder: Path) -> None:
    """Find a segment, paint, undo, redo, add a lesion."""
    person.open("anatomy")
    before = person.anatomy(folder / "before")
    find(person, "bladder")
    paint(person, (0.5, 0.45))
    person.picture(person.page, "painted")
    person.until(lambda: (person.anatomy(folder / "painted") != before).sum() > 20, "the stroke arrives")
    painted = person.anatomy(folder / "painted")
    person.press("editor-undo")
    person.until(lambda: np.array_equal(person.anatomy(folder / "undone"), before), "the stroke is undone")
    person.press("editor-redo")
    person.until(lambda: np.array_equal(person.anatomy(folder / "redone"), painted), "the stroke is there again")
    person.press("editor-none")
    find(person, "colon")
    person.press("segments-jump")
    choose(person, "lesion-kind", "colon tumor")
    lesion = (person.anatomy(folder / "lesion") == COLON_TUMOR).sum()
    person.press("lesion-add")
    person.until(lambda: (person.anatomy(folder / "lesion") == COLON_TUMOR).sum() > lesion + 50, "the lesion is drawn")


def find(person: Person, words: str) -> None:
    """Search a segment and choose it for editing."""
    person.see("segments-search").fill(words)
    person.page.locator("[id^=segments-row-]:visible", has_text=words).first.click()


def paint(person: Person, place: tuple[float, float]) -> None:
    """A stroke in the axial view, beginning at this part of its width and height."""
    person.press("editor-paint")
    box = person.axial().bounding_box()
    x, y = box["x"] + place[0] * box["width"], box["y"] + place[1] * box["height"]
    person.page.mouse.move(x, y)
    person.page.mouse.down()
    for step in range(1, 6):
        person.page.mouse.move(x + 6 * step, y + 2 * step)
    person.page.mouse.up()


# ---------------------------------------------------------------- what is in a file

READ = """
import hashlib, json, sys
from pathlib import Path
import SimpleITK as sitk
from GuideGenLib.scene.files import load_mrb
from GuideGenLib.scene.headless import new_scene
from GuideGenLib.scene.runs.run import runs
from GuideGenLib.scene.segments.segmentation import read_anatomy
from GuideGenLib.scene.segments.terminology import label_of

headless = new_scene()
load_mrb(headless.scene, Path(sys.argv[1]))
run = runs(headless.scene)[-1]
segments = run.segmentation.GetSegmentation()
every = [segments.GetNthSegment(index) for index in range(segments.GetNumberOfSegments())]
print(json.dumps({
    "cts": len(run.cts),
    "prompt": run.provenance["text"],
    "age": run.provenance["description"]["age"],
    "segments": len(every),
    "codes": sum(label_of(segment) is not None for segment in every),
    "anatomy": hashlib.sha256(sitk.GetArrayFromImage(read_anatomy(run.segmentation)).tobytes()).hexdigest(),
}))
"""


def numbers(scene: Path) -> dict[str, Any]:
    """What a fresh process finds in a saved scene."""
    done = subprocess.run(
        [sys.executable, "-c", READ, str(scene)], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True, timeout=300
    )
    return dict(json.loads(done.stdout.splitlines()[-1]))


def checksum(labels: np.ndarray) -> str:
    """Of an array as `READ` has it."""
    return hashlib.sha256(labels.tobytes()).hexdigest()
