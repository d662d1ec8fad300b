"""Training of the segmenter: what a patch shows, what it never shows, and the command from data to judges."""

import argparse
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from GuideGenLib.anatomy.table import values
from GuideGenLib.cli import train as cli
from GuideGenLib.codec.network import CodecNetwork
from GuideGenLib.data.layouts import DataError
from GuideGenLib.data.prepare import prepare
from GuideGenLib.data.scans import Scan
from GuideGenLib.judges import ceilings, segmenter_people, segmenter_training
from GuideGenLib.judges import segmenter_patches as patches
from GuideGenLib.judges import stages as judge_stages
from GuideGenLib.judges.ceilings import read_about, score_people
from GuideGenLib.judges.folder import load_judges
from GuideGenLib.judges.segmenter import CLASSES, TUMOUR, SegmenterConfig, SegmenterNetwork
from GuideGenLib.judges.segmenter_patches import RenderSource
from GuideGenLib.judges.segmenter_people import OTHER_PEOPLE, unrelated, with_findings, write_anatomies
from GuideGenLib.judges.segmenter_training import (
    OPEN,
    SegmenterLoss,
    begin_with,
    lesion_loss,
    score,
    soft_dice,
    train_segmenter,
)
from GuideGenLib.population.attributes import draw_attributes
from GuideGenLib.population.sampling import KeptBase, Sample
from GuideGenLib.training.loop.checkpoint import RunError, averaged_state
from GuideGenLib.training.loop.draws import Batch, Seeds
from GuideGenLib.training.loop.trainer import Trainer
from Testing.data import segmenters
from Testing.tiny_preset import small_patches

VALUE = values()
TINY = SegmenterConfig(features=(8, 8, 8, 8, 8, 8), hidden=16, lesions=True)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patches, "DEPTHS", (32,))
    monkeypatch.setattr(patches, "PLANE", (32, 64))
    for module in (segmenter_training, judge_stages, ceilings):
        monkeypatch.setattr(module, "judge_config", lambda: TINY)


@pytest.fixture
def anatomies(tmp_path: Path, organs: np.ndarray) -> list[Path]:
    """One person in a file as `write_anatomies` writes it, with a lung tumour."""
    path = tmp_path / "anatomy.npz"
    np.savez_compressed(path, labels=organs)
    return [path]


@pytest.fixture
def scan(organs: np.ndarray, hu: np.ndarray) -> Scan:
    plain = np.where(organs == VALUE["lung_tumor"], VALUE["lung_upper_lobe_left"], organs).astype(np.uint8)
    return Scan("anna", hu, plain, 3.0)


def test_patches_show_the_hu_of_their_labels(
    anatomies: list[Path], scan: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patches, "REAL_SHARE", 0.5)
    source = RenderSource(anatomies, [scan], [0])
    lungs, livers = [], []
    for _ in range(30):
        hu, labels, centre = source.draw()
        assert hu.shape == labels.shape == (32, 32, 64) and hu.dtype == np.float32 and labels.dtype == np.uint8
        assert len(centre) == 2 and all(np.isfinite(centre))
        lungs.append(hu[labels == VALUE["lung_upper_lobe_left"]])
        livers.append(hu[labels == VALUE["liver"]])
    assert np.concatenate(lungs).mean() < -550 < -100 < np.concatenate(livers).mean()


def test_the_centre_of_the_body_stays_on_the_body(scan: Scan, monkeypatch: pytest.MonkeyPatch) -> None:
    """The middle of the label box lands on the same structure however the patch is turned, scaled and cut."""
    monkeypatch.setattr(patches, "DEPTHS", (64,))
    monkeypatch.setattr(patches, "PLANE", (64, 96))
    monkeypatch.setattr(patches, "NARROW_SHARE", 0)
    labels = np.zeros((48, 40, 64), np.uint8)
    labels[4:44, 4:36, 4:60] = VALUE["muscle"]
    labels[4:44, 19:21, 31:33] = VALUE["aorta"]  # in the middle of the body
    source = RenderSource([], [Scan("anna", np.zeros(labels.shape, np.int16), labels, 3.0)], [1])
    monkeypatch.setattr(source, "_paste_lesion", lambda hu, labels: None)
    errors = []
    for _ in range(20):
        _, patch, (y, x) = source.from_scan()
        there = np.argwhere(patch == VALUE["aorta"])
        errors.append(there[:, 1:].mean(axis=0) - (y, x))
    assert np.abs(np.mean(errors, axis=0)).max() < 4 and np.std(errors) < 8  # the centre is jittered by 4 voxels


