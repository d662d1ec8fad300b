"""A few steps of each training, on patches that are small."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch import Tensor

from GuideGenLib.anatomy.label import PHASES
from GuideGenLib.anatomy.table import labels as anatomy_rows
from GuideGenLib.anatomy.table import values
from GuideGenLib.codec.network import CodecNetwork
from GuideGenLib.ct.network import CTConfig, CTNetwork, Style
from GuideGenLib.data.scan_measures import metal_mask, organ_means
from GuideGenLib.mask import flow
from GuideGenLib.training import calibrate, calibrate_ct
from GuideGenLib.training.loop.checkpoint import RunError, averaged_state, steps_done
from GuideGenLib.training.loop.draws import FITTING, Batch, Seeds
from GuideGenLib.training.networks import adversary, codec, mask
from GuideGenLib.training.networks.ct import CTLoss, flow_time, residual_spread, train_ct_flow, train_ct_mean
from GuideGenLib.training.networks.cutting import Cuts, Material
from GuideGenLib.training.networks.patches import Variation
from GuideGenLib.training.presets import Sizes
from Testing.tiny_trainings import scan

LABELS = len(anatomy_rows())
CODEC = Sizes(batch=2, most_batch=2, steps=2, rate=8e-4, share=0, patch=16)
CT = Sizes(batch=2, most_batch=2, steps=2, rate=1e-3, share=0, patch=24, network={"widths": (8, 16)})
MASK: dict[str, Any] = {"grid": (96, 8, 8), "widths": (8, 8, 8)}


@pytest.fixture
def material(organs: np.ndarray, hu: np.ndarray) -> Material:
    return scan(hu, organs, 6.0)


def volume_of(material: Material) -> Tensor:
    """Its HU [1, 1, D, H, W]."""
    return torch.from_numpy(np.asarray(material.hu, np.float32))[None, None]


def pictures(run: Path) -> dict[str, tuple[int, int]]:
    """Height and width of the last picture of each name that TensorBoard has of a run."""
    written = EventAccumulator(str(run / "tensorboard")).Reload()
    shown = {name: written.Images(name)[-1] for name in written.Tags()["images"]}
    return {name: (one.height, one.width) for name, one in shown.items()}


def quiet(_: str) -> None:
    """No log."""


def test_the_codec_begins_better_than_a_plain_average(material: Material, tmp_path: Path) -> None:
    """The linear path is fitted before the first step."""
    network: Any = codec.train_codec([material], tmp_path, replace(CODEC, steps=1), labels=LABELS, log=quiet).network
    volume = volume_of(material)
    with torch.inference_mode():
        error = (network.decode(network.encode(volume)) - volume).abs().mean()
    assert error < 0.25 * (volume - volume.mean()).abs().mean()
    assert pictures(tmp_path) == {"reconstruction": (2 * 16, 3 * 16)}


def test_the_second_phase_of_the_codec_leaves_its_encoder_alone(
    material: Material, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adversary, "WARM_UP", 2)
    codec.train_codec([material], tmp_path / "codec", CODEC, labels=LABELS, log=quiet)
    first = averaged_state(tmp_path / "codec")
    lines: list[str] = []
    codec.train_codec(
        [material],
        tmp_path / "masked",
        replace(CODEC, steps=6),
        labels=LABELS,
        decoder_only=True,
        adversarial=True,
        initial=first,
        log=lines.append,
    )
    second = averaged_state(tmp_path / "masked")
    changed = {key for key in first if not torch.equal(first[key], second[key])}
    assert not [key for key in changed if key.startswith(("linear_in", "encoder"))]
    assert {"linear_out.weight", "decoder_last.weight", "label_quarter.weight"} <= changed
    assert "judge" in lines[0] and "weight" in lines[0]  # the adversary had its say


def test_a_new_decoder_keeps_the_encoder_and_nothing_of_the_old_decoder(material: Material, tmp_path: Path) -> None:
    codec.train_codec([material], tmp_path / "codec", CODEC, labels=LABELS, log=quiet)
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


def test_mean_and_flow_are_trained_and_the_spread_is_kept(material: Material, tmp_path: Path) -> None:
    network = CodecNetwork(LABELS, latent=8, wide=8, narrow=8)
    codec.fit_linear_path(network, Cuts([material], 24, Seeds(0)), patches=40)
    small: dict[str, Any] = {"labels": LABELS, "log": quiet}
    mean = train_ct_mean(network, [material], tmp_path / "ct_mean", CT, **small)
    assert isinstance(mean.network, CTNetwork) and mean.network.config.widths == (8, 16)
    _, spread = train_ct_flow(network, mean.network, [material], tmp_path / "ct_flow", CT, **small)
    kept = torch.tensor(json.loads((tmp_path / "ct_flow" / "spread.json").read_text()))
    assert torch.equal(kept, spread)
    assert spread.shape == (network.latent,)
    assert (spread > 0).all()
    (tmp_path / "ct_flow" / "spread.json").write_text(json.dumps([2.0] * network.latent))
    more = replace(CT, steps=3)
    _, resumed = train_ct_flow(network, mean.network, [material], tmp_path / "ct_flow", more, **small)
    assert resumed.tolist() == [2.0] * network.latent
    assert pictures(tmp_path / "ct_mean") == pictures(tmp_path / "ct_flow") == {"ct": (2 * 24, 3 * 24)}
    assert steps_done(tmp_path / "ct_flow") == 3


def test_the_spread_of_few_minutes_is_measured_on_few_patches(
    material: Material, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, mean = CodecNetwork(LABELS, 8, 8, 8), CTNetwork(CTConfig(LABELS, 8, 8, widths=(8, 8)))
    cuts, seen = Cuts([material], 16, Seeds(0)), []
    loss = CTLoss(network, Variation([material], torch.device("cpu")), mean)
    real = Cuts.__getitem__
    monkeypatch.setattr(Cuts, "__getitem__", lambda self, number: seen.append(number) or real(self, number))
    residual_spread(loss, cuts, minutes=1e-9)
    assert seen == list(range(8))
    codec.fit_linear_path(network, cuts, patches=30, minutes=1e-9)
    assert len(seen) == 8 + 20


def test_the_times_of_the_flows_reach_where_their_samplers_begin() -> None:
    rng = np.random.default_rng(0)
    first = np.array([mask.flow_time(rng) for _ in range(4000)])
    assert 0.04 < (first <= flow.times(12)[0] + flow.FIRST).mean() < 0.08
    assert first.max() < 1 and first.min() == flow.FIRST
    ct = np.array([flow_time(rng) for _ in range(4000)])
    assert 0.003 < (ct < 0.02).mean() < 0.02 and (ct > 0.98).mean() > 0.002


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
    assert np.nan_to_num(organ_means(hu, labels, clean)[:3], nan=-1).tolist() == [-1, 60, -1]
    hu[5:8, 5:8, 5:8] = 1800
    metal = metal_mask(hu, 5.0)
    assert metal[5:8, 5:8, 5:8].all() and not metal[0].any()
    assert np.nan_to_num(organ_means(hu, labels, metal)[:3], nan=-1).tolist() == [-1, 60, -1]


def test_hu_is_moved_to_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stage that is 30 HU too bright, and 40 in the arterial phase, ends at the table; a second person of whom it
    makes 10 more moves it half-way; labels that are not there keep 0."""
    liver, arterial = values()["liver"], PHASES.index("arterial")

    class Bright:
        def __init__(self, offset: Tensor) -> None:
            self.offset = offset

        def noise(self, shape: tuple[int, ...], seed: int) -> Tensor:
            return torch.zeros(1)

        def synthesize(
            self, labels: np.ndarray, table: np.ndarray, style: Style, noise: Tensor, *, phase: str
        ) -> np.ndarray:
            assert style.text.shape == (1, 3, 384)
            more = 40 if phase == "arterial" else 30
            offset = self.offset[PHASES.index(phase)].numpy()  # type: ignore[arg-type]
            return (table + offset)[labels] + more + (10 if len(labels) > 20 else 0)

    monkeypatch.setattr(calibrate_ct, "replace", lambda stage, offset: Bright(offset))
    labels = np.zeros((20, 20, 20), np.uint8)
    labels[1:19, 1:19, 1:19] = values()["body"]
    labels[5:15, 5:15, 5:15] = values()["liver"]
    lines: list[str] = []
    stage: Any = Bright(torch.zeros((len(PHASES), LABELS)))
    other = np.pad(labels, ((0, 4), (0, 0), (0, 0)))
    for people, liver_moved in (([labels], -30), ([labels, other], -35)):
        offset = calibrate_ct.calibrate_hu(
            stage, people, 1.0, lambda text: torch.ones(3, 384), tmp_path, log=lines.append
        )
        assert offset[0, liver] == pytest.approx(liver_moved, abs=1)
        assert offset[arterial, liver] == pytest.approx(liver_moved - 10, abs=1)
        assert not offset[:, [values()["background"], values()["spleen"]]].any()
    assert "person 2 of 2" in lines[-1] and "arterial 10.0" in lines[-1]
    assert torch.allclose(calibrate_ct.read_offset(tmp_path), offset, atol=0.06)


