"""Scans are resampled once, kept, made again when their source changes, and never mixed with those of other data."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from GuideGenLib.anatomy.table import values
from GuideGenLib.core.grids import on_grid_of
from GuideGenLib.data.layouts import DataError
from GuideGenLib.data.notes import HELD_OUT, VALIDATION
from GuideGenLib.data.prepare import prepare
from GuideGenLib.data.scans import held_out_cts, labelled_names, load_labelled, load_scans
from Testing.data import segmenters


def test_scans_have_the_wanted_spacing_and_only_labelled_ones_have_labels(flat: Path, tmp_path: Path) -> None:
    first, second = load_scans(flat, tmp_path / "cache", 12.0)
    assert (first.name, first.hu.shape, first.spacing, first.labels) == ("anna", (24, 20, 32), 12.0, None)
    assert second.hu.shape == (20, 20, 32)
    (labelled,) = load_labelled(flat, tmp_path / "cache", spacing=6.0)
    assert labelled.labels is not None
    assert labelled.labels.shape == labelled.hu.shape == (48, 40, 64)
    inside = labelled.labels == values()["liver"]
    assert labelled.hu[inside].mean() == pytest.approx(100, abs=2)
    assert (labelled.hu[0, 0, :3] == -1000).all()  # far from the body there is no noise, nor a couch


def test_what_is_kept_is_read_until_its_source_changes(flat: Path, tmp_path: Path, write: Callable[..., None]) -> None:
    cache = tmp_path / "cache"
    load_scans(flat, cache, 12.0)
    kept = cache / "anna_12mm.npy"
    np.save(kept, np.zeros((2, 2, 2), np.int16))
    assert load_scans(flat, cache, 12.0)[0].hu.shape == (2, 2, 2)
    source = flat / "ct" / "anna.nii.gz"
    later = kept.stat().st_mtime + 10
    os.utime(source, (later, later))
    assert load_scans(flat, cache, 12.0)[0].hu.shape == (24, 20, 32)
    assert not list(cache.glob("*.part"))


def test_a_cache_of_other_data_is_refused(flat: Path, tmp_path: Path) -> None:
    load_scans(flat, tmp_path / "cache", 12.0)
    other = shutil.copytree(flat, tmp_path / "other data")
    with pytest.raises(DataError, match=r"holds scans of .*flat data: choose another run folder"):
        load_scans(other, tmp_path / "cache", 12.0)


def test_held_out_scans_are_not_among_the_labelled(flat: Path, tmp_path: Path) -> None:
    for part in ("ct", "labels"):
        shutil.copy(flat / part / "anna.nii.gz", flat / part / "zoe.nii.gz")
    (flat / "cases.csv").write_text("name,split\nzoe,held_out\n")
    names = [scan.name for scan in load_labelled(flat, tmp_path / "cache", spacing=12.0)]
    assert names == ["anna"]
    assert load_labelled(flat, tmp_path / "cache", ["zoe"], 12.0)[0].name == "zoe"


def test_what_the_source_leaves_open_is_unsure(flat: Path, tmp_path: Path, organs: np.ndarray) -> None:
    (flat / "labels" / "anna.json").write_text('{"52": "aorta", "5": "ignore", "21": "urinary_bladder"}')
    path = flat / "labels" / "anna.nii.gz"
    image = sitk.ReadImage(str(path))
    shown = sitk.GetArrayFromImage(image)
    shown[~np.isin(shown, (52, 5, 21))] = 0
    sitk.WriteImage(on_grid_of(image, shown), str(path))
    (scan,) = load_labelled(flat, tmp_path / "cache", spacing=6.0)
    liver = organs == values()["liver"]
    assert scan.unsure is not None and scan.labels is not None
    assert (scan.unsure == liver).mean() > 0.99
    assert set(np.unique(scan.labels[scan.unsure])) == {values()["body"]}


def test_scans_to_validate_on_are_not_learnt_from(flat: Path, tmp_path: Path) -> None:
    for part in ("ct", "labels"):
        shutil.copy(flat / part / "anna.nii.gz", flat / part / "zoe.nii.gz")
    (flat / "cases.csv").write_text("name,split\nzoe,validation\nbert,held_out\n")
    assert [scan.name for scan in load_labelled(flat, tmp_path / "cache", spacing=12.0)] == ["anna"]
    assert labelled_names(flat, VALIDATION) == ["zoe"] and labelled_names(flat) == ["anna", "zoe"]
    ((name, image),) = held_out_cts(flat)
    assert name == "bert" and image.GetSize() == (64, 40, 40)


def test_the_labelled_scans_of_a_store_are_those_of_its_data(flat: Path, tmp_path: Path) -> None:
    for part in ("ct", "labels"):
        shutil.copy(flat / part / "anna.nii.gz", flat / part / "zoe.nii.gz")
    (flat / "cases.csv").write_text("name,split\nzoe,held_out\n")
    store = tmp_path / "store"
    list(prepare([flat], store, 1, segmenters.liver))  # bert is labelled by the segmenter: no labelled scan
    assert labelled_names(store) == ["anna", "zoe"] and labelled_names(store, HELD_OUT) == ["zoe"]
    (scan,) = load_labelled(store, tmp_path / "cache", spacing=6.0)
    (native,) = load_labelled(flat, tmp_path / "cache", spacing=6.0)
    assert scan.labels is not None and native.labels is not None
    assert (scan.name, scan.spacing, scan.hu.shape) == ("anna", 6.0, native.hu.shape)
    for organ in ("liver", "aorta", "heart"):
        here, there = (one == values()[organ] for one in (scan.labels, native.labels))
        assert 2 * (here & there).sum() > 0.9 * (here.sum() + there.sum()) > 0
    inside = scan.labels == values()["liver"]
    assert scan.hu[inside].mean() == pytest.approx(native.hu[inside].mean(), abs=5)
    assert load_labelled(store, tmp_path / "cache", ["zoe"], 6.0)[0].name == "zoe"
    with pytest.raises(DataError, match="no labelled scan bert"):
        load_labelled(store, tmp_path / "cache", ["bert"])


def test_a_label_map_without_a_ct_is_no_scan(flat: Path, tmp_path: Path) -> None:
    shutil.copy(flat / "labels" / "anna.nii.gz", flat / "labels" / "zoe.nii.gz")
    assert [scan.name for scan in load_scans(flat, tmp_path / "cache", 12.0)] == ["anna", "bert"]
    assert [scan.name for scan in load_labelled(flat, tmp_path / "cache", spacing=12.0)] == ["anna"]


def test_labels_that_are_missing_are_told(flat: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no labelled scan bert"):
        load_labelled(flat, tmp_path / "cache", ["bert"])
    shutil.rmtree(flat / "labels")
    with pytest.raises(DataError, match="no labelled scan: add label maps"):
        load_labelled(flat, tmp_path / "cache")
