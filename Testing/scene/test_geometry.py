"""Images go into MRML and come back as they were."""

from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from GuideGenLib.core.right_angles import right_angled
from GuideGenLib.scene import geometry
from GuideGenLib.scene.errors import SceneError

shared = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)


@st.composite
def grids(draw: st.DrawFn) -> sitk.Image:
    """Oblique, anisotropic, off-centre int16 images of a few voxels, each with its own value."""
    size = draw(st.tuples(*[st.integers(2, 7)] * 3))
    image = sitk.GetImageFromArray(np.arange(np.prod(size), dtype=np.int16).reshape(size[::-1]))
    image.SetSpacing(draw(st.tuples(*[st.floats(0.3, 6.0)] * 3)))
    image.SetOrigin(draw(st.tuples(*[st.floats(-500, 500)] * 3)))
    turn = sitk.Euler3DTransform()
    turn.SetRotation(*draw(st.tuples(*[st.floats(-3.1, 3.1)] * 3)))
    signs = draw(st.sampled_from([(1, 1, 1), (-1, 1, 1), (1, -1, -1)]))
    image.SetDirection((np.array(turn.GetMatrix()).reshape(3, 3) * signs).ravel().tolist())
    return image


def same(a: sitk.Image, b: sitk.Image) -> bool:
    voxels = np.array_equal(sitk.GetArrayViewFromImage(a), sitk.GetArrayViewFromImage(b))
    return voxels and all(
        np.allclose(getattr(a, f"Get{part}")(), getattr(b, f"Get{part}")(), rtol=0, atol=1e-12)
        for part in ("Spacing", "Origin", "Direction")
    )


@shared
@given(image=grids())
def test_a_volume_node_gives_its_image_back(scene: Any, image: sitk.Image) -> None:
    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode")
    geometry.fill_volume(node, image)
    assert same(geometry.image_from_volume(node), image)
    scene.RemoveNode(node)


@shared
@given(image=grids())
def test_an_oriented_image_gives_its_image_back(slicer_app: Any, image: sitk.Image) -> None:
    assert same(geometry.image_from_oriented(geometry.oriented_from_image(image)), image)


@shared
@given(image=grids())
def test_mrml_sees_each_voxel_where_the_image_has_it(scene: Any, image: sitk.Image) -> None:
    import vtk

    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode")
    geometry.fill_volume(node, image)
    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(matrix)
    index = tuple(n - 1 for n in image.GetSize())
    there = matrix.MultiplyPoint((*index, 1))[:3]
    assert np.allclose(there, geometry.ras_of(image.TransformIndexToPhysicalPoint(index)), atol=1e-9)
    assert node.GetImageData().GetScalarComponentAsDouble(*index, 0) == image[index]
    scene.RemoveNode(node)


def test_a_volume_is_read_where_its_parent_transform_puts_it(scene: Any) -> None:
    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode")
    image = sitk.Image((4, 5, 6), sitk.sitkInt16)
    geometry.fill_volume(node, image)
    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    matrix = np.array([[0, -1.0, 0, 10], [1, 0, 0, 20], [0, 0, 1, 30], [0, 0, 0, 1]])
    transform.SetMatrixTransformToParent(vtk_matrix(matrix))
    node.SetAndObserveTransformNodeID(transform.GetID())
    read = geometry.image_from_volume(node)
    assert read.GetOrigin() == (-10, -20, 30)
    assert np.allclose(geometry.index_to_ras(read), matrix @ geometry.index_to_ras(image))
    assert node.GetOrigin() == (0, 0, 0)


def test_a_sheared_image_is_made_regular_in_its_place(slicer_app: Any) -> None:
    image = sitk.Image((12, 12, 12), sitk.sitkUInt8)
    image[3:9, 3:9, 3:9] = 1
    shear = np.eye(4)
    shear[0, 1] = 0.3
    regular = right_angled(geometry.moved(image, shear), labels=True)
    direction = np.array(regular.GetDirection()).reshape(3, 3)
    assert np.allclose(direction @ direction.T, np.eye(3), atol=1e-6)
    voxels = np.argwhere(sitk.GetArrayViewFromImage(regular))[:, ::-1].mean(axis=0)
    centre = np.array(geometry.ras_of(regular.TransformContinuousIndexToPhysicalPoint(voxels.tolist())))
    wanted = (shear @ geometry.index_to_ras(image) @ [5.5, 5.5, 5.5, 1])[:3]
    assert np.abs(centre - wanted).max() < 0.25


def test_a_flat_transform_and_a_missing_volume_are_refused(scene: Any) -> None:
    with pytest.raises(SceneError, match="flattens"):
        geometry.moved(sitk.Image((2, 2, 2), sitk.sitkInt16), np.diag([1.0, 1, 0, 1]))
    with pytest.raises(SceneError, match="choose a volume"):
        geometry.image_from_volume(None)
    with pytest.raises(SceneError, match="holds no voxels"):
        geometry.image_from_volume(scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode"))


def vtk_matrix(array: np.ndarray) -> Any:
    import vtk

    matrix = vtk.vtkMatrix4x4()
    matrix.DeepCopy(array.ravel().tolist())
    return matrix
