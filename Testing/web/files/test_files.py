"""Files sent to a session and got back from it: over HTTP into a real scene, and the scene again in a fresh process."""

import asyncio
import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

pytest.importorskip("trame_slicer", reason="needs the extra web")

from aiohttp import ClientSession, web
from aiohttp.test_utils import TestClient, TestServer
from trame.app import get_server
from trame_slicer.core import SlicerApp

from GuideGenLib.anatomy.label_volumes import read_anatomy as read_anatomy_file
from GuideGenLib.anatomy.table import label
from GuideGenLib.scene.ct import add_ct
from GuideGenLib.scene.headless import new_scene
from GuideGenLib.scene.runs.results import file_anatomy, file_ct
from GuideGenLib.scene.runs.run import shown_anatomy
from GuideGenLib.scene.segments.segmentation import add_anatomy, read_anatomy
from GuideGenLib.scene.segments.terminology import coding_of, entry_of
from GuideGenLib.web.files.panel import FilesPanel
from GuideGenLib.web.workspace import Workspace
from GuideGenLib.workflow.runs import CORRECTIONS

ROOT = Path(__file__).resolve().parents[3]
RECORD = {"synthetic": True, "text": "A man with a 48 mm tumor; ü 名", "settings": {"seed": 7}}
PATIENCE_S = 60.0
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


class Pictures:
    """Stands in for the views."""

    def png(self, name: str) -> bytes:
        import vtk

        order = ["axial", "sagittal", "coronal", "threed"].index(name)
        picture = vtk.vtkImageData()
        picture.SetDimensions(10 + order, 20, 1)
        picture.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 3)
        picture.GetPointData().GetScalars().Fill(50 * (order + 1))
        writer = vtk.vtkPNGWriter()
        writer.SetInputData(picture)
        writer.WriteToMemoryOn()
        writer.Write()
        return bytes(memoryview(writer.GetResult()))


@pytest.fixture(scope="module")
def slicer_app() -> Any:
    return SlicerApp()


@pytest.fixture
def panel(slicer_app: Any, tmp_path: Path, request: pytest.FixtureRequest) -> Any:
    """A files panel on an empty scene; what it tells is in `panel.told`."""
    slicer_app.scene.Clear(False)
    (tmp_path / "private").mkdir()
    workspace = Workspace(slicer_app, tmp_path / "private")
    panel: Any = FilesPanel(get_server(request.node.name, client_type="vue3"), workspace, 4, Pictures())
    panel.told = []
    workspace.told.connect(lambda text, kind: panel.told.append((kind, text)))
    yield panel
    slicer_app.scene.Clear(False)
    assert os.listdir(workspace.folder) == [], "nothing private is left behind"


def talk(panel: FilesPanel, conversation: Callable[[TestClient], Any]) -> Any:
    """What a conversation with a server of the panel's routes gives."""

    async def serve() -> Any:
        application = web.Application()
        panel.add_routes(application)
        async with TestClient(TestServer(application)) as client:
            return await conversation(client)

    with ThreadPoolExecutor(1) as thread:  # a browser of other tests may have left its loop in this one
        return thread.submit(lambda: asyncio.run(serve())).result()


def upload(panel: FilesPanel, data: bytes, name: str, **query: str) -> tuple[int, str]:
    async def post(client: TestClient) -> tuple[int, str]:
        async with client.post("/files/upload", params={"name": name, **query}, data=data) as response:
            return response.status, await response.text()

    return talk(panel, post)


def download(panel: FilesPanel, address: str) -> tuple[int, dict[str, str], bytes]:
    async def get(client: TestClient) -> tuple[int, dict[str, str], bytes]:
        async with client.get(f"/files/{address}") as response:
            return response.status, dict(response.headers), await response.read()

    return talk(panel, get)


def nifti(image: sitk.Image, tmp_path: Path) -> bytes:
    sitk.WriteImage(image, str(tmp_path / "client.nii.gz"))
    return (tmp_path / "client.nii.gz").read_bytes()


def same(a: sitk.Image, b: sitk.Image) -> bool:
    return np.array_equal(sitk.GetArrayViewFromImage(a), sitk.GetArrayViewFromImage(b)) and all(
        np.allclose(getattr(a, f"Get{part}")(), getattr(b, f"Get{part}")(), rtol=0, atol=1e-4)
        for part in ("Spacing", "Origin", "Direction")
    )


def state_of(scene: Any) -> list[tuple[str, str]]:
    nodes = [scene.GetNthNode(index) for index in range(scene.GetNumberOfNodes())]
    return [(node.GetID(), node.GetName()) for node in nodes]


