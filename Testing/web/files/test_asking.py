"""Label maps of other programs on the page: where nothing tells what they are it asks, and takes what is chosen."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

pytest.importorskip("trame_slicer", reason="needs the extra web")

from GuideGenLib.anatomy.maps import to_vocabulary
from GuideGenLib.anatomy.structures import select
from GuideGenLib.anatomy.vocabularies import Vocabulary
from GuideGenLib.core.volumes import image_from_array
from Testing.phantom import SPACING
from Testing.web.files.files_page import READY, opened_files
from Testing.web.own_session import session_at

SOME = ("liver", "spleen", "kidney_left", "kidney_right")
SHOWN = "[...document.querySelectorAll('[id^=segments-row-]')].map(row => row.id.replace('segments-row-', ''))"


def subset(phantom: np.ndarray, vocabulary: Vocabulary, path: Path, *, mask: bool = False) -> Path:
    array = to_vocabulary(np.where(select(phantom, SOME), phantom, 0), vocabulary)
    array = (array == 5).astype(np.uint8) if mask else array
    sitk.WriteImage(image_from_array(array, SPACING, labels=True), str(path))
    return path


def ask(page: Any, path: Path) -> None:
    """Send a file and wait for the question."""
    page.evaluate("window.trame.state.set('files_result', '')")
    with page.expect_file_chooser() as chooser:
        page.click("#files-upload")
    chooser.value.set_files(str(path))
    page.wait_for_selector("#files-vocabulary-question", state="visible")


def taken(page: Any, button: str) -> set[str]:
    """Press a button of the question; the segments that are there then."""
    page.click(button)
    page.wait_for_function(READY)
    assert "text-error" not in (page.get_attribute("#files-result", "class") or "")
    page.wait_for_selector("[id^=segments-row-]", state="attached")
    return set(page.evaluate(SHOWN))


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

        ask(page, path)
        assert set(SOME) <= taken(page, "#files-vocabulary-totalsegmentator")
        ask(page, subset(phantom, "maisi132", tmp_path / "maisi.nii.gz"))
        assert set(SOME) <= taken(page, "#files-vocabulary-maisi132")
        ask(page, subset(phantom, "totalsegmentator", tmp_path / "mask.nii.gz", mask=True))
        page.fill("#files-vocabulary-structure", "pancreas")
        page.click(".v-overlay--active .v-list-item:has-text('pancreas')")
        picture(page, "files-asking-mask")
        keys = taken(page, "#files-vocabulary-mask")
        assert "pancreas" in keys and not keys & set(SOME)
