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
def session_at(folder: Path) -> Iterator[str]:
    """Its address; its worker never starts where nobody asks for a run."""
    command = [sys.executable, "-m", "GuideGenLib.web.server.session", "--folder", str(folder)]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "GUIDEGEN_WEB_SECRET": ""}
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, cwd=ROOT
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        yield f"http://127.0.0.1:{json.loads(process.stdout.readline())['port']}/"
    finally:
        process.stdin.close()
        process.wait(60)
