"""The arithmetic of the benchmark script; nothing here depends on how fast the machine is."""

import argparse
import subprocess
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from GuideGenLib.anatomy.table import values
from Testing.benchmarks import run_stages
from Testing.benchmarks.run_compared import alternating, comparison, curve, earlier, line, shares
from Testing.benchmarks.run_stages import EnoughError, Result, StepClock, framed, measure, with_tumour


def test_the_clock_stops_a_run_and_leaves_out_the_first_steps(monkeypatch: pytest.MonkeyPatch):
    times = iter([0.0, 50.0, 60.0, 62.0, 64.0, 66.0])
    monkeypatch.setattr(run_stages.time, "perf_counter", lambda: next(times))
    clock = StepClock(stop_after=5)
    with pytest.raises(EnoughError):
        for _ in range(100):
            clock("mask", 0.0)
    assert clock.steps() == 3 and clock.per_step() == 2.0


def test_the_ratio_scales_a_step_to_a_thousand_and_says_so():
    results = [
        Result("mask (flow)", [9.0, 7.0, 8.0], 900.0),
        Result("CT", [12.0], 900.0),
        Result("paper mask", [1.0], 900.0, None, 20),
        Result("paper CT", [2.0], 900.0, None, 20),
    ]
    found = comparison(results, full=False)
    assert found["fast_s"] == 20.0 and found["ratio"] == 150.0
    assert "scaled from 20 and 20 steps" in found["text"]
    assert "measured to the end" in comparison(results, full=True)["text"]


def test_a_stage_is_measured_with_its_memory():
    args = argparse.Namespace(stage="describe", text="A man of 60 years.", repeats=2, device="cpu")
    found = measure(args)
    assert len(found.seconds) == 2 and found.peak_mb > 10 and found.gpu_mb is None
    assert "describe" in line(found) and "MB" in line(found)


def test_the_edit_is_a_ball_of_three_centimetres_in_the_liver():
    labels = np.zeros((30, 30, 30), np.uint8)
    labels[2:28, 2:28, 2:28] = values()["liver"]
    anatomy = sitk.GetImageFromArray(labels)
    anatomy.SetSpacing((3.0, 3.0, 3.0))
    edited = sitk.GetArrayFromImage(with_tumour(anatomy))
    changed = np.argwhere(edited != labels)
    assert set(edited[edited != labels]) == {values()["liver_tumor"]}
    assert np.ptp(changed, axis=0).tolist() == [10, 10, 10]  # 11 voxels of 3 mm


def test_versions_are_measured_in_turns_and_told_by_their_medians():
    order = []
    times = {"now": iter([3.0, 1.0, 2.0]), "before": iter([9.0, 4.0, 5.0])}

    def child(name: str):
        def run(stage: str) -> Result:
            order.append(name)
            return Result(stage, [next(times[name]), 1.0], 10.0, cpu=7.0)

        return run

    (now,), (before,) = alternating(["CT"], 3, child("now"), child("before"))
    assert order == ["before", "now"] * 3
    assert now.seconds == [2.0, 1.0] and before.seconds == [5.0, 1.0] and now.cpu == 7.0


def test_an_earlier_version_is_there_for_the_time(tmp_path: Path):
    def git(*words: str) -> None:
        subprocess.run(["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b", *words], check=True)

    git("init", "-q")
    for text in ("one", "two"):
        (tmp_path / "file").write_text(text)
        git("add", "file")
        git("commit", "-qm", text)
    with earlier(tmp_path, "HEAD~1") as tree:
        assert (tree / "file").read_text() == "one"
    assert not tree.exists() and (tmp_path / "file").read_text() == "two"


def test_the_share_of_the_peak_and_the_curve():
    assert "500 GFLOP/s   50 %" in shares([Result("CT", [4.0], 1.0)], {"CT": 2.0}, 1000.0)
    told = [Result("torso", [4.0, 10.0], 1.0, voxels=(10, 10)), Result("chest", [2.0, 6.0], 1.0, voxels=(5, 5))]
    assert [row.split()[-1] for row in curve(told).splitlines()[1:]] == ["1.00", "1.20"]


def test_a_frame_has_the_anatomy_in_its_middle(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(run_stages, "FRAME", (40, 50, 60))
    labels = np.zeros((6, 5, 4), np.uint8)
    labels[2:4, 1:4, 1:3] = 7
    anatomy = sitk.GetImageFromArray(labels)
    anatomy.SetSpacing((3.0, 3.0, 3.0))
    found = np.argwhere(sitk.GetArrayFromImage(framed(anatomy)) == 7)
    middle = (np.array((60, 50, 40)) - 1) / 2
    assert np.allclose((found.min(0) + found.max(0)) / 2, middle, atol=0.6)
    assert np.allclose(np.ptp(found, axis=0) + 1, np.array((2, 3, 2)) * 3 / 0.7, atol=1)
