"""Errors of a codec are those that were put in."""

import argparse
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread
from scipy import ndimage

from GuideGenLib.core.errors import EvaluationError
from GuideGenLib.evaluation.prompts.check import add_check_parser, run_check
from GuideGenLib.evaluation.prompts.codec_error import compare, errors_table, write_picture


@pytest.fixture
def scan() -> np.ndarray:
    """Slabs of air, lung, fat, soft tissue and bone with some texture."""
    levels = np.repeat([-1000.0, -850.0, -100.0, 50.0, 600.0], 8)
    texture = np.random.default_rng(0).normal(0, 5, (40, 12, 12))
    return (levels[:, None, None] + texture).astype(np.float32)


def test_a_shift_is_found_in_every_tissue(scan: np.ndarray):
    found = compare("x", scan, scan + 10)
    assert found.body == found.window == pytest.approx(10, abs=1e-3)
    assert found.clipped == pytest.approx(5, abs=1e-3)  # fat and soft tissue are half of the body
    assert set(found.tissues) == {"lung", "fat", "soft", "bone"}
    assert all(error == pytest.approx(10, abs=1e-3) for error in found.tissues.values())
    assert found.sharpness["lung"] == pytest.approx(1, abs=1e-3)


def test_errors_in_air_and_out_of_the_window_do_not_count_there(scan: np.ndarray):
    decoded = scan.copy()
    decoded[:8] += 500
    decoded[32:] -= 100
    found = compare("x", scan, decoded)
    assert found.body == pytest.approx(25, abs=1e-3)
    assert found.window == found.clipped == 0


def test_smearing_shows_as_less_sharpness(scan: np.ndarray):
    found = compare("x", scan, ndimage.gaussian_filter(scan, 1))
    assert found.sharpness["bone"] < 0.9 and found.sharpness["lung"] < 0.9


def test_a_scan_without_bone_has_none_in_the_table(scan: np.ndarray):
    row = errors_table([compare("x", scan[:32], scan[:32])]).splitlines()[1].split()
    assert row.count("-") == 3  # enhanced, bone, and the sharpness of bone


def test_the_picture_has_three_windows_and_three_columns(scan: np.ndarray, tmp_path: Path):
    write_picture(scan, scan + 50, tmp_path / "codec.png")
    picture = imread(tmp_path / "codec.png")[..., 0]
    assert picture.shape == (36, 36)
    for row, width in enumerate((1500, 400, 1800)):
        assert np.allclose(picture[12 * row : 12 * row + 12, 24:], min(1, 0.5 + 50 / (0.25 * width)), atol=0.01)


def test_missing_scans_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("GUIDEGEN_DATA", raising=False)
    parser = argparse.ArgumentParser()
    add_check_parser(parser)
    with pytest.raises(EvaluationError, match="GUIDEGEN_DATA names no folder"):
        run_check(parser.parse_args(["--codec", "-o", str(tmp_path)]))
