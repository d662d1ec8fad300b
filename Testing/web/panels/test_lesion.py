"""Lesions at the cross-hair."""

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("trame_slicer", reason="needs the extra web")

from GuideGenLib.anatomy.table import by_group
from GuideGenLib.scene.segments import lesions
from GuideGenLib.scene.segments.kinds import pointed_kinds
from GuideGenLib.scene.segments.lesions import Pointed
from GuideGenLib.web.panels.lesion import kind_in
from Testing.web.editing import Bench, V, opened, ras_of_voxel
from Testing.web.views_stage import own_loop


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with opened(tmp_path) as bench:
        yield bench


def test_a_lesion_is_drawn_at_the_cross_hair_chosen_shown_and_taken_back(bench: Bench, small_anatomy) -> None:
    node = bench.file(small_anatomy)
    before = bench.labels
    bench.views.point = ras_of_voxel(small_anatomy, (24, 12, 10))
    bench.state.lesion_kind, bench.state.lesion_size = "liver_tumor", 60.0
    bench.add_finding()
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
    bench.add_finding()
    assert bench.told[-1] == ("success", "Added: pleural effusion, 100 ml. Ctrl+Z takes it back.")
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
        bench.add_finding()
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
    bench.add_finding()
    kind_of_message, text = bench.told[-1]
    assert kind_of_message == "warning" and words in text
    assert np.array_equal(bench.labels, before) and not bench.state.editor_can_undo


def test_without_an_anatomy_the_button_says_why(bench: Bench, small_anatomy) -> None:
    assert "no anatomy" in bench.state.lesion_hindrance
    bench.file(small_anatomy)
    assert bench.state.lesion_hindrance == ""


# ---------------------------------------------------------------- the session answers while one is drawn

SLOW_S = 0.3


@pytest.fixture
def slow(bench: Bench, small_anatomy, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Pointing at the liver, where each drawing takes its time."""
    draw = Pointed.draw

    def slowly(pointed: Pointed) -> np.ndarray:
        time.sleep(SLOW_S)
        return draw(pointed)

    monkeypatch.setattr(Pointed, "draw", slowly)
    bench.file(small_anatomy)
    bench.views.point = ras_of_voxel(small_anatomy, LIVER)
    bench.state.lesion_kind, bench.state.lesion_size = "liver_tumor", 60.0
    return bench


def while_drawn(bench: Bench, act: Callable[[], Any]) -> list[float]:
    """Press, act at once and wait for the end; how long the loop took for each of its turns, in seconds."""

    async def watch() -> list[float]:
        drawing = bench.lesion.add()
        assert drawing is not None and bench.state.lesion_busy
        act()
        turns = []
        while not drawing.done():
            began = time.perf_counter()
            await asyncio.sleep(0.01)
            turns.append(time.perf_counter() - began)
        return turns

    with own_loop():
        return asyncio.get_event_loop().run_until_complete(watch())


def test_the_session_answers_while_a_finding_is_drawn_and_a_second_press_does_nothing(slow: Bench) -> None:
    before = slow.labels
    presses: list[Any] = []
    turns = while_drawn(slow, lambda: presses.append(slow.lesion.add()))
    assert presses == [None] and [kind for kind, _ in slow.told] == ["success"]
    waiting = [turn for turn in turns if turn < SLOW_S / 2]
    assert len(waiting) > 5, "the loop turns while the thread draws"
    assert not slow.state.lesion_busy and (slow.labels == V["liver_tumor"]).any()
    slow.editor.undo()
    assert np.array_equal(slow.labels, before) and not slow.state.editor_can_undo, "it was one step"


def test_an_anatomy_that_stays_as_it_is_meanwhile_is_read_once(slow: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    layers_of = lesions.layers_of
    monkeypatch.setattr(lesions, "layers_of", lambda *of: read.append(1) or layers_of(*of))
    while_drawn(slow, lambda: None)
    assert read == [1] and (slow.labels == V["liver_tumor"]).any()


def test_an_anatomy_that_is_edited_meanwhile_stays_as_it_was_edited(slow: Bench) -> None:
    def edit() -> None:
        slow.segments.choose("spleen")
        slow.segments.remove()

    while_drawn(slow, edit)
    assert slow.told[-1][0] == "warning" and "the anatomy was changed while" in slow.told[-1][1]
    labels = slow.labels
    assert not (labels == V["spleen"]).any() and not (labels == V["liver_tumor"]).any()
    assert not slow.state.lesion_busy and slow.segments.active != "liver_tumor"
    while_drawn(slow, lambda: None)
    assert (slow.labels == V["liver_tumor"]).any(), "the next press draws it"


def test_looks_and_another_segment_chosen_meanwhile_are_no_edits(slow: Bench) -> None:
    def look() -> None:
        slow.segments.choose("spleen")
        slow.segments.show_one("spleen")

    while_drawn(slow, look)
    assert (slow.labels == V["liver_tumor"]).any()
    assert slow.segments.active == "spleen", "who goes on painting paints on what was chosen"


def test_with_another_anatomy_or_a_new_scene_meanwhile_nothing_is_drawn(slow: Bench, small_anatomy) -> None:
    first = slow.workspace.segmentation
    while_drawn(slow, lambda: slow.file(small_anatomy))
    assert slow.told[-1][0] == "warning"
    for node in (first, slow.workspace.segmentation):
        assert node.GetSegmentation().GetSegment("liver_tumor") is None
    while_drawn(slow, lambda: slow.scene.Clear(False))
    assert slow.told[-1][0] == "warning" and not slow.state.lesion_busy


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
    bench.add_finding()
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
