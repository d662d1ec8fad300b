"""Label maps of other programs on the page: where nothing tells what they are it asks, and takes what is chosen."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

pytest.importorskip("trame_slicer", reason="needs the extra web")

from GuideGenLib.anatomy.label_maps.candidates import meanings
from GuideGenLib.anatomy.structures import select
from GuideGenLib.core.volumes import image_from_array
from Testing.phantom import SPACING
from Testing.web.files.files_page import READY, opened_files
from Testing.web.own_session import session_at

SOME = ("liver", "spleen", "kidney_left", "kidney_right")
SHOWN = "[...document.querySelectorAll('[id^=segments-row-]')].map(row => row.id.replace('segments-row-', ''))"


def subset(phantom: np.ndarray, vocabulary: str, path: Path, *, mask: bool = False) -> Path:
    """SOME organs in the numbers of a vocabulary; mask: the liver alone, as 1."""
    array = np.zeros(phantom.shape, np.uint8)
    for value, keys in meanings(vocabulary).items():
        if len(keys) == 1 and keys[0] in SOME:
            array[select(phantom, keys)] = 1 if mask else value
    if mask:
        array[~select(phantom, ("liver",))] = 0
    sitk.WriteImage(image_from_array(array, SPACING, labels=True), str(path))
    return path


def ask(page: Any, path: Path) -> None:
    """Send a file and wait for the question."""
    page.evaluate("window.trame.state.set('files_result', '')")
    with page.expect_file_chooser() as chooser:
        page.click("#files-upload")
    chooser.value.set_files(str(path))
    page.wait_for_selector("#files-vocabulary-question", state="visible")


def taken(page: Any, button: str, wanted: str) -> set[str]:
    """Press a button of the question; the segments when the wanted one is there. Then the scene is made empty."""
    page.click(button)
    page.wait_for_function(READY)
    assert "text-error" not in (page.get_attribute("#files-result", "class") or "")
    page.wait_for_selector(f"#segments-row-{wanted}", state="attached")
    keys = set(page.evaluate(SHOWN))
    page.evaluate("window.trame.state.set('shell_open', ['files'])")
    page.click("#files-new")
    page.click("#files-new-confirm")
    page.wait_for_selector("[id^=segments-row-]", state="detached")
    page.evaluate("window.trame.state.set('shell_open', ['files'])")
    return keys


def test_a_subset_and_a_mask_are_asked_for_and_become_what_is_chosen(
    page_at: Any, phantom: np.ndarray, tmp_path: Path, picture: Any
):
    (tmp_path / "session").mkdir()
    with session_at(tmp_path / "session") as address:
        page = opened_files(page_at(address))
        path = subset(phantom, "totalsegmentator", tmp_path / "organs.nii.gz")
        ask(page, path)
        picture(page, "files-asking")
        first = page.locator("#files-vocabulary-question img").first
        assert first.evaluate("image => image.complete && image.naturalWidth > 20")
        told = page.text_content("#files-vocabulary-question")
        assert "TotalSegmentator" in told and "4 of 4 structures lie and measure as in people" in told
        assert "left kidney" in told and "(not its place or size)" in told
        page.click("#files-vocabulary-cancel")
        page.wait_for_function(READY)
        assert page.text_content("#files-result") == "organs.nii.gz was not opened; the scene is as it was."
        assert page.is_disabled("#files-download-scene")

        for vocabulary in ("totalsegmentator", "maisi132", "amos"):
            ask(page, subset(phantom, vocabulary, tmp_path / f"{vocabulary}.nii.gz"))
            assert set(SOME) <= taken(page, f"#files-vocabulary-{vocabulary}", "spleen")
        ask(page, subset(phantom, "totalsegmentator", tmp_path / "mask.nii.gz", mask=True))
        page.fill("#files-vocabulary-structure", "pancreas")
        page.click(".v-overlay--active .v-list-item:has-text('pancreas')")
        picture(page, "files-asking-mask")
        keys = taken(page, "#files-vocabulary-mask", "pancreas")
        assert not keys & set(SOME)
