"""The files of the page as a person meets them: a browser, a session's process, files that go in and come out."""

import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trame_slicer", reason="needs the extra web")

from Testing.web.files.files_page import READY, opened_files, send
from Testing.web.own_session import session_at

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a session listens whose only worker is never asked."""
    folder = tmp_path_factory.mktemp("session")
    with session_at(folder) as address:
        yield address
        left = [name for name in os.listdir(folder) if name.startswith(("upload", "download"))]
    assert left == []


@pytest.fixture
def page(address: str, page_at: Any) -> Any:
    """The page with its files open and an empty scene."""
    page = opened_files(page_at(address))
    if page.is_enabled("#files-new"):
        page.click("#files-new")
        page.click("#files-new-confirm")
        page.wait_for_selector("#files-new[disabled]")
    return page


def test_files_go_in_and_come_out_and_in_again(page: Any, pair: tuple[Path, Path], tmp_path: Path, picture: Any):
    for name in ("scene", "nifti"):
        assert page.is_disabled(f"#files-download-{name}")
        assert "yet" in page.get_attribute(f"#files-download-{name}", "title")
    assert send(page, pair[0]) == "Opened labels.nii.gz."
    assert send(page, pair[1]) == "Opened scan.nii.gz."
    for name, suggested in ("scene", "GuideGen.mrb"), ("nifti", "GuideGen.zip"):
        page.wait_for_selector(f"#files-download-{name}:not([disabled])")
        with page.expect_download() as download:
            page.click(f"#files-download-{name}")
        assert download.value.suggested_filename == suggested
        download.value.save_as(tmp_path / suggested)
    assert len(zipfile.ZipFile(tmp_path / "GuideGen.zip").namelist()) == 3
    picture(page, "files")

    with page.expect_file_chooser() as chooser:
        page.click("#files-upload")
    chooser.value.set_files(str(tmp_path / "GuideGen.mrb"))
    page.wait_for_selector("#files-replace-question", state="visible")
    picture(page, "files-question")
    page.click("#files-replace-cancel")
    page.wait_for_selector("#files-replace-question", state="hidden")
    assert page.text_content("#files-result") == "Opened scan.nii.gz."

    page.click("#files-new")
    page.click("#files-new-confirm")
    page.wait_for_selector("#files-new-question", state="hidden")
    page.wait_for_selector("#files-download-scene[disabled]")
    page.evaluate("window.trame.state.set('shell_open', ['files'])")
    assert send(page, tmp_path / "GuideGen.mrb") == "Opened GuideGen.mrb."
    page.wait_for_selector("#files-download-nifti:not([disabled])")


def test_a_broken_file_is_told_in_the_page(page: Any, tmp_path: Path):
    (tmp_path / "text.nii.gz").write_text("no volume")
    assert send(page, tmp_path / "text.nii.gz").startswith("text.nii.gz cannot be read as a volume")
    assert "text-error" in page.get_attribute("#files-result", "class")
    assert page.is_disabled("#files-download-scene")


def test_a_file_on_its_way_shows_how_far_it_is_and_can_be_cancelled(page: Any, tmp_path: Path):
    (tmp_path / "large.nii").write_bytes(bytes(8 << 20))
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 1 << 20}
    session.send("Network.emulateNetworkConditions", slow)
    page.set_input_files("#files-input", str(tmp_path / "large.nii"))
    page.wait_for_function("() => window.trame.state.get('files_sent') > 0")
    assert page.text_content("#files-state").startswith("Sending large.nii: ")
    page.click("#files-cancel")
    page.wait_for_selector("#files-result")
    assert page.text_content("#files-result") == "Cancelled; the scene is as it was."
    assert page.is_disabled("#files-download-scene")


def test_a_file_is_dropped_on_the_page(page: Any, pair: tuple[Path, Path]):
    page.evaluate(
        """async bytes => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(bytes)], 'dropped.nii.gz'));
            document.body.dispatchEvent(new DragEvent('drop', { bubbles: true, dataTransfer: data }));
        }""",
        list(pair[0].read_bytes()),
    )
    page.wait_for_function(READY)
    assert page.text_content("#files-result") == "Opened dropped.nii.gz."
