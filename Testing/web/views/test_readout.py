"""What the readout says of a point."""

import asyncio
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import SimpleITK as sitk

pytest.importorskip("trame_slicer", reason="needs the extra web")

from GuideGenLib.anatomy.table import values
from GuideGenLib.web.views.crosshair import position_of
from GuideGenLib.web.views.readout import (
    MOST_NAMES,
    Readout,
    describe,
    describe_other,
    names_at,
    position_text,
    value_at,
)
from Testing.web.views_stage import (
    add_anatomy_run,
    add_ct_of,
    add_segment,
    new_stage,
    own_loop,
    put_under,
    ras_of_voxel,
    run_until,
    toy_anatomy,
)

LIVER, SPLEEN, BODY, OUTSIDE = (8, 10, 10), (17, 15, 8), (12, 5, 10), (0, 0, 0)
"""Voxels (i, j, k) of the toy anatomy."""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """One stage for the whole file."""
    with own_loop():
        return new_stage(tmp_path_factory.mktemp("readout"))


@pytest.fixture
def stage(shared: SimpleNamespace) -> Iterator[SimpleNamespace]:
    """The stage with nothing on it."""
    with own_loop():
        shared.scene.Clear(False)
        shared.workspace.choose(segmentation=None, ct=None, compared=None)
        yield shared
        shared.scene.Clear(False)


@pytest.fixture
def anatomy() -> sitk.Image:
    """Tilted, so that an axis taken for another would show."""
    return toy_anatomy(angle=0.4)


def test_a_position_has_the_letters_of_its_sides() -> None:
    assert position_text((12.04, -3.0, -100.06)) == "R 12.0  P 3.0  I 100.1 mm"


@pytest.mark.parametrize(("voxel", "name"), [(LIVER, ["liver"]), (SPLEEN, ["spleen"]), (BODY, ["body"]), (OUTSIDE, [])])
def test_the_segment_at_a_voxel_is_named(
    stage: SimpleNamespace, anatomy: sitk.Image, voxel: tuple[int, int, int], name: list[str]
) -> None:
    segmentation = add_anatomy_run(stage, anatomy)
    assert names_at(segmentation, ras_of_voxel(anatomy, voxel)) == name


def test_each_voxel_is_named_right_up_to_its_border(stage: SimpleNamespace, anatomy: sitk.Image) -> None:
    segmentation = add_anatomy_run(stage, anatomy)
    for part, name in ((4.55, "liver"), (4.45, "body")):  # the liver begins with the voxel 5
        x, y, z = anatomy.TransformContinuousIndexToPhysicalPoint((part, 10.0, 10.0))
        assert names_at(segmentation, (-x, -y, z)) == [name]


def test_segments_of_another_layer_are_named_too(stage: SimpleNamespace, anatomy: sitk.Image) -> None:
    segmentation = add_anatomy_run(stage, anatomy)
    tumor = sitk.Image(anatomy.GetSize(), sitk.sitkUInt8)
    tumor.CopyInformation(anatomy)
    tumor[LIVER] = 1
    add_segment(segmentation, tumor, "a tumour")
    assert segmentation.GetSegmentation().GetNumberOfLayers("Binary labelmap") == 2
    assert names_at(segmentation, ras_of_voxel(anatomy, LIVER)) == ["liver", "a tumour"]
    assert names_at(segmentation, ras_of_voxel(anatomy, SPLEEN)) == ["spleen"]


def test_hidden_segments_and_a_hidden_segmentation_are_not_named(stage: SimpleNamespace, anatomy: sitk.Image) -> None:
    segmentation = add_anatomy_run(stage, anatomy)
    point, display = ras_of_voxel(anatomy, LIVER), segmentation.GetDisplayNode()
    display.SetSegmentVisibility("liver", False)
    assert names_at(segmentation, point) == []
    display.SetSegmentVisibility("liver", True)
    display.SetVisibility(False)
    assert names_at(segmentation, point) == []


def test_a_transform_takes_names_and_hu_along(stage: SimpleNamespace, anatomy: sitk.Image) -> None:
    segmentation = add_anatomy_run(stage, anatomy)
    ct = add_ct_of(stage, anatomy, segmentation, liver_hu=77)
    for node in (segmentation, ct):
        put_under(node, (5.0, 200.0, -30.0))
    right, anterior, superior = ras_of_voxel(anatomy, LIVER)
    there = (right + 5.0, anterior + 200.0, superior - 30.0)
    assert names_at(segmentation, there) == ["liver"]
    assert value_at(ct, there) == 77
    assert value_at(ct, (right, anterior, superior)) is None


