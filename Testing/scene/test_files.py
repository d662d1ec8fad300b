"""Scenes and cases as files: whole or not at all, anywhere, and a message with its remedy."""

import json
import os
import re
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from GuideGenLib.anatomy import table
from GuideGenLib.anatomy.label_volumes import read_anatomy as read_anatomy_file
from GuideGenLib.core.volumes import read_ct as read_ct_file
from GuideGenLib.scene import files, headless
from GuideGenLib.scene.ct import add_ct, read_ct
from GuideGenLib.scene.errors import SceneError
from GuideGenLib.scene.runs.provenance import provenance_of
from GuideGenLib.scene.runs.run import Run, add_run, runs, shown_anatomy
from GuideGenLib.scene.segments.segmentation import add_anatomy, read_anatomy
from GuideGenLib.scene.volume_rendering import find_volume_rendering, show_volume_rendering

RECORD = {"synthetic": True, "text": "A man\n\twith a 48 mm tumor; ü 名", "settings": {"seed": 7}}


def same(a: sitk.Image, b: sitk.Image, atol: float = 1e-9) -> bool:
    return np.array_equal(sitk.GetArrayViewFromImage(a), sitk.GetArrayViewFromImage(b)) and all(
        np.allclose(getattr(a, f"Get{part}")(), getattr(b, f"Get{part}")(), rtol=0, atol=atol)
        for part in ("Spacing", "Origin", "Direction")
    )


def oblique(image: sitk.Image) -> sitk.Image:
    turn = sitk.Euler3DTransform()
    turn.SetRotation(0.2, -0.3, 0.4)
    result = sitk.Image(image)
    result.SetDirection(turn.GetMatrix())
    result.SetOrigin((12.3, -45.6, 78.9))
    return result


