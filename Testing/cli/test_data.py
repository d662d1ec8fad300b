"""`guidegen data`: what is said of a data folder, labels for what has none, and the packed file."""

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
import torch

from GuideGenLib.anatomy.table import values
from GuideGenLib.cli.main import main
from GuideGenLib.data.layouts import find_cases, read_labels
from GuideGenLib.data.notes import read_notes
from GuideGenLib.data.survey import survey, trainable
from GuideGenLib.description.encoder import TextEncoder
from GuideGenLib.population.attributes import draw_attributes
from GuideGenLib.training import inputs
from GuideGenLib.training.inputs import PEOPLE, anatomies_of, mask_data_of
from GuideGenLib.training.job import Job
from GuideGenLib.training.loop.checkpoint import RunError, steps_done
from GuideGenLib.training.mask_bank import MaskData, save_mask_data
from GuideGenLib.training.pack import unpack_materials
from Testing.tiny_preset import small_patches
from Testing.trunk import flat, hu, organs, write

__all__ = ["flat", "hu", "organs", "write"]


class Judges:
    """In the place of the judges: whatever is bright is liver, and it is sure of it."""

    @property
    def segmenter(self) -> "Judges":
        return self

    def segment_coarse(self, hu: np.ndarray, spacing: float) -> tuple[np.ndarray, np.ndarray]:
        size = [max(2, round(n * spacing / 3)) for n in hu.shape]
        near = [(np.arange(n) * 3 / spacing).astype(int).clip(max=m - 1) for n, m in zip(size, hu.shape, strict=True)]
        return ((hu[np.ix_(*near)] > 80) * values()["liver"]).astype(np.uint8), np.ones(size, np.float32)


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("GuideGenLib.judges.folder.load_judges", Judges)


def test_a_case_a_line_and_what_can_be_trained(
    flat: Path, write: Callable[..., None], organs: np.ndarray, hu: np.ndarray, capsys: pytest.CaptureFixture[str]
) -> None:
    (flat / "cases.csv").write_text("name,sex,age,phase,text\nbert,female,61,,\n")
    write(organs[:30], flat / "labels" / "bert.nii.gz", labels=True)  # another grid than its CT
    write(hu, flat / "ct" / "cleo.nii.gz", labels=False)
    write(np.zeros_like(organs), flat / "labels" / "cleo.nii.gz", labels=True)
    assert main(["data", "check", str(flat)]) == 1
    said = capsys.readouterr().out
    assert "ok    anna: 384 x 240 x 288 mm, CT, 7 structures, chest (male, portal_venous)" in said
    assert "FAIL  bert:" in said and "another grid" in said
    assert "FAIL  cleo:" in said and "is empty, it shows none" in said
    assert "1 of 3 cases usable: 1 CTs, 1 with labels of which 0 have no CT" in said
    assert "no case has the split validation" in said
    assert "labelled in no case:" in said and "spleen" in said
    assert "ok    codec  1 cases to learn from, 0 to validate on" in said
    assert "FAIL  mask   1 cases to learn from, 0 to validate on: no labelled case to learn from shows abdomen" in said


