"""`guidegen scene`: one file that Slicer opens, or one clear line."""

import builtins
import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from GuideGenLib.anatomy.table import label
from GuideGenLib.core.progress import Cancelled
from GuideGenLib.core.volumes import write_volume
from GuideGenLib.workflow.words import LONGEST_TITLE, title_of

TEXT = (
    "This patient is a white male. In this medical CT scan, his clinical status can be described as an advanced lung "
    "cancer in the upper left lobe, with a TNM staging of T3NMX."
)
Run = Callable[..., int]

RELOAD = """
import json, sys
import numpy as np, SimpleITK as sitk
from GuideGenLib.scene import ct, files, headless
from GuideGenLib.scene.runs import hierarchy, run
from GuideGenLib.anatomy.codes.terminology import label_of_coding
from GuideGenLib.scene.segments import segmentation, terminology
scene = headless.new_scene().scene
files.load_mrb(scene, sys.argv[1])
found, = run.runs(scene)
def same(a, path):
    b = sitk.ReadImage(path)
    places = (np.allclose(a.TransformIndexToPhysicalPoint(i), b.TransformIndexToPhysicalPoint(i), atol=1e-3)
              for i in ((0, 0, 0), b.GetSize()))
    return all(places) and np.array_equal(sitk.GetArrayFromImage(a), sitk.GetArrayFromImage(b))
segments = found.segmentation.GetSegmentation()
tree = hierarchy.hierarchy_of(scene)
print(json.dumps({
    "anatomy": same(segmentation.read_anatomy(found.segmentation), sys.argv[2]),
    "ct": same(ct.read_ct(found.ct), sys.argv[3]),
    "segments": {
        label_of_coding(terminology.coding_of(one)).key: [one.GetName(), *(255 * c for c in one.GetColor())]
        for one in map(segments.GetNthSegment, range(segments.GetNumberOfSegments()))
    },
    "provenance": found.provenance,
    "prompt": found.ct.GetAttribute("GuideGen.Prompt"),
    "study": tree.GetItemName(found.folder_item),
    "patient": tree.GetItemName(tree.GetItemParent(found.folder_item)),
    "view": scene.GetNodeByID("vtkMRMLSliceCompositeNodeRed").GetBackgroundVolumeID() == found.ct.GetID(),
}))
"""


@pytest.fixture(autouse=True)
def _slicer() -> None:
    pytest.importorskip("slicer_core")


