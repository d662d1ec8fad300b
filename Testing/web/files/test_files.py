"""Volumes and segmentations that are sent to a session over HTTP, and what it refuses."""

import asyncio
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

pytest.importorskip("trame_slicer", reason="needs the extra web")

from aiohttp.test_utils import TestClient

from GuideGenLib.anatomy import table
from GuideGenLib.anatomy.codes.terminology import entry_of
from GuideGenLib.anatomy.table import label
from GuideGenLib.scene.geometry import oriented_from_image
from GuideGenLib.scene.headless import new_scene
from GuideGenLib.scene.runs.run import shown_anatomy
from GuideGenLib.scene.segments.segmentation import add_anatomy, read_anatomy
from GuideGenLib.scene.segments.terminology import coding_of
from Testing.web.files_stage import nifti, same, state_of, talk, until, upload


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


def test_segments_in_two_layers_that_have_names_alone_are_what_they_are_called(panel: Any, tmp_path: Path):
    import slicer

    names = {"Liver": (slice(2, 9), slice(2, 9)), "liver tumour": (slice(4, 6), slice(4, 6))}
    alone = new_scene()
    node = alone.scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Organs")
    for number, (name, place) in enumerate(names.items(), start=1):
        array = np.zeros((10, 10, 10), np.uint8)
        array[4:6][:, place[0], place[1]] = 1
        segment = slicer.vtkSegment()
        segment.SetName(name)
        segment.AddRepresentation("Binary labelmap", oriented_from_image(sitk.GetImageFromArray(array)))
        node.GetSegmentation().AddSegment(segment, f"Segment_{number}")
    storage = slicer.vtkMRMLSegmentationStorageNode()
    storage.SetFileName(str(tmp_path / "other.seg.nrrd"))
    assert storage.WriteData(node)
    status, text = upload(panel, (tmp_path / "other.seg.nrrd").read_bytes(), "other.seg.nrrd")
    assert (
        status == 200 and "other.seg.nrrd has no terminology: Liver, liver tumour became what their names say" in text
    )
    segmentation = panel.workspace.segmentation.GetSegmentation()
    assert [segmentation.GetSegment(f"Segment_{n}").GetName() for n in (1, 2)] == ["Liver", "liver tumour"]
    array = sitk.GetArrayFromImage(read_anatomy(panel.workspace.segmentation))
    counts = {key: np.count_nonzero(array == table.values()[key]) for key in ("liver", "liver_tumor")}
    assert counts == {"liver": 2 * (49 - 4), "liver_tumor": 2 * 4}, "a lesion lies on its organ, in a layer of its own"


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