def test_several_folders_a_table_and_notes_that_go_nowhere(
    flat: Path, tmp_path: Path, write: Callable[..., None], organs: np.ndarray, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other"
    write(organs == values()["liver"], other / "anatomies" / "cleo.nii.gz", labels=True)
    (other / "anatomies" / "cleo.json").write_text('{"1": "liver"}')
    (flat / "cases.csv").write_text("name,split,phase\nanna,validation,none\nzoe,,\n")
    assert main(["data", "check", str(flat), str(other), "--csv", str(tmp_path / "found.csv")]) == 1
    said = capsys.readouterr().out
    assert "ok    cleo: 384 x 240 x 288 mm, no CT, 1 structures, no whole region" in said
    assert "(male, no contrast, validation)" in said
    assert "cases.csv names what is not there: zoe" in said
    assert "ok    codec  1 cases to learn from, 1 to validate on" in said
    assert "mask   1 cases to learn from, 1 to validate on: no labelled case to learn from shows chest" in said
    with (tmp_path / "found.csv").open(newline="") as file:
        rows = {row["name"]: row for row in csv.DictReader(file)}
    assert rows.keys() == {"anna", "bert", "cleo"}
    assert (rows["anna"]["split"], rows["bert"]["labels"], rows["cleo"]["ct"]) == ("validation", "0", "0")
    assert rows["cleo"]["structures"] == "liver" and rows["anna"]["regions"] == "chest"


def test_a_folder_of_scans_alone_trains_with_a_segmenter(flat: Path) -> None:
    for path in (flat / "labels").iterdir():
        path.unlink()
    cases = list(survey(flat))
    assert [case.labelled for case in cases] == [False, False]
    assert trainable(cases, segmenter=True)["ct"].problem is None
    assert "add label maps" in (trainable(cases, segmenter=False)["ct"].problem or "")


@pytest.mark.usefixtures("judged")
def test_labels_lie_on_the_grid_of_their_scan_and_are_made_once(
    flat: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "labelled"
    assert main(["data", "label", str(flat), "-o", str(out)]) == 0
    assert {path.name for path in out.iterdir()} == {
        "labels.csv", "bert.nii.gz", "bert.json", "bert_unsure.nii.gz", "bert.png",
    }  # fmt: skip
    made, ct = sitk.ReadImage(str(out / "bert.nii.gz")), sitk.ReadImage(str(flat / "ct" / "bert.nii.gz"))
    oriented = sitk.DICOMOrient(ct, "LPS")
    assert made.GetSize() == oriented.GetSize() and np.allclose(made.GetOrigin(), oriented.GetOrigin())
    assert (sitk.GetArrayFromImage(made) == values()["liver"]).sum() > 1000
    assert "bert:" in capsys.readouterr().out
    assert main(["data", "label", str(flat), "-o", str(out)]) == 0
    assert "bert:" not in capsys.readouterr().out
    for name in ("bert.nii.gz", "bert.json", "bert_unsure.nii.gz"):
        shutil.copy(out / name, flat / "labels" / name)
    first, second = find_cases(flat)
    assert (first.name, second.name, second.problem) == ("anna", "bert", None)
    assert np.array_equal(read_labels(second)[0], sitk.GetArrayFromImage(made))


@pytest.mark.usefixtures("judged")
def test_a_scan_that_cannot_be_labelled_is_named_and_the_others_go_on(
    flat: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(flat / "ct" / "bert.nii.gz", flat / "ct" / "dora.nii.gz")
    (flat / "ct" / "bert.nii.gz").write_bytes(b"")
    assert main(["data", "label", str(flat), "-o", str(tmp_path / "labelled")]) == 1
    said = capsys.readouterr().out
    assert "FAIL  bert:" in said and "dora:" in said


@pytest.mark.usefixtures("judged")
def test_a_packed_folder_trains_without_the_data(
    flat: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, archive = tmp_path / "take", tmp_path / "take.zip"
    (flat / "cases.csv").write_text("name,licence,source\nanna,CC0,ours\n")
    assert main(["data", "pack", str(flat), "--run", str(tmp_path / "runs"), "-o", str(archive)]) == 0
    said = capsys.readouterr().out
    assert "2 scans" in said and "python -m zipfile -e take.zip runs" in said
    shutil.unpack_archive(archive, folder)
    assert [material.name for material in unpack_materials(folder / "scans.pack")] == ["anna", "bert"]
    monkeypatch.delenv("GUIDEGEN_DATA", raising=False)
    small_patches(monkeypatch)
    shutil.rmtree(flat)
    assert main(["train", "codec", "--run", str(folder), "--steps", "1", "--threads", "1"]) == 0
    assert steps_done(folder / "codec") == 1
    assert read_notes(folder)["anna"].source == "ours"


def test_the_people_of_a_run_are_packed_with_it(tmp_path: Path) -> None:
    run, labels = tmp_path / "runs", np.zeros((2, 8, 8, 8), np.uint8)
    data = MaskData(labels, np.zeros((2, 16), np.float32), [[torch.ones(3, 384)]] * 2)
    run.mkdir()
    save_mask_data(data, run / PEOPLE)
    job = Job(tmp_path, run, 0, 2, 0, 1, run, 0, "")
    assert np.array_equal(mask_data_of(job).labels, labels)
    assert np.array_equal(anatomies_of(job), labels)


def test_as_many_people_are_packed_as_there_is_room_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    labels = np.random.default_rng(0).integers(0, 60, (40, 16, 16, 16)).astype(np.uint8)
    people = [draw_attributes(np.random.default_rng(number)) for number in range(40)]
    monkeypatch.setattr(inputs, "load_bank", lambda *_: (labels, people))
    monkeypatch.setattr(TextEncoder, "load", lambda: type("Encoder", (), {"encode": lambda *_: torch.rand(1, 384)})())
    job = Job(tmp_path, tmp_path, 0, 40, 0, 1, tmp_path, 0, "")
    (told,) = inputs._pack_people(job, tmp_path / PEOPLE, 100_000)
    packed = mask_data_of(job)
    assert 10 < len(packed.labels) < 40 and told.startswith(f"{len(packed.labels)} of 40 people")
    assert (tmp_path / PEOPLE).stat().st_size <= 100_000
    assert np.array_equal(packed.labels, labels[: len(packed.labels)])
    with pytest.raises(RunError, match="no people fit beside the scans: allow more with --mb"):
        inputs._pack_people(job, tmp_path / PEOPLE, 1000)


def test_no_data_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("GUIDEGEN_DATA", raising=False)
    assert main(["data", "check"]) == 2
    assert "name a folder of scans" in capsys.readouterr().err
