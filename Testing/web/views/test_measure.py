"""Rulers, regions and angles: drawn with the mouse, kept in the scene, and right to the voxel."""

import math
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

pytest.importorskip("trame_slicer", reason="needs the extra web")

from GuideGenLib.scene.ct import add_ct
from GuideGenLib.scene.segments.centre import place_within
from GuideGenLib.web.views.measure.statistics import statistics_within
from Testing.web.editing import Bench
from Testing.web.views_stage import add_anatomy_run, add_ct_of, new_stage, own_loop, put_under, toy_anatomy

XY = tuple[int, int]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """One stage for the whole file."""
    with own_loop():
        return new_stage(tmp_path_factory.mktemp("measure"))


@pytest.fixture
def stage(shared: SimpleNamespace) -> Iterator[SimpleNamespace]:
    """A toy anatomy with its CT, at the liver."""
    with own_loop():
        shared.scene.Clear(False)
        anatomy = toy_anatomy()
        segmentation = add_anatomy_run(shared, anatomy)
        shared.workspace.choose(ct=add_ct_of(shared, anatomy, segmentation, liver_hu=60))
        shared.views.jump_to(place_within(segmentation, "liver"))
        shared.views.crosshair.forget()
        yield shared
        shared.scene.Clear(False)


def mouse(view: Any, event: str, at: XY) -> None:
    """An event of the browser's mouse."""
    view.interactor().SetEventInformation(*at, 0, 0)
    view.interactor().InvokeEvent(event)


def drag(view: Any, start: XY, end: XY) -> None:
    """Press, move, release."""
    mouse(view, "LeftButtonPressEvent", start)
    for part in (0.3, 0.7, 1.0):
        x, y = (round(a + part * (b - a)) for a, b in zip(start, end, strict=True))
        mouse(view, "MouseMoveEvent", (x, y))
    mouse(view, "LeftButtonReleaseEvent", end)


def click(view: Any, at: XY) -> None:
    """Move there, press, release."""
    for event in ("MouseMoveEvent", "LeftButtonPressEvent", "LeftButtonReleaseEvent"):
        mouse(view, event, at)


def millimetres(view: Any) -> float:
    """A pixel of a view."""
    return float(view.get_view_node().GetFieldOfView()[0] / view.get_view_node().GetDimensions()[0])