def test_pasted_lesions_lie_in_an_organ_that_bears_them(scan: Scan) -> None:
    source = RenderSource([], [scan], [2])
    pasted = 0
    for _ in range(20):
        assert scan.labels is not None
        hu, labels = scan.hu.astype(np.float32), scan.labels.copy()
        source._paste_lesion(hu, labels)
        changed = labels != scan.labels
        pasted += bool(changed.any())
        assert (labels[changed] >= TUMOUR).all()
        assert (scan.labels[changed] > 0).all()
        assert (hu[~changed & (scan.labels == 0)] == scan.hu[~changed & (scan.labels == 0)]).mean() > 0.9
    assert pasted > 3


def test_soft_dice_of_certain_answers() -> None:
    target = torch.tensor([0] * 50 + [1] * 50)
    sure = torch.nn.functional.one_hot(target, 3).float()
    assert float(soft_dice(sure, target).mean()) == pytest.approx(1)
    assert float(soft_dice(sure.flip(0), target).mean()) == pytest.approx(1 / 101)


def test_training_lowers_the_loss_and_goes_on(anatomies: list[Path], scan: Scan, tmp_path: Path) -> None:
    said: list[str] = []
    train_segmenter(anatomies, [scan], tmp_path / "run", steps=25, seed=1, rate=5e-2, log=said.append)
    assert said[-1].startswith("step 25/25")
    again = train_segmenter(anatomies, [scan], tmp_path / "run", steps=26, seed=1, log=said.append)
    assert said[-1].startswith("step 26/26") and again.step == 26
    source = RenderSource(anatomies, [scan], [3])
    loss = SegmenterLoss(source, TINY, torch.ones(CLASSES), torch.device("cpu"))
    with torch.no_grad():
        batches = [Batch(Seeds(3), step, (step,)) for step in range(4)]
        trained, fresh = (
            np.mean([float(loss(network, batch)[0]) for batch in batches])  # type: ignore[arg-type]
            for network in (again.network, SegmenterNetwork(TINY))
        )
    assert trained < 0.8 * fresh


def test_people_are_others_than_the_generators(
    tmp_path: Path, organs: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, int]] = []

    def drawn(torso: np.ndarray, index: int, seed: int) -> Sample:
        asked.append((index, seed))
        return Sample(torso, None)  # type: ignore[arg-type]

    monkeypatch.setattr(segmenter_people, "draw_sample", drawn)
    monkeypatch.setattr(segmenter_people, "with_findings", lambda sample, rng: sample.labels)
    paths = write_anatomies(organs, 3, tmp_path, 1)
    assert asked == [(index, OTHER_PEOPLE + 1) for index in range(3)]
    assert write_anatomies(organs, 3, tmp_path, 1) == paths and len(asked) == 3
    assert np.array_equal(np.load(paths[0])["labels"], organs)


def test_the_score_is_that_of_the_scan(scan: Scan) -> None:
    class Perfect:
        def segment(self, hu: np.ndarray, spacing: float) -> np.ndarray:
            assert scan.labels is not None
            return scan.labels.copy()

    scored = score(Perfect(), scan)  # type: ignore[arg-type]
    assert scored["dice"] == {"liver": 1.0, "lung": 1.0, "heart": 1.0}
    assert scored["hd95_mm"]["liver"] == 0 and scored["labels"]["aorta"] == 1


def test_people_are_scored_with_their_lesions(anatomies: list[Path], organs: np.ndarray) -> None:
    class Told:
        """Says what is there, with a lesion or without."""

        def __init__(self, lesions: bool) -> None:
            self.lesions = lesions

        def segment(self, hu: np.ndarray, spacing: float) -> np.ndarray:
            assert hu.shape == organs.shape and spacing == 3.0
            lung = VALUE["lung_upper_lobe_left"]
            return np.where(organs == VALUE["lung_tumor"], TUMOUR if self.lesions else lung, organs).astype(np.uint8)

    seeing, blind = (score_people(Told(lesions), anatomies, 0) for lesions in (True, False))  # type: ignore[arg-type]
    assert seeing["dice"] == {"liver": 1.0, "lung": 1.0, "heart": 1.0} == blind["dice"]
    assert (seeing["tumour_dice"], seeing["tumours"], seeing["tumours_found"]) == (1, 1, 1)
    assert (blind["tumour_dice"], blind["tumours"], blind["tumours_found"]) == (0, 1, 0)
    assert seeing["tumour_false_ml"] == blind["tumour_false_ml"] == 0 == seeing["tumours_false"]
    one, two = np.zeros((2, 12, 12, 12), bool)
    one[1:5, 1:5, 1:5] = one[8:12, 8:12, 8:12] = one[0, 0, 11] = two[2, 2, 2] = True
    assert ceilings._false(one, two) == 1  # another touches the lesion, and one is a crumb


