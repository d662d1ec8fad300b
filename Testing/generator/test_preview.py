"""The picture of a case: marked as synthetic, the patient's left on the right, the same bytes each time."""

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from matplotlib.image import imread

from GuideGenLib.anatomy import table
from GuideGenLib.core.errors import VolumeError
from GuideGenLib.core.volumes import image_from_array
from GuideGenLib.generator.preview import write_preview

ORANGE = np.array((255, 176, 0)) / 255


def _pixels(path: Path) -> np.ndarray:
    return imread(path)[..., :3]


def _count(picture: np.ndarray, colour: np.ndarray, tolerance: float = 0.02) -> int:
    return int((np.abs(picture - colour) < tolerance).all(axis=-1).sum())


def _colour(key: str) -> np.ndarray:
    return table.colors()[table.values()[key]] / 255


def test_the_picture_is_1600_wide_and_says_synthetic_in_each_panel(
    tmp_path: Path, small_anatomy: sitk.Image, small_ct: sitk.Image
):
    write_preview(small_anatomy, small_ct, tmp_path / "p.png", caption="a 60 year old man, T3 N0 $x$")
    picture = _pixels(tmp_path / "p.png")
    assert picture.shape[1] == 1600
    assert _count(picture[:40], ORANGE) > 300, "the heading"
    assert _count(picture[64:400], ORANGE, 0.25) > 100, "the marks of the axial panels"
    assert _count(picture[-400:], ORANGE, 0.25) > 50, "the marks of the upright panels"
    assert os.listdir(tmp_path) == ["p.png"]


def test_the_same_case_gives_the_same_bytes(tmp_path: Path, small_anatomy: sitk.Image, small_ct: sitk.Image):
    for name in "ab":
        write_preview(small_anatomy, small_ct, tmp_path / f"{name}.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


@pytest.mark.parametrize(("key", "half"), [("liver", 0), ("spleen", 1)])
def test_the_patients_left_is_on_the_right_of_the_picture(
    tmp_path: Path, small_labels: np.ndarray, key: str, half: int
):
    value = table.values()
    small_labels[~np.isin(small_labels, (value["body"], value[key], 0))] = value["body"]
    write_preview(image_from_array(small_labels, (12.0,) * 3, labels=True), None, tmp_path / "p.png")
    picture = _pixels(tmp_path / "p.png")
    axial = picture[:640]  # one panel, in the middle
    halves = [_count(axial[:, :800], _colour(key)), _count(axial[:, 800:], _colour(key))]
    assert halves[half] > 500
    assert halves[half] > 3 * halves[1 - half]


def test_superior_is_up(tmp_path: Path, small_anatomy: sitk.Image):
    write_preview(small_anatomy, None, tmp_path / "p.png")
    picture = _pixels(tmp_path / "p.png")
    upright = picture[-600:]
    rows = {key: np.argwhere((np.abs(upright - _colour(key)) < 0.02).all(axis=-1))[:, 0] for key in ("heart", "liver")}
    assert rows["heart"].mean() < rows["liver"].mean()


def test_an_image_in_another_orientation_gives_the_same_picture(
    tmp_path: Path, small_anatomy: sitk.Image, small_ct: sitk.Image
):
    write_preview(small_anatomy, small_ct, tmp_path / "a.png")
    write_preview(sitk.DICOMOrient(small_anatomy, "PIR"), sitk.DICOMOrient(small_ct, "RAS"), tmp_path / "b.png")
    assert np.abs(_pixels(tmp_path / "a.png") - _pixels(tmp_path / "b.png")).max() < 0.02


def test_a_map_without_organs_and_a_crop_have_a_picture_too(tmp_path: Path, small_labels: np.ndarray):
    for labels in (np.zeros((8, 8, 8), np.uint8), small_labels[20:24, :10, :12]):
        write_preview(image_from_array(labels, (12.0,) * 3, labels=True), None, tmp_path / "p.png")
        assert _pixels(tmp_path / "p.png").shape[1] == 1600


def test_the_tumour_is_shown_in_its_own_slice(tmp_path: Path, small_anatomy: sitk.Image, small_labels: np.ndarray):
    lesion: Any = SimpleNamespace(organ="lung", measured_mm=48.2, volume_ml=110.0)
    write_preview(small_anatomy, None, tmp_path / "with.png", [lesion])
    without = np.where(small_labels == table.values()["lung_tumor"], table.values()["body"], small_labels)
    write_preview(image_from_array(without, (12.0,) * 3, labels=True), None, tmp_path / "without.png")
    assert _count(_pixels(tmp_path / "with.png"), _colour("lung_tumor")) > 1000
    assert _count(_pixels(tmp_path / "without.png"), _colour("lung_tumor")) == 0


def test_a_picture_that_cannot_be_written_says_so(tmp_path: Path, small_anatomy: sitk.Image):
    with pytest.raises(VolumeError, match="folder does not exist"):
        write_preview(small_anatomy, None, tmp_path / "missing" / "p.png")
