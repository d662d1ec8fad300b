"""Volumes: bad files are refused with a remedy, writing is atomic, any geometry goes to the canonical grid and back."""

import gzip
import json
import os
import resource
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from GuideGenLib.anatomy import label_volumes, table
from GuideGenLib.core import files, volumes
from GuideGenLib.core.errors import VolumeError


def _noise(shape: tuple[int, int, int] = (8, 9, 10)) -> sitk.Image:
    return sitk.GetImageFromArray(np.random.default_rng(0).normal(0, 300, shape).astype(np.int16))


# ---------------------------------------------------------------- reading


def test_a_volume_comes_back_as_it_was_written_at_a_path_of_any_script(tmp_path: Path, small_anatomy: sitk.Image):
    small_anatomy.SetOrigin((3.5, -20.25, 7.0))
    path = tmp_path / "ü 名 folder" / "änatomy 図.nii.gz"
    path.parent.mkdir()
    volumes.write_volume(small_anatomy, path)
    back = label_volumes.read_anatomy(path)
    assert np.array_equal(sitk.GetArrayFromImage(back), sitk.GetArrayFromImage(small_anatomy))
    assert back.GetOrigin() == small_anatomy.GetOrigin()
    assert back.GetSpacing() == small_anatomy.GetSpacing()
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.parametrize("suffix", [".nii.gz", ".nii", ".nrrd", ".mha"])
def test_the_same_volume_gives_the_same_bytes(tmp_path: Path, suffix: str):
    for name in "ab":
        volumes.write_volume(_noise(), tmp_path / f"{name}{suffix}")
    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(VolumeError, match=r"nowhere\.nii\.gz does not exist"):
        volumes.read_volume(tmp_path / "nowhere.nii.gz")


def test_a_folder_is_no_volume(tmp_path: Path):
    with pytest.raises(VolumeError, match="holds no DICOM file: name a NIfTI"):
        volumes.read_volume(tmp_path)


@pytest.mark.parametrize(
    "content",
    [b"", b"patient: white male", gzip.compress(b"patient: white male", mtime=0)],
    ids=["empty", "plain", "compressed"],
)
def test_a_text_that_was_renamed_to_nifti_is_refused(tmp_path: Path, content: bytes):
    path = tmp_path / "ct.nii.gz"
    path.write_bytes(content)
    with pytest.raises(VolumeError, match="cannot be read as a volume"):
        volumes.read_volume(path)


def test_a_file_that_was_cut_short_is_refused(tmp_path: Path):
    path = tmp_path / "ct.nii.gz"
    volumes.write_volume(_noise((30, 30, 30)), path)
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(VolumeError, match="cut short or damaged"):
        volumes.read_volume(path)