def test_the_scene_holds_everything_in_a_fresh_process(
    guidegen: Run, generator, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    target = tmp_path / "ü 名 folder" / "a case.mrb"
    assert guidegen("scene", TEXT, "-o", target, "--seed", 7, "--region", "chest", "--spacing", "3") == 0
    assert os.listdir(target.parent) == ["a case.mrb"]
    assert "synthetic" in capsys.readouterr().out
    assert generator.calls == [
        ("mask", {"text": TEXT, "seed": 7, "region": "chest", "sampler": "flow", "spacing": 1.5}),
        ("ct", {"text": TEXT, "seed": 7, "spacing": 3.0}),
    ]
    write_volume(generator.anatomy, tmp_path / "anatomy.nrrd")
    write_volume(generator.hu, tmp_path / "ct.nrrd")
    done = subprocess.run(
        [sys.executable, "-c", RELOAD, target, tmp_path / "anatomy.nrrd", tmp_path / "ct.nrrd"],
        capture_output=True, text=True, encoding="utf-8",
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["anatomy"] and found["ct"] and found["view"]
    present = np.unique(sitk.GetArrayFromImage(generator.anatomy)).tolist()
    rows = [label(value) for value in present if value]
    assert len(rows) == 10
    assert {key: [name, *map(round, color)] for key, (name, *color) in found["segments"].items()} == {
        row.key: [row.name, *row.color] for row in rows
    }
    assert found["provenance"]["text"] == TEXT and found["provenance"]["settings"]["seed"] == 7
    assert found["prompt"] == TEXT
    assert found["study"] == title_of(TEXT)
    assert "synthetic" in found["patient"]


def test_what_cannot_be_a_scene_file_is_told_before_the_work(
    guidegen: Run, generator, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "there.mrb").write_bytes(b"mine")
    (tmp_path / "folder.mrb").mkdir()
    (tmp_path / "file").write_text("x")
    for name, message in (
        ("case", "does not end in .mrb: name the scene's file, for example -o case.mrb"),
        ("case.mrml", "does not end in .mrb"),
        ("there.mrb", "has there.mrb already: name another folder, or add --overwrite"),
        ("folder.mrb", "is a folder: name a file"),
        ("file/case.mrb", "is a file: name a folder"),
    ):
        assert guidegen("scene", TEXT, "-o", tmp_path / name) == 2
        assert message in capsys.readouterr().err
    assert guidegen("scene", "asdf qwer", "-o", tmp_path / "case.mrb") == 2
    assert generator.calls == []
    assert sorted(os.listdir(tmp_path)) == ["file", "folder.mrb", "there.mrb"]
    assert (tmp_path / "there.mrb").read_bytes() == b"mine"


def test_an_older_scene_is_replaced_only_when_asked(guidegen: Run, tmp_path: Path):
    (tmp_path / "case.mrb").write_bytes(b"mine")
    assert guidegen("scene", TEXT, "-o", tmp_path / "case.mrb", "--overwrite") == 0
    assert (tmp_path / "case.mrb").read_bytes().startswith(b"PK")
    assert os.listdir(tmp_path) == ["case.mrb"]


def test_without_slicers_libraries_the_extra_is_named(
    guidegen: Run, generator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    original = builtins.__import__

    def missing(name: str, *rest: Any):
        if name.split(".")[0] in ("slicer", "slicer_core"):
            raise ModuleNotFoundError(f"No module named '{name}'", name=name)
        return original(name, *rest)

    monkeypatch.setattr(builtins, "__import__", missing)
    assert guidegen("scene", TEXT, "-o", tmp_path / "case.mrb") == 2
    assert 'pip install "guidegen[scene]"' in capsys.readouterr().err
    assert generator.calls == []
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("stage", ["mask", "decode"])
def test_cancel_leaves_nothing(guidegen: Run, generator, tmp_path: Path, stage: str):
    def cancel(now: str) -> None:
        if now == stage:
            raise Cancelled

    generator.at = cancel
    assert guidegen("scene", TEXT, "-o", tmp_path / "deep" / "case.mrb") == 130
    assert os.listdir(tmp_path) == []


def test_a_full_disk_leaves_nothing(guidegen: Run, generator, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(stage: str) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (3_000, limits[1]))

    generator.at = fill
    try:
        assert guidegen("scene", TEXT, "-o", tmp_path / "case.mrb") == 2
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "free some space or choose another folder" in capsys.readouterr().err
    assert os.listdir(tmp_path) == []


def test_the_study_is_named_after_the_text():
    assert title_of("  A man\nwith a cough ") == "A man with a cough"
    text = "A very long sentence about a patient " * 5
    long = title_of(text)
    assert LONGEST_TITLE - 10 < len(long) <= LONGEST_TITLE and text.startswith(long.removesuffix("…") + " ")


def test_a_scene_goes_to_a_path_of_any_bytes(guidegen: Run, tmp_path: Path) -> None:
    """Slicer's library ends the process when it is given one."""
    sys.stdout.reconfigure(errors="backslashreplace")
    out = tmp_path / os.fsdecode(b"d\xff") / os.fsdecode(b"a\xff.mrb")
    assert guidegen("scene", TEXT, "-o", out) == 0
    assert os.listdir(os.fsencode(out.parent)) == [b"a\xff.mrb"]
    assert guidegen("edit", out, "add ascites", "--dry-run") == 0
