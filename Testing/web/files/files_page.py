"""The files of the page in a browser: what tests of them do."""

from pathlib import Path
from typing import Any

READY = "() => window.trame.state.get('files_phase') === '' && window.trame.state.get('files_result') !== ''"


def opened_files(page: Any) -> Any:
    """The page with its files open."""
    page.wait_for_selector("#shell-files")
    page.evaluate("window.trame.state.set('shell_open', ['files'])")
    page.wait_for_selector("#files-upload", state="visible")
    return page


def send(page: Any, *paths: Path) -> str:
    """Choose files in the dialog of the button; what the page says at the end."""
    page.evaluate("window.trame.state.set('files_result', '')")
    with page.expect_file_chooser() as chooser:
        page.click("#files-upload")
    chooser.value.set_files([str(path) for path in paths])
    page.wait_for_function(READY)
    return page.text_content("#files-result")