def test_a_file_with_one_bit_flipped_is_refused(tmp_path: Path):
    path = tmp_path / "ct.nii.gz"
    volumes.write_volume(_noise((30, 30, 30)), path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(VolumeError, match="cut short or damaged"):
        volumes.read_volume(path)


def test_a_plain_nifti_that_was_cut_short_is_refused(tmp_path: Path):
    path = tmp_path / "ct.nii"
    volumes.write_volume(_noise((30, 30, 30)), path)
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(VolumeError, match="cut short or damaged"):
        volumes.read_volume(path)


def test_slices_vectors_and_time_series_are_refused():
    with pytest.raises(VolumeError, match="2 dimensions"):
        volumes.check_volume(sitk.Image(8, 8, sitk.sitkInt16))
    with pytest.raises(VolumeError, match="4 dimensions"):
        volumes.check_volume(sitk.Image((8, 8, 8, 3), sitk.sitkInt16))
    with pytest.raises(VolumeError, match="several values per voxel"):
        volumes.check_volume(sitk.Image((8, 8, 8), sitk.sitkVectorUInt8, 3))
    with pytest.raises(VolumeError, match="at least 2 voxels"):
        volumes.check_volume(sitk.Image((8, 8, 1), sitk.sitkInt16))
    with pytest.raises(VolumeError, match="at least 2 voxels"):
        volumes.check_volume(sitk.Image((8, 8, 0), sitk.sitkInt16))


def test_a_4d_file_of_one_frame_is_a_volume():
    assert volumes.check_volume(sitk.Image((4, 5, 6, 1), sitk.sitkInt16)).GetSize() == (4, 5, 6)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_no_numbers_are_counted(bad: float):
    array = np.zeros((4, 5, 6), np.float32)
    array[1, 2, 3] = bad
    with pytest.raises(VolumeError, match="1 values that are NaN or infinite"):
        volumes.check_volume(sitk.GetImageFromArray(array))


def test_a_grid_that_is_no_grid_is_refused():
    image = _noise()
    image.SetSpacing((1.0, 1.0, 40.0))
    with pytest.raises(VolumeError, match=r"spacing of 1, 1, 40 mm"):
        volumes.check_volume(image)
    image = _noise()
    image.SetSpacing((float("nan"), 1.0, 1.0))
    with pytest.raises(VolumeError, match="spacing"):
        volumes.check_volume(image)
    image = _noise()
    image.SetDirection((float("nan"), 0, 0, 0, 1, 0, 0, 0, 1))
    with pytest.raises(VolumeError, match="not a number"):
        volumes.check_volume(image)
    image = _noise()
    image.SetDirection((1, 0.5, 0, 0, 1, 0, 0, 0, 1))
    with pytest.raises(VolumeError, match="right angles"):
        volumes.check_volume(image)


# ---------------------------------------------------------------- anatomy and CT


def test_unknown_labels_are_named(small_labels: np.ndarray):
    labels = small_labels.astype(np.int16)
    labels[0, 0, 0], labels[0, 0, 1] = 240, -3
    with pytest.raises(VolumeError, match=r"not in the anatomy table: -3, 240"):
        label_volumes.check_anatomy(sitk.GetImageFromArray(labels))


def test_labels_between_labels_are_refused_and_whole_floats_are_taken(small_labels: np.ndarray):
    labels = small_labels.astype(np.float32)
    image = label_volumes.check_anatomy(sitk.GetImageFromArray(labels))
    assert image.GetPixelID() == sitk.sitkUInt8
    assert np.array_equal(sitk.GetArrayFromImage(image), small_labels)
    labels[0, 0, 0] = 1.5
    with pytest.raises(VolumeError, match=r"table: 1\.5"):
        label_volumes.check_anatomy(sitk.GetImageFromArray(labels))


def test_an_empty_map_and_a_bare_body_are_no_anatomy(small_anatomy: sitk.Image):
    empty = small_anatomy * 0
    with pytest.raises(VolumeError, match="is empty"):
        label_volumes.require_anatomy(empty)
    with pytest.raises(VolumeError, match="a body without any organ"):
        label_volumes.require_anatomy(sitk.Cast(small_anatomy > 0, sitk.sitkUInt8) * table.values()["body"])
    assert label_volumes.require_anatomy(small_anatomy).GetSize() == small_anatomy.GetSize()


def test_hu_are_kept_and_other_values_are_refused(small_ct: sitk.Image, small_anatomy: sitk.Image):
    values = sitk.GetArrayFromImage(small_ct)
    assert np.array_equal(sitk.GetArrayFromImage(volumes.check_ct(sitk.Cast(small_ct, sitk.sitkFloat32))), values)
    for image, message in (
        (small_anatomy, "no value under 0"),
        (sitk.Cast(small_ct, sitk.sitkFloat32) / 1000, "mask or a normalised volume"),
        (sitk.Cast(small_ct, sitk.sitkFloat32) * 1000, "no CT in HU"),
    ):
        with pytest.raises(VolumeError, match=message):
            volumes.check_ct(image)


def test_a_metal_voxel_and_padding_are_still_a_ct(small_ct: sitk.Image):
    values = sitk.GetArrayFromImage(small_ct)
    values[0, 0, 0], values[1, 1, 1] = -3024, 20000
    assert sitk.GetArrayFromImage(volumes.check_ct(sitk.GetImageFromArray(values))).max() == 20000


# ---------------------------------------------------------------- writing


def test_what_cannot_be_written_is_told_before_anything_changes(tmp_path: Path):
    with pytest.raises(VolumeError, match=r"unknown kind of file; use one of \.nii\.gz"):
        volumes.write_volume(_noise(), tmp_path / "ct.jpg")
    (tmp_path / "folder.nii.gz").mkdir()
    with pytest.raises(VolumeError, match="a folder is in its place"):
        volumes.write_volume(_noise(), tmp_path / "folder.nii.gz")
    with pytest.raises(VolumeError, match="folder does not exist"):
        volumes.write_volume(_noise(), tmp_path / "missing" / "ct.nii.gz")
    (tmp_path / "file").write_text("x")
    with pytest.raises(VolumeError, match="folder does not exist"):
        volumes.write_volume(_noise(), tmp_path / "file" / "ct.nii.gz")
    assert sorted(os.listdir(tmp_path)) == ["file", "folder.nii.gz"]


def test_an_unwritable_folder_is_told(tmp_path: Path):
    tmp_path.chmod(0o500)
    try:
        if os.access(tmp_path, os.W_OK):
            pytest.skip("this user may write anywhere")
        with pytest.raises(VolumeError, match="not writable"):
            volumes.write_volume(_noise(), tmp_path / "ct.nii.gz")
    finally:
        tmp_path.chmod(0o700)


@pytest.mark.parametrize("suffix", [".nii.gz", ".nii", ".nrrd", ".mha"])
def test_a_full_disk_keeps_the_old_file_and_leaves_nothing_else(tmp_path: Path, suffix: str):
    path = tmp_path / f"ct{suffix}"
    path.write_bytes(b"the old one")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))  # no file may grow beyond this
    try:
        with pytest.raises(VolumeError, match="disk"):
            volumes.write_volume(_noise((30, 30, 30)), path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == b"the old one"
    assert os.listdir(tmp_path) == [path.name]


def test_a_write_that_is_interrupted_leaves_nothing(tmp_path: Path):
    with pytest.raises(KeyboardInterrupt), files.atomic(tmp_path / "a.txt") as private:
        private.write_text("half")
        raise KeyboardInterrupt
    assert os.listdir(tmp_path) == []


def test_json_is_sorted_and_readable(tmp_path: Path):
    files.write_json({"b": "Größe", "a": [1, 2.5]}, tmp_path / "p.json")
    text = (tmp_path / "p.json").read_text(encoding="utf-8")
    assert text.index('"a"') < text.index('"b"')
    assert "Größe" in text
    assert json.loads(text) == {"a": [1, 2.5], "b": "Größe"}
    with pytest.raises(ValueError, match="not JSON compliant"):
        files.write_json({"a": float("nan")}, tmp_path / "p.json")
    assert json.loads((tmp_path / "p.json").read_text(encoding="utf-8"))["b"] == "Größe"