def make_case(panel: FilesPanel, anatomy: sitk.Image, ct: sitk.Image) -> None:
    scene = panel.workspace.scene
    run = file_anatomy(scene, anatomy, RECORD, "Run")
    run.segmentation.SetAttribute(CORRECTIONS, '{"patient": {}}')
    made = file_ct(scene, ct, anatomy, RECORD, "Run", run.segmentation)
    panel.workspace.choose(segmentation=run.segmentation, ct=made)


# ---------------------------------------------------------------- volumes


def test_an_anatomy_and_its_ct_become_one_case(panel: Any, small_anatomy: Any, small_ct: Any, tmp_path: Path):
    assert upload(panel, nifti(small_anatomy, tmp_path), "C:\\me\\ü 名.nii.gz") == (200, "Opened ü 名.nii.gz.")
    node = panel.workspace.segmentation
    assert node.GetName() == "ü 名"
    assert panel.told == [("success", "Opened ü 名.nii.gz.")]
    assert same(read_anatomy(node), small_anatomy)
    assert panel.state.files_has_work and panel.state.files_anatomy
    assert upload(panel, nifti(small_ct, tmp_path), "scan.nii.gz")[0] == 200
    ct = panel.workspace.ct
    assert ct.GetName() == "scan"
    assert same(shown_anatomy(ct), small_anatomy), "so that it can be made again near an edit"
    (run,) = panel.workspace.runs
    assert run.segmentation is node and run.ct is ct
    assert ct.GetAttribute("GuideGen.Synthetic") is None, "nobody knows whether it is a patient's"


def test_a_ct_that_came_first_goes_to_its_anatomy(panel: Any, small_anatomy: Any, small_ct: Any, tmp_path: Path):
    assert upload(panel, nifti(small_ct, tmp_path), "scan.nii.gz")[0] == 200
    ct = panel.workspace.ct
    assert panel.workspace.runs == [] and panel.workspace.segmentation is None
    assert upload(panel, nifti(small_anatomy, tmp_path), "labels.nii.gz")[0] == 200
    (run,) = panel.workspace.runs
    assert run.ct is ct is panel.workspace.ct
    assert run.segmentation is panel.workspace.segmentation


def test_a_ct_of_another_place_stands_for_itself(panel: Any, small_anatomy: Any, small_ct: Any, tmp_path: Path):
    upload(panel, nifti(small_anatomy, tmp_path), "labels.nii.gz")
    small_ct.SetOrigin((500, 0, 0))
    status, text = upload(panel, nifti(small_ct, tmp_path), "scan.nii.gz")
    assert status == 200 and "does not go with the chosen anatomy" in text
    assert panel.told[-1][0] == "warning"
    assert panel.workspace.ct.GetName() == "scan" and panel.workspace.runs == []


def test_a_segmentation_of_slicer_keeps_names_colours_and_terminology(panel: Any, small_anatomy: Any, tmp_path: Path):
    import slicer

    alone = new_scene()
    node = add_anatomy(alone.scene, small_anatomy)
    node.GetSegmentation().GetSegment("liver").SetName("My liver")
    node.GetSegmentation().GetSegment("liver").SetColor(0.1, 0.2, 0.3)
    storage = slicer.vtkMRMLSegmentationStorageNode()
    storage.SetFileName(str(tmp_path / "mine.seg.nrrd"))
    assert storage.WriteData(node)
    assert upload(panel, (tmp_path / "mine.seg.nrrd").read_bytes(), "mine.seg.nrrd") == (200, "Opened mine.seg.nrrd.")
    found = panel.workspace.segmentation
    segment = found.GetSegmentation().GetSegment("liver")
    assert segment.GetName() == "My liver"
    assert segment.GetColor() == pytest.approx((0.1, 0.2, 0.3), abs=1e-3)
    assert coding_of(segment) == coding_of(node.GetSegmentation().GetSegment("liver"))
    assert same(read_anatomy(found), small_anatomy)
    assert not found.GetDisplayNode().GetSegmentVisibility2DFill("body")


def test_a_segment_that_nobody_knows_is_told_and_nothing_comes_in(panel: Any, small_anatomy: Any, tmp_path: Path):
    import slicer

    alone = new_scene()
    node = add_anatomy(alone.scene, small_anatomy)
    segment = node.GetSegmentation().GetSegment("liver")
    segment.SetTag(segment.GetTerminologyEntryTagName(), entry_of(label("liver")).replace("^10200004^Liver", "^1^Tail"))
    segment.SetName("Thing")
    storage = slicer.vtkMRMLSegmentationStorageNode()
    storage.SetFileName(str(tmp_path / "mine.seg.nrrd"))
    assert storage.WriteData(node)
    before = state_of(panel.workspace.scene)
    status, text = upload(panel, (tmp_path / "mine.seg.nrrd").read_bytes(), "mine.seg.nrrd")
    assert status == 400 and 'egment "Thing" (Tail) is none of the structures that GuideGen knows' in text
    assert state_of(panel.workspace.scene) == before and panel.workspace.segmentation is None