def test_the_line_has_position_hu_of_both_cts_and_the_segment(stage: SimpleNamespace, anatomy: sitk.Image) -> None:
    segmentation = add_anatomy_run(stage, anatomy)
    old, new = (add_ct_of(stage, anatomy, segmentation, hu) for hu in (60, 110))
    stage.workspace.choose(ct=new, compared=old)
    point = ras_of_voxel(anatomy, LIVER)
    assert describe(stage.workspace, point).split("  ·  ") == [
        position_text(point),
        "110 HU",
        "compared with 60 HU",
        "liver",
    ]


def test_before_a_ct_there_are_no_hu(stage: SimpleNamespace, anatomy: sitk.Image) -> None:
    add_anatomy_run(stage, anatomy)
    assert "HU" not in describe(stage.workspace, ras_of_voxel(anatomy, LIVER))


def test_many_names_are_cut_short(stage: SimpleNamespace, anatomy: sitk.Image) -> None:
    segmentation = add_anatomy_run(stage, anatomy)
    one = sitk.Cast(anatomy == values()["liver"], sitk.sitkUInt8)
    for number in range(MOST_NAMES):
        add_segment(segmentation, one, f"part {number}")
    assert describe(stage.workspace, ras_of_voxel(anatomy, LIVER)).endswith(f"part {MOST_NAMES - 2}, …")


def test_a_flood_of_moves_is_told_once_and_the_last_place_a_little_later(
    stage: SimpleNamespace, anatomy: sitk.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_anatomy_run(stage, anatomy)
    view: Any = stage.views.slices[0]
    said: list[str] = []
    readout = Readout(stage.workspace, [view], [], said.append)
    frames: list[int] = []
    monkeypatch.setattr(view._scheduled_render, "schedule_render", lambda: frames.append(1))

    async def flood() -> None:
        for x in range(100, 200):
            view.interactor().SetEventInformation(x, 150)
            view.interactor().InvokeEvent("MouseMoveEvent")

    asyncio.get_event_loop().run_until_complete(flood())
    assert len(said) <= 3
    run_until(lambda: not readout._waiting)
    assert said[-1] == describe(stage.workspace, position_of(view))
    assert not frames
    view.interactor().InvokeEvent("LeaveEvent")
    run_until(lambda: said[-1] == "")


def test_the_line_is_told_anew_under_a_mouse_that_rests(stage: SimpleNamespace, anatomy: sitk.Image) -> None:
    """After the wheel or a jump, after paint, and after another CT."""
    segmentation = add_anatomy_run(stage, anatomy)
    view: Any = stage.views.slices[0]
    said: list[str] = []
    Readout(stage.workspace, [view], [], said.append)
    right, anterior, superior = ras_of_voxel(anatomy, LIVER)
    view.get_view_node().JumpSliceByCentering(right, anterior, superior)
    width, height = view.render_window().GetSize()
    view.interactor().SetEventInformation(width // 2, height // 2)
    view.interactor().InvokeEvent("MouseMoveEvent")
    run_until(lambda: bool(said) and "liver" in said[-1])
    view.set_slice_value(superior - 4.0)
    run_until(lambda: f"{superior - 4.0:.1f} mm" in said[-1])
    view.set_slice_value(superior)
    run_until(lambda: "liver" in said[-1])
    segmentation.GetSegmentation().RemoveSegment("liver")
    stage.workspace.edited.emit()
    run_until(lambda: "liver" not in said[-1])
    stage.workspace.choose(ct=add_ct_of(stage, anatomy, segmentation, liver_hu=77))
    run_until(lambda: "77 HU" in said[-1])
    view.interactor().InvokeEvent("LeaveEvent")
    run_until(lambda: said[-1] == "")


def test_a_view_beside_tells_the_ct_and_the_anatomy_that_it_shows(stage: SimpleNamespace) -> None:
    first = toy_anatomy()
    one = add_anatomy_run(stage, first)
    old = add_ct_of(stage, first, one, liver_hu=60)
    second = toy_anatomy(tumor=True)
    two = add_anatomy_run(stage, second)
    new = add_ct_of(stage, second, two, liver_hu=110)
    stage.workspace.choose(segmentation=two, ct=new, compared=old)
    for node in (one, two):
        node.GetDisplayNode().SetVisibility(True)
    tumor = ras_of_voxel(second, (8, 10, 10))
    assert "liver tumor" in describe(stage.workspace, tumor) and "compared with" in describe(stage.workspace, tumor)
    assert describe_other(stage.workspace, tumor).endswith("60 HU  ·  liver")
    said: list[str] = []
    other = stage.views.others[0]
    Readout(stage.workspace, [], [other], said.append)
    other.interactor().SetEventInformation(180, 150, 0, 0)
    other.interactor().InvokeEvent("MouseMoveEvent")
    run_until(lambda: bool(said))
    assert said[-1] == describe_other(stage.workspace, position_of(other))
