"""Lesions at the cross-hair."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("trame_slicer", reason="needs the extra web")

from GuideGenLib.anatomy.table import by_group
from GuideGenLib.scene.segments.kinds import pointed_kinds
from GuideGenLib.web.panels.lesion import kind_in
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


def test_a_fluid_is_drawn_on_the_side_of_the_cross_hair_and_taken_back(bench: Bench, small_anatomy) -> None:
    bench.file(small_anatomy)
    before = bench.labels
    bench.views.point = ras_of_voxel(small_anatomy, LUNG)
    bench.state.lesion_kind = "pleural_effusion"
    bench.state.flush()
    assert bench.state.lesion_unit == "ml" and bench.state.lesion_size > 300
    bench.state.lesion_size = 100.0
    bench.lesion.add()
    assert bench.told[-1] == ("success", "pleural effusion of 100 ml added. Ctrl+Z takes it back.")
    drawn = bench.labels == V["pleural_effusion"]
    assert drawn.sum() * np.prod(small_anatomy.GetSpacing()) / 1000 == pytest.approx(100, rel=0.2)
    sides = {
        key.rsplit("_", 1)[1] for key, value in V.items() if key.startswith("lung_") and (before[drawn] == value).any()
    }
    assert len(sides) == 1 and bench.segments.active == "pleural_effusion"
    bench.editor.undo()
    assert np.array_equal(bench.labels, before)
    bench.state.lesion_kind = "kidney_tumor"
    bench.state.flush()
    assert (bench.state.lesion_unit, bench.state.lesion_size, bench.state.lesion_high) == ("mm", 25.0, 200.0)


def test_the_list_holds_all_that_has_a_label() -> None:
    kinds = [kind.key for kind in pointed_kinds()]
    assert set(kinds) >= {"lung_tumor", "kidney_cyst", "ascites", "pneumothorax", "mediastinal_lymph_node", "gallstone"}
    assert kinds[: len(by_group()["lesions"])] == [row.key for row in by_group()["lesions"]]
    assert all(kind.limits[0] <= kind.usual <= kind.limits[1] for kind in pointed_kinds())


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
        ("liver_tumor", "", (24, 12, 10), "size of the finding in mm"),
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


# ---------------------------------------------------------------- the kind follows the cross-hair

LIVER, KIDNEY, LUNG, TUMOR = (24, 12, 10), (18, 18, 9), (40, 10, 8), (38, 14, 22)
NO_ORGAN = {"heart": (34, 10, 16), "body": (10, 20, 16), "nothing": (24, 1, 1), "another room": (500, 12, 10)}


def choose_by_hand(bench: Bench, kind: str) -> None:
    """As the page's list does."""
    bench.state.lesion_kind = kind
    bench.state.flush()


def test_each_organ_of_a_lesion_and_what_is_in_it_has_that_kind_and_other_labels_none() -> None:
    for row in by_group()["lesions"]:
        assert {kind_in(key) for key in (row.key, *row.part_of)} == {row.key}
    assert kind_in("kidney_right") == "kidney_tumor" and kind_in("colon_gas") == "colon_tumor"
    assert [kind_in(key) for key in ("", "body", "muscle", "stomach_gas", "heart", "urinary_bladder")] == [None] * 6


def test_the_kind_follows_the_organ_at_the_cross_hair(bench: Bench, small_anatomy) -> None:
    bench.file(small_anatomy)
    followed = []
    for voxel in (LIVER, KIDNEY, LUNG, LIVER, TUMOR):
        bench.lesion.follow(ras_of_voxel(small_anatomy, voxel))
        followed.append(bench.state.lesion_kind)
    assert followed == ["liver_tumor", "kidney_tumor", "lung_tumor", "liver_tumor", "lung_tumor"]


@pytest.mark.parametrize("place", NO_ORGAN)
def test_a_point_in_no_organ_of_a_lesion_leaves_the_kind(bench: Bench, small_anatomy, place: str) -> None:
    bench.file(small_anatomy)
    bench.lesion.follow(ras_of_voxel(small_anatomy, KIDNEY))
    bench.lesion.follow(ras_of_voxel(small_anatomy, NO_ORGAN[place]))
    assert bench.state.lesion_kind == "kidney_tumor"


def test_a_hidden_organ_leaves_the_kind_and_a_renamed_one_is_known(bench: Bench, small_anatomy) -> None:
    node = bench.file(small_anatomy)
    bench.lesion.follow(ras_of_voxel(small_anatomy, KIDNEY))
    bench.segments.show_one("liver")
    bench.lesion.follow(ras_of_voxel(small_anatomy, LIVER))
    assert bench.state.lesion_kind == "kidney_tumor"
    bench.segments.show_one("liver")
    segment = node.GetSegmentation().GetSegment("liver")
    segment.SetName("Segment_1")
    bench.segments.refresh()
    bench.lesion.follow(ras_of_voxel(small_anatomy, LIVER))
    assert bench.state.lesion_kind == "liver_tumor"  # its terminology says so, whatever its name is


def test_a_kind_chosen_by_hand_stays_until_its_lesion_is_drawn(bench: Bench, small_anatomy) -> None:
    bench.file(small_anatomy)
    bench.lesion.follow(ras_of_voxel(small_anatomy, KIDNEY))
    choose_by_hand(bench, "liver_tumor")
    bench.lesion.follow(ras_of_voxel(small_anatomy, LUNG))
    assert bench.state.lesion_kind == "liver_tumor"
    bench.views.point, bench.state.lesion_size = ras_of_voxel(small_anatomy, LIVER), 60.0
    bench.lesion.add()
    assert bench.told[-1][0] == "success"
    bench.lesion.follow(ras_of_voxel(small_anatomy, KIDNEY))
    assert bench.state.lesion_kind == "kidney_tumor"
    choose_by_hand(bench, "lung_tumor")
    bench.lesion.follow(ras_of_voxel(small_anatomy, LIVER))
    assert bench.state.lesion_kind == "lung_tumor"


def test_with_another_anatomy_the_kind_follows_again_and_with_none_it_stays(bench: Bench, small_anatomy) -> None:
    bench.lesion.follow((0.0, 0.0, 0.0))
    first = bench.file(small_anatomy)
    choose_by_hand(bench, "pancreas_tumor")
    bench.workspace.choose(segmentation=first)  # the same one
    bench.lesion.follow(ras_of_voxel(small_anatomy, LIVER))
    assert bench.state.lesion_kind == "pancreas_tumor"
    bench.file(small_anatomy)
    bench.lesion.follow(ras_of_voxel(small_anatomy, LIVER))
    assert bench.state.lesion_kind == "liver_tumor"