def test_a_lesion_is_learned_apart_from_its_organ(anatomies: list[Path], organs: np.ndarray) -> None:
    loss = SegmenterLoss(RenderSource(anatomies, [], [0]), TINY, torch.ones(CLASSES), torch.device("cpu"))
    wanted = loss.targets(organs)
    assert (wanted[organs == VALUE["lung_tumor"]] == VALUE["lung_upper_lobe_left"]).all()
    assert (loss.targets(np.full((4, 4, 4), VALUE["lung_tumor"], np.uint8)) == OPEN).all()
    lesion = torch.tensor([1.0] * 5 + [0.0] * 95)
    right, wrong = (float(lesion_loss(sign * 8 * (2 * lesion - 1), lesion)) for sign in (1, -1))
    assert right < 0.2 < 8 < wrong
    healthy = torch.zeros(50)
    assert float(lesion_loss(healthy - 8, healthy)) < 0.01 < 7 < float(lesion_loss(healthy + 8, healthy))


def test_an_earlier_segmenter_is_gone_on_with(hu: np.ndarray) -> None:
    torch.manual_seed(0)
    plain = SegmenterNetwork(replace(TINY, lesions=False))
    network = SegmenterNetwork(TINY)
    begin_with(network, plain.state_dict())
    features = torch.randn(3, network.hidden.in_features - TINY.features[-1]), torch.randn(3, TINY.features[-1])
    assert torch.equal(network.cell_logits(*features), plain.cell_logits(*features))
    hidden, logits = network.hidden_of(*features), plain.cell_logits(*features)
    other = 0.1 * (logits[..., TUMOUR] - logits[..., :TUMOUR].mean(dim=-1))
    assert torch.allclose(network.lesion_logits(hidden), other, atol=1e-5)


def test_nobody_is_made_of_the_held_out_scan() -> None:
    names = ("torso", "torso with bert in torso", "bert in torso", "bert in torso with torso", "anna in bert in torso")
    people = [KeptBase(name, "male", Path(), "") for name in names]
    assert [one.name for one in unrelated(people, ("anna",), "anna")] == ["bert in torso"]
    assert [one.name for one in unrelated(people, ("carl",), "anna")] == list(names[:4])
    assert unrelated(people[:1], ("anna",), "anna") == people[:1]


def test_people_have_what_is_no_tumour(organs: np.ndarray) -> None:
    sample = Sample(organs, draw_attributes(np.random.default_rng(0)))
    found = [set(np.unique(with_findings(sample, np.random.default_rng(seed)))) for seed in range(8)]
    negatives = {VALUE[key] for key in VALUE if VALUE[key] >= CLASSES} - {VALUE["lung_tumor"]}
    assert any(one & negatives for one in found)
    assert all(VALUE["lung_tumor"] in one for one in found)  # what stands is kept


def test_narrow_and_bent_patches_stay_true(anatomies: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patches, "NARROW_SHARE", 1)
    monkeypatch.setattr(patches, "NARROWEST", 16)
    monkeypatch.setattr(patches, "BENT_SHARE", 1)
    source, narrow = RenderSource(anatomies, [], [4]), 0
    for _ in range(6):
        hu, labels, _ = source.draw()
        outside = (labels == 0).all((0, 1))
        assert not outside.any() or hu[:, :, outside].mean() < -950  # noise and blur reach beyond
        narrow += bool(outside.sum() > 8)
    assert narrow


# ---------------------------------------------------------------- the commands


def _train(*words: object) -> int:
    parser = argparse.ArgumentParser()
    cli.add_train_parsers(parser)
    threads = torch.get_num_threads()
    try:
        return cli.run_train(parser.parse_args([str(word) for word in words]))
    finally:
        torch.set_num_threads(threads)


