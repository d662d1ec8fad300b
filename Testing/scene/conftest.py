"""A real MRML scene from slicer-core, and fresh processes for what must hold in them."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def slicer_app() -> Any:
    """Slicer's scene and module logics without Qt, once a process: their registries are the process's."""
    core = pytest.importorskip("trame_slicer.core")
    return core.SlicerApp()


@pytest.fixture
def scene(slicer_app: Any) -> Iterator[Any]:
    """An empty scene whose module logics are all there."""
    slicer_app.scene.Clear(False)
    yield slicer_app.scene
    slicer_app.scene.Clear(False)


@pytest.fixture
def set_transform() -> Callable[[Any, np.ndarray], Any]:
    """Puts a node under a linear transform [4, 4] of RAS mm, as the Transforms module does."""

    def put(node: Any, matrix: np.ndarray) -> Any:
        import vtk

        transform = node.GetScene().AddNewNodeByClass("vtkMRMLLinearTransformNode")
        to_parent = vtk.vtkMatrix4x4()
        to_parent.DeepCopy(matrix.ravel().tolist())
        transform.SetMatrixTransformToParent(to_parent)
        node.SetAndObserveTransformNodeID(transform.GetID())
        return transform

    return put


@pytest.fixture
def paint() -> Callable[..., str]:
    """Writes a mask into a segment as the Segment Editor does; into a new one, as Add makes, if none is named.

    overwrite: ids that lose these voxels ("Modify other segments: overwrite all"); none of them: "allow overlap".
    """

    def write(node: Any, mask: sitk.Image, segment_id: str = "", name: str = "", overwrite: Any = ()) -> str:
        import slicer

        from GuideGenLib.scene.geometry import oriented_from_image

        segmentation = node.GetSegmentation()
        if not segment_id:
            segment_id = segmentation.AddEmptySegment("", name)
        logic, labelmap = slicer.vtkSlicerSegmentationsModuleLogic, oriented_from_image(mask)
        others = [other for other in overwrite if other != segment_id]
        assert logic.SetBinaryLabelmapToSegment(
            labelmap, node, segment_id, logic.MODE_REPLACE, labelmap.GetExtent(), False, others
        )
        return segment_id

    return write


@pytest.fixture
def fresh_process() -> Callable[..., str]:
    """Runs Python code with arguments in a process of its own and gives back what it printed; its failure is ours."""

    def run(code: str, *arguments: object) -> str:
        command = [sys.executable, "-c", code, *map(str, arguments)]
        environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env=environment, timeout=120)
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    return run


def surfaces_of(node: Any) -> Any:
    """The segmentation as an RT structure set or STL files would come in: surfaces and nothing else."""
    segmentation = node.GetSegmentation()
    segmentation.CreateRepresentation("Closed surface")
    segmentation.SetSourceRepresentationName("Closed surface")
    segmentation.RemoveRepresentation("Binary labelmap")
    assert not segmentation.ContainsRepresentation("Binary labelmap")
    return segmentation
