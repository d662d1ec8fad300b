"""Segments, editor and lesions as a person meets them: a browser, a mouse, keys, and the anatomy that comes out."""

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

pytest.importorskip("trame_slicer", reason="needs the extra web")

from GuideGenLib.anatomy.table import values
from Testing.web.own_session import session_at

ROOT = Path(__file__).resolve().parents[3]
V = values()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a session listens; its worker is never asked."""
    folder = tmp_path_factory.mktemp("session")
    with session_at(folder) as address:
        yield address


class Person:
    """At the page, with an anatomy that was uploaded."""

    def __init__(self, page: Any, address: str, folder: Path) -> None:
        self.page, self.address, self.folder = page, address, folder

    def upload(self, anatomy: sitk.Image) -> None:
        path = self.folder / "anatomy.nii.gz"
        sitk.WriteImage(anatomy, str(path))
        answer = self.page.request.post(f"{self.address}files/upload?name={path.name}", data=path.read_bytes())
        assert answer.ok, answer.text()
        self.page.wait_for_selector("#segments-row-liver", state="visible")

    def labels(self) -> np.ndarray:
        """What the page gives for download."""
        answer = self.page.request.get(f"{self.address}files/case.zip")
        with zipfile.ZipFile(io.BytesIO(answer.body())) as files:
            files.extractall(self.folder / "out")
        return sitk.GetArrayFromImage(sitk.ReadImage(next((self.folder / "out").rglob("anatomy.nii.gz"))))

    def state(self, name: str, value: Any) -> None:
        """Wait until the page's state has a value."""
        self.page.wait_for_function(f"window.trame.state.get('{name}') === {json.dumps(value)}")

    def stroke(self) -> None:
        """With the real mouse, beside the middle of the axial view."""
        box = self.page.locator("#views-axial-slice").locator("xpath=../..").bounding_box()
        x, y = box["x"] + 0.3 * box["width"], box["y"] + box["height"] / 2
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        for step in range(5):
            self.page.mouse.move(x + 4 * step, y + 2 * step)
        self.page.mouse.up()


def test_painting_keys_undo_erasing_and_a_lesion_in_the_browser(
    address: str, page_at: Callable[..., Any], picture: Any, small_anatomy: sitk.Image, tmp_path: Path
) -> None:
    page = page_at(address)
    person = Person(page, address, tmp_path)
    page.click("#prompt-text")
    page.keyboard.type("12 z+")
    assert page.input_value("#prompt-text") == "12 z+", "while somebody types, no key is the editor's"
    page.click("#shell-prompt")
    person.upload(small_anatomy)
    before = person.labels()

    page.fill("#segments-search", "bladder")
    page.wait_for_selector("#segments-row-liver", state="hidden")
    page.press("#segments-search", "Enter")
    person.state("segments_active", "urinary_bladder")
    page.fill("#segments-search", "")
    page.locator("#segments-search").blur()
    assert page.get_attribute("#editor-paint", "title") == "Paint: 1"

    page.keyboard.press("1")
    person.state("editor_effect", "paint")
    page.keyboard.press("+")
    page.wait_for_function("window.trame.state.get('editor_brush') > 15")
    person.stroke()
    person.state("editor_can_undo", True)
    picture(page, "editor-painted")
    painted = person.labels()
    assert (painted != before).any() and (painted[painted != before] == V["urinary_bladder"]).all()

    page.keyboard.press("Control+z")
    person.state("editor_can_redo", True)
    assert np.array_equal(person.labels(), before)
    page.keyboard.press("Control+y")
    person.state("editor_can_redo", False)
    assert np.array_equal(person.labels(), painted)

    page.dblclick("#segments-row-liver")
    person.state("segments_active", "liver")
    page.keyboard.press("2")
    person.state("editor_effect", "erase")
    page.click("#segments-eye-liver")
    page.wait_for_selector("#segments-eye-liver .mdi-eye-off-outline")
    page.click("#segments-group-organs")
    page.wait_for_function("!window.trame.state.get('segments_groups').organs")

    page.keyboard.press("Escape")
    person.state("editor_effect", "none")
    page.evaluate("window.trame.state.set('lesion_kind', 'liver_tumor'); window.trame.state.set('lesion_size', 60)")
    page.click("#lesion-add")
    person.state("segments_active", "liver_tumor")
    lesion = person.labels()
    assert (lesion == V["liver_tumor"]).any() and np.array_equal(lesion == V["liver_tumor"], lesion != painted)
    picture(page, "editor-lesion")
