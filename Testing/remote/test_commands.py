"""The commands with --server, in a process without torch: the same files as without, bit for bit."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from GuideGenLib.anatomy.table import values
from GuideGenLib.cli.main import main
from GuideGenLib.core.volumes import write_volume
from Testing.remote.served import ROOT, TOKEN, served
from Testing.tiny_bundle import write_tiny_bundle

TEXT = "A 60 year old woman with a 30 mm tumor in the sigmoid colon."
SETTINGS = ["--region", "pelvis", "--seed", "3", "--steps", "1", "--anatomy-spacing", "3"]
CT_SETTINGS = ["--ct-steps", "1", "--spacing", "6"]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_bundle(tmp_path_factory.mktemp("bundle") / "tiny")


@pytest.fixture(scope="module")
def url(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of a server."""
    with served(bundle, tmp_path_factory.mktemp("server")) as address:
        yield address


def thin(commands: list[list[str]], token: str = TOKEN) -> tuple[list[int], list[str], str]:
    """Run commands in a process without torch: their exit statuses, what was imported that should not be, stderr."""
    ended = subprocess.run(
        [sys.executable, "-m", "Testing.remote.thin"], input=json.dumps(commands), capture_output=True, text=True,
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT), "GUIDEGEN_TOKEN": token}, timeout=300,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    statuses, imported = json.loads(ended.stdout)
    return statuses, imported, ended.stderr


def generate(case: Path, ways: list[str]) -> list[str]:
    return ["generate", TEXT, "-o", str(case), *SETTINGS, *CT_SETTINGS, *ways]


def edit(case: Path, ways: list[str]) -> list[str]:
    return ["edit", str(case), "make the tumor 50 mm large", *ways]


@pytest.mark.large
def test_all_commands_make_without_torch_what_is_made_here(
    url: str, bundle: Path, tmp_path: Path, small_anatomy: sitk.Image
) -> None:
    here, there, toy, painted = (tmp_path / name for name in ("here", "there", "toy.nii.gz", "painted.nii.gz"))
    near, far = ["--bundle", str(bundle), "--device", "cpu"], ["--server", url]
    assert main(generate(here, near)) == 0
    paint(here / "anatomy.nii.gz", painted)
    write_volume(small_anatomy, toy)
    before = there / "history" / "001"
    files = ["--ct", here / "ct.nii.gz", "--anatomy", here / "anatomy.nii.gz", "--edited", painted]
    region = ["--region", "abdomen", "--steps", "1"]
    commands: list[list[Any]] = [
        ["describe", TEXT],
        generate(there, far),
        edit(there, far),
        ["ct", "--anatomy", here / "anatomy.nii.gz", "-o", tmp_path / "ct", *CT_SETTINGS, *far],
        ["regenerate", *files, "-o", tmp_path / "again", *far],
        ["mask", "A woman.", "--keep", toy, "--segments", "liver", "-o", tmp_path / "kept", *region, *far],
    ]
    statuses, imported, told = thin([[str(part) for part in command] for command in commands])
    assert (statuses, imported) == ([0] * 6, []), told
    assert "drawing the anatomy" in told and "making the CT" in told
    for name in ("anatomy.nii.gz", "ct.nii.gz"):
        assert_same(here / name, before / name)
    assert json.loads((here / "provenance.json").read_text()) == json.loads((before / "provenance.json").read_text())
    assert (there / "preview.png").is_file() and (there / "labels.csv").is_file()
    assert not np.array_equal(voxels(there / "anatomy.nii.gz"), voxels(before / "anatomy.nii.gz"))
    assert_same(tmp_path / "ct" / "ct.nii.gz", here / "ct.nii.gz")
    changed = voxels(tmp_path / "again" / "ct.nii.gz") != voxels(here / "ct.nii.gz")
    assert changed.any() and not changed.all()
    liver = voxels(toy) == values()["liver"]
    drawn = sitk.Resample(
        sitk.ReadImage(tmp_path / "kept" / "anatomy.nii.gz"), sitk.ReadImage(toy), sitk.Transform(), 1, 0
    )
    assert np.array_equal(sitk.GetArrayViewFromImage(drawn) == values()["liver"], liver)


@pytest.mark.large
def test_what_a_server_refuses_ends_a_command_with_a_message(url: str, bundle: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "bundle.json").write_text((bundle / "bundle.json").read_text() + "\n")
    asked = ["mask", TEXT, "-o", str(tmp_path / "out"), "--server"]
    statuses, _, told = thin([[*asked, url, "--bundle", str(other)], [*asked, url, "--device", "cpu"], [*asked, "gpu"]])
    assert statuses == [2, 2, 2]
    for words in ("the server has the model tiny 0", "the server has its own", "'gpu' is no address of a server"):
        assert words in told
    statuses, _, told = thin([[*asked, url]], token="another-token-that-is-long")
    assert statuses == [2] and "does not know you" in told and not (tmp_path / "out").exists()
    lung = ["mask", "lung cancer in the left upper lobe", "-o", str(tmp_path / "out"), "--region", "pelvis"]
    statuses, _, told = thin([[*lung, "--server", url]])
    assert statuses == [2] and "torso" in told  # as the library says it here


def paint(source: Path, target: Path) -> None:
    """A cube in the body becomes bladder."""
    anatomy = sitk.ReadImage(source)
    array = sitk.GetArrayFromImage(anatomy)
    inside = np.argwhere(array != values()["background"])
    middle = inside[len(inside) // 2]
    array[tuple(slice(max(0, m - 2), m + 3) for m in middle)] = values()["urinary_bladder"]
    edited = sitk.GetImageFromArray(array)
    edited.CopyInformation(anatomy)
    write_volume(edited, target)


def voxels(path: Path) -> np.ndarray:
    return sitk.GetArrayFromImage(sitk.ReadImage(path))


def assert_same(one: Path, other: Path) -> None:
    a, b = sitk.ReadImage(one), sitk.ReadImage(other)
    assert np.array_equal(sitk.GetArrayViewFromImage(a), sitk.GetArrayViewFromImage(b)), one
    for part in ("Spacing", "Origin", "Direction"):
        assert getattr(a, f"Get{part}")() == getattr(b, f"Get{part}")(), one
