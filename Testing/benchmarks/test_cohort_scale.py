"""The calculation of `cohort_scale.py`."""

import json
import sys
from pathlib import Path

import pytest

from Testing.benchmarks.cohort_scale import Assumed, bend, main, paces

MEASURED = {"parts": {"networks": 20.0, "rules and files": 8.0, "MB": 10.0}, "empty": {"ms": 1.0}}


def test_the_slowest_part_sets_the_pace():
    fast = paces(MEASURED, Assumed(gpu_s=2.0, cores=16, store_mb_s=100.0))
    assert [(one.gpus, one.an_hour, one.held_by) for one in fast] == [
        (1, 1800.0, "networks on the GPU"),
        (8, 14400.0, "networks on the GPU"),
        (64, 36000.0, "the store"),
    ]
    few_cores = paces(MEASURED, Assumed(2.0, 1, 1e6))
    assert few_cores[0].an_hour == 450.0 and "cores" in few_cores[0].held_by


def test_where_it_bends_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    assert bend(MEASURED, Assumed(2.0, 16, 100.0)) == (20.0, "the store")
    assert bend(MEASURED, Assumed(2.0, 16, 1e9)) == (2000.0, "the driver")
    path = tmp_path / "measured.json"
    path.write_text(json.dumps(MEASURED))
    monkeypatch.setattr(sys, "argv", ["cohort_scale.py", str(path), "--store", "100"])
    main()
    assert "Linear up to 20 GPUs; then the store is full." in capsys.readouterr().out