@pytest.fixture
def case(scene: Any, small_anatomy: sitk.Image, small_ct: sitk.Image) -> Run:
    return add_run(scene, oblique(small_anatomy), oblique(small_ct), RECORD, "Run 1")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Mounts disks of a few kilobytes; the test is skipped where that is not allowed."""
    mounted: list[Path] = []

    def mount(options: str) -> Path:
        folder = tmp_path / f"disk {len(mounted)}"
        folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", options, "none", str(folder)]
        try:
            subprocess.run(command, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            pytest.skip("this user may not mount a disk")
        mounted.append(folder)
        return folder

    yield mount
    for folder in mounted:
        subprocess.run(["umount", str(folder)], check=True)


# ---------------------------------------------------------------- .mrb


def test_a_scene_comes_back_voxel_for_voxel(case: Run, scene: Any, tmp_path: Path):
    folder = tmp_path / "ü 名 folder"
    folder.mkdir()
    files.save_mrb(scene, folder / "my case.mrb")
    assert os.listdir(folder) == ["my case.mrb"]
    again = headless.new_scene()
    files.load_mrb(again.scene, folder / "my case.mrb")
    (found,) = runs(again.scene)
    assert same(read_anatomy(found.segmentation), read_anatomy(case.segmentation))
    assert same(read_ct(found.ct), read_ct(case.ct))
    assert same(shown_anatomy(found.ct), shown_anatomy(case.ct))
    assert found.provenance == provenance_of(found.ct) == RECORD
    assert os.listdir(folder) == ["my case.mrb"]


def test_a_loaded_scene_can_be_saved_again(case: Run, scene: Any, tmp_path: Path):
    files.save_mrb(scene, tmp_path / "one.mrb")
    second = headless.new_scene()
    files.load_mrb(second.scene, tmp_path / "one.mrb")
    files.save_mrb(second.scene, tmp_path / "two.mrb")
    third = headless.new_scene()
    files.load_mrb(third.scene, tmp_path / "two.mrb")
    (found,) = runs(third.scene)
    assert same(read_ct(found.ct), read_ct(case.ct))
    assert same(read_anatomy(found.segmentation), read_anatomy(case.segmentation))
    assert found.provenance == RECORD


def test_a_bundle_has_readable_compressed_files(case: Run, scene: Any, tmp_path: Path):
    add_run(scene, read_anatomy(case.segmentation), read_ct(case.ct), RECORD | {"guidegen": "2"}, "Run 2")
    files.save_mrb(scene, tmp_path / "case.mrb")
    with zipfile.ZipFile(tmp_path / "case.mrb") as bundle:
        names = {Path(name).name for name in bundle.namelist() if not name.endswith("/")}
        headers = [bundle.read(name)[:2000] for name in bundle.namelist() if name.endswith(".nrrd")]
    assert names >= {"case.mrml", "CT.nrrd", "Anatomy.seg.nrrd", "Provenance.txt"}
    assert names >= {"CT_1.nrrd", "Anatomy_1.seg.nrrd", "Provenance_1.txt"}
    assert all(b"encoding: gzip" in header for header in headers)


def test_slicer_finds_no_reason_to_warn_of_the_scene(small_anatomy: sitk.Image, tmp_path: Path):
    alone = headless.new_scene()
    add_run(alone.scene, small_anatomy, None, RECORD, "Run")
    files.save_mrb(alone.scene, tmp_path / "case.mrb")
    with zipfile.ZipFile(tmp_path / "case.mrb") as bundle:
        document = bundle.read("case/case.mrml").decode("utf-8")
    application, version = re.search(r'<MRML\s+version="(\S+) (\S+)', document).groups()
    assert application == "Slicer"
    assert version == "5.10.0", "no newer than the oldest one that is served"


def test_volume_rendering_comes_back_with_its_look(case: Run, scene: Any, tmp_path: Path):
    show_volume_rendering(scene, case.ct)
    files.save_mrb(scene, tmp_path / "case.mrb")
    again = headless.new_scene()
    files.load_mrb(again.scene, tmp_path / "case.mrb")
    display = find_volume_rendering(runs(again.scene)[0].ct)
    assert display.GetVisibility()
    assert display.GetVolumePropertyNode().GetVolumeProperty().GetScalarOpacity().GetValue(400) == pytest.approx(0.6)


def test_loading_adds_to_what_is_there(case: Run, scene: Any, tmp_path: Path):
    files.save_mrb(scene, tmp_path / "case.mrb")
    files.load_mrb(scene, tmp_path / "case.mrb")
    scene_runs = runs(scene)
    assert case.segmentation in [run.segmentation for run in scene_runs]
    assert scene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode") == 2
    assert scene.GetNumberOfNodesByClass("vtkMRMLSubjectHierarchyNode") == 1


def test_an_older_file_stays_until_the_new_one_is_whole(case: Run, scene: Any, tmp_path: Path, monkeypatch):
    (tmp_path / "case.mrb").write_bytes(b"old")
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "full")))
        with pytest.raises(SceneError, match="the disk is full; free some space"):
            files.save_mrb(scene, tmp_path / "case.mrb")
    assert (tmp_path / "case.mrb").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["case.mrb"]
    files.save_mrb(scene, tmp_path / "case.mrb")
    assert zipfile.is_zipfile(tmp_path / "case.mrb")


@pytest.mark.parametrize(("bare", "kilobytes"), [*((True, n) for n in (4, 20, 28, 44, 60)), (False, 4), (False, 20)])
def test_a_disk_that_fills_up_is_told_and_left_clean(
    scene: Any, small_disk: Callable[..., Path], kilobytes: int, bare: bool
):
    if bare:
        alone = headless.new_scene()  # its parts are written beside the bundle, the application's elsewhere
        scene = alone.scene
    noise = np.random.default_rng(0).integers(-1000, 1000, (24, 24, 24)).astype(np.int16)
    add_ct(scene, sitk.GetImageFromArray(noise))  # 22 kB packed
    text = scene.AddNewNodeByClass("vtkMRMLTextNode", "Notes")
    text.SetForceCreateStorageNode(text.CreateStorageNodeAlways)
    text.SetText("x" * 6000)
    disk = small_disk(f"size={kilobytes}k")
    with pytest.raises(SceneError, match=r"cannot write .*case.mrb.*free some space or choose another folder") as error:
        files.save_mrb(scene, disk / "case.mrb")
    assert ".guidegen-" not in str(error.value)
    assert os.listdir(disk) == []


def test_a_disk_that_is_just_large_enough_will_do(case: Run, scene: Any, small_disk: Callable[..., Path]):
    disk = small_disk("size=4m")
    files.save_mrb(scene, disk / "case.mrb")
    assert os.listdir(disk) == ["case.mrb"]


def test_a_read_only_folder_is_told(case: Run, scene: Any, small_disk: Callable[..., Path]):
    disk = small_disk("size=1m,ro")
    with pytest.raises(SceneError, match="the folder is not writable; choose another one"):
        files.save_mrb(scene, disk / "case.mrb")
    with pytest.raises(SceneError, match="the folder is not writable; choose another one"):
        files.export_folder(case.segmentation, case.ct, disk / "case")


def test_names_that_cannot_be_a_scene_are_told(scene: Any, tmp_path: Path):
    (tmp_path / "folder.mrb").mkdir()
    for name, message in (
        ("case.mrml", "does not end in .mrb: a .mrml file alone would lose the volumes"),
        ("case", "name a .mrb"),
        ("folder.mrb", "a folder is in its place"),
        ("none/case.mrb", "its folder does not exist; make it first"),
    ):
        with pytest.raises(SceneError, match=message):
            files.save_mrb(scene, tmp_path / name)
    assert os.listdir(tmp_path) == ["folder.mrb"]


def test_damaged_and_foreign_bundles_are_told(case: Run, scene: Any, tmp_path: Path):
    files.save_mrb(scene, tmp_path / "whole.mrb")
    data = (tmp_path / "whole.mrb").read_bytes()
    (tmp_path / "cut.mrb").write_bytes(data[: len(data) // 2])
    (tmp_path / "text.mrb").write_bytes(b"hello")
    with zipfile.ZipFile(tmp_path / "empty.mrb", "w") as bundle:
        bundle.writestr("a/readme.txt", "no scene")
    with zipfile.ZipFile(tmp_path / "whole.mrb") as old, zipfile.ZipFile(tmp_path / "voxels.mrb", "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name)[:900] if name.endswith("CT.nrrd") else old.read(name))
    for name, message in (
        ("missing.mrb", "does not exist: check the path"),
        ("cut.mrb", "is no .mrb or is damaged: copy or download it again"),
        ("text.mrb", "is no .mrb or is damaged"),
        ("empty.mrb", "holds no scene: choose a .mrb"),
        ("voxels.mrb", "could not be read as a whole"),
    ):
        with pytest.raises(SceneError, match=message):
            files.load_mrb(headless.new_scene().scene, tmp_path / name)


def test_a_bundle_cannot_write_outside_its_folder(tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "evil.mrb", "w") as bundle:
        bundle.writestr("../../evil.txt", "x")
        bundle.writestr("a/a.mrml", "<MRML></MRML>")
    files.load_mrb(headless.new_scene().scene, tmp_path / "evil.mrb")
    assert not list(tmp_path.parent.rglob("evil.txt"))


# ---------------------------------------------------------------- folder


def test_a_case_is_exported_as_files_that_the_library_reads(case: Run, tmp_path: Path):
    folder = tmp_path / "new" / "ü 名 folder"
    paths = files.export_folder(case.segmentation, case.ct, folder)
    assert paths == [folder / name for name in ("anatomy.nii.gz", "labels.csv", "ct.nii.gz", "provenance.json")]
    assert sorted(os.listdir(folder)) == sorted(path.name for path in paths)
    assert same(read_anatomy_file(paths[0]), read_anatomy(case.segmentation), atol=1e-4)
    assert same(read_ct_file(paths[2]), read_ct(case.ct), atol=1e-4)
    assert json.loads(paths[3].read_text(encoding="utf-8")) == RECORD
    assert len(paths[1].read_text(encoding="utf-8").splitlines()) == len(table.labels()) + 1


def test_an_anatomy_alone_is_exported_without_the_rest(scene: Any, small_anatomy: sitk.Image, tmp_path: Path):
    paths = files.export_folder(add_anatomy(scene, small_anatomy), None, tmp_path)
    assert sorted(os.listdir(tmp_path)) == ["anatomy.nii.gz", "labels.csv"]
    assert len(paths) == 2


def test_files_that_are_there_stay_unless_it_is_allowed(case: Run, tmp_path: Path):
    (tmp_path / "ct.nii.gz").write_bytes(b"mine")
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(SceneError, match=r"has ct.nii.gz already: choose another folder, or allow to overwrite"):
        files.export_folder(case.segmentation, case.ct, tmp_path)
    assert sorted(os.listdir(tmp_path)) == ["ct.nii.gz", "notes.txt"]
    files.export_folder(case.segmentation, case.ct, tmp_path, overwrite=True)
    assert len(os.listdir(tmp_path)) == 5
    assert same(read_ct_file(tmp_path / "ct.nii.gz"), read_ct(case.ct), atol=1e-4)


@pytest.mark.parametrize("kilobytes", [4, 8, 12, 40])
def test_an_export_that_fills_the_disk_overwrites_nothing_half(
    scene: Any, small_anatomy: sitk.Image, small_disk: Callable[..., Path], kilobytes: int
):
    noise = np.random.default_rng(0).integers(-1000, 1000, small_anatomy.GetSize()[::-1]).astype(np.int16)
    ct = sitk.GetImageFromArray(noise)
    ct.CopyInformation(small_anatomy)
    run = add_run(scene, small_anatomy, ct, RECORD, "Run")
    disk = small_disk(f"size={kilobytes}k")
    (disk / "anatomy.nii.gz").write_bytes(b"mine")
    with pytest.raises(SceneError, match="the disk is full; free some space or choose another folder") as error:
        files.export_folder(run.segmentation, run.ct, disk, overwrite=True)
    assert ".guidegen-" not in str(error.value)
    assert os.listdir(disk) == ["anatomy.nii.gz"]
    assert (disk / "anatomy.nii.gz").read_bytes() == b"mine"


def test_targets_that_cannot_be_a_folder_are_told_and_nothing_is_made(case: Run, tmp_path: Path):
    (tmp_path / "file").write_text("x")
    for name, message in (("file", "is a file: choose a folder"), ("file/case", "its folder does not exist")):
        with pytest.raises(SceneError, match=message):
            files.export_folder(case.segmentation, case.ct, tmp_path / name)
    assert os.listdir(tmp_path) == ["file"]


def test_a_ct_of_another_place_is_not_exported_as_a_pair(scene: Any, case: Run, small_ct: sitk.Image, tmp_path: Path):
    other = add_ct(scene, small_ct, "Other")
    with pytest.raises(SceneError, match="Other does not cover the place of the anatomy"):
        files.export_folder(case.segmentation, other, tmp_path)
    assert os.listdir(tmp_path) == []
