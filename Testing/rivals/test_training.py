"""`guidegen train rival`: phases in turn, resumed where they stopped, and the file that they end in."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
import torch
from safetensors.torch import load_file, save_file

from GuideGenLib.anatomy.table import values
from GuideGenLib.core.errors import EvaluationError
from GuideGenLib.core.volumes import image_from_array
from GuideGenLib.description import parse
from GuideGenLib.rivals import torsos as placing
from GuideGenLib.rivals.files import check_tensors, read_rival, write_rival
from GuideGenLib.rivals.frame import Phase
from GuideGenLib.rivals.making import make_ct
from GuideGenLib.rivals.systems import RIVALS
from GuideGenLib.rivals.torsos import Torso, Torsos, torsos_of
from GuideGenLib.rivals.training import Lesions, train_rival
from GuideGenLib.training.job import Job
from GuideGenLib.training.loop.checkpoint import averaged_state, steps_done
from GuideGenLib.training.loop.draws import VALIDATION, Batch, Seeds
from GuideGenLib.training.networks.cutting import Cuts, Material
from Testing.rivals.tiny import SIZES
from Testing.tiny_trainings import scan


def _job(data: Path, run: Path, steps: int) -> Job:
    return Job(data, run, steps, people=0, seed=0, threads=1, target=run, anatomies=0, hold_out="")


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small patches, and validations of few samples."""
    monkeypatch.setattr(RIVALS["maisi"], "PHASES", [replace(phase, edge=16) for phase in RIVALS["maisi"].PHASES])
    monkeypatch.setattr("GuideGenLib.training.loop.checks.SAMPLES", 2)


