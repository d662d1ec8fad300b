"""The list of segments: found by other words, shown and hidden, added, named and removed."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

pytest.importorskip("trame_slicer", reason="needs the extra web")

from GuideGenLib.anatomy.table import label
from GuideGenLib.scene.segments.centre import place_within
from GuideGenLib.scene.segments.terminology import label_of
from Testing.web.editing import Bench, V, opened


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with opened(tmp_path) as bench:
        yield bench


def row(bench: Bench, segment_id: str) -> dict:
    return next(row for row in bench.state.segments_rows if row["id"] == segment_id)


def test_the_list_holds_every_segment_with_its_colour_and_group(bench: Bench, small_anatomy) -> None:
    bench.file(small_anatomy)
    present = set(np.unique(sitk.GetArrayViewFromImage(small_anatomy))) - {0}
    assert sorted(V[row["key"]] for row in bench.state.segments_rows) == sorted(present)
    first = [row["group"] == "lesions" for row in bench.state.segments_rows]
    assert first[0] and first == sorted(first, reverse=True), "findings come first"
    liver = row(bench, "liver")
    assert liver["color"] == "#{:02x}{:02x}{:02x}".format(*label("liver").color)
    assert liver["group"] == "organs" and liver["shown"] and row(bench, "lung_tumor")["group"] == "lesions"


def test_segments_are_found_by_parts_of_names_and_by_other_words(bench: Bench, small_anatomy) -> None:
    bench.file(small_anatomy)
    assert set(bench.segments.find("kidn")) == {"kidney_left", "kidney_right"}
    assert bench.segments.find("hepatic") == ["liver"] and bench.segments.find("xyz") == []
    assert bench.segments.find("  ") is None


def test_enter_takes_the_first_one_found_and_goes_to_it(bench: Bench, small_anatomy) -> None:
    node = bench.file(small_anatomy)
    bench.state.segments_search = "spl"
    bench.state.flush()
    bench.segments.take_first()
    assert bench.segments.active == "spleen"
    assert bench.views.jumps == [place_within(node, "spleen")]


def test_an_empty_segment_has_no_place_to_go_to(bench: Bench, small_anatomy) -> None:
    bench.file(small_anatomy)
    bench.segments.jump()
    bench.state.segments_label = "pancreas"
    bench.segments.add()
    bench.segments.jump("pancreas")
    assert bench.views.jumps == [] and "no place" in bench.told[-1][1]


def test_groups_are_hidden_and_shown_as_a_whole_and_one_eye_brings_one_back(bench: Bench, small_anatomy) -> None:
    node = bench.file(small_anatomy)
    bench.segments.show_group("organs")
    display = node.GetDisplayNode()
    assert not display.GetSegmentVisibility("liver") and not display.GetSegmentVisibility("urinary_bladder")
    assert display.GetSegmentVisibility("body") and not bench.state.segments_groups["organs"]
    bench.segments.show_one("liver")
    assert row(bench, "liver")["shown"] and bench.state.segments_groups["organs"]
    bench.segments.show_group("organs")
    bench.segments.show_group("organs")
    assert row(bench, "spleen")["shown"]


def test_opacity_reaches_the_anatomy_and_the_one_that_comes_after(bench: Bench, small_anatomy) -> None:
    bench.file(small_anatomy)
    bench.state.segments_fill, bench.state.segments_outline = 0.2, 0.7
    bench.state.flush()
    for node in (bench.workspace.segmentation, bench.file(small_anatomy)):
        display = node.GetDisplayNode()
        assert display.GetOpacity2DFill() == pytest.approx(0.2)
        assert display.GetOpacity2DOutline() == pytest.approx(0.7)


def test_the_fill_gives_way_to_a_ct_unless_the_user_has_set_it(bench: Bench, small_anatomy, small_ct) -> None:
    bench.file(small_anatomy)
    assert bench.state.segments_fill == 0.5
    node = bench.file(small_anatomy, small_ct)
    assert bench.state.segments_fill == 0.25
    assert node.GetDisplayNode().GetOpacity2DFill() == pytest.approx(0.25)
    bench.file(small_anatomy)
    assert bench.state.segments_fill == 0.5
    bench.state.segments_fill = 0.8
    bench.state.flush()
    bench.file(small_anatomy, small_ct)
    assert bench.state.segments_fill == 0.8


def test_a_stroke_sends_no_list_to_the_page(bench: Bench, small_anatomy) -> None:
    bench.file(small_anatomy)
    rows = bench.state.segments_rows
    bench.workspace.edited.emit()
    assert bench.state.segments_rows is rows


def test_an_added_segment_can_be_painted_and_read_and_is_added_once(bench: Bench, small_anatomy) -> None:
    from Testing.web.editing import ras_of_voxel

    node = bench.file(small_anatomy)
    bench.state.segments_label = "pancreas"
    bench.segments.add()
    assert bench.segments.active == "pancreas" and bench.state.editor_can_undo
    segment = node.GetSegmentation().GetSegment("pancreas")
    assert label_of(segment) == label("pancreas") and segment.GetName() == label("pancreas").name
    bench.choose("pancreas", "paint", brush=20.0)
    bench.stroke(ras_of_voxel(small_anatomy, (17, 10, 15)))
    assert bench.labels[17, 10, 15] == V["pancreas"]
    bench.segments.choose("liver")
    bench.segments.add()
    assert bench.segments.active == "pancreas" and "already" in bench.told[-1][1]
    bench.editor.undo()
    bench.editor.undo()
    assert not any(row["id"] == "pancreas" for row in bench.state.segments_rows) and bench.segments.active == ""
    bench.editor.redo()
    bench.editor.redo()
    assert bench.labels[17, 10, 15] == V["pancreas"]


def test_an_imported_segment_is_told_what_it_is(bench: Bench, small_anatomy) -> None:
    node = bench.file(small_anatomy)
    segment = node.GetSegmentation().GetSegment("spleen")
    segment.SetTag(segment.GetTerminologyEntryTagName(), "")
    segment.SetTag("GuideGen.Key", "")
    segment.SetName("Segment_7")
    bench.workspace.edited.emit()
    bench.segments.choose("spleen")
    bench.state.segments_label = "stomach"
    bench.segments.name_chosen()
    assert label_of(segment, "spleen") == label("stomach") and row(bench, "spleen")["name"] == label("stomach").name
    assert row(bench, "spleen")["color"] == "#{:02x}{:02x}{:02x}".format(*label("stomach").color)
    assert bench.labels[22, 16, 24] == V["stomach"]
    bench.editor.undo()
    assert segment.GetName() == "Segment_7" and bench.labels[22, 16, 24] == V["spleen"]


def test_a_segment_nobody_knows_is_marked(bench: Bench, small_anatomy) -> None:
    node = bench.file(small_anatomy)
    node.GetSegmentation().AddEmptySegment("thing", "Thing")
    bench.workspace.edited.emit()
    assert row(bench, "thing")["key"] == ""


def test_a_removed_segment_becomes_body_and_comes_back_with_its_looks(bench: Bench, small_anatomy) -> None:
    node = bench.file(small_anatomy)
    before = bench.labels
    order = [row["id"] for row in bench.state.segments_rows]
    node.GetDisplayNode().SetSegmentVisibility2DFill("liver", False)
    bench.editor.history.follow(None)
    bench.editor.history.follow(node)
    bench.segments.choose("liver")
    bench.segments.remove()
    assert bench.segments.active == "" and (bench.labels[before == V["liver"]] == V["body"]).all()
    bench.editor.undo()
    assert np.array_equal(bench.labels, before)
    assert [row["id"] for row in bench.state.segments_rows] == order
    assert not node.GetDisplayNode().GetSegmentVisibility2DFill("liver")
    assert label_of(node.GetSegmentation().GetSegment("liver")) == label("liver")
    bench.editor.redo()
    assert (bench.labels[before == V["liver"]] == V["body"]).all()
