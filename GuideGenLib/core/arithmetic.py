"""How the generator computes: in float32 or bfloat16, by torch alone or with OpenVINO, whichever is fastest here."""

import json
import platform
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import torch
from torch import Tensor, nn

from GuideGenLib.core.blocks import ResidualBlock, TrunkNetwork
from GuideGenLib.core.compiled import CompiledTrunk
from GuideGenLib.core.device import ARITHMETICS, OPENVINO, DeviceError, measure, openvino_version
from GuideGenLib.core.errors import VolumeError
from GuideGenLib.core.files import cache_folder, write_json

GAIN = 1.15
"""OpenVINO must be this much faster than torch to be chosen: trunks gain 1.4 or more where it suits a processor."""
GAINS = "gains.json"
"""In the cache: what was measured, by machine."""
CHANNELS, EDGE = 64, 24


def choose_arithmetic(name: str, device: torch.device) -> str:
    """How the generator computes, for a name of ARITHMETICS: "auto" measures which precision is faster and takes
    OpenVINO on a CPU where it is installed and faster still.

    Raises DeviceError for another name, and when OpenVINO is asked for and cannot be had.
    """
    if name == "auto":
        precision = measure(str(device)).precision
        return precision + OPENVINO if device.type == "cpu" and gain(precision) > GAIN else precision
    if name not in ARITHMETICS:
        raise DeviceError(f"unknown precision {name!r}", f"use one of {', '.join(ARITHMETICS)}")
    if name.endswith(OPENVINO) and (openvino_version() is None or device.type != "cpu"):
        reason = "is not installed" if openvino_version() is None else f"runs on the CPU, not on {device}"
        raise DeviceError(f"OpenVINO {reason}", f"use --precision {name.removesuffix(OPENVINO)}, or install openvino")
    return name


def gain(precision: str) -> float:
    """How many times faster than torch OpenVINO runs a block of the networks' kind on this CPU: 0 where it is not
    installed or fails. Measured once for a machine and its versions and kept, so that runs do not differ by chance."""
    if openvino_version() is None:
        return 0.0
    machine = measured_on(precision)
    folder = cache_folder("openvino")
    path = None if folder is None else folder / GAINS
    kept = _kept_gains(path)
    if machine not in kept:
        kept[machine] = round(_measured_gain(precision), 2)
        if path is not None:
            with suppress(VolumeError):
                write_json(kept, path)
    return kept[machine]


def measured_on(precision: str) -> str:
    """What a measured gain belongs to."""
    return f"{platform.node()} {platform.machine()} torch {torch.__version__} openvino {openvino_version()} {precision}"


def _kept_gains(path: Path | None) -> dict[str, float]:
    try:
        kept = {} if path is None else json.loads(path.read_text(encoding="utf-8"))
        return {str(name): float(one) for name, one in kept.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


def _measured_gain(precision: str) -> float:
    """`gain` without its memory. It draws no random numbers."""
    block = _Probe()
    x = torch.ones((1, CHANNELS, EDGE, EDGE, EDGE))
    compiled = CompiledTrunk(block, precision)

    def in_torch() -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
            block.trunk(x.to(memory_format=torch.channels_last_3d))

    calls: tuple[Callable[[], object], ...] = (in_torch, lambda: compiled(x))
    fastest = [float("inf")] * 2
    try:
        with torch.inference_mode():
            for _ in range(4):  # in turns, so that a busy moment of the machine meets both; the first one warms up
                fastest = [min(best, _seconds(call)) for best, call in zip(fastest, calls, strict=True)]
    except RuntimeError:
        return 0.0
    return fastest[0] / fastest[1]


class _Probe(TrunkNetwork):
    """One residual block with weights of no meaning."""

    def __init__(self) -> None:
        super().__init__()
        self.block = ResidualBlock(CHANNELS)
        for parameter in self.parameters():
            nn.init.constant_(parameter.requires_grad_(False), 0.01)

    def trunk(self, x: Tensor) -> Tensor:  # type: ignore[override]
        return self.block(x)

    def example(self) -> tuple[Tensor, ...]:
        return (torch.ones((1, CHANNELS, 4, 4, 4)),)


def _seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start