def test_from_data_to_judges(
    flat: Path, tmp_path: Path, anatomies: list[Path], write: Callable[..., None], organs: np.ndarray,
    hu: np.ndarray, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    shown: list[list[str]] = []
    real = train_segmenter

    def recorded(people: list[Path], scans: list[Scan], *args: object, **kwargs: object) -> Trainer:
        shown.append([scan.name for scan in scans])
        return real(people, scans, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(judge_stages, "train_segmenter", recorded)
    monkeypatch.setattr(judge_stages, "write_anatomies", lambda *_: anatomies * 2)
    monkeypatch.setattr(judge_stages, "torso_of", lambda job: argparse.Namespace(sources=()))
    monkeypatch.setattr(judge_stages, "bases_of", lambda job, progress: [])
    write(hu, flat / "ct" / "cleo.nii.gz", labels=False)
    (flat / "labels" / "cleo.nii.gz").write_bytes((flat / "labels" / "anna.nii.gz").read_bytes())
    run = tmp_path / "runs"
    call = ("segmenter", "--data", flat, "--run", run, "--steps", 2, "--anatomies", 1, "--hold-out", "anna")
    with pytest.raises(RunError, match="not trained to its end"):
        _train("judges", "--data", flat, "--run", run)
    assert _train(*call) == 0
    assert shown == [["cleo"]]
    kept = json.loads((run / "segmenter" / "ceilings.json").read_text())
    assert kept["scan"] == "anna" and kept["training"]["scans"] == ["cleo"]
    assert {"liver", "lung", "heart"} <= kept["dice"].keys() and kept["rendered"]["people"] == 1
    assert _train("judges", "--data", flat, "--run", run) == 0
    made = load_judges(run / "judges")
    assert made.ceilings == kept["dice"] and made.classifiers is None and made.plain_codec is None
    assert made.about["segmenter"]["training"]["steps"] == 2


def test_a_decoder_without_hdr_loss_goes_to_the_judges_with_the_encoder_of_the_bundle(
    flat: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    small_patches(monkeypatch)
    monkeypatch.setattr(cli, "shipped_segmenter", None)
    about = {"network": TINY.to_json(), "ceilings": {"dice": {"liver": 0.5}}, "training": {}}
    monkeypatch.setattr(judge_stages, "read_about", lambda run: (SegmenterNetwork(TINY).state_dict(), about))
    run, call = tmp_path / "runs", ("plain-codec", "--data", flat, "--run", tmp_path / "runs", "--steps", 2)
    with pytest.raises(RunError, match="guidegen train codec"):
        _train(*call)
    assert _train("codec", "--data", flat, "--run", run, "--steps", 1) == 0
    assert _train("codec-grain", "--data", flat, "--run", run, "--steps", 1) == 0
    assert _train(*call) == 0
    capsys.readouterr()
    assert _train(*call) == 0
    assert "step" not in capsys.readouterr().out  # not repeated
    assert _train("judges", "--data", flat, "--run", run) == 0
    assert "plain_codec 3.5 MB" in capsys.readouterr().out
    plain = load_judges(run / "judges").plain_codec
    bundled = CodecNetwork(73)
    bundled.load_state_dict(averaged_state(run / "codec_grain"))
    assert plain is not None and plain.fits(bundled)
    assert not torch.equal(plain.decoder["decoder_stem.weight"], bundled.decoder_stem.weight.half())


def test_stages_of_judges_take_prepared_data(
    flat: Path, tmp_path: Path, anatomies: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judge_stages, "write_anatomies", lambda *_: anatomies * 2)
    monkeypatch.setattr(judge_stages, "torso_of", lambda job: argparse.Namespace(sources=()))
    monkeypatch.setattr(judge_stages, "bases_of", lambda job, progress: [])
    for part in ("ct", "labels"):
        (flat / part / "cleo.nii.gz").write_bytes((flat / part / "anna.nii.gz").read_bytes())
    (flat / "cases.csv").write_text("name,split\nanna,held_out\n")
    store, run = tmp_path / "store", tmp_path / "runs"
    list(prepare([flat], store, 1, segmenters.liver))
    assert _train("segmenter", "--data", store, "--run", run, "--steps", 1, "--anatomies", 1) == 0
    kept = json.loads((run / "segmenter" / "ceilings.json").read_text())
    assert kept["scan"] == "anna" and kept["training"]["scans"] == ["cleo"]
    with pytest.raises(DataError, match="sex is told of 0 people"):  # read, and too few
        _train("classifiers", "--data", store, "--run", run)


def test_the_scan_to_be_scored_on_is_told_or_held_out(flat: Path, tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match="no labelled scan to score the segmenter on: name one with --hold-out, or give"
    ):
        _train("segmenter", "--data", flat, "--run", tmp_path)
    (flat / "cases.csv").write_text("name,split\nanna,held_out\n")
    assert judge_stages._held_out_scan(flat) == "anna"


def test_a_held_out_scan_that_is_not_there_is_named(flat: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no labelled scan zoe"):
        _train("segmenter", "--data", flat, "--run", tmp_path, "--hold-out", "zoe")


def test_an_unfinished_run_is_not_shipped(anatomies: list[Path], tmp_path: Path) -> None:
    train_segmenter(anatomies, [], tmp_path, steps=1)
    with pytest.raises(RunError, match="not trained to its end"):
        read_about(tmp_path)
