"""The costly parts of networks run by OpenVINO on a CPU in the place of torch: same weights, fewer passes over memory.

Norms, activations and convolutions of a trunk are fused, which takes a third to a half off the CPU time. What was
converted is kept in the user's cache folder and used only if its hash is right, else it is made again.
"""

import hashlib
import inspect
import os
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from GuideGenLib import __version__
from GuideGenLib.core.blocks import ResidualBlock, TrunkNetwork
from GuideGenLib.core.device import ARITHMETICS, OPENVINO, DeviceError, measure, openvino_version
from GuideGenLib.core.errors import VolumeError
from GuideGenLib.core.files import atomic

HINTS = {"float32": "f32", "bfloat16": "bf16"}
GAIN = 1.15
"""OpenVINO must be this much faster than torch to be chosen: its trunks gain 1.4 or more where it suits a processor."""
PROBE_CHANNELS, PROBE_EDGE = 64, 24
UNUSED_DAYS = 30
"""What was not used for so long is deleted from the cache."""


class CompiledTrunk:
    """The trunk of a network. Called with the tensors of `trunk`; returns float32.

    precision: float32 or bfloat16, in which it computes. It is compiled for the sizes of the tensors, at the first call
    with them: for sizes left open it would take more than twice the memory.
    """

    def __init__(self, network: TrunkNetwork, precision: str) -> None:
        self.network, self.precision = network, precision
        self.shapes: list[list[int]] = []
        self.model: Any = None

    def __call__(self, *tensors: Tensor) -> Tensor:
        shapes = [list(tensor.shape) for tensor in tensors]
        if shapes != self.shapes:
            self.model = None
            self.model, self.shapes = _compiled(self.network, self.precision, shapes), shapes
        request = self.model.create_infer_request()
        request.infer([tensor.float().numpy() if tensor.is_floating_point() else tensor.numpy() for tensor in tensors])
        made = torch.from_numpy(request.get_output_tensor(0).data.copy())
        del request
        self.model.release_memory()  # else it keeps that of all layers for a call that may never come
        return made


def _compiled(network: TrunkNetwork, precision: str, shapes: list[list[int]]) -> Any:
    """The executable of a trunk for inputs of these shapes, and for as many threads as torch has."""
    import openvino

    core = openvino.Core()
    hints = {
        "INFERENCE_PRECISION_HINT": HINTS[precision],
        "INFERENCE_NUM_THREADS": torch.get_num_threads(),
        "NUM_STREAMS": 1,
        "ENABLE_CPU_PINNING": False,
    }
    model = _converted(core, network)
    model.reshape(dict(zip(model.inputs, shapes, strict=True)))
    return core.compile_model(model, "CPU", hints)


class _Forward(nn.Module):
    """`trunk` under the name that the converter calls."""

    def __init__(self, network: TrunkNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, *tensors: Tensor) -> Tensor:
        return self.network.trunk(*tensors)


def _converted(core: Any, network: TrunkNetwork) -> Any:
    """OpenVINO's model of a trunk, from the cache if it is there unharmed."""
    import openvino

    folder = cache_folder()
    path = None if folder is None else folder / f"{type(network).__name__.lower()}-{_key(network)}.xml"
    if path is not None and _unharmed(path):
        for part in _parts(path):
            os.utime(part)
        return core.read_model(path)
    with torch.autocast("cpu", enabled=False):  # the precision is told when the model is compiled
        model = openvino.convert_model(_Forward(network), example_input=network.example())
    if path is not None:
        _keep(model, path)
    return model


def cache_folder() -> Path | None:
    """Where converted networks are kept; None for a user without a home, or where it cannot be made."""
    try:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        folder = Path(base) / "guidegen" / "openvino"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except (OSError, RuntimeError):
        return None
    return folder


def _key(network: TrunkNetwork) -> str:
    """Names weights, code and versions: whatever changes the result."""
    digest = hashlib.sha256(f"{__version__} {torch.__version__} {openvino_version()}".encode())
    for source in (inspect.getsourcefile(type(network)), inspect.getsourcefile(ResidualBlock)):
        assert source is not None
        digest.update(Path(source).read_bytes())
    for name, tensor in network.state_dict().items():
        digest.update(f"{name} {tuple(tensor.shape)}".encode())
        digest.update(tensor.contiguous().numpy().tobytes())
    return digest.hexdigest()[:32]


def _parts(path: Path) -> tuple[Path, Path, Path]:
    """Graph, weights, and the hash of both."""
    return path, path.with_suffix(".bin"), path.with_suffix(".sha256")


def _hash(path: Path) -> str:
    graph, weights, _ = _parts(path)
    return hashlib.sha256(graph.read_bytes() + weights.read_bytes()).hexdigest()


def _unharmed(path: Path) -> bool:
    try:
        return _parts(path)[2].read_text(encoding="ascii") == _hash(path)
    except (OSError, ValueError):
        return False


def _keep(model: Any, path: Path) -> None:
    """Write a converted network to the cache, the hash last; a cache that cannot be written is done without."""
    import openvino

    try:
        for old in path.parent.iterdir():
            if old.stat().st_mtime < time.time() - UNUSED_DAYS * 86400:
                old.unlink()
        with atomic(path.with_suffix(".bin")) as weights:
            graph = weights.with_suffix(".xml")
            openvino.save_model(model, graph, compress_to_fp16=False)
            os.replace(graph, path)
        with atomic(_parts(path)[2]) as digest:
            digest.write_text(_hash(path), encoding="ascii")
    except (OSError, RuntimeError, VolumeError):
        return


@cache
def gain(precision: str) -> float:
    """How many times faster than torch OpenVINO runs a block of the networks' kind on this CPU, by a short measurement:
    0 where it is not installed or fails. It draws no random numbers."""
    if openvino_version() is None:
        return 0.0
    block = _Probe()
    x = torch.ones((1, PROBE_CHANNELS, PROBE_EDGE, PROBE_EDGE, PROBE_EDGE))
    try:
        compiled = CompiledTrunk(block, precision)
        compiled(x)
    except RuntimeError:
        return 0.0

    def in_torch() -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
            block.trunk(x.to(memory_format=torch.channels_last_3d))

    calls = (in_torch, lambda: compiled(x))
    fastest = [float("inf")] * 2
    with torch.inference_mode():
        for _ in range(4):  # in turns, so that a busy moment of the machine meets both; the first one warms up
            fastest = [min(best, _seconds(call)) for best, call in zip(fastest, calls, strict=True)]
    return fastest[0] / fastest[1]


class _Probe(TrunkNetwork):
    """One residual block with weights of no meaning."""

    def __init__(self) -> None:
        super().__init__()
        self.block = ResidualBlock(PROBE_CHANNELS)
        for parameter in self.parameters():
            nn.init.constant_(parameter.requires_grad_(False), 0.01)

    def trunk(self, x: Tensor) -> Tensor:  # type: ignore[override]
        return self.block(x)

    def example(self) -> tuple[Tensor, ...]:
        return (torch.ones((1, PROBE_CHANNELS, 4, 4, 4)),)


def _seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


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
