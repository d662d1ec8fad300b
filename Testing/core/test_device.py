"""Device and precision: chosen by measuring, refused with a remedy."""

from pathlib import Path

import pytest
import torch

from GuideGenLib.core import device
from GuideGenLib.core.device import DeviceError, Speed
from GuideGenLib.core.files import CACHE_VARIABLE


def test_the_cpu_can_be_asked_for_and_auto_finds_something():
    assert device.choose_device("cpu") == torch.device("cpu")
    assert device.choose_device().type in ("cpu", "cuda", "mps")


def test_a_device_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(DeviceError, match=r"device cuda:0 is not there .* --device cpu"):
        device.choose_device("cuda:0")
    with pytest.raises(DeviceError, match="unknown device 'tpu'"):
        device.choose_device("tpu")


def test_bfloat16_is_taken_only_where_it_is_clearly_faster():
    assert Speed(float32=100, bfloat16=250).precision == "bfloat16"
    assert Speed(float32=100, bfloat16=110).precision == "float32"
    assert Speed(float32=100, bfloat16=0).best == 100
    assert Speed(float32=100, bfloat16=250).best == 250


def test_the_measurement_is_made_once_and_draws_no_random_numbers():
    device.measure.cache_clear()
    state = torch.get_rng_state()
    speed = device.measure("cpu")
    assert speed.float32 > 0
    assert device.measure("cpu") is speed
    assert torch.equal(torch.get_rng_state(), state)


def test_a_device_without_bfloat16_runs_in_float32(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def convolution(where: torch.device, precision: torch.dtype):
        if precision == torch.bfloat16:
            raise RuntimeError("not implemented")
        return lambda: 0.01

    monkeypatch.setattr(device, "_convolution", convolution)
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    device.measure.cache_clear()
    try:
        assert device.choose_precision("auto", torch.device("cpu")) == torch.float32
        assert device.measure("cpu").bfloat16 == 0
    finally:
        device.measure.cache_clear()


def test_a_named_precision_is_not_measured():
    assert device.choose_precision("bfloat16", torch.device("cpu")) == torch.bfloat16
    with pytest.raises(DeviceError, match="unknown precision 'float16'"):
        device.choose_precision("float16", torch.device("cpu"))


def test_expectations_scale():
    assert device.memory_estimate(5e9, 0.5) == pytest.approx(3e9)
    assert device.memory_estimate(5e9, 1.0) == pytest.approx(5e9)
    assert device.cores() >= 1
