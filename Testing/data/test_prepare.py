"""Cases are prepared once, by processes that may die, and what cannot be used is named."""

import csv
import os
import pickle
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from GuideGenLib.anatomy.table import values
from GuideGenLib.core.errors import VolumeError
from GuideGenLib.data.cases import DataError
from GuideGenLib.data.prepare import prepare
from GuideGenLib.data.scan_measures import UNSURE, VESSEL
from GuideGenLib.data.store import CASE, CASES, FITS, PROBLEMS, STORE, Store
from Testing.data import segmenters


def problems(store: Path) -> dict[str, str]:
    with (store / PROBLEMS).open(newline="") as file:
        return {row["name"]: row["problem"] for row in csv.DictReader(file)}


def written(store: Path) -> dict[str, int]:
    """When each case was finished."""
    return {path.parent.name: path.stat().st_mtime_ns for path in (store / CASES).glob(f"*/{CASE}")}


def test_a_labelled_scan_is_prepared_and_one_without_labels_is_left_out(flat: Path, tmp_path: Path) -> None:
    told = list(prepare([flat], tmp_path / "store", workers=2))
    assert sorted(case.record.name for case in told) == ["anna", "bert"]
    assert (told[-1].done, told[-1].cases, told[-1].count) == (2, 2, 2)
    store = Store(tmp_path / "store")
    (anna,) = store.usable()
    assert anna.name == "anna" and anna.sex == "male" and anna.phase == "portal_venous" and anna.ct is not None
    assert anna.ct.shape == (144, 120, 192) and anna.ct.spacing == 2.0 and not anna.ct.segmented
    hu, labels, marks = (store.volume(anna, key)[...] for key in ("hu", "labels", "marks"))
    liver = labels == values()["liver"]
    assert hu[liver].mean() == pytest.approx(100, abs=4)
    assert anna.ct.table[values()["liver"]] == pytest.approx(100, abs=5)
    assert anna.ct.table[values()["spleen"]] is None
    assert not (labels == values()["lung_vessel"]).any() and not (marks & ~np.uint8(VESSEL | UNSURE)).any()
    assert anna.ct.voxels == (labels > 0).sum()
    positions = store.positions(anna)
    assert len(positions) == 20_000 and (labels[tuple(positions.T)] > 0).all()
    assert (store.case_folder("anna") / "picture.png").is_file()
    assert problems(store.folder) == {"bert": "bert has no labels: add them, or let the segmenter label it"}
    header, fit = (store.folder / FITS).read_text().splitlines()
    assert header == "name,scale,marks,off_mm,not_placed" and fit.startswith("anna,")


def test_patches_are_read_from_the_disk_by_other_processes_too(flat: Path, tmp_path: Path) -> None:
    list(prepare([flat], tmp_path / "store"))
    store = Store(tmp_path / "store")
    (anna,) = store.usable()
    volume = pickle.loads(pickle.dumps(store.volume(anna, "hu")))
    assert volume.dtype == np.int16 and volume.ndim == 3
    assert np.array_equal(volume[10:30, 20:90, 7:71], volume[...][10:30, 20:90, 7:71])


def test_only_what_changed_is_prepared_again(flat: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    list(prepare([flat], store, segmenter=segmenters.liver))
    before = written(store)
    assert list(prepare([flat], store, segmenter=segmenters.liver)) == []
    os.utime(flat / "ct" / "bert.nii.gz", (1, 1))
    (case,) = prepare([flat], store, segmenter=segmenters.liver)
    assert case.record.name == "bert" and (case.done, case.count) == (2, 1)
    assert written(store)["anna"] == before["anna"] and written(store)["bert"] > before["bert"]


def test_a_segmenter_labels_what_has_no_labels(flat: Path, tmp_path: Path) -> None:
    list(prepare([flat], tmp_path / "store"))
    (case,) = prepare([flat], tmp_path / "store", segmenter=segmenters.liver)
    bert = case.record
    assert bert.problem is None and bert.ct is not None and bert.ct.segmented
    assert bert.placed is None and bert.not_placed == "its labels are a segmenter's"
    assert problems(tmp_path / "store") == {}
    labels = Store(tmp_path / "store").volume(bert, "labels")[...]
    assert (labels == values()["liver"]).any() and (labels == values()["subcutaneous_fat"]).any()


def test_a_case_that_ends_its_process_is_named_and_the_others_are_prepared(flat: Path, tmp_path: Path) -> None:
    shutil.copy(flat / "ct" / "anna.nii.gz", flat / "ct" / "carl.nii.gz")
    shutil.copy(flat / "labels" / "anna.nii.gz", flat / "labels" / "carl.nii.gz")
    told = list(prepare([flat], tmp_path / "store", workers=2, segmenter=segmenters.killing))
    assert len(told) == 3
    assert [record.name for record in Store(tmp_path / "store").usable()] == ["anna", "carl"]
    assert "ended the process" in problems(tmp_path / "store")["bert"]


def test_a_full_disk_ends_it_and_what_was_finished_stays(flat: Path, tmp_path: Path) -> None:
    list(prepare([flat], tmp_path / "store"))
    before = written(tmp_path / "store")
    with pytest.raises(VolumeError, match=r"cannot write .*: the disk is full; free some space"):
        list(prepare([flat], tmp_path / "store", segmenter=segmenters.full_disk))
    assert written(tmp_path / "store") == before
    assert len(list(prepare([flat], tmp_path / "store", segmenter=segmenters.liver))) == 1


def test_a_killed_preparation_goes_on(flat: Path, tmp_path: Path) -> None:
    for name in "bcdef":
        for part in ("ct", "labels"):
            shutil.copy(flat / part / "anna.nii.gz", flat / part / f"{name}.nii.gz")
    (flat / "ct" / "bert.nii.gz").unlink()
    store = tmp_path / "store"
    command = [sys.executable, "-m", "GuideGenLib.cli.start", "data", "prepare", str(flat), "-o", str(store)]
    run = subprocess.Popen([*command, "--workers", "1"], start_new_session=True, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not written(store) and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    first = written(store)
    assert 1 <= len(first) < 6
    told = list(prepare([flat], store, workers=2))
    assert len(told) == 6 - len(first)
    assert {name: when for name, when in written(store).items() if name in first} == first
    assert len(Store(store).usable()) == 6


def test_a_store_of_another_version_or_another_folder_is_refused(
    flat: Path, tmp_path: Path, write: Callable[..., None], hu: np.ndarray
) -> None:
    store = tmp_path / "store"
    list(prepare([flat], store))
    other = tmp_path / "other"
    write(hu, other / "ct" / "dora.nii.gz", labels=False)
    with pytest.raises(
        DataError, match=r"holds 2 cases that are not in .*other: anna, bert: name their folder as well"
    ):
        next(prepare([other], store))
    with pytest.raises(DataError, match="holds something else: choose an empty or a new folder"):
        next(prepare([flat], flat))
    (store / STORE).write_text('{"version": 0}')
    with pytest.raises(DataError, match=r"another version of GuideGen .*delete this one and prepare the data anew"):
        next(prepare([flat], store))
    (store / STORE).write_text("{")
    with pytest.raises(DataError, match="damaged"):
        Store(store)
    with pytest.raises(DataError, match="holds no prepared data: make them: guidegen data prepare DATA -o"):
        Store(tmp_path)


def test_what_is_not_installed_is_told_before_anything_is_prepared(
    flat: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "blosc2", None)
    with pytest.raises(DataError, match=r"need the package blosc2: install guidegen\[train\]"):
        next(prepare([flat], tmp_path / "store"))
    assert not (tmp_path / "store").exists()
