"""Scenes and other downloads of a session: saved, and the scene read again in a fresh process."""

import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

pytest.importorskip("trame_slicer", reason="needs the extra web")

from aiohttp import ClientSession
from aiohttp.test_utils import TestClient

from GuideGenLib.anatomy.label_volumes import read_anatomy as read_anatomy_file
from GuideGenLib.scene.ct import add_ct
from GuideGenLib.scene.runs.run import shown_anatomy
from GuideGenLib.scene.segments.segmentation import read_anatomy
from GuideGenLib.scene.segments.terminology import coding_of
from Testing.web.files_stage import RECORD, download, make_case, same, state_of, talk, until, upload

ROOT = Path(__file__).resolve().parents[3]
READ_AGAIN = """
import json, sys
from pathlib import Path
import SimpleITK as sitk
from GuideGenLib.scene.files import load_mrb
from GuideGenLib.scene.headless import new_scene
from GuideGenLib.scene.runs.run import runs, shown_anatomy
from GuideGenLib.scene.ct import read_ct
from GuideGenLib.scene.segments.segmentation import read_anatomy
from GuideGenLib.scene.segments.terminology import coding_of
path, folder = map(Path, sys.argv[1:])
alone = new_scene()
load_mrb(alone.scene, path)
(run,) = runs(alone.scene)
images = {"anatomy": read_anatomy(run.segmentation), "ct": read_ct(run.ct), "shown": shown_anatomy(run.ct)}
for name, image in images.items():
    sitk.WriteImage(image, str(folder / f"{name}.nrrd"))
segmentation = run.segmentation.GetSegmentation()
ids = [segmentation.GetNthSegmentID(index) for index in range(segmentation.GetNumberOfSegments())]
segments = {one: [segmentation.GetSegment(one).GetName(), str(coding_of(segmentation.GetSegment(one)))] for one in ids}
print(json.dumps({"segments": segments, "record": run.provenance,
                  "corrections": run.segmentation.GetAttribute("GuideGen.Corrections")}))
"""


def test_a_saved_scene_is_the_same_in_a_fresh_process_and_session(
    panel: Any, small_anatomy: Any, small_ct: Any, tmp_path: Path
):
    make_case(panel, small_anatomy, small_ct)
    segmentation = panel.workspace.segmentation.GetSegmentation()
    ids = [segmentation.GetNthSegmentID(index) for index in range(segmentation.GetNumberOfSegments())]
    segments = {
        one: [segmentation.GetSegment(one).GetName(), str(coding_of(segmentation.GetSegment(one)))] for one in ids
    }
    status, headers, data = download(panel, "case.mrb")
    assert status == 200
    assert headers["Content-Disposition"] == 'attachment; filename="GuideGen.mrb"'
    assert headers["Content-Length"] == str(len(data))
    (tmp_path / "case.mrb").write_bytes(data)
    with zipfile.ZipFile(io.BytesIO(data)) as bundle:
        document = bundle.read("GuideGen/GuideGen.mrml").decode()
    assert 'useCompression="0"' not in document, "Slicer packs what it saves again"

    command = [sys.executable, "-c", READ_AGAIN, str(tmp_path / "case.mrb"), str(tmp_path)]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env=environment, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert told == {"segments": segments, "record": RECORD, "corrections": '{"patient": {}}'}
    for name, image in ("anatomy", small_anatomy), ("ct", small_ct), ("shown", small_anatomy):
        assert same(sitk.ReadImage(str(tmp_path / f"{name}.nrrd")), image)

    loaded = []
    panel.scene_loaded.connect(lambda record, corrections: loaded.append((record, corrections)))
    panel.new()
    assert upload(panel, data, "case.mrb") == (200, "Opened case.mrb.")
    assert loaded == [(RECORD, '{"patient": {}}')]
    (run,) = panel.workspace.runs
    assert run.segmentation is panel.workspace.segmentation and run.ct is panel.workspace.ct
    assert same(read_anatomy(run.segmentation), small_anatomy)
    assert same(shown_anatomy(run.ct), small_anatomy)


def test_a_scene_replaces_work_only_when_that_is_said(panel: Any, small_anatomy: Any, small_ct: Any):
    make_case(panel, small_anatomy, small_ct)
    _, _, data = download(panel, "case.mrb")
    before = state_of(panel.workspace.scene)
    status, text = upload(panel, data, "case.mrb")
    assert status == 400 and "The scene has work in it" in text
    assert state_of(panel.workspace.scene) == before
    panel.workspace.set_busy(True)
    assert upload(panel, data, "case.mrb", replace="1")[1] == "A run goes on: cancel it or wait for its end."
    panel.workspace.set_busy(False)
    assert upload(panel, data, "case.mrb", replace="1")[0] == 200
    assert len(panel.workspace.runs) == 1


