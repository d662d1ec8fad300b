"""Trunks of networks run by OpenVINO: the same figures as torch, from a cache that is made again when it is harmed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import nn

from GuideGenLib.codec.network import CodecNetwork
from GuideGenLib.core import arithmetic, device
from GuideGenLib.core.arithmetic import choose_arithmetic
from GuideGenLib.core.blocks import TrunkNetwork
from GuideGenLib.core.compiled import CompiledTrunk
from GuideGenLib.core.device import DeviceError, possible_here
from GuideGenLib.core.files import CACHE_VARIABLE
from GuideGenLib.ct.network import CTConfig, CTNetwork

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty one."""
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    return tmp_path / "openvino"


@pytest.fixture(autouse=True)
def no_gradients() -> Iterator[None]:
    with torch.inference_mode():
        yield


def drawn(network: TrunkNetwork) -> TrunkNetwork:
    """With weights that are not zero anywhere."""
    torch.manual_seed(0)
    for parameter in network.parameters():
        nn.init.normal_(parameter, std=0.1)
    return network.requires_grad_(False)


@pytest.fixture
def codec() -> TrunkNetwork:
    return drawn(CodecNetwork(5, latent=4, wide=8, narrow=8, code=2))


def inputs(codec: TrunkNetwork) -> tuple[torch.Tensor, ...]:
    return torch.randn(1, 4, 6, 4, 5), torch.randint(0, 5, (1, 24, 16, 20)).to(torch.uint8)


def test_a_decoder_gives_what_torch_gives_at_two_sizes(codec: TrunkNetwork):
    fast = CompiledTrunk(codec, "float32")
    for tensors in (codec.example(), inputs(codec)):
        torch.testing.assert_close(fast(*tensors), codec.trunk(*tensors), rtol=1e-3, atol=1e-4)


def test_a_decoder_that_is_shown_no_labels_runs_in_torch():
    decoder = CodecNetwork(5, latent=4, wide=8, narrow=8, code=2)
    drawn(decoder)
    latents, labels = inputs(decoder)
    blind, seeing = decoder.decode(latents), decoder.decode(latents, labels)
    decoder.compiled = CompiledTrunk(decoder, "float32")
    assert torch.equal(decoder.decode(latents), blind)
    torch.testing.assert_close(decoder.decode(latents, labels), seeing, rtol=1e-3, atol=0.5)


def test_a_latent_network_gives_what_torch_gives():
    network = drawn(CTNetwork(CTConfig(5, 4, 4, (8, 8))))
    tensors = [torch.randn(one.shape) for one in network.example()]
    torch.testing.assert_close(
        CompiledTrunk(network, "float32")(*tensors), network.trunk(*tensors), rtol=1e-3, atol=1e-3
    )


def test_a_harmed_cache_is_made_again_and_a_whole_one_is_used(
    codec: TrunkNetwork, cache: Path, monkeypatch: pytest.MonkeyPatch
):
    import openvino

    tensors = inputs(codec)
    first = CompiledTrunk(codec, "float32")(*tensors)
    weights = next(cache.glob("*.bin"))
    weights.write_bytes(weights.read_bytes()[:-4] + b"harm")
    assert torch.equal(CompiledTrunk(codec, "float32")(*tensors), first)
    monkeypatch.setattr(openvino, "convert_model", None)
    assert torch.equal(CompiledTrunk(codec, "float32")(*tensors), first)


def test_without_a_cache_it_works_too(codec: TrunkNetwork, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "file"))
    assert CompiledTrunk(codec, "float32")(*codec.example()).isfinite().all()


def test_the_gain_is_measured_once(codec: TrunkNetwork, monkeypatch: pytest.MonkeyPatch):
    measured = iter([2.0])
    monkeypatch.setattr(arithmetic, "_measured_gain", lambda precision, network: next(measured))
    assert arithmetic.gain("float32", codec) == arithmetic.gain("float32", codec) == 2.0


def test_a_gain_is_had_of_a_network():
    network = drawn(CTNetwork(CTConfig(5, 4, 4, (8, 8))))
    assert 0.01 < arithmetic.gain("float32", network) < 100


def test_where_it_fails_there_is_no_gain(monkeypatch: pytest.MonkeyPatch):
    def fails(self: CompiledTrunk, *tensors: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("no such instruction")

    monkeypatch.setattr(CompiledTrunk, "__call__", fails)
    assert arithmetic.gain("bfloat16", drawn(CTNetwork(CTConfig(5, 4, 4, (8, 8))))) == 0


def test_it_is_taken_where_it_is_faster(codec: TrunkNetwork, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(arithmetic, "measure", lambda name: device.Speed(float32=50, bfloat16=200))
    monkeypatch.setattr(arithmetic, "gain", lambda precision, network: 1.5)
    assert choose_arithmetic("auto", CPU, codec) == "bfloat16+openvino"
    monkeypatch.setattr(arithmetic, "gain", lambda precision, network: 1.0)
    assert choose_arithmetic("auto", CPU, codec) == "bfloat16"


def test_where_it_is_missing_it_is_told_and_done_without(codec: TrunkNetwork, monkeypatch: pytest.MonkeyPatch):
    for module in (device, arithmetic):
        monkeypatch.setattr(module, "openvino_version", lambda: None)
    assert arithmetic.gain("bfloat16", codec) == 0
    assert possible_here("bfloat16+openvino") == "bfloat16" and possible_here(None) is None
    with pytest.raises(DeviceError, match="not installed"):
        choose_arithmetic("bfloat16+openvino", CPU, codec)
    with pytest.raises(DeviceError, match="unknown arithmetic"):
        choose_arithmetic("int8", CPU, codec)
