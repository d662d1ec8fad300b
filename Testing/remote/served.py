"""`guidegen serve` with a tiny bundle, as a process, for tests of commands, page and panel."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "a-token-of-the-tests-of-a-server"


@contextmanager
def served(bundle: Path, temporary: Path) -> Iterator[str]:
    """Its address. At its end no process and no file of it is left."""
    temporary.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "GuideGenLib.cli.start", "serve", "--port", "0", "--device", "cpu"]
    process = subprocess.Popen(
        [*command, "--bundle", str(bundle)], stdout=subprocess.PIPE, text=True, cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(temporary), "GUIDEGEN_TOKEN": TOKEN},
    )  # fmt: skip
    assert process.stdout is not None
    try:
        yield process.stdout.readline().split(" at ")[1].split()[0]
    finally:
        process.terminate()
        said = process.communicate(timeout=30)[0]
    assert process.returncode == 0, said
    assert not any(temporary.iterdir()), list(temporary.iterdir())
    assert all(line.startswith(("mask", "ct", "regenerate", "change", "complete", "any")) for line in said.splitlines())
