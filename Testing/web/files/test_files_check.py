"""What strangers' files are taken for, and that none of them can do harm."""

import gzip
import json
import os
import struct
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from GuideGenLib.anatomy import table
from GuideGenLib.anatomy.label_volumes import MARK, MARK_FIELD
from GuideGenLib.web.files import bundle_check, volume_check
from GuideGenLib.web.files.checking import answer

ROOT = Path(__file__).resolve().parents[3]
DOCUMENT = '<MRML version="Slicer 5.10.0 0">{}</MRML>'


@pytest.fixture
def ask(tmp_path: Path) -> Any:
    """What the check says of a file of `tmp_path`, and the volume that it hands on."""

    def check(path: Path, kind: str = "auto", name: str = "mine.nii.gz") -> tuple[dict[str, Any], sitk.Image | None]:
        checked = tmp_path / "checked.nrrd"
        checked.unlink(missing_ok=True)
        said = answer(path, name, kind, checked)
        assert str(tmp_path) not in json.dumps(said), "a private path is none of the user's business"
        return said, sitk.ReadImage(str(checked)) if checked.exists() else None

    return check


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def to_file(image: sitk.Image, name: str = "upload.nii.gz") -> Path:
        sitk.WriteImage(image, str(tmp_path / name))
        return tmp_path / name

    return to_file


def placed(image: sitk.Image) -> sitk.Image:
    """Oblique, anisotropic, cropped."""
    turn = sitk.Euler3DTransform()
    turn.SetRotation(0.2, -0.3, 0.4)
    result = sitk.Image(image)[3:, 2:, 5:]
    result.SetDirection(turn.GetMatrix())
    result.SetSpacing((9.0, 11.0, 5.0))
    result.SetOrigin((12.5, -45.25, 78.0))
    return result


@pytest.mark.parametrize("name", ["upload.nii.gz", "upload.nii", "upload.seg.nrrd"])
def test_an_anatomy_is_known_by_its_header_and_keeps_its_place(ask: Any, write: Any, small_anatomy: Any, name: str):
    image = placed(small_anatomy)
    image.SetMetaData(MARK_FIELD, MARK)
    said, found = ask(write(image, name))
    assert said == {"kind": "anatomy", "notes": []}
    assert np.array_equal(sitk.GetArrayViewFromImage(found), sitk.GetArrayViewFromImage(image))
    for part in ("Spacing", "Origin", "Direction"):
        assert np.allclose(getattr(found, f"Get{part}")(), getattr(image, f"Get{part}")(), rtol=0, atol=1e-4)


def test_a_ct_is_known_by_its_values_and_keeps_them(ask: Any, write: Any, small_ct: Any):
    said, found = ask(write(sitk.Cast(placed(small_ct), sitk.sitkFloat32)))
    assert said == {"kind": "ct", "notes": []}
    assert found.GetPixelID() == sitk.sitkInt16
    assert np.array_equal(sitk.GetArrayViewFromImage(found), sitk.GetArrayViewFromImage(placed(small_ct)))


def test_labels_of_totalsegmentator_become_ours(ask: Any, write: Any, small_labels: np.ndarray):
    theirs = np.zeros_like(small_labels)
    theirs[20:28] = 5  # liver
    theirs[30:34] = 104  # a right rib, which our table has no value for
    said, found = ask(write(sitk.GetImageFromArray(theirs)))
    assert "nothing tells what its values mean; it may be" in said["error"]
    assert "totalsegmentator (liver, ribs_right:" in said["error"]
    assert "totalsegmentator" in [one["labels"] for one in said["question"]["choices"]] and found is None
    said, found = ask(write(sitk.GetImageFromArray(theirs)), kind="totalsegmentator")
    assert said["kind"] == "anatomy" and "mine.nii.gz names no fat or muscle" in said["notes"][0]
    value = table.values()
    array = sitk.GetArrayViewFromImage(found)
    assert (array[theirs == 5] == value["liver"]).all() and (array[theirs == 104] == value["ribs_right"]).all()


def test_what_the_user_says_that_a_file_is_must_be_true(ask: Any, write: Any, small_ct: Any, small_anatomy: Any):
    said, found = ask(write(small_ct), kind="anatomy")
    assert "mine.nii.gz holds the negative value" in said["error"] and found is None
    said, found = ask(write(small_anatomy), kind="ct")
    assert "mine.nii.gz has no value under 0" in said["error"] and found is None


def truncated(path: Path, image: sitk.Image) -> None:
    sitk.WriteImage(image, str(path))
    path.write_bytes(path.read_bytes()[:-200])


def four(path: Path, image: sitk.Image) -> None:
    sitk.WriteImage(sitk.JoinSeries([image, image]), str(path))


def unknown(path: Path, image: sitk.Image) -> None:
    sitk.WriteImage(image + 180, str(path))


def liar(path: Path, image: sitk.Image) -> None:
    sitk.WriteImage(image, str(path))
    data = bytearray(gzip.decompress(path.read_bytes()))
    data[40:56] = struct.pack("<8h", 3, 30000, 30000, 30000, 1, 1, 1, 1)
    path.write_bytes(gzip.compress(bytes(data)))


def bomb(path: Path, image: sitk.Image) -> None:
    sitk.WriteImage(image, str(path))
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()) + bytes(1 << 22)))