def people(count: int) -> mask.MaskData:
    labels = np.random.default_rng(0).integers(0, 68, (count, 96, 8, 8)).astype(np.uint8)
    texts: list[list[Tensor]] = [[torch.ones(4, 384).half()]] * count
    return mask.MaskData(labels, np.ones((count, 16), np.float32), texts)


def test_the_mask_is_trained_on_slabs_and_whole_anatomies(tmp_path: Path) -> None:
    lines: list[str] = []
    sizes = Sizes(batch=1, most_batch=1, steps=12, rate=1e-3, share=0, network=MASK)
    trainer = mask.train_mask(people(3), tmp_path, sizes, log=lines.append)
    assert steps_done(tmp_path) == 12
    assert "layouts" in lines[0] and "cat" in lines[1] and "flow" in lines[1] and "validation" in lines[-1]
    assert all(torch.isfinite(value).all() for value in trainer.averaged_weights().values())
    assert pictures(tmp_path) == {"anatomy": (96, 2 * 8)}
    with pytest.raises(RunError, match="a run of another network"):
        mask.train_mask(people(3), tmp_path, replace(sizes, network={"grid": (96, 8, 16)}), log=quiet)


def test_every_twentieth_person_is_validated_on_and_never_trained_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = people(41)
    shown: dict[int, set[int]] = {}
    conditions = mask.MaskLoss.conditions

    def watched(self: mask.MaskLoss, chosen: list[int], rngs: Any) -> Any:
        shown.setdefault(use[0], set()).update(chosen)
        return conditions(self, chosen, rngs)

    monkeypatch.setattr(mask.MaskLoss, "conditions", watched)
    config = mask.MaskConfig(68, **MASK)
    loss, network = mask.MaskLoss(data, config, torch.device("cpu")), mask.MaskNetwork(config)
    for use in ([0], [1]):
        for step in range(15):
            loss(network, Batch(Seeds(0, use[0]), step, tuple(range(8 * step, 8 * step + 8)), total=8))
    assert shown[1] == {19, 39} and not shown[0] & {19, 39} and len(shown[0]) > 30
    assert mask.held_out(19)[0] == mask.held_out(19)[1] == list(range(19))


