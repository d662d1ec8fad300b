"""What a stroke costs: how often voxels are copied for undo, and how many are looked at."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trame_slicer", reason="needs the extra web")

from GuideGenLib.web.editor import history, snapshot
from Testing.web.editing import Bench, V, opened, ras_of_voxel

LIVER = (24, 12, 10)
"""A voxel within the liver of `small_labels`, z y x."""


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with opened(tmp_path) as bench:
        yield bench


@pytest.mark.parametrize(
    "name, tool, copies, edits", [("spleen", "paint", 1, 1), ("liver", "paint", 1, 0), ("liver", "erase", 2, 1)]
)
def test_a_stroke_copies_all_voxels_once_and_once_more_where_the_body_takes_some(
    bench: Bench, small_anatomy, monkeypatch: pytest.MonkeyPatch, name: str, tool: str, copies: int, edits: int
) -> None:
    """trame_slicer tells each stroke several times."""
    bench.file(small_anatomy)
    bench.choose(name, tool, brush=30.0, sphere=True)
    copied: list[Any] = []
    copy = snapshot._layer
    monkeypatch.setattr(snapshot, "_layer", lambda image: copied.append(image) or copy(image))
    bench.stroke(ras_of_voxel(small_anatomy, LIVER))
    assert len(copied) == copies and bench.edits == edits


def test_what_the_body_takes_is_looked_for_where_the_stroke_was(bench: Bench, small_anatomy, monkeypatch) -> None:
    bench.file(small_anatomy)
    bench.choose("liver", "erase", brush=14.0, sphere=False)
    looked: list[int] = []
    look = history.erased
    monkeypatch.setattr(history, "erased", lambda one, other: looked.append(one.size) or look(one, other))
    bench.stroke(ras_of_voxel(small_anatomy, LIVER))
    assert bench.labels[LIVER] == V["body"] and looked[0] <= 9
