"""CTs in a scene: voxel for voxel, in known windows, in the place of their anatomy or refused."""

from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
import vtk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from GuideGenLib.core.volumes import image_from_array
from GuideGenLib.scene.ct import PRESETS, add_ct, apply_preset, read_ct, require_same_place
from GuideGenLib.scene.errors import SceneError
from GuideGenLib.scene.volume_rendering import find_volume_rendering, hide_volume_rendering, show_volume_rendering

shared = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)


@st.composite
def cts(draw: st.DrawFn) -> sitk.Image:
    """Oblique CTs of a few voxels, anisotropic up to 0.7 x 0.7 x 5 mm."""
    size = draw(st.tuples(*[st.integers(2, 6)] * 3))
    hu = np.random.default_rng(draw(st.integers(0, 99))).integers(-1000, 1500, size[::-1])
    hu.flat[0] = -1000
    image = sitk.GetImageFromArray(hu.astype(np.int16))
    image.SetSpacing(draw(st.sampled_from([(2.0, 2.0, 2.0), (0.7, 0.7, 5.0), (1.5, 0.9, 3.1)])))
    image.SetOrigin(draw(st.tuples(*[st.floats(-400, 400)] * 3)))
    turn = sitk.Euler3DTransform()
    turn.SetRotation(*draw(st.tuples(*[st.floats(-0.7, 0.7)] * 3)))
    image.SetDirection(turn.GetMatrix())
    return image


@shared
@given(image=cts())
def test_a_ct_comes_back_as_it_went_in(scene: Any, image: sitk.Image):
    back = read_ct(add_ct(scene, image))
    assert back.GetPixelID() == sitk.sitkInt16
    assert np.array_equal(sitk.GetArrayViewFromImage(back), sitk.GetArrayViewFromImage(image))
    for part in ("Spacing", "Origin", "Direction"):
        assert np.allclose(getattr(back, f"Get{part}")(), getattr(image, f"Get{part}")(), rtol=0, atol=1e-9)


def test_a_transformed_ct_is_read_where_it_is_shown_and_stays_as_it_is(scene: Any, small_ct: sitk.Image):
    node = add_ct(scene, small_ct)
    matrix = vtk.vtkMatrix4x4()
    matrix.SetElement(0, 3, 25.0)  # to the patient's right in RAS is to smaller x in LPS
    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    transform.SetMatrixTransformToParent(matrix)
    node.SetAndObserveTransformNodeID(transform.GetID())
    assert read_ct(node).GetOrigin() == pytest.approx(np.array(small_ct.GetOrigin()) - (25, 0, 0))
    assert node.GetParentTransformNode() is transform
    assert node.GetOrigin() == pytest.approx(np.array(small_ct.GetOrigin()) * (-1, -1, 1))


@pytest.mark.parametrize("name", PRESETS)
def test_each_preset_sets_window_and_level(scene: Any, small_ct: sitk.Image, name: str):
    node = add_ct(scene, small_ct)
    apply_preset(node, name)
    display = node.GetDisplayNode()
    assert (display.GetWindow(), display.GetLevel()) == PRESETS[name]
    assert not display.GetAutoWindowLevel()


def test_presets_show_what_they_are_named_for():
    def shades(name: str, *hu: float) -> list[float]:
        window, level = PRESETS[name]
        return [min(1.0, max(0.0, (value - level) / window + 0.5)) for value in hu]

    assert all(0.05 < shade < 0.95 for shade in shades("lung", -900, -600, -300))
    assert all(0.05 < shade < 0.95 for shade in shades("mediastinum", -90, 40, 180))
    assert all(0.05 < shade < 0.95 for shade in shades("abdomen", -100, 50, 200))
    assert all(0.05 < shade < 0.95 for shade in shades("liver", -20, 60, 90))
    assert all(0.05 < shade < 0.95 for shade in shades("bone", 0, 300, 1200))


def test_an_unknown_preset_is_told_with_the_known_ones(scene: Any, small_ct: sitk.Image):
    with pytest.raises(SceneError, match="'brain': use one of lung, mediastinum"):
        apply_preset(add_ct(scene, small_ct), "brain")


def test_what_is_no_ct_is_refused_and_not_added(scene: Any, small_anatomy: sitk.Image):
    with pytest.raises(SceneError, match="no value under 0"):
        add_ct(scene, small_anatomy)
    assert scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") == 0
    with pytest.raises(SceneError, match="choose a volume"):
        read_ct(scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "empty"))


def test_a_ct_of_the_same_place_may_have_its_own_spacing(small_anatomy: sitk.Image):
    for spacing in (2.0, 3.0, 5.0, 7.0):  # 12 mm voxels, sizes are rounded to whole voxels
        old = np.array(small_anatomy.GetSize())
        new = np.rint(old * 12 / spacing).astype(int)
        ct = sitk.Image(new.tolist(), sitk.sitkInt16)
        ct.SetSpacing([spacing] * 3)
        ct.SetOrigin((small_anatomy.GetOrigin() + (old * 12 - new * spacing) / 2 - 6 + spacing / 2).tolist())
        require_same_place(ct, small_anatomy)
    flipped = sitk.Flip(small_anatomy, (True, False, True))
    require_same_place(flipped, small_anatomy)


@pytest.mark.parametrize("kind", ["moved", "turned", "cropped", "other patient"])
def test_a_ct_of_another_place_is_told_with_the_remedy(
    scene: Any, small_ct: sitk.Image, small_anatomy: sitk.Image, kind: str
):
    ct = sitk.Image(small_ct)
    if kind == "moved":
        ct.SetOrigin(np.add(ct.GetOrigin(), (0, 0, 40)).tolist())
    elif kind == "turned":
        turn = sitk.Euler3DTransform()
        turn.SetRotation(0, 0, 0.3)
        ct.SetDirection(turn.GetMatrix())
    elif kind == "cropped":
        ct = ct[:, :, 5:30]
    else:
        ct = image_from_array(np.linspace(-1000, 500, 8000).reshape(20, 20, 20), (2.5, 1.0, 1.0), labels=False)
    node = add_ct(scene, ct, "Thorax")
    with pytest.raises(SceneError, match=r"Thorax does not cover the place of the anatomy.*Choose the CT"):
        read_ct(node, small_anatomy)


def test_volume_rendering_is_made_on_request_only(scene: Any, small_ct: sitk.Image):
    node = add_ct(scene, small_ct)
    assert find_volume_rendering(node) is None
    display = show_volume_rendering(scene, node)
    assert find_volume_rendering(node) is display
    assert display.GetVisibility()
    opacity = display.GetVolumePropertyNode().GetVolumeProperty().GetScalarOpacity()
    assert opacity.GetValue(-500) == opacity.GetValue(50) == 0
    assert 0 < opacity.GetValue(200) < opacity.GetValue(700)
    hide_volume_rendering(node)
    assert not display.GetVisibility()
    assert show_volume_rendering(scene, node) is display
    assert display.GetVisibility()
    assert node.GetDisplayNode().IsA("vtkMRMLScalarVolumeDisplayNode"), "the slice views keep theirs"


def test_volume_rendering_by_slicers_own_logic(scene: Any, small_ct: sitk.Image):
    import slicer

    logic = slicer.vtkSlicerVolumeRenderingLogic()
    logic.SetMRMLScene(scene)
    display = show_volume_rendering(scene, add_ct(scene, small_ct), logic)
    assert display.GetVolumePropertyNode().GetVolumeProperty().GetScalarOpacity().GetValue(50) == 0
    assert display.GetVisibility()
