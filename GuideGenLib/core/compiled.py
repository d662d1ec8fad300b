"""The costly parts of networks run by OpenVINO on a CPU in the place of torch: same weights, fewer passes over memory.

Norms, activations and convolutions of a trunk are fused, which takes a third to a half off the CPU time. What was
converted is kept in the user's cache folder and used only if its hash is right, else it is made again.
"""

import hashlib
import inspect
import os
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from GuideGenLib import __version__
from GuideGenLib.core.blocks import ResidualBlock, TrunkNetwork
from GuideGenLib.core.device import openvino_version
from GuideGenLib.core.errors import VolumeError
from GuideGenLib.core.files import atomic, cache_folder, compiler_folder_in_cache
from GuideGenLib.core.host import give_back

HINTS = {"float32": "f32", "bfloat16": "bf16"}
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
        shapes, first = [list(tensor.shape) for tensor in tensors], False
        if shapes != self.shapes:
            self.model = None
            self.model, self.shapes = _compiled(self.network, self.precision, shapes), shapes
            give_back()
            first = True
        request = self.model.create_infer_request()
        request.infer([_array(tensor) for tensor in tensors], share_inputs=True)
        made = torch.from_numpy(request.get_output_tensor(0).data.copy())
        del request
        self.model.release_memory()  # else it keeps that of all layers for a call that may never come
        if first:
            give_back()  # of what it laid out anew of its weights
        return made


def _array(tensor: Tensor) -> np.ndarray:
    """What a model reads of a tensor; where that is laid out so, it is not copied."""
    return (tensor.float() if tensor.is_floating_point() else tensor).contiguous().numpy()


def _compiled(network: TrunkNetwork, precision: str, shapes: list[list[int]]) -> Any:
    """The executable of a trunk for inputs of these shapes."""
    import openvino

    def converted() -> Any:
        with torch.autocast("cpu", enabled=False):  # the precision is told at compilation
            return openvino.convert_model(_Forward(network), example_input=network.example())

    model = kept_model(type(network).__name__.lower(), _key(network), converted)
    model.reshape(dict(zip(model.inputs, shapes, strict=True)))
    return executable(model, precision)


def executable(model: Any, precision: str) -> Any:
    """OpenVINO's executable of its model, for as many threads as torch has."""
    import openvino

    hints = {
        "INFERENCE_PRECISION_HINT": HINTS[precision],
        "INFERENCE_NUM_THREADS": torch.get_num_threads(),
        "NUM_STREAMS": 1,
        "ENABLE_CPU_PINNING": False,
    }
    return openvino.Core().compile_model(model, "CPU", hints)


class _Forward(nn.Module):
    """`trunk` under the name that the converter calls."""

    def __init__(self, network: TrunkNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, *tensors: Tensor) -> Tensor:
        return self.network.trunk(*tensors)


def kept_model(name: str, key: str, convert: Callable[[], Any]) -> Any:
    """OpenVINO's model, from the cache if it is there unharmed, else converted now and kept.

    key: of weights, code and versions, whatever changes the result.
    """
    import openvino

    folder = cache_folder("openvino")
    path = None if folder is None else folder / f"{name}-{key}.xml"
    if path is not None and _unharmed(path):
        for part in _parts(path):
            os.utime(part)
        return openvino.Core().read_model(path)
    compiler_folder_in_cache()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torch's tracer, which the converter uses
        model = convert()
    if path is not None:
        _keep(model, path)
    return model


def _key(network: TrunkNetwork) -> str:
    """Names weights, code and versions."""
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
    with weights.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.sha256(graph.read_bytes())).hexdigest()


def _unharmed(path: Path) -> bool:
    try:
        return _parts(path)[2].read_text(encoding="ascii") == _hash(path)
    except (OSError, ValueError):
        return False


def _keep(model: Any, path: Path) -> None:
    """Write a converted network to the cache, the hash last; a cache that cannot be written is done without."""
    import openvino

    try:
        for old in path.parent.glob("*-*.*"):
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
