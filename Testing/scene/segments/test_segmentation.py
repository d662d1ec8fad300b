"""Anatomies become segmentation nodes and come back voxel for voxel, wherever they lie."""

from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from GuideGenLib.anatomy.table import label, labels, values
from GuideGenLib.core.grids import same_grid
from GuideGenLib.scene.errors import SceneError
from GuideGenLib.scene.geometry import index_to_ras, ras_of
from GuideGenLib.scene.segments.segmentation import add_anatomy, label_of, read_anatomy, read_segmentation

shared = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)


def of_array(array: np.ndarray, spacing: tuple[float, ...] = (3.0, 3.0, 3.0)) -> sitk.Image:
    image = sitk.GetImageFromArray(array.astype(np.uint8))
    image.SetSpacing(spacing)
    return image


def array_of(image: sitk.Image) -> np.ndarray:
    return sitk.GetArrayFromImage(image)  # a view would outlive its image


@st.composite
def anatomies(draw: st.DrawFn) -> sitk.Image:
    """A few organs as random voxels in a body that fills the middle of an oblique, anisotropic grid."""
    size = draw(st.tuples(*[st.integers(4, 9)] * 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    keys = draw(st.lists(st.sampled_from([row.key for row in labels()[2:]]), min_size=1, max_size=6, unique=True))
    array = np.zeros(size, np.uint8)
    array[:, 1:-1, 1:-1] = rng.choice([values()[key] for key in ["body", *keys]], (size[0], size[1] - 2, size[2] - 2))
    array[1, 1, 1] = values()["body"]
    image = of_array(array, draw(st.tuples(*[st.sampled_from([0.7, 1.0, 1 / 3, 3.0, 5.0])] * 3)))
    image.SetOrigin(draw(st.tuples(*[st.floats(-300, 300)] * 3)))
    turn = sitk.Euler3DTransform()
    turn.SetRotation(*draw(st.tuples(*[st.floats(-0.6, 0.6)] * 3)))
    image.SetDirection(turn.GetMatrix())
    return image


@shared
@given(anatomy=anatomies())
def test_an_anatomy_comes_back_as_it_was(scene: Any, anatomy: sitk.Image) -> None:
    node = add_anatomy(scene, anatomy)
    read = read_segmentation(node)
    assert read.notes == ()
    assert same_grid(read.anatomy, anatomy)
    assert np.abs(index_to_ras(read.anatomy) - index_to_ras(anatomy)).max() < 1e-9
    assert np.array_equal(array_of(read.anatomy), array_of(anatomy))
    scene.RemoveNode(node)


@shared
@given(anatomy=anatomies(), shift=st.tuples(*[st.floats(-50, 50)] * 3), turn=st.floats(-3, 3))
def test_a_parent_transform_moves_it_and_interpolates_nothing(
    scene: Any, set_transform: Any, anatomy: sitk.Image, shift: tuple[float, ...], turn: float
) -> None:
    node = add_anatomy(scene, anatomy)
    matrix = np.eye(4)
    matrix[:2, :2] = [[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]
    matrix[:3, 3] = shift
    set_transform(node, matrix)
    read = read_anatomy(node)
    assert np.array_equal(array_of(read), array_of(anatomy))
    assert np.abs(index_to_ras(read) - matrix @ index_to_ras(anatomy)).max() < 1e-9
    assert np.array_equal(array_of(read_anatomy(node, reference=read)), array_of(anatomy))
    scene.RemoveNode(node)


@shared
@given(anatomy=anatomies(), data=st.data())
def test_on_another_grid_each_voxel_is_that_of_its_place_to_half_a_voxel(
    scene: Any, anatomy: sitk.Image, data: st.DataObject
) -> None:
    """Cropped, finer and coarser grids: the label at a point is that of the anatomy's voxel around the point."""
    node = add_anatomy(scene, anatomy)
    spacing = data.draw(st.tuples(*[st.sampled_from([0.7, 1.3, 5.0])] * 3))
    grid = sitk.Image(data.draw(st.tuples(*[st.integers(2, 8)] * 3)), sitk.sitkInt16)
    grid.SetSpacing(spacing)
    turn = sitk.Euler3DTransform()
    turn.SetRotation(*data.draw(st.tuples(*[st.floats(-0.5, 0.5)] * 3)))
    grid.SetDirection(turn.GetMatrix())
    middle = anatomy.TransformContinuousIndexToPhysicalPoint([(n - 1) / 2 for n in anatomy.GetSize()])
    grid.SetOrigin(middle)
    read = read_anatomy(node, reference=grid)
    assert same_grid(read, grid)
    old, new = array_of(anatomy), array_of(read)
    for z, y, x in np.ndindex(new.shape):
        place = grid.TransformIndexToPhysicalPoint((x, y, z))
        found = np.array(anatomy.TransformPhysicalPointToContinuousIndex(place))[::-1]
        near = {int(value) for value in old_around(old, found)}
        assert int(new[z, y, x]) in near | ({1} if 0 in near else set())  # holes of a cropped grid are filled
    scene.RemoveNode(node)


def old_around(array: np.ndarray, position: np.ndarray) -> list[int]:
    """The labels of the voxels whose centres are within half a voxel (and what rounding adds), 0 outside."""
    found = []
    for corner in np.ndindex(2, 2, 2):
        index = np.floor(position).astype(int) + corner
        if (np.abs(index - position) <= 0.5 + 1e-6).all():
            inside = (index >= 0).all() and (index < array.shape).all()
            found.append(int(array[tuple(index)]) if inside else 0)
    return found


def test_segments_have_names_colours_terminology_ids_and_one_layer(scene: Any, small_anatomy: sitk.Image) -> None:
    import vtk

    node = add_anatomy(scene, small_anatomy, "Patient 1")
    segmentation = node.GetSegmentation()
    present = [value for value in np.unique(array_of(small_anatomy)).tolist() if value]
    assert node.GetName() == "Patient 1"
    assert list(segmentation.GetSegmentIDs()) == [label(value).key for value in present]
    assert segmentation.GetNumberOfLayers() == 1
    for value in present:
        segment, row = segmentation.GetSegment(label(value).key), label(value)
        text = vtk.reference("")
        assert segment.GetTag("GuideGen.Key", text) and str(text) == row.key
        assert segment.GetName() == row.name and segment.GetLabelValue() == value
        assert np.allclose(segment.GetColor(), np.array(row.color) / 255)
        segment.RemoveTag("GuideGen.Key")
        assert label_of(segment) == row


def test_the_reference_geometry_is_the_anatomys(scene: Any, small_anatomy: sitk.Image) -> None:
    """Slicer's own export on the reference geometry gives the same labels in the same places."""
    import slicer

    from GuideGenLib.scene.geometry import image_from_volume

    node = add_anatomy(scene, small_anatomy)
    volume = scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode")
    volume.CreateDefaultDisplayNodes()
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    assert logic.ExportAllSegmentsToLabelmapNode(node, volume, slicer.vtkSegmentation.EXTENT_REFERENCE_GEOMETRY)
    exported = image_from_volume(volume)
    assert same_grid(exported, small_anatomy)
    present = [value for value in np.unique(array_of(small_anatomy)).tolist() if value]
    numbered = np.searchsorted([0, *present], array_of(small_anatomy))
    assert np.array_equal(array_of(exported), numbered)


def test_the_body_does_not_hide_the_organs(scene: Any, small_anatomy: sitk.Image) -> None:
    display = add_anatomy(scene, small_anatomy).GetDisplayNode()
    assert not display.GetSegmentVisibility3D("body") and not display.GetSegmentVisibility2DFill("body")
    assert display.GetSegmentVisibility2DOutline("body") and display.GetSegmentVisibility3D("liver")


def test_the_callers_image_is_not_shared(scene: Any, small_anatomy: sitk.Image) -> None:
    node = add_anatomy(scene, small_anatomy)
    before = array_of(small_anatomy).copy()
    small_anatomy *= 0
    assert np.array_equal(array_of(read_anatomy(node)), before)


@pytest.mark.parametrize(
    "image, message",
    [
        (of_array(np.zeros((4, 4, 4))), "is empty"),
        (of_array(np.full((4, 4, 4), 200)), "not in the anatomy table: 200"),
        (sitk.Image((4, 4), sitk.sitkUInt8), "2 dimensions"),
        (of_array(np.ones((4, 4, 4)), (40.0, 1.0, 1.0)), "spacing"),
    ],
)
def test_what_is_no_anatomy_is_refused_and_leaves_no_node(scene: Any, image: sitk.Image, message: str) -> None:
    with pytest.raises(SceneError, match=message):
        add_anatomy(scene, image)
    assert scene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode") == 0


def test_half_millimetre_slabs_of_five_millimetres_lie_where_they_were(scene: Any) -> None:
    """0.7 x 0.7 x 5 mm, oblique: the centre of an organ stays in its place."""
    array = np.zeros((12, 60, 60))
    array[1:11, 5:55, 5:55] = values()["body"]
    array[4:7, 20:35, 25:40] = values()["liver"]
    image = of_array(array, (0.7, 0.7, 5.0))
    turn = sitk.Euler3DTransform()
    turn.SetRotation(0.2, -0.1, 0.3)
    image.SetDirection(turn.GetMatrix())
    image.SetOrigin((-100, 50, 1000))
    node = add_anatomy(scene, image)
    wanted = image.TransformContinuousIndexToPhysicalPoint((32, 27, 5))
    assert np.allclose(node.GetSegmentCenterRAS("liver"), ras_of(wanted), atol=0.35)
    isotropic = sitk.Image((70, 70, 70), sitk.sitkInt16)
    isotropic.SetOrigin((-140, 20, 990))
    read = read_anatomy(node, reference=isotropic)
    voxels = np.argwhere(array_of(read) == values()["liver"]).mean(axis=0)[::-1]
    centre = read.TransformContinuousIndexToPhysicalPoint(voxels.tolist())
    assert np.linalg.norm(np.array(centre) - wanted) < 0.5


def test_a_read_anatomy_goes_into_a_new_node_unchanged(scene: Any, small_anatomy: sitk.Image) -> None:
    once = read_anatomy(add_anatomy(scene, small_anatomy))
    assert np.array_equal(array_of(read_anatomy(add_anatomy(scene, once))), array_of(small_anatomy))
