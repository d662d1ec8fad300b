"""A scene with the page's views, and toy anatomies for it; no browser and no worker."""

import asyncio
import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import SimpleITK as sitk

from GuideGenLib.anatomy.table import values
from GuideGenLib.scene.geometry import oriented_from_image
from GuideGenLib.scene.runs.results import file_anatomy, file_ct

RECORD = {"text": "a test", "settings": {"seed": 1}}
PATIENCE_S = 30.0
_numbers = itertools.count()
_loop = asyncio.new_event_loop()


@contextmanager
def own_loop() -> Iterator[None]:
    """In the block this thread has an event loop that can be run: playwright leaves its own running in the thread of
    the tests, and OpenGL allows no other thread."""
    before = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    asyncio.set_event_loop(_loop)
    try:
        yield
    finally:
        asyncio._set_running_loop(before)


def new_stage(folder: Path) -> SimpleNamespace:
    """server, workspace, views; `told` collects the messages to the user."""
    from trame.app import get_server
    from trame_slicer.core import SlicerApp

    from GuideGenLib.web.views.views import Views
    from GuideGenLib.web.workspace import Workspace

    server = get_server(f"views-{next(_numbers)}", client_type="vue3")
    workspace = Workspace(SlicerApp(), folder)
    told: list[tuple[str, str]] = []
    workspace.told.connect(lambda text, kind: told.append((text, kind)))
    views = Views(server, workspace)
    for view in views.views.values():
        view.update_size(360, 300)
    return SimpleNamespace(server=server, workspace=workspace, views=views, told=told, scene=workspace.scene)


def toy_anatomy(
    origin: tuple[float, float, float] = (-36.0, -32.0, 100.0), angle: float = 0.0, tumor: bool = False
) -> sitk.Image:
    """Liver, spleen and subcutaneous fat in a body; the liver is on the patient's right; angle: about z; tumor: of
    12 x 12 x 16 mm within the liver."""
    labels = np.zeros((20, 24, 24), np.uint8)
    labels[1:19, 2:22, 2:22] = values()["subcutaneous_fat"]
    labels[1:19, 3:21, 3:21] = values()["body"]
    labels[6:14, 6:16, 5:11] = values()["liver"]
    labels[6:12, 12:18, 15:19] = values()["spleen"]
    if tumor:
        labels[8:12, 8:12, 6:10] = values()["liver_tumor"]
    image = sitk.GetImageFromArray(labels)
    image.SetSpacing((3.0, 3.0, 4.0))
    image.SetOrigin(origin)
    cos, sin = np.cos(angle), np.sin(angle)
    image.SetDirection((cos, -sin, 0, sin, cos, 0, 0, 0, 1))
    return image


def toy_ct(anatomy: sitk.Image, liver_hu: int = 60) -> sitk.Image:
    """HU of an anatomy on its own grid."""
    labels = sitk.GetArrayViewFromImage(anatomy)
    hu = np.where(labels > 0, 20, -1000).astype(np.int16)
    hu[labels == values()["liver"]] = liver_hu
    ct = sitk.GetImageFromArray(hu)
    ct.CopyInformation(anatomy)
    return ct


def add_anatomy_run(stage: SimpleNamespace, anatomy: sitk.Image) -> Any:
    """File an anatomy and choose it; returns its segmentation node."""
    run = file_anatomy(stage.scene, anatomy, RECORD, "test")
    stage.workspace.choose(segmentation=run.segmentation, ct=None, compared=None)
    return run.segmentation


def add_ct_of(stage: SimpleNamespace, anatomy: sitk.Image, segmentation: Any, liver_hu: int = 60) -> Any:
    """File a CT of an anatomy; returns its node, which is not chosen."""
    return file_ct(stage.scene, toy_ct(anatomy, liver_hu), anatomy, RECORD, "test", segmentation)


def ras_of_voxel(image: sitk.Image, index: tuple[int, int, int]) -> tuple[float, float, float]:
    """The middle of a voxel (i, j, k) in RAS mm."""
    x, y, z = image.TransformIndexToPhysicalPoint(index)
    return (-x, -y, z)


def add_segment(node: Any, mask: sitk.Image, name: str) -> str:
    """A new segment in a layer of its own, as painting with "allow overlap" makes it."""
    import slicer

    segment_id = str(node.GetSegmentation().AddEmptySegment("", name))
    logic, labelmap = slicer.vtkSlicerSegmentationsModuleLogic, oriented_from_image(mask)
    assert logic.SetBinaryLabelmapToSegment(
        labelmap, node, segment_id, logic.MODE_REPLACE, labelmap.GetExtent(), False, []
    )
    return segment_id


def put_under(node: Any, shift: tuple[float, float, float]) -> None:
    """Put a node under a transform that moves it by `shift` (RAS, mm)."""
    import vtk

    transform = node.GetScene().AddNewNodeByClass("vtkMRMLLinearTransformNode")
    matrix = vtk.vtkMatrix4x4()
    for row, value in enumerate(shift):
        matrix.SetElement(row, 3, value)
    transform.SetMatrixTransformToParent(matrix)
    node.SetAndObserveTransformNodeID(transform.GetID())


def run_until(done: Callable[[], bool]) -> None:
    """Let the event loop turn until something is so, at most PATIENCE_S."""

    async def wait() -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not done():
            assert time.monotonic() < deadline, "it did not happen"
            await asyncio.sleep(0.005)

    _loop.run_until_complete(wait())
