"""The machine that figures belong to, and how much memory a process took on it."""

import os
import platform
import resource
import sys
from pathlib import Path
from typing import Any


def machine() -> dict[str, Any]:
    """What the figures belong to."""
    import torch

    from GuideGenLib.core.device import cores

    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").is_file() else []
    name = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    found = {"cpu": name, "cores": cores(), "gpu": gpu, "system": platform.system(), "load": load}
    return {**found, "python": platform.python_version(), "torch": torch.__version__}


def peak_mb() -> float:
    """Peak resident memory of this process in MB.

    Linux counts the memory of the parent, from which a child is forked, to the child's ru_maxrss; VmHWM is its own.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        own = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
        if own:
            return int(own[0].split()[1]) * 1024 / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


def gpu_mb(device: str) -> float | None:
    """Peak memory of the GPU in MB."""
    if device != "cuda":
        return None
    import torch

    return torch.cuda.max_memory_allocated() / 1e6
