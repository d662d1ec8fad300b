"""The whole story by the keyboard alone: whoever cannot use a mouse types, generates, goes to a segment, adds a
finding, makes the CT and takes the files along. Each control is reached by Tab: one that Tab passes by fails here."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from Testing.web.test_story import COLON_TUMOR, SHORT, address  # noqa: F401 - a fixture

MOST_TABS = 150
STEP_MS = 15
PATIENCE_MS = 300_000

WATCH = """() => {
  window.mouseEvents = [];
  for (const kind of ['mousedown', 'mouseup', 'touchstart', 'wheel'])
    window.addEventListener(kind, (event) => window.mouseEvents.push(kind), true);
}"""
FOCUSED = """() => {
  const ids = [];
  for (let at = document.activeElement; at; at = at.parentElement) if (at.id) ids.push(at.id);
  return ids;
}"""


class Keyboard:
    """Somebody at a page without a mouse."""

    def __init__(self, page: Any) -> None:
        self.page = page
        page.evaluate(WATCH)

    def go(self, identifier: str) -> None:
        """Press Tab until the control with this id, or one within it, has the focus."""
        self.page.wait_for_selector(f"#{identifier}", state="visible")
        for _ in range(MOST_TABS):
            if identifier in self.page.evaluate(FOCUSED):
                return
            self.page.keyboard.press("Tab")
            self.page.wait_for_timeout(STEP_MS)
        raise AssertionError(f"Tab never comes to {identifier}")

    def press(self, identifier: str) -> None:
        """Go to a control and press Enter."""
        self.go(identifier)
        self.page.keyboard.press("Enter")

    def open(self, step: str) -> None:
        """Open a step of the panel, if it is closed."""
        if self.page.get_attribute(f"#shell-{step}", "aria-expanded") != "true":
            self.press(f"shell-{step}")
        self.page.wait_for_selector(f"#shell-{step}[aria-expanded=true]")

    def walk_to(self, identifier: str) -> None:
        """Press the arrow down until this row of a list has the focus."""
        for _ in range(MOST_TABS):
            if identifier in self.page.evaluate(FOCUSED):
                return
            self.page.keyboard.press("ArrowDown")
            self.page.wait_for_timeout(STEP_MS)
        raise AssertionError(f"the arrows never come to {identifier}")

    def choose(self, identifier: str, title: str) -> None:
        """Choose an item of a list: its name is typed, as in every list."""
        self.go(identifier)
        self.page.keyboard.press("Enter")
        self.page.wait_for_selector(".v-overlay--active .v-list-item")
        for _ in range(60):
            at = self.page.evaluate("document.activeElement.textContent.trim()")
            if at == title:
                break
            self.page.keyboard.press("ArrowDown")
            self.page.wait_for_timeout(STEP_MS)
        self.page.keyboard.press("Enter")
        self.page.wait_for_selector(".v-overlay--active .v-list-item", state="detached")

    def type_into(self, identifier: str, text: str) -> None:
        """Replace what a field holds."""
        self.go(identifier)
        self.page.keyboard.press("Control+a")
        self.page.keyboard.type(text)

    def ran(self, what: str) -> None:
        """Wait for the end of a run that was begun."""
        self.page.wait_for_function("window.trame.state.get('run_busy')")
        self.page.wait_for_function("!window.trame.state.get('run_busy')", timeout=PATIENCE_MS)
        assert self.page.evaluate("window.trame.state.get('run_details')") == "", what


def test_from_a_prompt_to_files_without_a_mouse(
    address: str,  # noqa: F811
    page_at: Callable[..., Any],
    tmp_path: Path,
):
    page = page_at(address, accept_downloads=True)
    page.wait_for_selector("#prompt-text", state="visible")
    user = Keyboard(page)
    user.press("tour-end")
    user.type_into("prompt-text", SHORT)
    user.open("settings")
    user.choose("settings-region", "Pelvis")
    user.choose("settings-quality", "Draft")
    user.type_into("settings-spacing", "6")
    page.keyboard.press("Control+Enter")
    user.ran("the anatomy")

    user.type_into("segments-search", "colon")
    page.wait_for_function("window.trame.state.get('segments_found')?.includes('colon')")
    user.go("segments-list")
    user.walk_to("segments-name-colon")
    page.keyboard.press("Shift+Enter")
    page.wait_for_function("window.trame.state.get('segments_active') === 'colon'")
    assert page.evaluate("window.trame.state.get('lesion_kind')") == "colon_tumor"
    user.press("lesion-add")
    page.wait_for_selector("#segments-row-colon_tumor[aria-selected=true]")

    user.go("views-axial-slice")
    stood = page.evaluate("document.activeElement.getAttribute('aria-valuenow')")
    page.keyboard.press("ArrowUp")
    page.wait_for_function("was => document.activeElement.getAttribute('aria-valuenow') !== was", arg=stood)

    user.open("ct")
    user.press("ct-generate")
    user.ran("the CT")
    user.open("files")
    user.go("files-download-nifti")
    with page.expect_download(timeout=120_000) as download:
        page.keyboard.press("Enter")
    path = tmp_path / "case.zip"
    download.value.save_as(path)
    with zipfile.ZipFile(path) as files:
        files.extractall(tmp_path)
    record = json.loads(next(tmp_path.rglob("provenance.json")).read_text())
    assert record["text"] == SHORT and next(tmp_path.rglob("ct.nii.gz"))
    assert COLON_TUMOR in labels_in(next(tmp_path.rglob("anatomy.nii.gz")))
    assert page.evaluate("window.mouseEvents") == []


def labels_in(path: Path) -> set[int]:
    """The values of a label volume."""
    import numpy as np
    import SimpleITK as sitk

    return set(np.unique(sitk.GetArrayFromImage(sitk.ReadImage(path))).tolist())