def volume(hu: np.ndarray, stage: SimpleNamespace, spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> Any:
    """A CT node of voxels [z, y, x]."""
    hu = hu.astype(np.int16)
    hu[0, 0, 0] = -1000  # air, without which it would not be taken for a CT
    image = sitk.GetImageFromArray(hu)
    image.SetSpacing(spacing)
    return add_ct(stage.scene, image, "A CT")


def square(low: float, high: float, z: float) -> list[tuple[float, float, float]]:
    """An outline in LPS coordinates low..high of x and y, as RAS."""
    return [(-x, -y, z) for x, y in ((low, low), (high, low), (high, high), (low, high))]


def test_a_drag_is_a_ruler_and_moves_no_slice(stage: SimpleNamespace) -> None:
    axial = stage.views.slices[0]
    stood = [view.get_slice_value() for view in stage.views.slices]
    stage.views.actions.act("measure_ruler")
    drag(axial, (100, 150), (200, 150))
    (ruler,) = stage.views.measurements.nodes
    assert ruler.GetLineLengthWorld() == pytest.approx(100 * millimetres(axial), rel=1e-6)
    assert stage.server.state.views_measure == ""
    assert [view.get_slice_value() for view in stage.views.slices] == stood
    assert stage.views.point is None


def test_two_clicks_are_a_ruler_and_three_an_angle(stage: SimpleNamespace) -> None:
    axial = stage.views.slices[0]
    stage.views.actions.act("measure_ruler")
    for at in ((100, 100), (160, 180)):
        click(axial, at)
    stage.views.actions.act("measure_angle")
    for at in ((200, 100), (200, 200), (280, 200)):
        click(axial, at)
    ruler, angle = stage.views.measurements.nodes
    assert ruler.GetLineLengthWorld() == pytest.approx(100 * millimetres(axial), rel=1e-6)
    assert angle.GetAngleDegrees() == pytest.approx(90.0, abs=1e-3)
    assert stage.views.point is None


def test_an_end_of_a_ruler_is_dragged_without_the_cross_hair(stage: SimpleNamespace) -> None:
    axial = stage.views.slices[0]
    stage.views.actions.act("measure_ruler")
    drag(axial, (100, 150), (200, 150))
    axial.render_window().Render()
    mouse(axial, "MouseMoveEvent", (200, 150))
    drag(axial, (200, 150), (240, 150))
    (ruler,) = stage.views.measurements.nodes
    assert ruler.GetLineLengthWorld() == pytest.approx(140 * millimetres(axial), rel=0.02)
    assert stage.views.point is None


def test_a_region_in_the_liver_has_its_hu_and_follows_the_ct(stage: SimpleNamespace) -> None:
    axial, workspace = stage.views.slices[0], stage.workspace
    x, y = Bench.pixel(axial, place_within(workspace.segmentation, "liver"))
    stage.views.actions.act("measure_region")
    drag(axial, (x - 12, y - 12), (x + 12, y + 12))
    (region,) = stage.views.measurements.nodes
    assert region.GetMeasurement("mean").GetValue() == 60.0
    assert region.GetMeasurement("SD").GetValue() == 0.0
    area = math.pi * (12 * millimetres(axial)) ** 2  # shown as cm²
    assert region.GetMeasurement("area").GetValue() == pytest.approx(area, rel=0.02)
    assert "mean: 60 HU" in region.GetPropertiesLabelText()
    workspace.choose(ct=add_ct_of(stage, toy_anatomy(), workspace.segmentation, liver_hu=110))
    assert region.GetMeasurement("mean").GetValue() == 110.0


def test_measurements_of_another_case_are_hidden_and_come_back(stage: SimpleNamespace) -> None:
    first = stage.workspace.segmentation
    stage.views.actions.act("measure_ruler")
    drag(stage.views.slices[0], (100, 150), (200, 150))
    display = stage.views.measurements.nodes[0].GetDisplayNode()
    add_anatomy_run(stage, toy_anatomy())
    assert not display.GetVisibility()
    stage.views.actions.act("measure_remove")
    stage.workspace.choose(segmentation=first)
    assert display.GetVisibility()
    stage.views.actions.act("measure_remove")
    assert not stage.views.measurements.nodes


def test_escape_takes_back_what_is_half_drawn(stage: SimpleNamespace) -> None:
    stage.views.actions.act("measure_angle")
    click(stage.views.slices[0], (100, 100))
    assert stage.server.state.views_measure == "angle"
    stage.views.actions.act("measure_off")
    assert not stage.views.measurements.nodes
    assert stage.server.state.views_measure == ""


def test_measurements_are_saved_with_the_scene(stage: SimpleNamespace, tmp_path: Path) -> None:
    from GuideGenLib.scene.files import load_mrb, save_mrb

    axial = stage.views.slices[0]
    x, y = Bench.pixel(axial, place_within(stage.workspace.segmentation, "liver"))
    stage.views.actions.act("measure_region")
    drag(axial, (x - 12, y - 12), (x + 12, y + 12))
    save_mrb(stage.scene, tmp_path / "scene.mrb")
    stage.scene.Clear(False)
    load_mrb(stage.scene, tmp_path / "scene.mrb")
    (region,) = stage.views.measurements.nodes
    assert region.GetMeasurement("mean").GetValue() == 60.0
    assert stage.scene.GetNodeByID(region.GetNodeReferenceID("GuideGen.MeasuredIn")).IsA("vtkMRMLSegmentationNode")


# ---------------------------------------------------------------- the voxels that count


def test_the_voxels_are_those_whose_centres_lie_within(stage: SimpleNamespace) -> None:
    hu = np.arange(10 * 12 * 14).reshape(10, 12, 14)
    found = statistics_within(volume(hu, stage), square(2.6, 6.4, 4.0))
    inside = hu[4, 3:7, 3:7]
    assert found is not None and found.voxels == 16
    assert (found.mean, found.sd) == pytest.approx((inside.mean(), inside.std(ddof=1)))


def test_a_plane_between_two_layers_takes_one_of_them(stage: SimpleNamespace) -> None:
    hu = np.repeat(np.arange(10), 144).reshape(10, 12, 12) * 10
    found = statistics_within(volume(hu, stage), square(2.6, 6.4, 4.5))
    assert found is not None and found.voxels == 16
    assert found.sd == 0.0


def test_a_moved_ct_is_measured_where_it_is(stage: SimpleNamespace) -> None:
    hu = np.arange(10 * 12 * 14).reshape(10, 12, 14)
    node = volume(hu, stage)
    put_under(node, (50.0, 0.0, 0.0))
    moved = [(r + 50.0, a, s) for r, a, s in square(2.6, 6.4, 4.0)]
    found = statistics_within(node, moved)
    assert found is not None and found.mean == pytest.approx(hu[4, 3:7, 3:7].mean())
    assert statistics_within(node, square(2.6, 6.4, 4.0)) is None


def test_an_oblique_region_of_a_slope_has_its_middle_value(stage: SimpleNamespace) -> None:
    """HU rise along z: the mean is that of the plane's middle, whatever its tilt."""
    hu = np.repeat(np.arange(40), 1600).reshape(40, 40, 40)
    angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    centre, tilt = np.array([-20.0, -20.0, 20.0]), np.array([np.cos(0.5), 0.0, np.sin(0.5)])
    outline = [centre + 9 * (np.cos(angle) * tilt + np.sin(angle) * np.array([0.0, 1.0, 0.0])) for angle in angles]
    found = statistics_within(volume(hu, stage), outline)
    assert found is not None and found.mean == pytest.approx(20.0, abs=0.3)
