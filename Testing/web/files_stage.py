"""What the tests of files have in common: a panel that is talked to over HTTP, and a case in its scene."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from GuideGenLib.scene.runs.results import file_anatomy, file_ct
from GuideGenLib.web.files.panel import FilesPanel
from GuideGenLib.workflow.runs import CORRECTIONS

RECORD = {"synthetic": True, "text": "A man with a 48 mm tumor; ü 名", "settings": {"seed": 7}}
PATIENCE_S = 60.0


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


async def until(holds: Callable[[], Any]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not holds():
            await asyncio.sleep(0.01)
