"""A few steps of each training, on patches that are small."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from GuideGenLib.anatomy.table import labels as anatomy_rows
from GuideGenLib.anatomy.table import values
from GuideGenLib.codec.network import CodecNetwork
from GuideGenLib.ct.network import CTConfig, CTNetwork
from GuideGenLib.data.scan_measures import metal_mask, organ_means
from GuideGenLib.mask.network import MaskConfig
from GuideGenLib.training import adversary, calibrate, calibrate_ct, codec, ct, mask
from GuideGenLib.training.ct import train_ct_flow, train_ct_mean
from GuideGenLib.training.loop import averaged_state, steps_done
from GuideGenLib.training.patches import Material, PatchSource, prepare

LABELS = len(anatomy_rows())


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few and small patches and narrow CT networks: the loops are what is tested."""
    monkeypatch.setattr(
        ct, "CTConfig", lambda labels, inputs, latent, widths=None: CTConfig(labels, inputs, latent, widths=(8, 16))
    )


@pytest.fixture
def material(organs: np.ndarray, hu: np.ndarray) -> Material:
    return prepare(
        "anna",
        hu,
        organs,
        6.0,
        fallback=np.zeros(LABELS, np.float32),
        typed=np.zeros(16, np.float32),
        texts=[torch.ones(3, 384)],
    )


@pytest.fixture
def source(material: Material) -> PatchSource:
    return patches_of(material, 16)


def patches_of(material: Material, size: int) -> PatchSource:
    """Always the same ones."""
    return PatchSource([material], torch.device("cpu"), [0], size)


def volume_of(material: Material) -> Tensor:
    """Its HU [1, 1, D, H, W]."""
    return torch.from_numpy(material.hu.astype(np.float32))[None, None]


def quiet(_: str) -> None:
    """No log."""


def test_the_codec_begins_better_than_a_plain_average(material: Material, source: PatchSource, tmp_path: Path) -> None:
    """The linear path is fitted before the first step."""
    network: Any = codec.train_codec(source, tmp_path, labels=LABELS, steps=1, log=quiet).network
    volume = volume_of(material)
    with torch.inference_mode():
        error = (network.decode(network.encode(volume)) - volume).abs().mean()
    assert error < 0.25 * (volume - volume.mean()).abs().mean()


def test_the_second_phase_of_the_codec_leaves_its_encoder_alone(
    source: PatchSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adversary, "WARM_UP", 2)
    codec.train_codec(source, tmp_path / "codec", labels=LABELS, steps=2, log=quiet)
    first = averaged_state(tmp_path / "codec")
    lines: list[str] = []
    codec.train_codec(
        source,
        tmp_path / "masked",
        labels=LABELS,
        steps=6,
        decoder_only=True,
        adversarial=True,
        initial=first,
        log=lines.append,
    )
    second = averaged_state(tmp_path / "masked")
    changed = {key for key in first if not torch.equal(first[key], second[key])}
    assert not [key for key in changed if key.startswith(("linear_in", "encoder"))]
    assert {"linear_out.weight", "decoder_last.weight", "label_quarter.weight"} <= changed
    assert "judge" in lines[-1] and "weight" in lines[-1]  # the adversary had its say


def test_a_new_decoder_keeps_the_encoder_and_nothing_of_the_old_decoder(
    material: Material, source: PatchSource, tmp_path: Path
) -> None:
    codec.train_codec(source, tmp_path / "codec", labels=LABELS, steps=2, log=quiet)
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
    volume = volume_of(material)
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


def test_mean_and_flow_are_trained_and_the_spread_is_kept(
    material: Material, source: PatchSource, tmp_path: Path
) -> None:
    network = CodecNetwork(LABELS, wide=8, narrow=8)
    codec.fit_linear_path(network, source, patches=40)
    small: dict[str, Any] = {"labels": LABELS, "patch": 24, "log": quiet}
    mean = train_ct_mean(network, [material], tmp_path / "ct_mean", steps=2, **small)
    assert isinstance(mean.network, CTNetwork)
    _, spread = train_ct_flow(network, mean.network, [material], tmp_path / "ct_flow", steps=2, batch=3, **small)
    kept = torch.tensor(json.loads((tmp_path / "ct_flow" / "spread.json").read_text()))
    assert torch.equal(kept, spread)
    assert spread.shape == (network.latent,)
    assert (spread > 0).all()
    (tmp_path / "ct_flow" / "spread.json").write_text(json.dumps([2.0] * network.latent))
    _, resumed = train_ct_flow(network, mean.network, [material], tmp_path / "ct_flow", steps=3, **small)
    assert resumed.tolist() == [2.0] * network.latent
    assert steps_done(tmp_path / "ct_flow") == 3


def test_grain_that_was_averaged_away_costs_as_much_as_grain_too_much() -> None:
    torch.manual_seed(0)
    target = 0.02 * torch.randn(1, 1, 24, 24, 24)
    none, half, same, double = (float(codec.grain_loss(k * target, target)) for k in (0.0, 0.5, 1.0, 2.0))
    assert same == 0
    assert half == pytest.approx(double, rel=0.15) and half == pytest.approx(np.log(4), rel=0.15)
    assert none > 2 * half
    moved = float(codec.grain_loss(0.02 * torch.randn(1, 1, 24, 24, 24), target))
    assert moved < 0.25  # other grain of the same strength is as good


def test_an_organ_has_the_mean_of_its_inside_without_metal() -> None:
    labels, hu = np.zeros((12, 12, 12), np.uint8), np.full((12, 12, 12), -1000, np.int16)
    labels[1:11, 1:11, 1:11], hu[1:11, 1:11, 1:11] = 1, -200  # the rim, half air
    hu[2:10, 2:10, 2:10] = 60
    labels[0, 0], hu[0, 0] = 2, 30  # too few voxels
    clean = np.zeros(labels.shape, bool)
    assert organ_means(hu, labels, np.array([0, 1, 2], np.float32), clean).tolist() == [0, 60, 2]
    hu[5:8, 5:8, 5:8] = 1800
    metal = metal_mask(hu, 5.0)
    assert metal[5:8, 5:8, 5:8].all() and not metal[0].any()
    assert organ_means(hu, labels, np.array([0, 1, 2], np.float32), metal).tolist() == [0, 60, 2]


def test_hu_is_moved_to_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stage that is 30 HU too bright in everything ends within 1 HU; labels that are not there keep 0."""

    class Bright:
        spread = torch.ones(8)
        mean = CTNetwork(CTConfig(LABELS, inputs=8, latent=8, widths=(8, 16)))

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


def test_a_calibration_begins_no_round_after_its_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibrate, "_volume_ratio", lambda *_: torch.full((3,), 0.2))
    clock = iter([0.0, 50.0, 70.0])
    monkeypatch.setattr(calibrate.time, "monotonic", lambda: next(clock))
    data = mask.MaskData(np.zeros((4, 8, 8, 8), np.uint8), np.zeros((4, 16), np.float32), [[torch.ones(1, 384)]] * 4)
    lines: list[str] = []
    bias = calibrate.calibrate(None, data, torch.zeros(3), tmp_path, minutes=1.0, log=lines.append)  # type: ignore[arg-type]
    assert torch.allclose(bias, torch.full((3,), 0.4))  # two rounds of four
    assert "over after 2 of 4" in lines[-1]
    kept = calibrate.read_calibration(tmp_path)
    assert kept is not None and torch.allclose(kept, bias)
