"""What the views show, where they stand, and what is drawn on them."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("trame_slicer", reason="needs the extra web")

from GuideGenLib.scene.ct import add_ct
from GuideGenLib.scene.segments.centre import place_within
from GuideGenLib.scene.segments.segmentation import add_anatomy
from GuideGenLib.web.views.annotations import letters_of
from Testing.web.views_stage import add_anatomy_run, add_ct_of, new_stage, own_loop, ras_of_voxel, toy_anatomy, toy_ct

EDGES = ("left", "right", "top", "bottom")
LEFT, MIDDLE, RIGHT = (60, 150), (180, 150), (300, 150)
"""Points of a view of 360 x 300."""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """One stage for the whole file."""
    with own_loop():
        return new_stage(tmp_path_factory.mktemp("views"))


@pytest.fixture
def stage(shared: SimpleNamespace) -> Iterator[SimpleNamespace]:
    """The stage with nothing on it."""
    with own_loop():
        shared.scene.Clear(False)
        shared.workspace.choose(segmentation=None, ct=None, compared=None)
        shared.told.clear()
        yield shared
        shared.scene.Clear(False)


def mouse(view: Any, event: str, at: tuple[int, int], shift: bool = False) -> None:
    """An event as the browser's mouse would give it."""
    view.interactor().SetEventInformation(*at, 0, int(shift))
    view.interactor().InvokeEvent(event)


def click(view: Any, at: tuple[int, int], shift: bool = False) -> None:
    """Press and release the left button."""
    mouse(view, "LeftButtonPressEvent", at, shift)
    mouse(view, "LeftButtonReleaseEvent", at, shift)


def offsets(stage: SimpleNamespace) -> list[float]:
    """Where the axial, coronal and sagittal slices stand."""
    return [view.get_slice_value() for view in stage.views.slices]


def image_of(png: bytes) -> np.ndarray:
    """Pixels [row, column, 3]."""
    from io import BytesIO

    from PIL import Image

    return np.asarray(Image.open(BytesIO(png)).convert("RGB")).astype(int)


# ---------------------------------------------------------------- letters and mark


@pytest.mark.parametrize(
    ("direction", "letters"),
    [
        ((1, 0, 0), "R"),
        ((0, -2, 0), "P"),
        ((0, 0, -1), "I"),
        ((0.9, 0.1, 0), "R"),
        ((0.8, -0.6, 0), "RP"),
        ((-0.6, 0.8, 0), "AL"),
        ((0.5, 0.5, 0.7), "SAR"),
    ],
)
def test_a_direction_has_the_letters_that_it_leans_to(direction: tuple[float, ...], letters: str) -> None:
    assert sorted(letters_of(direction)) == sorted(letters)
    assert letters_of(direction)[0] == letters[0]


@pytest.mark.parametrize(("name", "letters"), [("axial", "RLAP"), ("coronal", "RLSI"), ("sagittal", "APSI")])
def test_each_slice_view_has_its_letters_at_left_right_top_and_bottom(
    stage: SimpleNamespace, name: str, letters: str
) -> None:
    add_anatomy_run(stage, toy_anatomy())
    stage.views.views[name].render_window().Render()
    assert [stage.views.annotations[name].letters[edge] for edge in EDGES] == list(letters)


def test_the_letters_tell_where_the_liver_is(stage: SimpleNamespace) -> None:
    """The liver is on the patient's right and so under the R of the axial view, whatever the image's axes are."""
    anatomy = toy_anatomy()
    add_anatomy_run(stage, anatomy)
    axial = stage.views.views["axial"]
    stage.views.jump_to(ras_of_voxel(anatomy, (8, 10, 10)))
    picture = image_of(stage.views.png("axial"))
    colored = np.argwhere((picture[..., 0] > picture[..., 2] + 60) & (picture[..., 0] > 100))
    rows = (colored[:, 0] > 200) & (colored[:, 0] < 600)
    axial.render_window().Render()
    assert stage.views.annotations["axial"].letters["left"] == "R"
    assert np.median(colored[rows, 1]) < picture.shape[1] * 0.55


