"""A few steps of each training, on patches that are small."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from GuideGenLib.anatomy.table import labels as anatomy_rows
from GuideGenLib.anatomy.table import values
from GuideGenLib.codec.network import CodecNetwork
from GuideGenLib.ct.network import CTConfig, CTNetwork
from GuideGenLib.data.scans import Scan
from GuideGenLib.mask.network import MaskConfig
from GuideGenLib.training import calibrate_ct, codec, ct, mask
from GuideGenLib.training.ct import Material, train_ct_flow, train_ct_mean
from GuideGenLib.training.loop import averaged_state, steps_done

LABELS = len(anatomy_rows())


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Patches of 16 and 24 voxels and narrow CT networks: the loops are what is tested."""
    monkeypatch.setattr(codec, "PATCH", 16)
    monkeypatch.setattr(codec, "BATCH", 2)
    monkeypatch.setattr(ct, "PATCH", 24)
    monkeypatch.setattr(ct, "CTConfig", lambda labels, inputs, widths=(8, 16): CTConfig(labels, inputs, widths=(8, 16)))


@pytest.fixture
def scan(organs: np.ndarray, hu: np.ndarray) -> Scan:
    return Scan("anna", hu, organs, 6.0)


@pytest.fixture
def material(scan: Scan) -> Material:
    return ct.prepare(scan, np.zeros(LABELS, np.float32), np.zeros(16, np.float32), [torch.ones(3, 384)])


def quiet(_: str) -> None:
    """No log."""


def test_the_codec_begins_better_than_a_plain_average(scan: Scan, tmp_path: Path) -> None:
    """The linear path is fitted before the first step."""
    trainer = codec.train_codec([scan], tmp_path, labels=LABELS, steps=1, log=quiet)
    volume = torch.from_numpy(scan.hu.astype(np.float32))[None, None]
    with torch.inference_mode():
        error = (trainer.network.decode(trainer.network.encode(volume)) - volume).abs().mean()
    assert error < 0.25 * (volume - volume.mean()).abs().mean()


def test_the_second_phase_of_the_codec_leaves_its_encoder_alone(scan: Scan, tmp_path: Path) -> None:
    plain = Scan("anna", scan.hu, None, 6.0)
    codec.train_codec([plain], tmp_path / "codec", labels=LABELS, steps=2, log=quiet)
    first = averaged_state(tmp_path / "codec")
    # the warm-up keeps the rate low: a few steps are needed to see the label features, which begin at zero, move
    codec.train_codec(
        [plain, scan], tmp_path / "masked", labels=LABELS, steps=6, decoder_only=True, initial=first, log=quiet
    )
    second = averaged_state(tmp_path / "masked")
    changed = {key for key in first if not torch.equal(first[key], second[key])}
    assert not [key for key in changed if key.startswith(("linear_in", "encoder"))]
    assert {"linear_out.weight", "decoder_last.weight", "label_quarter.weight"} <= changed


def test_a_new_decoder_keeps_the_encoder_and_nothing_of_the_old_decoder(scan: Scan, tmp_path: Path) -> None:
    codec.train_codec([scan], tmp_path / "codec", labels=LABELS, steps=2, log=quiet)
    old = averaged_state(tmp_path / "codec")
    torch.manual_seed(5)
    new = codec.with_new_decoder(old, LABELS)
    torch.manual_seed(5)
    spoilt = {key: value if key.startswith(("linear_in", "encoder")) else value + 1 for key, value in old.items()}
    again = codec.with_new_decoder(spoilt, LABELS)
    assert all(torch.equal(again[key], value) for key, value in new.items())
    assert all(torch.equal(new[key], value) for key, value in old.items() if key.startswith(("linear_in", "encoder")))
    network = CodecNetwork(LABELS)
    network.load_state_dict(new)
    volume = torch.from_numpy(scan.hu.astype(np.float32))[None, None]
    with torch.inference_mode():
        error = (network.decode(network.encode(volume)) - volume).abs().mean()
    assert error < 0.25 * (volume - volume.mean()).abs().mean()  # its linear path fits the encoder's


def test_hdr_losses_look_closest_at_soft_tissue_and_the_linear_loss_at_hu() -> None:
    def losses(hu: float) -> tuple[float, float]:
        """The mean HDR loss and the linear loss of an error of 20 HU."""
        true = torch.full((1, 1, 8, 8, 8), hu)
        made = codec.compand(true + 20)
        rng = np.random.default_rng(0)
        hdr = np.mean([float(codec.hdr_loss(made, true, rng)) for _ in range(40)])
        return float(hdr), float(codec.linear_loss(made, true, rng))

    (soft, soft_hu), (bone, bone_hu), (lung, lung_hu) = (losses(hu) for hu in (40.0, 800.0, -850.0))
    assert soft > 2 * lung and soft > 3 * bone
    assert [soft_hu, bone_hu, lung_hu] == pytest.approx(3 * [0.02], rel=1e-3)