BROKEN = {
    "text": (lambda path, image: path.write_text("no volume"), "mine.nii.gz cannot be read as a volume"),
    "empty": (lambda path, image: path.write_bytes(b""), "mine.nii.gz is empty"),
    "truncated": (truncated, "mine.nii.gz is cut short or damaged: copy or download it again"),
    "four": (four, "mine.nii.gz has 4 dimensions: give one 3D volume"),
    "unknown": (unknown, "mine.nii.gz: nothing tells what its values mean; no known vocabulary has all"),
    "liar": (liar, "mine.nii.gz takes 25749207 MB unpacked (30000 x 30000 x 30000 voxels): up to 512 MB"),
    "bomb": (bomb, "mine.nii.gz unpacks to more than its header says"),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_volume_that_cannot_be_used_is_told_in_one_message(
    ask: Any, tmp_path: Path, small_anatomy: Any, how: str, monkeypatch: pytest.MonkeyPatch
):
    make, message = BROKEN[how]
    make(tmp_path / "upload.nii.gz", small_anatomy)
    if how == "bomb":
        monkeypatch.setattr(volume_check, "LARGEST_VOLUME", 1 << 20)
    said, found = ask(tmp_path / "upload.nii.gz")
    assert said["error"].startswith(message)
    assert found is None


def test_a_nrrd_that_points_to_another_file_is_refused(ask: Any, tmp_path: Path, write: Any, small_anatomy: Any):
    data = write(small_anatomy, "upload.seg.nrrd").read_bytes()
    header, _, _ = data.partition(b"\n\n")
    (tmp_path / "upload.seg.nrrd").write_bytes(header + b"\ndata file: /etc/passwd\n\n")
    said, found = ask(tmp_path / "upload.seg.nrrd")
    assert said["error"] == "mine.nii.gz has its voxels in another file: save it as one .nrrd file"
    assert found is None


# ---------------------------------------------------------------- scenes


def bundle(path: Path, body: str = "", **files: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("a/a.mrml", DOCUMENT.format(body))
        for name, data in files.items():
            made.writestr(f"a/{name.replace('_', '.')}", data)
    return path


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('<TextStorage fileName="/etc/passwd"></TextStorage>', "refers to /etc/passwd, which is outside of it"),
        ('<TextStorage fileName="Data/..%2F..%2Fx.txt"></TextStorage>', "which is outside of it"),
        ('<TextStorage fileName="C:\\x.txt"></TextStorage>', "which is outside of it"),
        ('<VolumeArchetypeStorage fileListMember0="../x"></VolumeArchetypeStorage>', "which is outside of it"),
        ('<TextStorage uri="http://127.0.0.1/x.nrrd"></TextStorage>', "refers to http://127.0.0.1/x.nrrd"),
        ("<Text", "holds a scene that cannot be read"),
    ],
)
def test_a_scene_that_points_out_of_its_bundle_is_refused(ask: Any, tmp_path: Path, body: str, message: str):
    said, _ = ask(bundle(tmp_path / "upload.mrb", body), name="my.mrb")
    assert said["error"].startswith("my.mrb") and message in said["error"]


def test_a_volume_of_a_scene_that_points_elsewhere_is_refused(ask: Any, tmp_path: Path):
    path = bundle(tmp_path / "upload.mrb", ct_nrrd=b"NRRD0004\ntype: short\ndatafile: /etc/passwd\n\n")
    assert "whose voxels are in another file" in ask(path, name="my.mrb")[0]["error"]
    path = bundle(tmp_path / "upload.mrb", ct_mhd=b"NDims = 3\nElementDataFile = /etc/passwd\n")
    assert "whose voxels are in another file" in ask(path, name="my.mrb")[0]["error"]


def test_a_zip_bomb_is_not_unpacked(ask: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bundle_check, "LARGEST_SCENE", 1 << 20)
    path = bundle(tmp_path / "upload.mrb", big_bin=bytes(3 << 20))
    assert path.stat().st_size < 1 << 16
    said, _ = ask(path, name="my.mrb")
    assert "takes 3 MB unpacked: up to 1 MB are served" in said["error"]


def test_a_damaged_bundle_and_one_without_a_scene_are_told(ask: Any, tmp_path: Path):
    path = tmp_path / "upload.mrb"
    path.write_bytes(b"PK\x03\x04 no more")
    assert ask(path, name="my.mrb")[0]["error"] == "my.mrb is no .mrb or is damaged: copy or download it again"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("a/readme.txt", "no scene")
    assert ask(path, name="my.mrb")[0]["error"].startswith("my.mrb holds no scene")


def test_the_check_runs_as_a_process_that_prints_one_line(tmp_path: Path, write: Any, small_anatomy: Any):
    path = write(small_anatomy)
    checking = [sys.executable, "-m", "GuideGenLib.web.files.checking"]
    command = [*checking, path, "ü 名.nii.gz", "auto", tmp_path / "checked.nrrd"]
    done = subprocess.run(list(map(str, command)), capture_output=True, cwd=ROOT, env=os.environ, timeout=120)
    assert json.loads(done.stdout) == {"kind": "anatomy", "notes": []}
    assert len(done.stdout.splitlines()) == 1
    assert (tmp_path / "checked.nrrd").exists()