def test_a_scene_with_nodes_of_a_module_that_is_missing_is_opened_without_them(panel: Any, small_anatomy: Any):
    make_case(panel, small_anatomy, sitk.Cast(small_anatomy, sitk.sitkInt16) * 20 - 1000)
    _, _, data = download(panel, "case.mrb")
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(changed, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name.endswith(".mrml"):
                content = content.replace(b"</MRML>", b'<Frob id="vtkMRMLFrobNode1" name="x"></Frob></MRML>')
            new.writestr(name, content)
    panel.new()
    status, text = upload(panel, changed.getvalue(), "case.mrb")
    assert status == 200 and "lost if you save the scene here: vtkMRMLFrobNode, of modules that are not here" in text
    assert len(panel.workspace.runs) == 1


def test_a_new_scene_is_empty_and_works(panel: Any, small_anatomy: Any, small_ct: Any):
    make_case(panel, small_anatomy, small_ct)
    panel.workspace.set_busy(True)
    panel.new()
    assert panel.told[-1] == ("warning", "A run goes on: cancel it or wait for its end.")
    assert len(panel.workspace.runs) == 1
    panel.workspace.set_busy(False)
    panel.new()
    assert panel.workspace.runs == [] and panel.workspace.segmentation is None and panel.workspace.ct is None
    assert not panel.state.files_has_work
    make_case(panel, small_anatomy, small_ct)
    assert same(read_anatomy(panel.workspace.segmentation), small_anatomy)


# ---------------------------------------------------------------- other downloads


def test_a_case_comes_as_files_that_the_library_reads(panel: Any, small_anatomy: Any, small_ct: Any, tmp_path: Path):
    make_case(panel, small_anatomy, small_ct)
    status, headers, data = download(panel, "case.zip")
    assert status == 200 and headers["Content-Disposition"] == 'attachment; filename="GuideGen.zip"'
    with zipfile.ZipFile(io.BytesIO(data)) as bundle:
        names = [f"GuideGen/{name}" for name in ("anatomy.nii.gz", "ct.nii.gz", "labels.csv", "provenance.json")]
        assert sorted(bundle.namelist()) == names
        bundle.extractall(tmp_path)
    assert same(read_anatomy_file(tmp_path / names[0]), small_anatomy)
    assert json.loads((tmp_path / names[3]).read_text(encoding="utf-8")) == RECORD


def test_a_case_comes_as_a_dicom_study(panel: Any, small_anatomy: Any, small_ct: Any, tmp_path: Path):
    pydicom = pytest.importorskip("pydicom", reason="needs the extra dicom")
    make_case(panel, small_anatomy, small_ct)
    status, headers, data = download(panel, "study.zip")
    assert status == 200 and headers["Content-Disposition"] == 'attachment; filename="GuideGen-DICOM.zip"'
    with zipfile.ZipFile(io.BytesIO(data)) as bundle:
        bundle.extractall(tmp_path)
    images = [pydicom.dcmread(path) for path in sorted((tmp_path / "CT").iterdir())]
    assert np.array_equal([image.pixel_array for image in images], sitk.GetArrayFromImage(small_ct))
    assert all(RECORD["text"] in image.ImageComments for image in images)
    panel.workspace.choose(ct=None)
    status, _, data = download(panel, "study.zip")
    assert status == 400 and b"The case has no CT" in data


def test_a_picture_shows_the_four_views(panel: Any, tmp_path: Path):
    status, headers, data = download(panel, "views.png")
    assert status == 200 and headers["Content-Type"] == "image/png"
    (tmp_path / "views.png").write_bytes(data)
    found = sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "views.png")))
    assert found.shape == (44, 30, 3)
    assert [found[y, x, 0] for y, x in ((9, 6), (9, 23), (33, 6), (33, 23))] == [50, 100, 150, 200]


def test_nothing_is_saved_of_an_empty_or_contradictory_scene(panel: Any, small_anatomy: Any, small_ct: Any):
    for address in ("case.mrb", "case.zip", "study.zip"):
        status, _, data = download(panel, address)
        assert status == 400 and b"generate an anatomy" in data
    make_case(panel, small_anatomy, small_ct)
    small_ct.SetOrigin((500, 0, 0))
    panel.workspace.choose(ct=add_ct(panel.workspace.scene, small_ct, "Other"))
    status, _, data = download(panel, "case.zip")
    assert status == 400 and b"Other does not cover the place of the anatomy" in data
    assert panel.state.files_preparing == ""


def test_a_download_that_is_broken_off_leaves_nothing(panel: Any, small_anatomy: Any, small_ct: Any):
    make_case(panel, small_anatomy, small_ct)

    async def leave(client: TestClient) -> None:
        async with ClientSession() as session:
            response = await session.get(client.make_url("/files/case.mrb"))
            response.close()
        await until(lambda: not os.listdir(panel.workspace.folder))

    talk(panel, leave)