def test_the_memory_is_tried_with_the_whole_torso() -> None:
    data = people(2)
    loss = mask.MaskLoss(data, mask.MaskConfig(68, **MASK), torch.device("cpu"))
    depths = []

    class Watched(mask.MaskNetwork):
        def forward(self, x: Tensor, *rest: Any) -> Tensor:
            depths.append(x.shape[2])
            return super().forward(x, *rest)

    network = Watched(loss.config)
    for step in range(12):
        loss(network, Batch(Seeds(0, FITTING), step, (step,)))
    assert set(depths) == {96}


def test_a_calibration_draws_nobody_after_its_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, float]] = []

    def ratio(
        network: object, data: object, fitted: None, bias: Tensor, chosen: object, sampler: str, end: float
    ) -> Tensor:
        asked.append((sampler, end))
        return torch.full((68,), 0.2 if sampler == "flow" else 0.3)

    monkeypatch.setattr(calibrate, "_volume_ratio", ratio)
    clock = iter([0.0, 20.0, 31.0, 40.0, 80.0])
    monkeypatch.setattr(calibrate.time, "monotonic", lambda: next(clock))
    network = mask.MaskNetwork(mask.MaskConfig(68, **MASK))
    lines: list[str] = []
    found = calibrate.calibrate(network, people(4), tmp_path, minutes=1.0, log=lines.append)
    assert asked == [("flow", 30), ("flow", 30), ("categorical", 70)]
    assert torch.allclose(found["flow"], torch.full((68,), 0.4))  # two rounds of four
    assert torch.allclose(found["categorical"], torch.full((68,), 0.3))
    assert "over after 1 of 4" in lines[-1]
    kept = calibrate.read_calibration(tmp_path)
    assert kept is not None and all(torch.allclose(kept[name], found[name]) for name in found)


def test_each_sampler_is_calibrated_by_what_it_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []

    def sampler(name: str, label: int) -> Any:
        def sample(denoiser: Any, generator: torch.Generator) -> Tensor:
            drawn.append(name)
            return torch.full((96, 8, 8, 68), -9.0).index_fill_(-1, torch.tensor([label]), 0.0)

        return sample

    monkeypatch.setattr(calibrate, "SAMPLERS", {"flow": sampler("flow", 1), "categorical": sampler("categorical", 2)})
    data = people(4)
    data.labels[:] = 1
    network = mask.MaskNetwork(mask.MaskConfig(68, **MASK))
    late = calibrate._volume_ratio(network, data, None, torch.zeros(68), range(4), "categorical", 0.0)
    assert drawn == ["categorical"]  # the least number, when the time is over
    right = calibrate._volume_ratio(network, data, None, torch.zeros(68), range(2), "flow", None)
    assert late[1] < -3 and abs(float(right[1])) < 0.01
