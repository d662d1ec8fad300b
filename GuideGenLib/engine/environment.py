"""Where a worker runs: which Python, in which environment, and whether a run fits into the memory that is free."""

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
"""The folder that GuideGenLib lies in."""
TORSO_MM3 = 576.0 * 336.0 * 384.0
"""Size of the torso whose peak memory a bundle's metrics hold."""


def worker_python() -> str:
    """The interpreter for the worker: PythonSlicer within Slicer, whose own executable is no Python; else this one."""
    inside_slicer = getattr(sys.modules.get("slicer"), "app", None) is not None
    return (shutil.which("PythonSlicer") if inside_slicer else None) or sys.executable


def worker_environment(threads: int | None = None) -> dict[str, str]:
    """This process's environment, such that a worker finds GuideGenLib, speaks UTF-8 and uses `threads` cores."""
    path = os.pathsep.join(part for part in (str(ROOT), os.environ.get("PYTHONPATH", "")) if part)
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONUTF8": "1", "TOKENIZERS_PARALLELISM": "false"}
    return environment if threads is None else {**environment, "OMP_NUM_THREADS": str(threads)}


def estimate(metrics: Mapping[str, Any], size_mm3: float) -> float | None:
    """Peak bytes of a run on that much space, from the metrics of a bundle; None where they were not measured."""
    from GuideGenLib.core.device import memory_estimate

    peak = metrics.get("speed", {}).get("peak_bytes")
    return None if peak is None else memory_estimate(float(peak), size_mm3 / TORSO_MM3)


def require_memory(metrics: Mapping[str, Any], size_mm3: float) -> None:
    """Refuse a run that cannot fit: raises MemoryError with the figures and what to do."""
    from GuideGenLib.core.device import free_memory

    needed, free = estimate(metrics, size_mm3), free_memory()
    if needed is None or free is None:
        return
    missing = needed - _resident() - free
    if missing > 0:
        raise MemoryError(
            f"this run needs about {needed / 1e9:.1f} GB of memory, {missing / 1e9:.1f} GB more than there is: "
            "close other programs, or choose a smaller region or a cropped anatomy"
        )


def _resident() -> int:
    """Bytes that this process holds already, 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, AttributeError):
        return 0