@pytest.mark.usefixtures("small")
def test_a_rival_is_trained_kept_and_trained_on(flat: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    run = tmp_path / "runs"
    folder = run / "rivals" / "maisi"
    train_rival("maisi", _job(flat, run, 3), SIZES["maisi"])
    first = averaged_state(folder / "codec")
    capsys.readouterr()
    train_rival("maisi", _job(flat, run, 3), SIZES["maisi"])
    said = capsys.readouterr().out
    assert "step" not in said and "samples seen: 2 codec, 2 unet, 2 control" in said
    train_rival("maisi", _job(flat, run, 6), SIZES["maisi"])
    assert [steps_done(folder / part) for part in ("codec", "unet", "control")] == [2, 2, 2]
    rival, about = read_rival(folder / "rival.safetensors")
    told = about["training"]
    assert told["samples"] == {"codec": 4, "unet": 4, "control": 4} and told["seed"] == 0
    assert 0 < told["core_minutes"] < 5
    # what the codec learned in the second run is what the later networks went on with
    key = "codec.network.encoder.blocks.0.conv.weight"
    made = rival.state_dict()[key]
    assert torch.equal(made, averaged_state(folder / "codec")[key]) and not torch.equal(made, first[key])
    labels = np.zeros((12, 16, 16), np.uint8)
    labels[:, 4:12, 4:12] = values()["liver"]
    anatomy = image_from_array(labels, (2.0,) * 3, (5.0, 6.0, 7.0), labels=True)
    ct = make_ct(rival, anatomy, parse("A man."), lambda _: torch.ones(3, 384), seed=1, steps=2)
    assert ct.GetSize() == anatomy.GetSize() and ct.GetSpacing() == (2, 2, 2)
    assert ct.GetOrigin() == anatomy.GetOrigin() and ct.GetPixelID() == sitk.sitkInt16


def test_a_file_that_is_missing_altered_or_of_another_kind_is_told(tmp_path: Path):
    path = tmp_path / "medddpm" / "rival.safetensors"
    path.parent.mkdir()
    with pytest.raises(EvaluationError, match="train it: guidegen train rival medddpm"):
        read_rival(path)
    rival = RIVALS["medddpm"](SIZES["medddpm"])
    write_rival(rival, path, {})
    tensors = load_file(path)
    read_rival(path)
    from safetensors import safe_open

    with safe_open(path, "pt") as file:
        about = file.metadata()
    key = next(iter(tensors))
    save_file({**tensors, key: tensors[key] + 1}, path, about)
    with pytest.raises(EvaluationError, match="was altered"):
        read_rival(path)
    save_file({other: value for other, value in tensors.items() if other != key}, path, about)
    with pytest.raises(EvaluationError, match=f"it lacks {key}"):
        read_rival(path)
    save_file(tensors, path)
    with pytest.raises(EvaluationError, match="no rival of this version"):
        read_rival(path)


def test_keys_and_shapes_that_do_not_fit_are_named():
    one, two = torch.zeros(1), torch.zeros(2)
    with pytest.raises(
        EvaluationError, match=r"it lacks a; it has besides c; shapes differ: b is \[2\], not \[1\]: redo"
    ):
        check_tensors("x", {"b": two, "c": one}, {"a": one, "b": one}, "redo")
    many = {f"k{n}": one for n in range(9)}
    with pytest.raises(EvaluationError, match="it lacks k0, k1, k2 and 6 more"):
        check_tensors("x", {}, many, "redo")


def test_rivals_learn_from_patches_of_scanned_contrast(organs: np.ndarray, hu: np.ndarray):
    cuts = Cuts([scan(hu, organs, 6.0)], 16, Seeds(0))
    lesions, seen = Lesions(cuts.scans, torch.device("cpu")), 0
    for number in range(8):
        held = torch.utils.data.default_collate([cuts[number]])
        patch = lesions(Batch(cuts.seeds, number, (number,), held))
        painted = patch.labels != held["labels"]
        same = (patch.hu[0, 0] == held["hu"][0]).float().mean()
        seen += int(same == 1)
        assert same == 1 or bool(painted.any())
    assert seen > 0


# ---------------------------------------------------------------- on the torso frame


@pytest.fixture
def material(organs: np.ndarray, hu: np.ndarray) -> Material:
    """The trunk on the grid of 2 mm."""
    fine: list[Any] = [one.repeat(3, 0).repeat(3, 1).repeat(3, 2) for one in (hu, organs)]
    return scan(fine[0], fine[1], 2.0, typed=np.ones(16, np.float32))


def test_a_scan_lies_on_the_torso_frame_and_what_it_does_not_show_is_not_known(material: Material, tmp_path: Path):
    (torso,) = torsos_of([material], tmp_path, print)
    liver = np.argwhere(torso.labels == values()["liver"]).mean(axis=0) * 3
    lung = np.argwhere(torso.labels == values()["lung_upper_lobe_left"]).mean(axis=0) * 3
    middle = placing.torso_frame().middles["liver"]
    assert abs(liver[0] - middle[0]) < 40 and lung[0] > liver[0] and lung[2] > liver[2]
    known = torso.seen.max(axis=(1, 2)) > 0
    assert 80 < known.sum() < 120 and not known[0] and torso.hu[~known].max() == -1000
    assert torso.seen[known].mean() > 0.95  # the scan ends in air at its sides
    kept = (tmp_path / "anna_torso.npz").stat().st_mtime_ns
    torsos_of([material], tmp_path, print)
    assert (tmp_path / "anna_torso.npz").stat().st_mtime_ns == kept


def test_a_slab_without_landmarks_is_left_out_and_said(organs: np.ndarray, hu: np.ndarray, tmp_path: Path):
    said: list[str] = []
    slab = scan(np.full((20, 30, 30), 40, np.int16), np.full((20, 30, 30), values()["muscle"], np.uint8), 2.0)
    with pytest.raises(placing.DataError, match="no scan could be placed"):
        torsos_of([slab], tmp_path, said.append)
    assert said[0].startswith("anna is left out")


def test_samples_of_torsos_are_whole_ones_or_crops_where_they_are_known():
    rng = np.random.default_rng(0)
    seen = np.zeros((32, 16, 16), np.uint8)
    seen[20:28] = 1
    hu = rng.normal(0, 100, seen.shape).astype(np.int16)
    torso = Torso(
        "a", hu, rng.integers(0, 5, seen.shape).astype(np.uint8), seen, np.ones(16, np.float32), [torch.ones(3, 384)]
    )
    data = {feed: Torsos([torso], Phase("x", 1, 1, feed, 8), Seeds(0)) for feed in ("torsos", "fine", "crops")}  # type: ignore[arg-type]
    whole = data["torsos"][0]
    assert whole["hu"].shape == (16, 8, 8) and float(whole["seen"].sum()) == seen.sum() / 8
    assert float(whole["hu"][0, 0, 0]) == pytest.approx(hu[:2, :2, :2].mean(), abs=1e-3)
    assert data["fine"][0]["hu"].shape == (32, 16, 16)
    twice = data["fine"].coded(lambda hu: 2 * hu.mean(dim=(2, 3, 4)))
    assert float(twice[1]["code"]) == float(twice.of(VALIDATION)[0]["code"]) == pytest.approx(2 * hu.mean(), abs=1e-3)
    assert "code" not in data["torsos"].coded(lambda hu: None)[0]
    crops = [data["crops"][n] for n in range(6)]
    assert all(one["hu"].shape == (8, 8, 8) and one["seen"].any() for one in crops)
    assert all(torch.equal(one["hu"], data["crops"][n]["hu"]) for n, one in enumerate(crops))
    assert not torch.equal(crops[0]["hu"], data["crops"].of(VALIDATION)[0]["hu"])
    assert crops[0]["text"].shape == (64, 384) and float(crops[0]["text"].sum()) == 3 * 384
