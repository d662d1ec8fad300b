"""A real MRML scene from slicer-core, and fresh processes for what must hold in them."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def slicer_app() -> Any:
    """Slicer's scene and module logics without Qt, once a process: their registries are the process's."""
    core = pytest.importorskip("trame_slicer.core")
    return core.SlicerApp()


@pytest.fixture
def scene(slicer_app: Any) -> Iterator[Any]:
    """An empty scene whose module logics are all there."""
    slicer_app.scene.Clear(False)
    yield slicer_app.scene
    slicer_app.scene.Clear(False)


@pytest.fixture
def fresh_process() -> Callable[..., str]:
    """Runs Python code with arguments in a process of its own and gives back what it printed; its failure is ours."""

    def run(code: str, *arguments: object) -> str:
        command = [sys.executable, "-c", code, *map(str, arguments)]
        environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env=environment, timeout=120)
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    return run
