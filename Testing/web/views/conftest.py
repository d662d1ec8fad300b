"""A session of the page that shows a toy anatomy, and a browser at it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from Testing.web.looking import brightness, until

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of a session that shows a toy anatomy with two CTs."""
    folder = tmp_path_factory.mktemp("session")
    with (folder / "log").open("w") as log:
        command = [sys.executable, "-m", "Testing.web.views_session", str(folder)]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, env=environment, cwd=ROOT)
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, (folder / "log").read_text()[-3000:]
            yield f"http://127.0.0.1:{json.loads(line)['port']}/"
        finally:
            process.kill()
            process.wait()


@pytest.fixture
def page(address: str, page_at: Callable[..., Any]) -> Any:
    """The page with all four views drawn, nothing switched on."""
    page = page_at(address)
    page.wait_for_selector("#views-tools")
    for switch in ("#views-surfaces", "#views-window-level"):
        if page.get_attribute(switch, "aria-pressed") == "true":
            page.click(switch)
    page.click("#views-layout")
    page.click("#views-layout-quad")
    until(lambda: page.locator(".layout-grid-item").count() == 4)
    until(lambda: all(brightness(page, name) > 5 for name in ("axial", "coronal", "sagittal")))
    return page