def test_a_tilted_slice_has_two_letters_at_an_edge(stage: SimpleNamespace) -> None:
    add_anatomy_run(stage, toy_anatomy(angle=0.6))
    stage.views.views["axial"].render_window().Render()
    assert all(len(stage.views.annotations["axial"].letters[edge]) == 2 for edge in EDGES)


def test_a_ct_that_was_uploaded_is_not_called_synthetic(stage: SimpleNamespace) -> None:
    anatomy = toy_anatomy()
    segmentation = add_anatomy_run(stage, anatomy)
    stage.workspace.choose(segmentation=segmentation, ct=None)
    assert stage.views.state.views_mark == "SYNTHETIC"
    stage.workspace.choose(ct=add_ct(stage.scene, toy_ct(anatomy), "A patient"))
    assert stage.views.state.views_mark == "UPLOADED"
    stage.workspace.choose(ct=add_ct_of(stage, anatomy, segmentation))
    assert stage.views.state.views_mark == "SYNTHETIC"
    stage.workspace.choose(segmentation=add_anatomy(stage.scene, anatomy, "Imported"), ct=None)
    assert stage.views.state.views_mark == "UPLOADED"


def test_a_ct_that_comes_after_its_anatomy_is_seen_through_the_segments(stage: SimpleNamespace) -> None:
    anatomy = toy_anatomy()
    segmentation = add_anatomy_run(stage, anatomy)
    stage.workspace.choose(segmentation=segmentation, ct=None)
    stage.views.jump_to(place_within(segmentation, "liver"))
    before = image_of(stage.views.png("axial")).astype(int)
    stage.workspace.choose(ct=add_ct_of(stage, anatomy, segmentation, liver_hu=200))
    after = image_of(stage.views.png("axial")).astype(int)
    row, column = (side // 2 + 9 for side in after.shape[:2])  # beside the cross-hair
    assert (after[row, column] > before[row, column] + 40).all(), "the bright liver is not seen under its segment"


@pytest.mark.parametrize("name", ["axial", "coronal", "sagittal", "threed"])
def test_a_picture_of_each_view_is_large_and_has_the_mark(stage: SimpleNamespace, name: str) -> None:
    picture = image_of(stage.views.png(name))
    assert min(picture.shape[:2]) >= 800
    corner = picture[-120:, :300]
    amber = (corner[..., 0] > 150) & (corner[..., 2] < 90) & (corner[..., 0] > corner[..., 1] + 30)
    assert amber.sum() > 200


def test_a_picture_leaves_the_view_as_it_was(stage: SimpleNamespace) -> None:
    add_anatomy_run(stage, toy_anatomy())
    view = stage.views.views["axial"]
    before = (view.get_view_node().GetFieldOfView(), view.render_window().GetSize(), view.get_slice_value())
    stage.views.png("axial")
    assert (view.get_view_node().GetFieldOfView(), view.render_window().GetSize(), view.get_slice_value()) == before


def test_an_unknown_view_has_no_picture(stage: SimpleNamespace) -> None:
    with pytest.raises(KeyError):
        stage.views.png("oblique")


# ---------------------------------------------------------------- cross-hair


def test_before_a_click_nothing_is_pointed_at(stage: SimpleNamespace) -> None:
    add_anatomy_run(stage, toy_anatomy())
    assert stage.views.point is None


def test_a_click_brings_the_other_slices_to_its_point(stage: SimpleNamespace) -> None:
    add_anatomy_run(stage, toy_anatomy())
    axial, coronal, sagittal = stage.views.slices
    stood = axial.get_slice_value()
    click(axial, LEFT)
    right, anterior, superior = stage.views.point
    assert right > 5  # the left of the picture is the patient's right
    assert axial.get_slice_value() == stood
    assert superior == pytest.approx(stood)
    assert coronal.get_slice_value() == pytest.approx(anterior)
    assert sagittal.get_slice_value() == pytest.approx(-right)  # along a normal to the left


def test_the_lines_are_drawn_once_something_is_pointed_at_and_can_be_hidden(stage: SimpleNamespace) -> None:
    add_anatomy_run(stage, toy_anatomy())
    node = stage.scene.GetFirstNodeByClass("vtkMRMLCrosshairNode")
    assert node.GetCrosshairMode() == node.NoCrosshair
    click(stage.views.slices[0], LEFT)
    assert node.GetCrosshairMode() == node.ShowIntersection
    assert tuple(node.GetCrosshairRAS()) == stage.views.point
    stage.views.crosshair.show(False)
    assert node.GetCrosshairMode() == node.NoCrosshair
    stage.views.crosshair.show(True)


def test_a_drag_takes_the_cross_hair_along_until_the_button_is_released(stage: SimpleNamespace) -> None:
    add_anatomy_run(stage, toy_anatomy())
    axial = stage.views.slices[0]
    mouse(axial, "LeftButtonPressEvent", LEFT)
    mouse(axial, "MouseMoveEvent", RIGHT)
    dragged = stage.views.point
    mouse(axial, "LeftButtonReleaseEvent", RIGHT)
    mouse(axial, "MouseMoveEvent", MIDDLE)
    assert dragged[0] < -5
    assert stage.views.point == dragged


def test_an_editing_effect_keeps_the_click_but_not_the_one_with_shift(stage: SimpleNamespace) -> None:
    from trame_slicer.segmentation import SegmentationEffectPaint

    segmentation = add_anatomy_run(stage, toy_anatomy())
    editor = stage.workspace.slicer_app.segmentation_editor
    volume = stage.scene.GetNodeByID(stage.views.slices[0].get_background_volume_id())
    editor.set_active_segmentation(segmentation, volume)
    editor.set_active_effect_type(SegmentationEffectPaint)
    try:
        click(stage.views.slices[0], LEFT)
        assert stage.views.point is None
        mouse(stage.views.slices[0], "MouseMoveEvent", RIGHT, shift=True)
        moved: Any = stage.views.point
        assert moved[0] < -5
    finally:
        editor.deactivate_effect()


def test_a_click_is_for_window_and_level_while_their_switch_is_on(stage: SimpleNamespace) -> None:
    add_anatomy_run(stage, toy_anatomy())
    stage.server.state.views_window_level = True
    click(stage.views.slices[0], LEFT)
    stage.server.state.views_window_level = False
    assert stage.views.point is None


def test_a_jump_centres_all_slices_on_the_point(stage: SimpleNamespace) -> None:
    anatomy = toy_anatomy()
    add_anatomy_run(stage, anatomy)
    point = ras_of_voxel(anatomy, (17, 15, 8))
    stage.views.jump_to(point)
    assert stage.views.point == pytest.approx(point)
    for view in stage.views.slices:
        matrix = view.get_view_node().GetSliceToRAS()
        assert [matrix.GetElement(row, 3) for row in range(3)] == pytest.approx(point)


def test_each_move_of_the_cross_hair_is_told_with_its_point(stage: SimpleNamespace) -> None:
    anatomy = toy_anatomy()
    add_anatomy_run(stage, anatomy)
    told: list[tuple[float, ...]] = []
    connection = stage.views.pointed.connect(lambda point: told.append(point))
    jumped = ras_of_voxel(anatomy, (8, 10, 10))
    stage.views.jump_to(jumped)
    click(stage.views.slices[0], RIGHT)
    stage.views.pointed.disconnect(connection)
    assert told == [pytest.approx(jumped), stage.views.point]
    assert told[1][0] < -5


# ---------------------------------------------------------------- what is shown


def test_before_there_is_a_ct_the_anatomy_lies_on_an_empty_volume(stage: SimpleNamespace) -> None:
    segmentation = add_anatomy_run(stage, toy_anatomy())
    shown = {view.get_background_volume_id() for view in stage.views.slices}
    assert len(shown) == 1
    volume = stage.scene.GetNodeByID(shown.pop())
    assert volume.GetImageData().GetScalarRange() == (0.0, 0.0)
    assert segmentation.GetDisplayNode().GetVisibility()


def test_a_ct_of_the_same_place_keeps_zoom_slice_and_camera(stage: SimpleNamespace) -> None:
    anatomy = toy_anatomy()
    segmentation = add_anatomy_run(stage, anatomy)
    axial, camera = stage.views.slices[0], stage.views.views["threed"].get_camera_node()
    axial.zoom_in()
    axial.set_slice_value(axial.get_slice_value() + 8)
    camera.SetPosition(10.0, 20.0, 30.0)
    click(stage.views.slices[1], LEFT)
    before = (axial.get_view_node().GetFieldOfView(), axial.get_slice_value(), stage.views.point)
    ct = add_ct_of(stage, anatomy, segmentation)
    stage.workspace.choose(ct=ct)
    assert {view.get_background_volume_id() for view in stage.views.slices} == {ct.GetID()}
    assert (axial.get_view_node().GetFieldOfView(), axial.get_slice_value(), stage.views.point) == before
    assert tuple(camera.GetPosition()) == (10.0, 20.0, 30.0)


def test_an_anatomy_in_another_place_is_brought_into_view_and_hides_the_other(stage: SimpleNamespace) -> None:
    first = add_anatomy_run(stage, toy_anatomy())
    click(stage.views.slices[0], LEFT)
    second = add_anatomy_run(stage, toy_anatomy(origin=(400.0, 300.0, -900.0)))
    assert offsets(stage)[0] == pytest.approx(-862.0, abs=4.0)
    assert stage.views.point is None
    assert not first.GetDisplayNode().GetVisibility()
    assert second.GetDisplayNode().GetVisibility()


def test_no_volume_rendering_is_made(stage: SimpleNamespace) -> None:
    anatomy = toy_anatomy()
    segmentation = add_anatomy_run(stage, anatomy)
    stage.workspace.choose(ct=add_ct_of(stage, anatomy, segmentation))
    assert stage.scene.GetNumberOfNodesByClass("vtkMRMLVolumeRenderingDisplayNode") == 0


def test_the_window_is_that_of_both_cts_and_of_those_to_come(stage: SimpleNamespace) -> None:
    anatomy = toy_anatomy()
    segmentation = add_anatomy_run(stage, anatomy)
    old, new = (add_ct_of(stage, anatomy, segmentation) for _ in range(2))
    stage.workspace.choose(ct=new, compared=old)
    stage.views.set_window("lung")
    for node in (old, new):
        assert (node.GetDisplayNode().GetWindow(), node.GetDisplayNode().GetLevel()) == (1500.0, -600.0)
    later = add_ct_of(stage, anatomy, segmentation)
    stage.workspace.choose(ct=later, compared=None)
    assert later.GetDisplayNode().GetWindow() == 1500.0
    stage.views.set_window("abdomen")


def test_a_closed_scene_leaves_nothing_pointed_at_and_black_views(stage: SimpleNamespace) -> None:
    add_anatomy_run(stage, toy_anatomy())
    click(stage.views.slices[0], LEFT)
    stage.scene.Clear(False)
    stage.workspace.choose(segmentation=None, ct=None, compared=None)
    assert stage.views.point is None
    assert stage.views.views["threed"].get_view_node().GetBackgroundColor() == (0.0, 0.0, 0.0)
    for view in stage.views.slices:
        assert not view.get_background_volume_id()


@pytest.mark.parametrize(("layout", "blocked"), [("axial", 5), ("threed", 5), ("primary", 2), ("side", 4), ("quad", 2)])
def test_views_that_a_layout_leaves_out_are_not_drawn(stage: SimpleNamespace, layout: str, blocked: int) -> None:
    stage.views.set_layout(layout)
    assert sum(view.is_render_blocked for view in stage.views.views.values()) == blocked


def test_a_view_that_is_enlarged_twice_is_one_of_four_again(stage: SimpleNamespace) -> None:
    stage.views.enlarge("coronal")
    assert stage.server.state.views_layout == "coronal"
    stage.views.enlarge("coronal")
    assert stage.server.state.views_layout == "quad"
