"""`guidegen check` from the command to its files, with a generator that draws phantoms."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from matplotlib.image import imread

from GuideGenLib.core.errors import EvaluationError
from GuideGenLib.core.volumes import image_from_array
from GuideGenLib.description import Description
from GuideGenLib.evaluation.prompts import check as prompt_checks
from GuideGenLib.evaluation.prompts import runs
from GuideGenLib.evaluation.prompts.check import add_check_parser, run_check
from GuideGenLib.generator import Generator, MaskResult
from GuideGenLib.mask.findings.sites import LesionError

Put = Callable[[np.ndarray, str, tuple[int, int, int], float], np.ndarray]


class FakeGenerator:
    """Draws the phantom with one tumour of 60 mm in the left upper lobe, and stops or fails on demand."""

    def __init__(self, labels: np.ndarray) -> None:
        self.labels = labels
        self.seeds: list[int] = []
        self.options: dict[str, Any] = {}
        self.stop_at = self.refuse_at = 0

    def synthesize_mask(self, description: Description, *, seed: int, **options: Any) -> MaskResult:
        if seed == self.stop_at:
            raise KeyboardInterrupt
        if seed == self.refuse_at:
            raise LesionError("no room")
        self.seeds.append(seed)
        self.options = options
        return MaskResult(image_from_array(self.labels, (6.0, 6.0, 6.0), labels=True), (), ())

    def synthesize_ct(self, anatomy: sitk.Image, description: Description, *, seed: int) -> sitk.Image:
        return image_from_array(np.zeros(anatomy.GetSize()[::-1]), (6.0, 6.0, 6.0), labels=False)


class FakeBundle:
    name = "fake 1"
    config: dict[str, Any] = {  # noqa: RUF012
        "volumes_ml": {"spleen": [1.0, 999.0]},
        "files": {"mask.safetensors": {"sha256": "0" * 64}},
    }

    def files(self, name: str) -> list[str]:
        return [name + ".safetensors"]


@pytest.fixture
def generator(monkeypatch: pytest.MonkeyPatch, phantom: np.ndarray, put: Put) -> FakeGenerator:
    fake = FakeGenerator(put(phantom, "lung_tumor", (75, 24, 46), 60))
    monkeypatch.setattr(Generator, "from_bundle", classmethod(lambda cls, **_: fake))
    monkeypatch.setattr(prompt_checks, "load_bundle", lambda _: FakeBundle())
    monkeypatch.setattr(runs, "_generator", None)
    return fake


def _check(folder: Path, *arguments: str) -> dict[str, Any]:
    parser = argparse.ArgumentParser()
    add_check_parser(parser)
    assert run_check(parser.parse_args(["-o", str(folder), *arguments])) == 0
    return json.loads((folder / "checks.json").read_text())


def test_figures_of_the_volumes_are_printed_and_written(
    tmp_path: Path, generator: FakeGenerator, capsys: pytest.CaptureFixture[str]
):
    content = _check(tmp_path, "--n", "3", "--steps", "5", "--ct", "1")
    assert generator.seeds == [1, 2, 3]
    assert generator.options == {"sampler": "flow", "steps": 5}
    figures = content["figures"]
    exact = figures["tumor exactly as asked"]
    assert (exact["hits"], exact["cases"]) == (1, 3)  # the first prompt asks for that tumour, the others do not
    assert (figures["tumor in its place"]["hits"], figures["tumor in its place"]["cases"]) == (1, 2)
    assert figures["volume in p1-p99"]["value"] == 1.0
    assert [case["number"] for case in content["cases"]] == [1, 2, 3]
    assert "side right: " not in str(content["cases"][0]["faults"])
    printed = capsys.readouterr().out
    assert "adrenal_left 3" in printed
    assert "1 of 3 volumes" in printed and "MISSED" in printed and "seconds per mask" in printed
    assert imread(tmp_path / "montage.png").max() > 0
    assert content["ct"]["cts"] == 1 and (tmp_path / "cts" / "001.nii.gz").is_file()


def test_a_run_that_was_cut_goes_on_and_gives_the_same_figures(tmp_path: Path, generator: FakeGenerator):
    whole = _check(tmp_path / "whole", "--n", "4")
    generator.seeds, generator.stop_at = [], 3
    with pytest.raises(KeyboardInterrupt):
        _check(tmp_path / "cut", "--n", "4")
    with (tmp_path / "cut" / "runs.jsonl").open("a") as file:
        file.write('{"number": 3, "te')  # cut in the middle of a line
    generator.stop_at = 0
    resumed = _check(tmp_path / "cut", "--n", "4")
    assert generator.seeds == [1, 2, 3, 4]
    assert resumed["figures"] == whole["figures"]
    _check(tmp_path / "cut", "--n", "4")
    assert generator.seeds == [1, 2, 3, 4]


def test_other_settings_and_lost_volumes_are_run_again(tmp_path: Path, generator: FakeGenerator):
    _check(tmp_path, "--n", "2")
    _check(tmp_path, "--n", "2", "--guidance", "2")
    assert generator.seeds == [1, 2, 1, 2]
    (tmp_path / "anatomies" / "002.nii.gz").unlink()
    _check(tmp_path, "--n", "2", "--guidance", "2")
    assert generator.seeds == [1, 2, 1, 2, 2]


def test_a_prompt_that_gives_no_volume_counts_as_missed(tmp_path: Path, generator: FakeGenerator):
    generator.refuse_at = 1
    content = _check(tmp_path, "--n", "2")
    assert content["cases"][0]["faults"] == ["LesionError: no room"]
    assert content["figures"]["all organs present"]["cases"] == 2
    assert content["figures"]["tumor in its place"]["hits"] == 0


def test_prompts_that_are_not_there_are_told(tmp_path: Path, generator: FakeGenerator):
    with pytest.raises(EvaluationError, match="--first is 101: there are 100 prompts"):
        _check(tmp_path, "--first", "101")
    assert [case["number"] for case in _check(tmp_path, "--first", "100", "--n", "5")["cases"]] == [100]
