"""How the generator computes: in float32 or bfloat16, by torch alone or with OpenVINO, whichever is fastest here."""

import time
from collections.abc import Callable

import torch
from torch import Tensor

from GuideGenLib.core.blocks import TrunkNetwork
from GuideGenLib.core.compiled import CompiledTrunk
from GuideGenLib.core.device import ARITHMETICS, OPENVINO, DeviceError, measure, openvino_version
from GuideGenLib.core.measured import once

GAIN = 1.05
"""OpenVINO must be this much faster than torch in the trial: where it is 1.2 times or more, a torso gains 1.8 times."""
CELLS = 32
"""A side of the volume of the trial: with 24 cells OpenVINO gains nothing that it gains with 40."""
ROUNDS = 3


def choose_arithmetic(name: str, device: torch.device, network: TrunkNetwork) -> str:
    """How the generator computes, for a name of ARITHMETICS: "auto" measures which precision is faster and takes
    OpenVINO on a CPU where it is installed and runs `network` faster still.

    Raises DeviceError for another name, and when OpenVINO is asked for and cannot be had.
    """
    if name == "auto":
        precision = measure(str(device)).precision
        return precision + OPENVINO if device.type == "cpu" and gain(precision, network) > GAIN else precision
    if name not in ARITHMETICS:
        raise DeviceError(f"unknown arithmetic {name!r}", f"use one of {', '.join(ARITHMETICS)}")
    if name.endswith(OPENVINO) and (openvino_version() is None or device.type != "cpu"):
        reason = "is not installed" if openvino_version() is None else f"runs on the CPU, not on {device}"
        raise DeviceError(f"OpenVINO {reason}", f"use --arithmetic {name.removesuffix(OPENVINO)}, or install openvino")
    return name


def gain(precision: str, network: TrunkNetwork) -> float:
    """How many times faster than torch OpenVINO runs the trunk of a network on this CPU: 0 where it is not installed or
    fails. Measured once, with the first network that is asked about."""
    if openvino_version() is None:
        return 0.0
    return once(gain_of(precision), lambda: (_measured_gain(precision, network),))[0]


def gain_of(precision: str) -> str:
    """The name under which it is kept."""
    return f"gain of openvino {openvino_version()} {precision}"


def _measured_gain(precision: str, network: TrunkNetwork) -> float:
    """`gain`, measured now. It draws no random numbers.

    In seconds of the processor, as those of the clock tell what else the machine does.
    """
    tensors = tuple(_enlarged(tensor) for tensor in network.example())
    compiled = CompiledTrunk(network, precision)

    def in_torch() -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
            network.trunk(*tensors)

    calls: tuple[Callable[[], object], ...] = (in_torch, lambda: compiled(*tensors))
    fastest = [float("inf")] * 2
    try:
        with torch.inference_mode():
            compiled(*tensors)  # without its compilation
            for _ in range(ROUNDS):
                fastest = [min(best, _seconds(call)) for best, call in zip(fastest, calls, strict=True)]
    except RuntimeError:
        return 0.0
    return fastest[0] / fastest[1]


def _enlarged(tensor: Tensor) -> Tensor:
    """An example as large as CELLS, and in the layout in which networks are called."""
    if tensor.dim() < 5:
        return tensor
    return torch.ones(*tensor.shape[:2], CELLS, CELLS, CELLS).to(memory_format=torch.channels_last_3d)


def _seconds(call: Callable[[], object]) -> float:
    start = time.process_time()
    call()
    return time.process_time() - start
