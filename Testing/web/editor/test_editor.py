"""Strokes with the mouse change the label volume where they were drawn, and undo takes them back."""

import asyncio
import zipfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

pytest.importorskip("trame_slicer", reason="needs the extra web")

from GuideGenLib.core.grids import same_grid
from GuideGenLib.scene.ct import read_ct
from GuideGenLib.scene.files import save_mrb
from GuideGenLib.scene.headless import new_scene
from GuideGenLib.scene.runs.results import file_anatomy, file_ct
from GuideGenLib.scene.segments.layers import LABELMAP
from GuideGenLib.scene.segments.segmentation import add_anatomy
from GuideGenLib.web.files.opening import Opener, Upload
from Testing.web.editing import Bench, V, opened, ras_of_voxel
from Testing.web.views_stage import own_loop

LIVER = (24, 12, 10)
"""A voxel within the liver of `small_labels`, z y x."""
BODY = (24, 21, 16)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with opened(tmp_path) as bench:
        yield bench


def test_a_stroke_writes_the_chosen_segment_where_the_mouse_was_and_nowhere_else(bench: Bench, small_anatomy) -> None:
    node = bench.file(small_anatomy)
    before = bench.labels
    at = ras_of_voxel(small_anatomy, LIVER)
    bench.choose("spleen", "paint", brush=30.0, sphere=True)
    bench.stroke(at)
    changed = np.argwhere(bench.labels != before)
    away = np.linalg.norm((changed - LIVER) * 12.0, axis=1)
    assert bench.labels[LIVER] == V["spleen"] and (bench.labels[tuple(changed.T)] == V["spleen"]).all()
    assert 7 <= len(changed) <= 33 and away.max() <= 24
    assert node.GetSegmentation().GetNumberOfLayers(LABELMAP) == 1 and bench.edits == 1


def test_the_flat_brush_stays_in_its_slice_and_a_stroke_joins_its_points(bench: Bench, small_anatomy) -> None:
    bench.file(small_anatomy)
    before = bench.labels
    bench.choose("spleen", "paint", brush=14.0, sphere=False)
    bench.stroke(*(ras_of_voxel(small_anatomy, (24, 12, x)) for x in (8, 12, 16)))
    changed = np.argwhere(bench.labels != before)
    assert set(changed[:, 0]) == {24} and {(24, 12, x) for x in range(8, 17)} <= set(map(tuple, changed))


