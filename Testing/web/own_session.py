"""A session's process without the front, for tests of its page."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def session_at(folder: Path, *options: str) -> Iterator[str]:
    """Its address; its worker never starts where nobody asks for a run."""
    with _served("GuideGenLib.web.server.session", "--folder", str(folder), *options) as address:
        yield address


@contextmanager
def toy_session_at(folder: Path) -> Iterator[str]:
    """The address of one with a toy anatomy and two CTs."""
    with _served("Testing.web.views_session", str(folder)) as address:
        yield address


@contextmanager
def _served(*module: str) -> Iterator[str]:
    command = [sys.executable, "-m", *module]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "GUIDEGEN_WEB_SECRET": ""}
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, cwd=ROOT
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        yield f"http://127.0.0.1:{json.loads(process.stdout.readline())['port']}/"
    finally:
        process.kill()
        process.wait()
