"""What the tools draw with ends with the scene."""

import gc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trame_slicer", reason="needs the extra web")

from trame_slicer.segmentation import SegmentationEffectPipeline

from Testing.web.editing import Bench, opened, ras_of_voxel


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with opened(tmp_path) as bench:
        yield bench


def held() -> list[Any]:
    """The pipelines that hold anything."""
    gc.collect()
    pipelines = (known for known in gc.get_objects() if issubclass(type(known), SegmentationEffectPipeline))
    return [pipeline for pipeline in pipelines if pipeline.__dict__]


def test_tools_of_scenes_that_were_closed_hold_nothing_and_hear_no_view(bench: Bench, small_anatomy) -> None:
    listeners = []
    for _ in range(3):
        bench.file(small_anatomy)
        for tool in ("draw", "scissors", "islands", "paint"):
            bench.choose("liver", tool)
        bench.stroke(ras_of_voxel(small_anatomy, (24, 12, 10)))
        assert all(pipeline.GetDisplayNode().GetScene() is bench.scene for pipeline in held())
        listeners.append(len(bench.axial.modified._connect_dict))
        bench.scene.Clear(False)
    assert listeners[1] == listeners[2], "the first scene has the tools alone that were taken up in it"