def test_undo_and_redo_go_back_and_forth_over_more_than_ten_strokes(bench: Bench, small_anatomy) -> None:
    bench.file(small_anatomy)
    bench.choose("spleen", "paint", brush=20.0)
    states = [bench.labels]
    for step in range(12):
        bench.stroke(ras_of_voxel(small_anatomy, (21 + step % 6, 9 + step // 2, 8 + step % 3)))
        states.append(bench.labels)
    assert all((a != b).any() for a, b in pairwise(states)) and not bench.state.editor_can_redo
    for state in states[-2::-1]:
        bench.editor.undo()
        assert np.array_equal(bench.labels, state)
    assert not bench.state.editor_can_undo and bench.state.editor_can_redo
    for state in states[1:]:
        bench.editor.redo()
        assert np.array_equal(bench.labels, state)
    bench.editor.undo()
    bench.stroke(ras_of_voxel(small_anatomy, BODY))
    assert not bench.state.editor_can_redo, "a new stroke begins another line of steps"


def test_erased_voxels_are_body_at_once_and_the_organ_again_after_undo(bench: Bench, small_anatomy) -> None:
    node = bench.file(small_anatomy)
    bench.choose("liver", "erase", brush=30.0, sphere=True)
    bench.stroke(ras_of_voxel(small_anatomy, LIVER))
    shared = node.GetSegmentation().GetLayerDataObject(0, LABELMAP)
    assert bench.labels[LIVER] == V["body"]
    x, y, z = (position for position in LIVER[::-1])
    assert shared.GetScalarComponentAsDouble(x, y, z, 0) == V["body"], "in the segmentation, not in the reading alone"
    bench.editor.undo()
    assert bench.labels[LIVER] == V["liver"]


def test_body_that_is_erased_at_the_skin_is_outside(bench: Bench, small_anatomy) -> None:
    bench.file(small_anatomy)
    bench.choose("body", "erase", brush=14.0)
    bench.stroke(ras_of_voxel(small_anatomy, (24, 4, 16)))
    assert bench.labels[24, 4, 16] == 0


@pytest.mark.parametrize("where", ["oblique", "cropped", "moved", "moved and oblique"])
def test_a_stroke_lands_at_the_mouse_in_oblique_cropped_and_moved_anatomies(
    bench: Bench, small_anatomy, where: str
) -> None:
    import vtk

    anatomy = sitk.Image(small_anatomy)
    if "oblique" in where:
        angle = np.radians(20)
        turn = [np.cos(angle), -np.sin(angle), 0, np.sin(angle), np.cos(angle), 0, 0, 0, 1]
        anatomy.SetDirection(turn)
        anatomy.SetOrigin((30.0, -200.0, 77.0))
    if where == "cropped":
        anatomy = anatomy[3:25, 5:, 18:40]
    node = add_anatomy(bench.scene, anatomy)
    if "moved" in where:
        transform = bench.scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
        mover = vtk.vtkTransform()
        mover.Translate(40, -25, 12)
        mover.RotateX(15)
        transform.SetMatrixTransformToParent(mover.GetMatrix())
        node.SetAndObserveTransformNodeID(transform.GetID())
    bench.workspace.choose(segmentation=node)
    before = bench.anatomy
    bench.take(node)
    assert same_grid(bench.anatomy, before) and np.array_equal(bench.labels, sitk.GetArrayFromImage(before))
    middle: Any = tuple(int(i) for i in np.median(np.argwhere(bench.labels == V["liver"]), axis=0))
    bench.choose("spleen", "paint", brush=26.0, sphere=True)
    bench.stroke(ras_of_voxel(before, middle))
    changed = np.argwhere(bench.labels != sitk.GetArrayFromImage(before))
    assert same_grid(bench.anatomy, before)
    assert bench.labels[middle] == V["spleen"] and np.abs(changed - middle).max() <= 2, where
    assert ("moved" in where) == any("transform" in text for _, text in bench.told)


def test_a_new_ct_keeps_undo_the_tool_and_the_source_and_threshold_works_on_it(
    bench: Bench, small_anatomy, small_ct
) -> None:
    from GuideGenLib.scene.runs.results import file_ct

    node = bench.file(small_anatomy)
    bench.choose("spleen", "paint", brush=30.0)
    before = bench.labels
    bench.stroke(ras_of_voxel(small_anatomy, LIVER))
    bench.editor.use("threshold")
    assert bench.state.editor_effect == "none" and "needs a CT" in bench.told[-1][1]
    source = bench.editor.editor.active_volume_node
    bench.workspace.choose(ct=file_ct(bench.scene, small_ct, small_anatomy, {}, "test", node))
    assert bench.editor.editor.active_volume_node is source and bench.state.editor_can_undo
    bench.choose(
        "spleen", "threshold", threshold=[-900, -800], area="INSIDE_SINGLE_SEGMENT", area_segment="lung_upper_lobe_left"
    )
    bench.editor.apply_threshold()
    left = before == V["lung_upper_lobe_left"]
    hu = sitk.GetArrayFromImage(small_ct)
    assert ((bench.labels == V["spleen"])[left] == ((hu >= -900) & (hu <= -800))[left]).all()
    bench.editor.undo()
    bench.editor.undo()
    assert np.array_equal(bench.labels, before)


def test_painting_within_a_range_of_hu_leaves_other_voxels_alone(bench: Bench, small_anatomy, small_ct) -> None:
    bench.file(small_anatomy, small_ct)
    before = bench.labels
    bench.choose("spleen", "paint", brush=100.0, sphere=True, threshold=[-900, -800])
    bench.editor.mask_by_threshold()
    bench.stroke(ras_of_voxel(small_anatomy, (32, 14, 14)))
    changed = bench.labels != before
    hu = sitk.GetArrayFromImage(small_ct)
    assert changed.any() and hu[changed].max() < -790
    bench.workspace.choose(ct=None)
    assert not bench.state.editor_masked, "without a CT no voxel is within the range"
    bench.stroke(ras_of_voxel(small_anatomy, (32, 10, 16)))
    assert bench.labels[32, 10, 16] == V["spleen"]


@pytest.mark.parametrize("spacing", [None, 7.0])
def test_drawing_fills_one_slice_of_the_anatomy_whatever_the_spacing_of_the_ct(
    bench: Bench, small_anatomy, small_ct, spacing: float | None
) -> None:
    ct = small_ct
    if spacing is not None:
        size = [round(n * 12 / spacing) for n in small_ct.GetSize()]
        ct = sitk.Resample(
            small_ct, size, sitk.Transform(), sitk.sitkLinear,
            [o - 6 + spacing / 2 for o in small_ct.GetOrigin()], [spacing] * 3, small_ct.GetDirection(), 40,
        )  # fmt: skip
    bench.file(small_anatomy, ct)
    for z in (21, 24, 27):
        before = bench.labels
        bench.choose("spleen", "draw")
        bench.stroke(*(ras_of_voxel(small_anatomy, (z, y, x)) for y, x in ((8, 6), (8, 14), (14, 14), (14, 6), (9, 6))))
        changed = np.argwhere(bench.labels != before)
        assert set(changed[:, 0]) == {z} and bench.labels[z, 11, 10] == V["spleen"]


def test_scissors_cut_through_all_slices_or_one(bench: Bench, small_anatomy) -> None:
    bench.file(small_anatomy)
    outline = [ras_of_voxel(small_anatomy, (24, y, x)) for y, x in ((8, 7), (8, 14), (15, 14), (15, 7), (9, 7))]
    bench.choose("liver", "scissors", scissors_range="slice")
    bench.stroke(*outline)
    labels = bench.labels
    assert labels[24, 11, 10] == V["body"] and labels[23, 11, 10] == V["liver"] and labels[24, 16, 16] == V["liver"]
    bench.choose("liver", "scissors", scissors_range="all")
    bench.stroke(*outline)
    assert (bench.labels[20:28, 11, 10] == V["body"]).all() and bench.editor.history._done == 2


def test_others_give_way_or_stay_as_chosen(bench: Bench, small_anatomy) -> None:
    node = bench.file(small_anatomy)
    bench.choose("lung_tumor", "paint", overwrite="ALLOW_OVERLAP", brush=26.0)
    bench.stroke(ras_of_voxel(small_anatomy, (38, 14, 19)))
    assert node.GetSegmentation().GetNumberOfLayers(LABELMAP) == 2
    assert bench.labels[38, 14, 19] == V["lung_tumor"], "a lesion wins over its own organ"
    bench.editor.undo()
    assert bench.labels[38, 14, 19] == V["lung_upper_lobe_left"]
    bench.editor.redo()
    assert bench.labels[38, 14, 19] == V["lung_tumor"]


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ("add", lambda own, other: own | other),
        ("subtract", lambda own, other: own),
        ("copy", lambda own, other: other),
        ("intersect", lambda own, other: own & other),
        ("clear", lambda own, other: own & False),
    ],
)
def test_logical_operators_do_what_they_say(bench: Bench, small_anatomy, operation: str, expected: Any) -> None:
    bench.file(small_anatomy)
    before = bench.labels
    own, other = before == V["spleen"], before == V["kidney_left"]
    bench.choose("spleen", "logical", logical=operation, other="kidney_left")
    bench.editor.apply_logical()
    wanted = expected(own, other)
    assert np.array_equal(bench.labels == V["spleen"], wanted)
    assert (bench.labels[own & ~wanted] == V["body"]).all()
    if bench.state.editor_can_undo:
        bench.editor.undo()
    assert np.array_equal(bench.labels, before)


def test_islands_are_split_into_named_segments_and_joined_by_one_undo(bench: Bench, small_anatomy) -> None:
    node = bench.file(small_anatomy)
    bench.choose("spleen", "paint", brush=26.0)
    bench.stroke(ras_of_voxel(small_anatomy, (10, 10, 16)))
    count = node.GetSegmentation().GetNumberOfSegments()
    bench.choose("spleen", "islands", islands="SPLIT_TO_SEGMENTS")
    bench.editor.apply_islands()
    assert node.GetSegmentation().GetNumberOfSegments() == count + 1
    assert (bench.labels == V["spleen"]).sum() > 0 and bench.labels[10, 10, 16] == V["spleen"]
    assert "spleen 2" in [row["name"] for row in bench.state.segments_rows]
    bench.editor.undo()
    assert node.GetSegmentation().GetNumberOfSegments() == count and bench.labels[10, 10, 16] == V["spleen"]
    bench.choose("spleen", "islands", islands="KEEP_LARGEST_ISLAND")
    bench.editor.apply_islands()
    assert bench.labels[10, 10, 16] == V["body"] and bench.labels[22, 16, 24] == V["spleen"]


def test_smoothing_takes_off_a_spike_and_is_one_step(bench: Bench, small_anatomy) -> None:
    bench.file(small_anatomy)
    bench.choose("liver", "paint", brush=12.0)
    bench.stroke(ras_of_voxel(small_anatomy, (24, 5, 10)))
    before = bench.labels
    assert before[24, 5, 10] == V["liver"]
    bench.choose("liver", "smoothing", smoothing="MEDIAN", smoothing_mm=36.0)
    bench.editor.apply_smoothing()
    assert bench.labels[24, 5, 10] == V["body"] and bench.labels[LIVER] == V["liver"]
    bench.editor.undo()
    assert np.array_equal(bench.labels, before)


def test_tools_are_off_with_a_reason_without_anatomy_segment_or_voxels(bench: Bench, small_anatomy) -> None:
    from Testing.scene.conftest import surfaces_of

    assert "no anatomy" in bench.state.editor_hindrance
    node = bench.file(small_anatomy)
    assert bench.state.editor_hindrance == ""
    bench.editor.use("paint")
    assert bench.state.editor_effect == "none" and "Choose a segment" in bench.told[-1][1]
    bench.choose("liver", "paint")
    bench.workspace.choose(segmentation=None)
    assert "no anatomy" in bench.state.editor_hindrance and bench.state.editor_effect == "none"
    surfaces_of(node)
    bench.workspace.choose(segmentation=node)
    assert "made of surfaces" in bench.state.editor_hindrance


def test_another_anatomy_has_its_own_steps_and_a_cleared_scene_can_be_edited_again(bench: Bench, small_anatomy) -> None:
    first = bench.file(small_anatomy)
    bench.choose("spleen", "paint", brush=30.0)
    bench.stroke(ras_of_voxel(small_anatomy, LIVER))
    bench.file(small_anatomy)
    assert not bench.state.editor_can_undo and bench.state.editor_effect == "none" and bench.segments.active == ""
    bench.choose("spleen", "paint", brush=30.0)
    bench.stroke(ras_of_voxel(small_anatomy, BODY))
    assert bench.labels[BODY] == V["spleen"] and bench.labels[LIVER] == V["liver"]
    bench.take(first)
    assert bench.labels[LIVER] == V["spleen"] and bench.labels[BODY] == V["body"]
    bench.scene.Clear(False)
    bench.workspace.choose(segmentation=None, ct=None)
    bench.file(small_anatomy)
    bench.choose("spleen", "paint", brush=30.0)
    bench.stroke(ras_of_voxel(small_anatomy, LIVER))
    assert bench.labels[LIVER] == V["spleen"]


def test_the_ct_of_a_scene_that_is_opened_keeps_its_voxels(bench: Bench, small_anatomy, small_ct, tmp_path) -> None:
    """Its node takes the ID that the editor's own volume had before the scene was cleared."""
    slicers = new_scene()
    run = file_anatomy(slicers.scene, small_anatomy, {}, "run")
    file_ct(slicers.scene, small_ct, small_anatomy, {}, "run", run.segmentation)
    save_mrb(slicers.scene, tmp_path / "slicer.mrb")

    bench.file(small_anatomy)
    taken = bench.editor.source.node.GetID()
    upload = Upload(tmp_path / "slicer.mrb", "slicer.mrb", replace=True)
    with own_loop():
        asyncio.get_event_loop().run_until_complete(Opener(bench.workspace).open(upload, lambda: False))
    assert bench.workspace.ct.GetID() == taken
    assert np.array_equal(sitk.GetArrayFromImage(read_ct(bench.workspace.ct)), sitk.GetArrayFromImage(small_ct))
    assert bench.editor.source.node is not bench.workspace.ct
    bench.take(bench.workspace.segmentation, bench.workspace.ct)
    bench.choose("spleen", "paint", brush=30.0)
    bench.stroke(ras_of_voxel(small_anatomy, LIVER))
    assert bench.labels[LIVER] == V["spleen"]


def test_nothing_of_the_editor_is_saved_with_the_scene(bench: Bench, small_anatomy, tmp_path: Path) -> None:
    bench.file(small_anatomy)
    bench.choose("spleen", "paint", brush=30.0)
    bench.stroke(ras_of_voxel(small_anatomy, LIVER))
    save_mrb(bench.scene, tmp_path / "scene.mrb")
    with zipfile.ZipFile(tmp_path / "scene.mrb") as bundle:
        document = next(name for name in bundle.namelist() if name.endswith(".mrml"))
        text = bundle.read(document).decode()
    assert "GuideGen editor" not in text and "SegmentEditor" not in text and "BrushModel" not in text
