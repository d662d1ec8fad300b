"""The folder of judges: what was written comes back, and nothing that was altered is used."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from GuideGenLib.evaluation import EvaluationError
from GuideGenLib.evaluation.judges import Judges, load_judges, write_judges
from GuideGenLib.evaluation.segmenter import SegmenterConfig, SegmenterNetwork

TINY = SegmenterConfig(features=(8, 8, 8, 8, 8, 8), hidden=16)
ABOUT = {"network": TINY.to_json(), "ceilings": {"scan": "anna", "dice": {"liver": 0.9}}, "training": {"steps": 2}}


def _write(folder: Path) -> Judges:
    torch.manual_seed(0)
    return write_judges(folder, SegmenterNetwork(TINY).state_dict(), ABOUT)


def test_they_come_back(tmp_path: Path) -> None:
    written = _write(tmp_path / "judges")
    read = load_judges(tmp_path / "judges")
    hu = np.random.default_rng(0).uniform(-1000, 400, (16, 20, 20)).astype(np.float32)
    assert np.array_equal(written.segmenter.segment(hu, 3.0), read.segmenter.segment(hu, 3.0))
    assert read.ceilings == {"liver": 0.9} and read.classifiers is None
    assert read.identity == written.identity and read.about["segmenter"]["training"] == {"steps": 2}


def test_writing_again_replaces_what_is_ours_and_keeps_the_rest(tmp_path: Path) -> None:
    folder = tmp_path / "judges"
    _write(folder)
    (folder / "card.md").write_text("kept")
    (folder / "classifiers.safetensors").write_bytes(b"of an older version")
    _write(folder)
    assert sorted(file.name for file in folder.iterdir()) == ["card.md", "judges.json", "segmenter.safetensors"]


def test_an_altered_byte_is_found(tmp_path: Path) -> None:
    _write(tmp_path)
    file = tmp_path / "segmenter.safetensors"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    with pytest.raises(EvaluationError, match=r"segmenter\.safetensors is altered.*copy the judges again"):
        load_judges(tmp_path)


def test_what_is_missing_or_does_not_fit_is_named(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r"has no judges\.json"):
        load_judges(tmp_path)
    _write(tmp_path)
    good = (tmp_path / "judges.json").read_text()
    for change, words in (
        ({"format": 2}, "not of format 1"),
        ({"labels": "0"}, "another anatomy table"),
        ({"segmenter": {}}, "does not fit"),
        ({"segmenter": {**ABOUT, "network": {**TINY.to_json(), "hidden": 8}}}, "does not fit"),
    ):
        (tmp_path / "judges.json").write_text(json.dumps({**json.loads(good), **change}))
        with pytest.raises(EvaluationError, match=words):
            load_judges(tmp_path)
    (tmp_path / "judges.json").write_text(good[:50])
    with pytest.raises(EvaluationError, match="no JSON"):
        load_judges(tmp_path)
    (tmp_path / "judges.json").write_text(good)
    (tmp_path / "segmenter.safetensors").unlink()
    with pytest.raises(EvaluationError, match="is missing"):
        load_judges(tmp_path)
