"""Surfaces in the 3D view: which, how they look, and when they are made."""

import asyncio
from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np
import pytest
import SimpleITK as sitk

pytest.importorskip("trame_slicer", reason="needs the extra web")

from GuideGenLib.anatomy.table import values
from GuideGenLib.scene.geometry import oriented_from_image
from GuideGenLib.web.views import surfaces as surfaces_module
from GuideGenLib.web.views.meshes import LabelGrid, coarse_surface, smooth_surface
from Testing.web.views_stage import add_anatomy_run, new_stage, own_loop, put_under, run_until, toy_anatomy


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """One stage for the whole file."""
    with own_loop():
        return new_stage(tmp_path_factory.mktemp("surfaces"))


@pytest.fixture
def stage(shared: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """The stage with nothing on it, where no edit is waited for long."""
    with own_loop():
        monkeypatch.setattr(surfaces_module, "IDLE_S", 0.02)
        shared.scene.Clear(False)
        shared.workspace.choose(segmentation=None, ct=None, compared=None)
        yield shared
        shared.views.surfaces.switch(False)
        shared.scene.Clear(False)


def shown(stage: SimpleNamespace) -> set[str]:
    """The segments that have a surface in the view."""
    renderer = stage.views.views["threed"].first_renderer()
    return {key for key, actor in stage.views.surfaces.actors.items() if renderer.HasViewProp(actor)}


def switch_on(stage: SimpleNamespace) -> None:
    """And wait for the surfaces."""
    stage.views.surfaces.switch(True)
    run_until(lambda: not stage.views.surfaces.building)


def volume_ml(surface: object) -> float:
    """Of a closed surface in mm."""
    import vtk

    mass = vtk.vtkMassProperties()
    mass.SetInputData(surface)
    return float(mass.GetVolume()) / 1000


def test_at_first_there_are_none(stage: SimpleNamespace) -> None:
    add_anatomy_run(stage, toy_anatomy())
    assert not shown(stage)
    assert not stage.views.surfaces.building


def test_visible_segments_get_one_of_their_colour_and_the_body_a_translucent_skin(stage: SimpleNamespace) -> None:
    segmentation = add_anatomy_run(stage, toy_anatomy())
    switch_on(stage)
    assert shown(stage) == {"body", "liver", "spleen"}  # fat would hide them
    looks = {key: actor.GetProperty() for key, actor in stage.views.surfaces.actors.items()}
    assert looks["body"].GetOpacity() == pytest.approx(0.15)
    assert looks["liver"].GetOpacity() == 1.0
    assert looks["liver"].GetColor() == pytest.approx(segmentation.GetSegmentation().GetSegment("liver").GetColor())


def test_the_skin_is_around_everything_and_the_liver_where_it_is(stage: SimpleNamespace) -> None:
    anatomy = toy_anatomy(angle=0.3)
    add_anatomy_run(stage, anatomy)
    switch_on(stage)
    labels, voxel_ml = sitk.GetArrayViewFromImage(anatomy), 0.036
    surfaces = {key: actor.GetMapper().GetInput() for key, actor in stage.views.surfaces.actors.items()}
    assert volume_ml(surfaces["body"]) == pytest.approx((labels > 0).sum() * voxel_ml, rel=0.1)
    assert volume_ml(surfaces["liver"]) == pytest.approx((labels == values()["liver"]).sum() * voxel_ml, rel=0.1)
    middle = anatomy.TransformContinuousIndexToPhysicalPoint((7.5, 10.5, 9.5))
    assert surfaces["liver"].GetCenter() == pytest.approx((-middle[0], -middle[1], middle[2]), abs=1.5)


def test_they_go_where_a_transform_puts_the_segmentation(stage: SimpleNamespace) -> None:
    segmentation = add_anatomy_run(stage, toy_anatomy())
    switch_on(stage)
    before = stage.views.surfaces.actors["liver"].GetCenter()
    put_under(segmentation, (0.0, 50.0, 0.0))
    stage.workspace.edited.emit()
    run_until(lambda: not stage.views.surfaces.building)
    assert stage.views.surfaces.actors["liver"].GetCenter() == pytest.approx((before[0], before[1] + 50, before[2]))


def test_hidden_segments_lose_theirs_and_get_it_again(stage: SimpleNamespace) -> None:
    display = add_anatomy_run(stage, toy_anatomy()).GetDisplayNode()
    switch_on(stage)
    display.SetSegmentVisibility("spleen", False)
    run_until(lambda: "spleen" not in shown(stage))
    display.SetSegmentVisibility("spleen", True)
    run_until(lambda: "spleen" in shown(stage))


def test_a_new_colour_and_opacity_are_taken_over(stage: SimpleNamespace) -> None:
    segmentation = add_anatomy_run(stage, toy_anatomy())
    switch_on(stage)
    segmentation.GetSegmentation().GetSegment("liver").SetColor(0.1, 0.2, 0.3)
    segmentation.GetDisplayNode().SetSegmentOpacity3D("liver", 0.5)
    look = stage.views.surfaces.actors["liver"].GetProperty()
    run_until(lambda: look.GetOpacity() == 0.5 and look.GetColor() == (0.1, 0.2, 0.3))


def test_after_an_edit_only_what_changed_is_made_again(stage: SimpleNamespace) -> None:
    import slicer

    anatomy = toy_anatomy()
    segmentation = add_anatomy_run(stage, anatomy)
    switch_on(stage)
    before = {key: actor.GetMapper().GetInput() for key, actor in stage.views.surfaces.actors.items()}
    labels = sitk.GetArrayFromImage(anatomy) == values()["spleen"]
    labels[8] = False
    mask = sitk.GetImageFromArray(labels.astype(np.uint8))
    mask.CopyInformation(anatomy)
    logic, labelmap = slicer.vtkSlicerSegmentationsModuleLogic, oriented_from_image(mask)
    logic.SetBinaryLabelmapToSegment(labelmap, segmentation, "spleen", logic.MODE_REPLACE, labelmap.GetExtent())
    stage.workspace.edited.emit()
    run_until(lambda: not stage.views.surfaces.building)
    after = {key: actor.GetMapper().GetInput() for key, actor in stage.views.surfaces.actors.items()}
    assert after["spleen"] is not before["spleen"]
    assert after["liver"] is before["liver"]


def test_edits_make_no_surfaces_while_they_are_off(stage: SimpleNamespace) -> None:
    segmentation = add_anatomy_run(stage, toy_anatomy())
    stage.workspace.edited.emit()
    assert not stage.views.surfaces.building
    assert not segmentation.GetSegmentation().ContainsRepresentation("Closed surface")


def test_the_event_loop_turns_between_two_segments(stage: SimpleNamespace) -> None:
    add_anatomy_run(stage, toy_anatomy())
    counts = []
    stage.views.surfaces.switch(True)
    run_until(lambda: counts.append(len(shown(stage))) or not stage.views.surfaces.building)
    assert {1, 2, 3} <= set(counts)


def test_switched_off_while_being_made_they_stop_and_go(stage: SimpleNamespace) -> None:
    add_anatomy_run(stage, toy_anatomy())
    stage.views.surfaces.switch(True)
    run_until(lambda: len(shown(stage)) == 1)
    stage.views.surfaces.switch(False)
    assert not shown(stage)
    task = asyncio.sleep(0.1)
    asyncio.get_event_loop().run_until_complete(task)
    assert not shown(stage)
    assert stage.server.state.views_surfaces_text == ""


def test_another_anatomy_has_its_own(stage: SimpleNamespace) -> None:
    add_anatomy_run(stage, toy_anatomy())
    switch_on(stage)
    before = list(stage.views.surfaces.actors.values())
    add_anatomy_run(stage, toy_anatomy(origin=(300.0, 0.0, 0.0)))
    run_until(lambda: not stage.views.surfaces.building)
    assert shown(stage) == {"body", "liver", "spleen"}
    assert not any(actor in before for actor in stage.views.surfaces.actors.values())


def test_a_fine_surface_is_thinned_and_stays_closed() -> None:
    z, y, x = np.ogrid[-40:41, -40:41, -40:41]
    ball = sitk.GetImageFromArray((x * x + y * y + z * z < 38 * 38).astype(np.uint8))
    found = LabelGrid(oriented_from_image(ball)).mask(1)
    assert found is not None
    mask, first = found
    surface = smooth_surface(coarse_surface(mask, first), tuple(np.eye(4).ravel()), None)
    assert surface.GetNumberOfPolys() < 20_000  # of 50 000
    assert volume_ml(surface) == pytest.approx(4 / 3 * np.pi * 38**3 / 1000, rel=0.05)


def test_the_camera_stands_outside_of_all_though_the_first_surface_is_a_small_one(
    stage: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(surfaces_module, "FRAME_EVERY", 1)
    labels = np.zeros((40, 40, 40), np.uint8)
    labels[2:38, 2:38, 2:38] = values()["liver"]
    labels[18:22, 18:22, 18:22] = values()["lung_lower_lobe_right"]
    image = sitk.GetImageFromArray(labels)
    image.SetSpacing((6.0, 6.0, 6.0))
    add_anatomy_run(stage, image)
    stage.views.views["threed"].first_renderer().GetActiveCamera().SetPosition(0.0, 0.0, 0.0)
    switch_on(stage)
    assert next(iter(stage.views.surfaces.actors)) == "lung_lower_lobe_right"
    camera = stage.views.views["threed"].first_renderer().GetActiveCamera()
    bounds = stage.views.surfaces.actors["liver"].GetBounds()
    place = camera.GetPosition()
    assert any(not low < at < high for at, low, high in zip(place, bounds[::2], bounds[1::2], strict=True)), place
    camera.Elevation(30.0)
    turned = camera.GetPosition()
    stage.views.surfaces.switch(False)
    switch_on(stage)
    assert camera.GetPosition() == turned, "what the user turned to stays"
