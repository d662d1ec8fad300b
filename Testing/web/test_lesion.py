"""Lesions at the cross-hair."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("trame_slicer", reason="needs the extra web")

from Testing.web.editing import Bench, V, opened, ras_of_voxel


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with opened(tmp_path) as bench:
        yield bench


def test_a_lesion_is_drawn_at_the_cross_hair_chosen_shown_and_taken_back(bench: Bench, small_anatomy) -> None:
    node = bench.file(small_anatomy)
    before = bench.labels
    bench.views.point = ras_of_voxel(small_anatomy, (24, 12, 10))
    bench.state.lesion_kind, bench.state.lesion_size = "liver_tumor", 60.0
    bench.lesion.add()
    assert bench.told[-1][0] == "success" and bench.segments.active == "liver_tumor"
    assert bench.labels[24, 12, 10] == V["liver_tumor"] and node.GetDisplayNode().GetSegmentVisibility("liver_tumor")
    bench.editor.undo()
    assert np.array_equal(bench.labels, before)
    assert not any(row["id"] == "liver_tumor" for row in bench.state.segments_rows)
    bench.editor.redo()
    assert bench.labels[24, 12, 10] == V["liver_tumor"]


def test_a_second_lesion_looks_different(bench: Bench, small_anatomy) -> None:
    bench.file(small_anatomy)
    shapes = []
    bench.state.lesion_kind, bench.state.lesion_size = "liver_tumor", 90.0
    bench.views.point = ras_of_voxel(small_anatomy, (24, 12, 11))
    for _ in range(2):
        bench.lesion.add()
        shapes.append(bench.labels == V["liver_tumor"])
        bench.editor.undo()
    assert (shapes[0] != shapes[1]).any()


@pytest.mark.parametrize(
    ("kind", "size", "point", "words"),
    [
        ("liver_tumor", 60.0, None, "Point at the place"),
        ("liver_tumor", 60.0, (40, 10, 8), "mm from the"),
        ("liver_tumor", 500.0, (24, 12, 10), "choose 3 to 200 mm"),
        ("liver_tumor", "", (24, 12, 10), "size of the lesion"),
        ("pancreas_tumor", 30.0, (24, 12, 10), "needs its organ"),
    ],
)
def test_what_cannot_be_drawn_is_told_and_nothing_changes(
    bench: Bench, small_anatomy, kind: str, size: float | str, point: tuple[int, int, int] | None, words: str
) -> None:
    bench.file(small_anatomy)
    before = bench.labels
    bench.views.point = None if point is None else ras_of_voxel(small_anatomy, point)
    bench.state.lesion_kind, bench.state.lesion_size = kind, size
    bench.lesion.add()
    kind_of_message, text = bench.told[-1]
    assert kind_of_message == "warning" and words in text
    assert np.array_equal(bench.labels, before) and not bench.state.editor_can_undo


def test_without_an_anatomy_the_button_says_why(bench: Bench, small_anatomy) -> None:
    assert "no anatomy" in bench.state.lesion_hindrance
    bench.file(small_anatomy)
    assert bench.state.lesion_hindrance == ""