def test_what_cannot_be_read_leaves_the_scene_as_it_was(panel: Any, small_anatomy: Any, tmp_path: Path):
    upload(panel, nifti(small_anatomy, tmp_path), "labels.nii.gz")
    before, chosen = state_of(panel.workspace.scene), panel.workspace.segmentation
    for data, name, query in (
        (b"text", "x.nii.gz", {}),
        (nifti(small_anatomy, tmp_path)[:-50], "x.nii.gz", {}),
        (b"PK\x03\x04", "x.mrb", {"replace": "1"}),
        (b"text", "x.exe", {}),
        (b"text", "x.nii.gz", {"kind": "x-ray"}),
    ):
        status, text = upload(panel, data, name, **query)
        assert status == 400
        assert panel.told[-1] == ("error", text)
        assert str(panel.workspace.folder) not in text
        assert state_of(panel.workspace.scene) == before and panel.workspace.segmentation is chosen


def test_a_body_is_cut_at_the_limit_whatever_it_says(panel: Any):
    async def pieces() -> Any:
        for _ in range(6):
            yield bytes(1 << 20)

    async def post(client: TestClient) -> list[int]:
        statuses = []
        for data in (bytes(5 << 20), pieces()):  # with Content-Length and without
            async with client.post("/files/upload?name=x.nii", data=data) as response:
                statuses.append(response.status)
        return statuses

    assert talk(panel, post) == [413, 413]
    assert "more than the 4 MB that may be sent" in panel.told[-1][1]


def test_a_client_that_goes_away_leaves_nothing(panel: Any, small_anatomy: Any, tmp_path: Path):
    data = nifti(small_anatomy, tmp_path)

    async def leave(client: TestClient) -> None:
        _, writer = await asyncio.open_connection(client.host, client.port)
        head = f"POST /files/upload?name=x.nii.gz HTTP/1.1\r\nHost: x\r\nContent-Length: {len(data) + 1}\r\n\r\n"
        writer.write(head.encode() + data)  # one byte is missing
        await writer.drain()
        await until(lambda: list(panel.workspace.folder.rglob("upload.nii.gz")))
        writer.close()
        await until(lambda: not os.listdir(panel.workspace.folder))

    talk(panel, leave)
    assert panel.workspace.segmentation is None and panel.told == []
    assert upload(panel, data, "x.nii.gz")[0] == 200, "the next one is served"


def test_two_files_at_once_are_not_taken(panel: Any, small_anatomy: Any, tmp_path: Path):
    data = nifti(small_anatomy, tmp_path)

    async def both(client: TestClient) -> list[int]:
        async def post() -> int:
            async with client.post("/files/upload?name=x.nii.gz", data=data) as response:
                return response.status

        return sorted(await asyncio.gather(post(), post()))

    assert talk(panel, both) == [200, 409]


def test_a_page_of_another_site_cannot_send_a_file(panel: Any):
    async def post(client: TestClient) -> int:
        headers = {"Sec-Fetch-Site": "cross-site"}
        async with client.post("/files/upload?name=x.nii.gz", data=b"x", headers=headers) as response:
            return response.status

    assert talk(panel, post) == 403


async def until(holds: Callable[[], Any]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not holds():
            await asyncio.sleep(0.01)


# ---------------------------------------------------------------- scenes


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
    assert upload(panel, data, "case.mrb", replace="1")[1] == "A run goes on: cancel it, or wait for its end."
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
    assert upload(panel, changed.getvalue(), "case.mrb") == (200, "Opened case.mrb.")
    assert len(panel.workspace.runs) == 1


def test_a_new_scene_is_empty_and_works(panel: Any, small_anatomy: Any, small_ct: Any):
    make_case(panel, small_anatomy, small_ct)
    panel.workspace.set_busy(True)
    panel.new()
    assert panel.told[-1] == ("warning", "A run goes on: cancel it, or wait for its end.")
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


def test_a_picture_shows_the_four_views(panel: Any, tmp_path: Path):
    status, headers, data = download(panel, "views.png")
    assert status == 200 and headers["Content-Type"] == "image/png"
    (tmp_path / "views.png").write_bytes(data)
    found = sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "views.png")))
    assert found.shape == (44, 30, 3)
    assert [found[y, x, 0] for y, x in ((9, 6), (9, 23), (33, 6), (33, 23))] == [50, 100, 150, 200]


def test_nothing_is_saved_of_an_empty_or_contradictory_scene(panel: Any, small_anatomy: Any, small_ct: Any):
    for address in ("case.mrb", "case.zip"):
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
