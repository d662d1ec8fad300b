"""The arithmetic of the benchmark script; nothing here depends on how fast the machine is."""

import argparse
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import SimpleITK as sitk

from GuideGenLib.anatomy.table import values


@pytest.fixture(scope="module")
def run() -> ModuleType:
    spec = spec_from_file_location("benchmark_run", Path(__file__).with_name("run.py"))
    assert spec is not None and spec.loader is not None
    module = sys.modules[spec.name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_clock_stops_a_run_and_leaves_out_the_first_steps(run: ModuleType, monkeypatch: pytest.MonkeyPatch):
    times = iter([0.0, 50.0, 60.0, 62.0, 64.0, 66.0])
    monkeypatch.setattr(run.time, "perf_counter", lambda: next(times))
    clock = run.StepClock(stop_after=5)
    with pytest.raises(run.EnoughError):
        for _ in range(100):
            clock("mask", 0.0)
    assert clock.steps() == 3 and clock.per_step() == 2.0


def test_the_ratio_scales_a_step_to_a_thousand_and_says_so(run: ModuleType):
    results = [
        run.Result("mask (flow)", [9.0, 7.0, 8.0], 900.0),
        run.Result("CT", [12.0], 900.0),
        run.Result("paper mask", [1.0], 900.0, None, 20),
        run.Result("paper CT", [2.0], 900.0, None, 20),
    ]
    found = run.comparison(results, full=False)
    assert found["fast_s"] == 20.0 and found["ratio"] == 150.0
    assert "scaled from 20 and 20 steps" in found["text"]
    assert "measured to the end" in run.comparison(results, full=True)["text"]


def test_a_stage_is_measured_with_its_memory(run: ModuleType):
    args = argparse.Namespace(stage="describe", text="A man of 60 years.", repeats=2, device="cpu")
    found = run.measure(args)
    assert len(found.seconds) == 2 and found.peak_mb > 10 and found.gpu_mb is None
    assert "describe" in run.line(found) and "MB" in run.line(found)


def test_the_edit_is_a_ball_of_three_centimetres_in_the_liver(run: ModuleType):
    labels = np.zeros((30, 30, 30), np.uint8)
    labels[2:28, 2:28, 2:28] = values()["liver"]
    anatomy = sitk.GetImageFromArray(labels)
    anatomy.SetSpacing((3.0, 3.0, 3.0))
    edited = sitk.GetArrayFromImage(run.with_tumour(anatomy))
    changed = np.argwhere(edited != labels)
    assert set(edited[edited != labels]) == {values()["liver_tumor"]}
    assert np.ptp(changed, axis=0).tolist() == [10, 10, 10]  # 11 voxels of 3 mm
