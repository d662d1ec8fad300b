"""Which device and precision to run on: chosen by a short measurement, not by name.

bfloat16 makes convolutions two to four times faster on processors with instructions for it and slower on the others,
so a convolution of the networks' kind is timed in both.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from GuideGenLib.core.errors import GuideGenError

if TYPE_CHECKING:
    import torch

DEVICES = ("auto", "cpu", "cuda", "mps")
PRECISIONS = ("auto", "float32", "bfloat16")
OPENVINO = "+openvino"
ARITHMETICS = (*PRECISIONS, "float32" + OPENVINO, "bfloat16" + OPENVINO)
"""How the networks of the generator compute: in a precision, by torch alone or with OpenVINO (`core.compiled`)."""
CHANNELS, EDGE = 64, 24
GAIN = 1.3
"""bfloat16 must be this much faster. Machines gain either 2 or more or nothing, so noise does not change the choice."""


class DeviceError(GuideGenError):
    """The device that was asked for is not there; the message says which is."""

    kind = "device"


def openvino_version() -> str | None:
    """The version of OpenVINO, None where it is not installed."""
    if find_spec("openvino") is None:
        return None
    from importlib import metadata

    return metadata.version("openvino")


def possible_here(arithmetic: object) -> object:
    """That of an earlier run, without OpenVINO where that is not installed; what is no name stays as it is. Where there
    is no torch nothing is computed here but at a server, which has what it had."""
    if isinstance(arithmetic, str) and openvino_version() is None and find_spec("torch") is not None:
        return arithmetic.removesuffix(OPENVINO)
    return arithmetic


@dataclass(frozen=True)
class Speed:
    """Convolution speed of a device in GFLOP/s by precision (0 where it cannot), and the precision to use."""

    float32: float
    bfloat16: float

    @property
    def precision(self) -> str:
        """ "float32" or "bfloat16", the one to run in."""
        return "bfloat16" if self.bfloat16 > GAIN * self.float32 else "float32"

    @property
    def best(self) -> float:
        """GFLOP/s in that precision."""
        return self.bfloat16 if self.precision == "bfloat16" else self.float32


def choose_device(name: str = "auto") -> "torch.device":
    """The device of a name; "auto" takes a GPU that works, else the CPU. Raises DeviceError.

    The CPU is given as many threads as this process may use cores, unless OMP_NUM_THREADS says otherwise.
    """
    import torch

    torch.set_num_threads(min(torch.get_num_threads(), cores()))
    kind = name.split(":")[0]
    if kind not in DEVICES:
        raise DeviceError(f"unknown device {name!r}", f"use one of {', '.join(DEVICES)}")
    if kind == "auto":
        return next(torch.device(kind) for kind in ("cuda", "mps", "cpu") if _works(kind))
    if not _works(name):
        raise DeviceError(f"device {name} is not there or does not work", "use --device cpu, or install torch for it")
    return torch.device(name)


def choose_precision(name: str, device: "torch.device") -> "torch.dtype":
    """The type of a name; "auto" measures. Raises DeviceError."""
    import torch

    if name not in PRECISIONS:
        raise DeviceError(f"unknown precision {name!r}", f"use one of {', '.join(PRECISIONS)}")
    return getattr(torch, measure(str(device)).precision if name == "auto" else name)


@cache
def measure(device: str) -> Speed:
    """The speed of a device in both precisions, measured once on a machine: it takes under a second."""
    import torch

    from GuideGenLib.core.measured import once

    name = torch.cuda.get_device_name(device) if device.startswith("cuda") else f"{cores()} cores"
    return Speed(*once(f"convolutions {device} {name}", lambda: _measured(device)))


def _measured(device: str) -> tuple[float, float]:
    """GFLOP/s of a 3D convolution in float32 and bfloat16 on a device."""
    import torch

    precisions = (torch.float32, torch.bfloat16)
    calls = {}
    for precision in precisions:
        try:
            calls[precision] = _convolution(torch.device(device), precision)
        except (RuntimeError, NotImplementedError, TypeError):
            continue  # the device has no such convolution
    fastest = dict.fromkeys(precisions, float("inf"))
    for _ in range(4):  # in turns, so that a busy moment of the machine meets both
        for precision, call in calls.items():
            fastest[precision] = min(fastest[precision], call())
    work = 2 * CHANNELS**2 * 27 * EDGE**3 / 1e9
    single, half = (work / fastest[precision] for precision in precisions)
    return single, half


def _convolution(device: "torch.device", precision: "torch.dtype") -> Callable[[], float]:
    """A function that runs the convolution and returns its seconds; warmed up. It draws no random numbers."""
    import torch

    volume = torch.ones((1, CHANNELS, EDGE, EDGE, EDGE), device=device, dtype=precision)
    weight = torch.full((CHANNELS, CHANNELS, 3, 3, 3), 0.01, device=device, dtype=precision)
    volume, weight = (tensor.to(memory_format=torch.channels_last_3d) for tensor in (volume, weight))

    def call() -> float:
        with torch.inference_mode():
            _wait(device)
            start = time.perf_counter()
            torch.nn.functional.conv3d(volume, weight, padding=1)
            _wait(device)
            return time.perf_counter() - start

    call()
    return call


def _wait(device: "torch.device") -> None:
    """Until a GPU has done what was asked of it."""
    import torch

    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def _works(name: str) -> bool:
    """Whether a small operation runs on the device: a driver that is too old is found here and not in mid-run."""
    import torch

    if name.startswith("cuda") and not torch.cuda.is_available():
        return False
    if name.startswith("mps") and not torch.backends.mps.is_available():
        return False
    try:
        return float(torch.ones(8, device=name).sum()) == 8.0
    except (RuntimeError, AssertionError):
        return False


def cores() -> int:
    """Cores that this process may use: those it is bound to, and no more than its container's share."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        count = min(count, max(1, round(int(quota) / int(period))))
    except (OSError, ValueError):
        pass  # no container, or one without a limit ("max")
    return count


def free_memory() -> int | None:
    """Bytes of memory that are free, None where the system does not tell."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration):
        pass
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None


def memory_estimate(measured_peak: float, share: float, loaded: float = 1.0e9) -> float:
    """Peak bytes of a run with `share` of the voxels of one whose peak was measured.

    `loaded` bytes, those of Python with the networks in memory, do not depend on the size of the volume.
    """
    return loaded + max(0.0, measured_peak - loaded) * share