def test_mean_and_flow_are_trained_and_the_spread_is_kept(material: Material, tmp_path: Path) -> None:
    network = CodecNetwork(LABELS, wide=8, narrow=8)
    codec.fit_linear_path(network, [material.scan], np.random.default_rng(0))
    mean = train_ct_mean(network, [material], tmp_path / "ct_mean", labels=LABELS, steps=2, log=quiet)
    assert isinstance(mean.network, CTNetwork)
    _, spread = train_ct_flow(
        network, mean.network, [material], tmp_path / "ct_flow", labels=LABELS, steps=2, log=quiet
    )
    kept = torch.tensor(json.loads((tmp_path / "ct_flow" / "spread.json").read_text()))
    assert torch.equal(kept, spread)
    assert spread.shape == (8,)
    assert (spread > 0).all()
    (tmp_path / "ct_flow" / "spread.json").write_text(json.dumps([2.0] * 8))
    _, resumed = train_ct_flow(
        network, mean.network, [material], tmp_path / "ct_flow", labels=LABELS, steps=3, log=quiet
    )
    assert resumed.tolist() == [2.0] * 8
    assert steps_done(tmp_path / "ct_flow") == 3


def test_an_organ_has_the_mean_of_its_inside_without_metal() -> None:
    labels, hu = np.zeros((12, 12, 12), np.uint8), np.full((12, 12, 12), -1000, np.int16)
    labels[1:11, 1:11, 1:11], hu[1:11, 1:11, 1:11] = 1, -200  # the rim, half air
    hu[2:10, 2:10, 2:10] = 60
    labels[0, 0], hu[0, 0] = 2, 30  # too few voxels
    clean = np.zeros(labels.shape, bool)
    assert ct.organ_means(hu, labels, np.array([0, 1, 2], np.float32), clean).tolist() == [0, 60, 2]
    hu[5:8, 5:8, 5:8] = 1800
    metal = ct.metal_mask(hu, 5.0)
    assert metal[5:8, 5:8, 5:8].all() and not metal[0].any()
    assert ct.organ_means(hu, labels, np.array([0, 1, 2], np.float32), metal).tolist() == [0, 60, 2]


def test_no_loss_is_taken_at_metal(material: Material) -> None:
    metal = np.ones(material.metal.shape, bool)
    source = ct.PatchSource([replace(material, metal=metal)], [0])
    *_, clean, _ = source.draw()
    assert clean.shape == (6, 6, 6)
    matrix_free = clean[2:4, 2:4, 2:4]
    assert not matrix_free.any()


def test_hu_is_moved_to_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stage that is 30 HU too bright in everything ends within 1 HU; labels that are not there keep 0."""

    class Bright:
        spread = torch.ones(8)
        mean = CTNetwork(CTConfig(LABELS, inputs=8, widths=(8, 16)))

        def __init__(self, offset: Tensor) -> None:
            self.offset = offset

        def noise(self, shape: tuple[int, ...], seed: int) -> Tensor:
            return torch.zeros(1)

        def synthesize(self, labels: np.ndarray, table: np.ndarray, style: object, noise: Tensor) -> np.ndarray:
            return (table + self.offset.numpy())[labels] + 30

    monkeypatch.setattr(calibrate_ct, "replace", lambda stage, offset: Bright(offset))
    labels = np.zeros((20, 20, 20), np.uint8)
    labels[5:15, 5:15, 5:15] = values()["liver"]
    offset = calibrate_ct.calibrate_hu(Bright(torch.zeros(LABELS)), labels, 1.0, tmp_path, log=quiet)  # type: ignore[arg-type]
    assert offset[values()["liver"]] == pytest.approx(-30, abs=1)
    assert offset[values()["background"]] == offset[values()["spleen"]] == 0
    assert torch.allclose(calibrate_ct.read_offset(tmp_path), offset, atol=0.06)


def test_the_mask_is_trained_on_slabs_and_whole_anatomies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mask, "MaskConfig", lambda classes, grid: MaskConfig(classes, grid=grid, widths=(8, 8, 8)))
    labels = np.random.default_rng(0).integers(0, 68, (3, 96, 8, 8)).astype(np.uint8)
    texts: list[list[Tensor]] = [[torch.ones(4, 384).half()]] * 3
    data = mask.MaskData(labels, np.ones((3, 16), np.float32), texts)
    lines: list[str] = []
    trainer = mask.train_mask(data, tmp_path, steps=12, log=lines.append)
    assert steps_done(tmp_path) == 12
    assert "cat" in lines[-1] and "flow" in lines[-1]
    assert all(torch.isfinite(value).all() for value in trainer.averaged_weights().values())
